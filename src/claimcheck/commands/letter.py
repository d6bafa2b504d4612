"""``claimcheck letter``: a warning letter recorded, with the claims it cites and the day its answer is due."""

from datetime import date, datetime
from typing import Any

import click

from claimcheck.commands.store import opened, store_option
from claimcheck.errors import UsageError
from claimcheck.report.shown import one_line

__all__ = ["letter"]


@click.command(short_help="Note a warning letter and when its answer is due.")
@click.argument("site", metavar="SITE|list")
@store_option
@click.option("--sent", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="The day it was sent, as 2026-11-02.")
@click.option("--days", type=int, default=15, show_default=True, metavar="N", help="Days that it allows.")
@click.option(
    "--calendar",
    type=click.Choice(["working", "all"]),
    default="working",
    show_default=True,
    help="Working days leave out weekends and US federal holidays.",
)
@click.option("--reference", default="", metavar="TEXT", help="Your file's number or the like.")
@click.option("--claims", metavar="IDS", help="The findings that it cites: numbers with commas between.")
@click.option("--flagged", is_flag=True, help="It cites every flagged claim of the site's latest scan.")
@click.pass_context
def letter(ctx: click.Context, /, site: str, store_url: str, **options: Any) -> None:  # noqa: ANN401 - click's values
    """Record a letter to SITE with the claims it cites, or show all letters with `claimcheck letter list`.

    The day after the one on which it was sent is the first that counts. `claimcheck diff SITE --letter ID` says what
    became of the claims.
    """
    if site == "list":
        _list(store_url)
        return
    _record(site, store_url, options)


def _list(store_url: str) -> None:
    from claimcheck.commands.change_view import letters_table
    from claimcheck.commands.corpus_view import print_view
    from claimcheck.scan.followup import list_letters

    with opened(store_url) as store, store.session() as session:
        letters = list_letters(session)
    if letters:
        print_view(letters_table(letters))
    else:
        click.echo("no letter is recorded in this store", err=True)


def _record(site: str, store_url: str, options: dict[str, Any]) -> None:
    from claimcheck.scan.followup import LetterTerms, record_letter

    sent: datetime | None = options["sent"]
    if sent is None:
        raise UsageError("when was the letter sent? give --sent DATE, such as --sent 2026-11-02")
    if options["flagged"] == (options["claims"] is not None):
        raise UsageError("which claims does the letter cite? give --claims IDS or --flagged, one of them")
    terms = LetterTerms(sent.date(), options["days"], options["calendar"], options["reference"])
    with opened(store_url) as store, store.session() as session:
        made = record_letter(session, site, terms, _numbers(options["claims"]), flagged=options["flagged"])
    kind = "working days" if terms.calendar == "working" else "days"
    click.echo(f"letter {made.letter_id} to {one_line(made.host)}: {made.cited} claims of scan {made.scan_id}, sent "
               f"{terms.sent_on}, answer due {made.due_on} ({terms.days} {kind})")  # fmt: skip
    if made.due_on < date.today():
        click.echo("claimcheck: that day is past; scan the site again", err=True)


def _numbers(text: str | None) -> list[int]:
    try:
        return [int(part) for part in (text or "").replace(",", " ").split()]
    except ValueError as error:
        raise UsageError(f"found {one_line(text or '')!r}, expected numbers of findings such as 12,15,31") from error
