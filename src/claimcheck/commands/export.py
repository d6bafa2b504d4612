"""``claimcheck export``: a store's findings for other programs, or a random sample of unflagged ones for reviewers."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from claimcheck.commands.output import written_whole
from claimcheck.commands.store import opened, store_option
from claimcheck.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["ExportOptions", "chosen_scans", "export", "write_rows"]

SUFFIXES = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """The options of ``claimcheck export`` as given."""

    store_url: str
    format_name: str | None
    output: Path | None
    site: str | None
    scan: int | None
    sample: bool
    max_miss_rate: float
    confidence: float
    sample_size: int | None
    stratify: str
    seed: int
    training: bool


@click.command(short_help="Write a store's findings as CSV, JSON Lines or Parquet.")
@store_option
@click.option(
    "--format", "format_name", type=click.Choice(["csv", "jsonl", "parquet"]),
    help="Default: the suffix of --output, else csv.",
)  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write there, whole or not at all.")
@click.option("--site", metavar="SITE", help="One site's latest scan. Default: the latest of every site.")
@click.option("--scan", type=int, metavar="SCAN", help="This scan.")
@click.option(
    "--training", is_flag=True, help="The claims that reviewers decided, as rows that `claimcheck evaluate` reads."
)
@click.option("--sample", is_flag=True, help="Unflagged claims drawn at random, for reviewers to find what was missed.")
@click.option(
    "--max-miss-rate", type=float, default=0.05, show_default=True, metavar="P",
    help="The sample is large enough to show that no more are missed, if it has no miss.",
)  # fmt: skip
@click.option(
    "--confidence", type=float, default=0.95, show_default=True, metavar="P", help="How sure the sample is to be."
)
@click.option("--sample-size", type=click.IntRange(1), metavar="N", help="Draw so many instead.")
@click.option(
    "--stratify", type=click.Choice(["none", "site", "topic"]), default="none", show_default=True,
    help="Draw the same share of each.",
)  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True, metavar="N", help="Another seed draws another sample.")
def export(**options: Any) -> None:  # noqa: ANN401 - click's values
    """Write findings with all their fields, streamed: the claim, its verdict and evidence, page, place and capture.

    Cells of CSV that a spreadsheet would run as a formula are prefixed with an apostrophe. Parquet needs --output.

    With --sample: unflagged claims drawn at random, without their verdicts, with empty columns for a reviewer's
    answers. `claimcheck report --reviewed FILE` reads them back and estimates how many flags were missed.

    With --training: every claim of every site as it was decided last, in JSON Lines, to measure and to learn from.
    """
    chosen = ExportOptions(**options)
    if chosen.training:
        _training(chosen)
        return
    name = chosen.format_name or (SUFFIXES.get(chosen.output.suffix.lower()) if chosen.output else None) or "csv"
    with opened(chosen.store_url) as store, store.session() as session:
        scan_ids = chosen_scans(session, chosen.site, chosen.scan)
        if chosen.sample:
            _sample(session, scan_ids, chosen, name)
            return
        from claimcheck.scan.export import FINDING_COLUMNS, finding_rows

        count = write_rows(finding_rows(session, scan_ids), FINDING_COLUMNS, name, chosen.output)
    if chosen.output is not None:
        click.echo(f"{count:,} findings of {len(scan_ids):,} scan{'s' * (len(scan_ids) != 1)}", err=True)


def _training(chosen: ExportOptions) -> None:
    from claimcheck.review.learning import training_rows

    if chosen.format_name not in {None, "jsonl"} or chosen.sample or chosen.site or chosen.scan is not None:
        raise UsageError("--training writes the decisions of the whole store in JSON Lines; leave the rest out")
    count = 0
    with opened(chosen.store_url) as store, store.session() as session, _lines_to(chosen.output) as file:
        for row in training_rows(session):
            file.write(row.as_json().encode() + b"\n")
            count += 1
    click.echo(f"{count:,} decided claims", err=True)


@contextmanager
def _lines_to(output: Path | None) -> Iterator[BinaryIO]:
    """Yield where lines go: a file, written whole or not at all, or standard output."""
    if output is None or str(output) == "-":
        yield sys.stdout.buffer
        return
    with written_whole(output) as part, part.open("wb") as file:
        yield file


def _sample(session: "Session", scan_ids: list[int], chosen: ExportOptions, name: str) -> None:
    from claimcheck.scan.sampling import SAMPLE_COLUMNS, SampleOptions, draw_sample, sample_rows

    if name != "csv":
        raise UsageError("a sample is a table for reviewers: --format csv")
    options = SampleOptions(chosen.max_miss_rate, chosen.confidence, chosen.seed, chosen.sample_size, chosen.stratify)
    sample = draw_sample(session, scan_ids, options)
    columns = dict.fromkeys(SAMPLE_COLUMNS, "string")
    write_rows(sample_rows(session, scan_ids, sample), columns, name, chosen.output)
    why = "as asked" if chosen.sample_size else (
        f"without a miss among them, at most {100 * options.max_rate:g}% were missed "
        f"({100 * options.confidence:g}% confidence)"
    )  # fmt: skip
    click.echo(f"{sample.size:,} of {sample.population:,} unflagged claims drawn, seed {options.seed}: {why}", err=True)


def chosen_scans(session: "Session", site: str | None, scan: int | None) -> list[int]:
    """Return the scans that are meant: one, a site's latest, or the latest of every site.

    :raises UsageError: when there is none, or both are named and do not go together.
    """
    from claimcheck.scan.selection import latest_scan_ids, newest_scan, scan_ref, site_named

    if scan is not None:
        found = scan_ref(session, scan)
        if site is not None and site_named(session, site).id != found.site_id:
            raise UsageError(f"scan {scan} is of {found.host}; leave out --site or --scan")
        return [scan]
    if site is not None:
        return [newest_scan(session, site_named(session, site)).scan_id]
    ids = latest_scan_ids(session)
    if not ids:
        raise UsageError("the store has no finished scan yet; let `claimcheck scan` finish")
    return ids


def write_rows(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], name: str, output: Path | None) -> int:
    """Write rows in a format to a file, whole or not at all, or to standard output; returns how many.

    :raises UsageError: when Parquet is to go to standard output, or the file cannot be written.
    """
    from claimcheck.scan.export import write_csv, write_jsonl, write_parquet

    if output is None or str(output) == "-":
        if name == "parquet":
            raise UsageError("Parquet is written to a file; give --output FILE")
        stream = sys.stdout.buffer
        return write_jsonl(rows, stream) if name == "jsonl" else write_csv(rows, stream, columns)
    with written_whole(output) as part:
        if name == "parquet":
            return write_parquet(rows, part, columns)
        with part.open("wb") as file:
            return write_jsonl(rows, file) if name == "jsonl" else write_csv(rows, file, columns)
