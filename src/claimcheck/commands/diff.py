"""``claimcheck diff``: what changed on a site between two scans, or since a letter."""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimcheck.commands.output import write_bytes, write_whole
from claimcheck.commands.store import opened, store_option
from claimcheck.errors import UsageError

if TYPE_CHECKING:
    from claimcheck.scan.diff import ScanDiff
    from claimcheck.scan.followup import FollowUp

__all__ = ["DIFF_FORMATS", "DiffOptions", "diff"]

DIFF_FORMATS = ("terminal", "json", "html", "csv")


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """The options of ``claimcheck diff`` as given."""

    store_url: str
    before: int | None
    after: int | None
    letter: int | None
    today: date
    format_name: str
    output: Path | None
    everything: bool


def _day(_context: click.Context, _parameter: click.Parameter, value: Any) -> date:  # noqa: ANN401 - click's value
    return value.date() if value is not None else date.today()


@click.command(short_help="See what changed on a site between two scans, or since a letter.")
@click.argument("site", metavar="SITE")
@store_option
@click.option("--from", "before", type=int, metavar="SCAN", help="The earlier scan. Default: the one before --to.")
@click.option("--to", "after", type=int, metavar="SCAN", help="The later scan. Default: the latest.")
@click.option("--letter", type=int, metavar="ID", help="What became of the claims that this letter cites.")
@click.option(
    "--today", type=click.DateTime(["%Y-%m-%d"]), callback=_day, metavar="DATE", help="Count a letter's days from then."
)
@click.option("--format", "format_name", type=click.Choice(DIFF_FORMATS), default="terminal", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write there, whole or not at all.")
@click.option("--all", "everything", is_flag=True, help="Cut no list in the terminal format.")
def diff(site: str, **options: Any) -> None:  # noqa: ANN401 - click's values
    """See what changed on SITE: claims new, gone, reworded or moved, and verdicts that changed, with the cause.

    A claim whose page could not be read this time is "not seen", never "gone". With --letter, each claim that the
    letter cites is removed, reworded (and judged again), moved, still there or not seen, and the days left are counted.
    """
    chosen = DiffOptions(**options)
    if chosen.letter is not None and chosen.before is not None:
        raise UsageError("a letter is compared from the scan that it cites; leave out --from")
    if chosen.format_name == "terminal" and chosen.output is not None:
        raise UsageError("the terminal format goes to the terminal; give --format with --output")
    with opened(chosen.store_url) as store, store.session() as session:
        if chosen.letter is not None:
            from claimcheck.scan.followup import follow_up

            _give_letter(follow_up(session, chosen.letter, chosen.today, site=site, after=chosen.after), chosen)
            return
        from claimcheck.scan.diff import compare_scans
        from claimcheck.scan.selection import scan_pair, site_named

        pair = scan_pair(session, site_named(session, site), chosen.before, chosen.after)
        _give_diff(compare_scans(session, *pair), chosen)


def _give_diff(made: "ScanDiff", chosen: DiffOptions) -> None:
    from claimcheck.scan.diff_report import DIFF_COLUMNS, diff_page, diff_rows, diff_values

    if chosen.format_name == "terminal":
        from claimcheck.commands.change_view import diff_view
        from claimcheck.commands.corpus_view import print_view

        print_view(diff_view(made, everything=chosen.everything))
    elif chosen.format_name == "html":
        _give(diff_page(made).encode(), chosen.output)
    elif chosen.format_name == "csv":
        _give(_csv(diff_rows(made), DIFF_COLUMNS), chosen.output)
    else:
        _give(_json(diff_values(made)), chosen.output)


def _give_letter(made: "FollowUp", chosen: DiffOptions) -> None:
    from claimcheck.scan.diff_report import LETTER_COLUMNS, letter_page, letter_rows, letter_values

    if chosen.format_name == "terminal":
        from claimcheck.commands.change_view import letter_view
        from claimcheck.commands.corpus_view import print_view

        print_view(letter_view(made, everything=chosen.everything))
    elif chosen.format_name == "html":
        _give(letter_page(made).encode(), chosen.output)
    elif chosen.format_name == "csv":
        _give(_csv(letter_rows(made), LETTER_COLUMNS), chosen.output)
    else:
        _give(_json(letter_values(made)), chosen.output)


def _give(data: bytes, output: Path | None) -> None:
    if output is None or str(output) == "-":
        write_bytes(data)
    else:
        write_whole(output, data)


def _json(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, indent=2, allow_nan=False).encode() + b"\n"


def _csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    from claimcheck.scan.export import write_csv

    stream = io.BytesIO()
    write_csv(rows, stream, columns)
    return stream.getvalue()
