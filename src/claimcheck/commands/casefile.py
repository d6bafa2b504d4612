"""``claimcheck casefile``: one clinic's confirmed findings in a folder that anyone can verify."""

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from claimcheck.errors import UsageError

__all__ = ["casefile"]


@click.command()
@click.argument("site")
@click.option("--store", required=True, metavar="URL", help="The store: a SQLite file or a database's address.")
@click.option(
    "--output", required=True, type=click.Path(path_type=Path), metavar="FOLDER", help="A new or empty folder."
)
@click.option("--scan", type=int, metavar="NUMBER", help="The scan; the site's latest finished one without.")
@click.option("--archive", type=click.Path(path_type=Path), metavar="FOLDER", help="Where the captures are.")
@click.option("--reference", default="", metavar="TEXT", help="Your own file number, shown on every page.")
@click.option("--anonymous", is_flag=True, help="Name reviewers by letters; their roles stay.")
@click.option("--no-pdf", is_flag=True, help="Leave the PDF out.")
def casefile(
    site: str,
    store: str,
    output: Path,
    *,
    scan: int | None,
    archive: Path | None,
    reference: str,
    anonymous: bool,
    no_pdf: bool,
) -> None:
    """Write the case file of SITE: confirmed findings with captures, evidence and decisions.

    The folder holds the document as HTML and PDF, the findings as CSV, JSON Lines and ClaimReview, the captured pages,
    the trail of decisions, and manifest.sha256, which `sha256sum -c` checks without claimcheck.
    """
    from claimcheck.report.shown import one_line
    from claimcheck.review.casefile import CaseOptions, write_case
    from claimcheck.store import open_store

    options = CaseOptions(scan, reference, anonymous, _stated_time(), pdf=not no_pdf)
    opened = open_store(store, archive=archive, create=False)
    try:
        made = write_case(opened, site, output, options)
    finally:
        opened.close()
    click.echo(str(made.path))
    claims = "1 claim" if made.findings == 1 else f"{made.findings} claims"
    pages = "1 page" if made.pages == 1 else f"{made.pages} pages"
    if made.uncaptured:
        pages += f", {made.uncaptured} of them without a capture"
    left = f"; {made.left_out} flagged and not decided yet are left out" if made.left_out else ""
    click.echo(f"{one_line(site)}: {claims} on {pages}{left}", err=True)
    click.echo(f"SHA-256 of manifest.sha256: {made.manifest_sha256}", err=True)


def _stated_time() -> datetime | None:
    """Return the time that SOURCE_DATE_EPOCH states, for a file that can be made again byte for byte."""
    stated = os.environ.get("SOURCE_DATE_EPOCH")
    if stated is None:
        return None
    try:
        return datetime.fromtimestamp(int(stated), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(
            f"found SOURCE_DATE_EPOCH={stated!r}, expected seconds since 1970; correct or unset it"
        ) from error
