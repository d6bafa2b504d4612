"""``claimcheck verify``: whether archive, store and trail are as they were written."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimcheck.report.shown import one_line

if TYPE_CHECKING:
    from claimcheck.store import Store

__all__ = ["find_problems", "verify"]

PROBLEM_FOUND = 1


@click.command(short_help="Check that captures, store and decisions are as they were written.")
@click.option("--store", "store_url", required=True, metavar="URL", help="The store: a path, or postgresql://…")
@click.option("--archive", type=click.Path(path_type=Path), help="The folder of captures. Default: beside the store.")
@click.option(
    "--head", metavar="DIGEST", default="", help="A head noted earlier, which the manifest must still contain."
)
@click.pass_context
def verify(ctx: click.Context, store_url: str, archive: Path | None, head: str) -> None:
    """Check every capture against its digest, the chain of the manifest, the store's pages and the reviewers' trail.

    Each problem is one line. When all is well, the manifest's head is printed: deposit it with someone else (a notary,
    a colleague, a letter), and --head will tell later whether what came before it was rewritten, by whomever.

    Exit status: 0 nothing is wrong; 1 something is; 2 wrong usage; 4 the store cannot be opened.
    """
    from claimcheck.capture import head_of
    from claimcheck.store import open_store

    _check_digest(head)
    store = open_store(store_url, archive=archive, create=False)
    try:
        problems = 0
        for problem in find_problems(store, head=head):
            problems += 1
            click.echo(one_line(problem))
        if problems:
            what = "1 problem" if problems == 1 else f"{problems:,} problems"
            click.echo(f"claimcheck: {what} found; what is named above is not as it was written", err=True)
            ctx.exit(PROBLEM_FOUND)
        now = head_of(store.archive)
        click.echo(f"Nothing is wrong: every capture, page row and decision is as it was written ({store.archive}).")
        click.echo(f"Head of the manifest after {now.lines:,} lines: {now.sha256}")
    finally:
        store.close()


def find_problems(store: "Store", *, head: str = "") -> Iterator[str]:
    """Yield a line for each thing wrong with a store, its archive or its reviewers' trail."""
    from claimcheck.capture import verify_store

    yield from verify_store(store, head=head)
    try:
        from claimcheck.review.trail import verify_trail
    except ModuleNotFoundError as error:
        # The review is an extra of its own; without it there may still be a trail that someone else wrote.
        yield f"the reviewers' trail was not checked: {error.name} is missing; `pip install 'claimcheck[review]'`"
        return
    yield from verify_trail(store)


def _check_digest(head: str) -> None:
    text = head.strip().lower()
    if text and (len(text) != 64 or set(text) - set("0123456789abcdef")):
        raise click.BadParameter(f"found {head[:80]!r}, expected 64 hexadecimal digits", param_hint="--head")
