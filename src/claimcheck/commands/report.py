"""``claimcheck report``: the report of a site's scan, or of all sites, with what was read and what was not."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimcheck.commands.export import SUFFIXES, chosen_scans, write_rows
from claimcheck.commands.output import write_bytes, write_whole
from claimcheck.commands.store import opened, store_option
from claimcheck.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from claimcheck.scan.sampling import MissEstimate
    from claimcheck.scan.site_report import ArchiveLinks
    from claimcheck.store.open import Store

__all__ = ["ReportOptions", "report"]

REPORT_FORMATS = ("html", "csv", "jsonl", "parquet")
_HTML = {".html", ".htm"}
_AUDIT = {
    "region": "string", "group": "string", "row": "string", "sites": "int64", "of": "int64", "percent": "double",
    "low": "double", "high": "double",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """The options of ``claimcheck report`` as given."""

    store_url: str
    archive: Path | None
    site: str | None
    scan: int | None
    format_name: str | None
    output: Path | None
    reviewed: Path | None
    confidence: float
    quiet: bool


@click.command(short_help="Write the report of a site or of all, with its coverage.")
@store_option
@click.option("--site", metavar="SITE", help="One site's latest scan. Default: the latest of every site.")
@click.option("--scan", type=int, metavar="SCAN", help="This scan.")
@click.option(
    "--format", "format_name", type=click.Choice(REPORT_FORMATS), help="Default: the suffix of --output, else html."
)
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FOLDER|FILE",
    help="A folder for the report of all sites in HTML with a page a site; else a file.",
)  # fmt: skip
@click.option(
    "--archive", type=click.Path(path_type=Path), metavar="FOLDER", help="Where captures lie, to link to them."
)
@click.option(
    "--reviewed", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="A sample that reviewers filled in: the report then says how many flags were missed.",
)  # fmt: skip
@click.option("--confidence", type=click.FloatRange(0.5, 0.999), default=0.95, show_default=True, metavar="P",
              help="Of the interval of that estimate.")  # fmt: skip
@click.option("--quiet", is_flag=True, help="Say nothing of what was written.")
def report(**options: Any) -> None:  # noqa: ANN401 - click's values
    """Write what was found on sites: verdicts by topic, the worst claims with their captures, sites ranked, the trend.

    Every report says what was read and what was not. Over all sites there is the audit table: the share of sites with
    a false or misleading claim on approval, addiction, safety and efficacy. CSV, JSON Lines and Parquet have a row a
    site; findings are in `claimcheck export`.
    """
    chosen = ReportOptions(**options)
    output = chosen.output
    name = chosen.format_name or _format_of(output)
    with opened(chosen.store_url, archive=chosen.archive) as store, store.session() as session:
        scan_ids = chosen_scans(session, chosen.site, chosen.scan)
        misses = _misses(chosen)
        if name != "html":
            _tables(session, scan_ids, name, output)
        elif chosen.site is not None or chosen.scan is not None:
            _one_site(store, session, scan_ids[0], output)
        elif output is None or output.suffix.lower() in _HTML:
            _overview(store, session, scan_ids, output, misses)
        else:
            _folder(store, session, scan_ids, output, misses)
    if output is not None and not chosen.quiet:
        click.echo(f"{output}: {len(scan_ids):,} site{'s' * (len(scan_ids) != 1)}", err=True)


def _format_of(output: Path | None) -> str:
    if output is None or output.suffix.lower() in _HTML or output.is_dir() or not output.suffix:
        return "html"
    name = SUFFIXES.get(output.suffix.lower())
    if name is None:
        raise UsageError(f"{output}: its suffix names no format; expected .html .csv .jsonl .parquet, or give --format")
    return name


def _misses(chosen: ReportOptions) -> "MissEstimate | None":
    if chosen.reviewed is None:
        return None
    from claimcheck.scan.sampling import estimate_misses

    made = estimate_misses(chosen.reviewed, confidence=chosen.confidence)
    low, high = made.expected
    click.echo(
        f"missed flags: {made.misses} of {made.answered} reviewed ({100 * made.rate.share:.1f}%, "
        f"{100 * made.rate.low:.1f} to {100 * made.rate.high:.1f}%), so {low:,} to {high:,} of {made.population:,}",
        err=True,
    )
    return made


def _tables(session: "Session", scan_ids: list[int], name: str, output: Path | None) -> None:
    from claimcheck.scan.audit import audit_of, audit_values
    from claimcheck.scan.overview import rank_sites
    from claimcheck.scan.site_table import SITE_COLUMNS, site_values

    is_folder = output is not None and (output.is_dir() or not output.suffix)
    if is_folder and output is not None:
        _make_folder(output)
        write_rows(audit_values(audit_of(session, scan_ids)), _AUDIT, name, output / f"audit.{name}")
        output = output / f"sites.{name}"
    write_rows(site_values(rank_sites(session, scan_ids)), SITE_COLUMNS, name, output)


def _one_site(store: "Store", session: "Session", scan_id: int, output: Path | None) -> None:
    from claimcheck.scan.selection import scan_ref
    from claimcheck.scan.site_report import site_page

    if output is not None and not output.suffix:
        _make_folder(output)
        output = output / "index.html"
    _give(site_page(session, scan_ref(session, scan_id), _links(store, output)), output)


def _overview(
    store: "Store", session: "Session", scan_ids: list[int], output: Path | None, misses: "MissEstimate | None"
) -> None:
    from claimcheck.scan.site_report import overview_page

    _give(overview_page(session, scan_ids, _links(store, output), misses=misses), output)


def _folder(
    store: "Store", session: "Session", scan_ids: list[int], folder: Path, misses: "MissEstimate | None"
) -> None:
    from claimcheck.scan.audit import audit_of, audit_values
    from claimcheck.scan.overview import rank_sites
    from claimcheck.scan.selection import scan_ref
    from claimcheck.scan.site_report import overview_page, site_page
    from claimcheck.scan.site_table import SITE_COLUMNS, site_values

    _make_folder(folder)
    index = folder / "index.html"
    links, files = _links(store, index), {}
    for scan_id in scan_ids:
        scan = scan_ref(session, scan_id)
        files[scan_id] = f"{_slug(scan.host)}-{scan_id}.html"
        write_whole(folder / files[scan_id], site_page(session, scan, links).encode())
    write_rows(audit_values(audit_of(session, scan_ids)), _AUDIT, "csv", folder / "audit.csv")
    write_rows(site_values(rank_sites(session, scan_ids)), SITE_COLUMNS, "csv", folder / "sites.csv")
    # Last, so that an index never names a file that is not there.
    page = overview_page(session, scan_ids, links, files=files, misses=misses)
    write_whole(index, page.encode())


def _links(store: "Store", output: Path | None) -> "ArchiveLinks":
    from claimcheck.scan.site_report import ArchiveLinks

    return ArchiveLinks(store.archive, output.parent if output is not None else None)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be made a folder ({error.strerror}); choose another --output") from error


def _give(text: str, output: Path | None) -> None:
    if output is None or str(output) == "-":
        write_bytes(text.encode())
    else:
        write_whole(output, text.encode())


def _slug(host: str) -> str:
    """Return a host as a file's name: letters, digits, dots and hyphens, and no dot in front."""
    return re.sub(r"[^a-z0-9.-]+", "-", host.lower()).strip(".-")[:80] or "site"
