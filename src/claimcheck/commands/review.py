"""``claimcheck review``: the reviewers' web application, and who may use it."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimcheck.errors import UsageError
from claimcheck.report.shown import one_line

if TYPE_CHECKING:
    from claimcheck.store.open import Store

__all__ = ["review"]

ROLES = ("reader", "reviewer", "lead", "admin")
OPEN_AFTER_SECONDS = 1.5


def _store_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--store", metavar="URL", required=True, help="The store: a path, or postgresql://…")(command)


def _stdin_option(command: Callable[..., Any]) -> Callable[..., Any]:
    words = "Read the password from standard input, one line, instead of asking."
    return click.option("--password-stdin", is_flag=True, help=words)(command)


@click.group(invoke_without_command=True)
@click.option("--store", metavar="URL", help="The store: a path, or postgresql://…")
@click.option(
    "--archive", type=click.Path(path_type=Path), help="Folder of the captures, if it is not beside the store."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8765, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that serve.")
@click.option("--public-url", default="", metavar="URL", help="The https address of the proxy that people reach.")
@click.option("--open", "opens", is_flag=True, help="Open it in the browser.")
@click.pass_context
def review(ctx: click.Context, /, store: str | None, **values: Any) -> None:  # noqa: ANN401 - the options above
    """Decide flagged claims in the browser, alone or as a team.

    \b
    claimcheck review --store clinics.sqlite --open
    claimcheck review add-user ann --role reviewer --store clinics.sqlite

    The first start on a store makes one local admin and prints a link that signs in once. For a team add accounts with
    passwords, and put a proxy with TLS before it: --public-url https://review.example.
    """  # noqa: D301 - \b is click's mark for lines that are not to be joined
    if ctx.invoked_subcommand is not None:
        return
    if store is None:
        raise click.UsageError("Missing option '--store'.", ctx)
    opens = values.pop("opens")
    _require_extra()
    from claimcheck.review.web.serve import ServeOptions

    _run(ServeOptions(store=store, **values), opens=opens)


def _run(options: Any, *, opens: bool) -> None:  # noqa: ANN401 - ServeOptions, imported when needed
    from claimcheck.review.starting import prepare
    from claimcheck.review.web.config import is_loopback
    from claimcheck.review.web.serve import serve

    is_local = is_loopback(options.host) and not options.public_url
    with _opened(options.store, options.archive) as store:
        start = prepare(store, is_local=is_local)
    if start.scans:
        click.echo(f"{start.scans} finished scan{'s' * (start.scans > 1)} put into the queue", err=True)
    link = f"{options.address}/enter?token={start.link_token}" if start.link_token else options.address
    if start.account:
        made = "made the admin" if start.is_first else "you are"
        click.echo(
            f"{made} {start.account.name}; this link signs in once, on this machine, within 30 minutes:", err=True
        )
    click.echo(link)
    click.echo("Ctrl-C stops the review; what is decided is kept", err=True)
    sys.stdout.flush()
    if opens:
        import webbrowser

        timer = threading.Timer(OPEN_AFTER_SECONDS, webbrowser.open, [link])
        timer.daemon = True
        timer.start()
    # uvicorn takes Ctrl-C for itself, and comes back.
    serve(options)
    click.echo("stopped", err=True)


@review.command("add-user")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What the person may do.")
@click.option("--display-name", default="", help="The name as others see it.")
@_stdin_option
@_store_option
def add_user(store: str, name: str, role: str, display_name: str, password_stdin: bool) -> None:
    """Add a person: a reader sees, a reviewer decides, a lead adjudicates and assigns, an admin manages people."""
    _require_extra()
    from claimcheck.review.accounts import add_account

    with _opened(store) as opened:
        password = _password(from_stdin=password_stdin)
        with opened.session() as session:
            account = add_account(session, None, name, role, password=password, display_name=display_name)
    click.echo(f"added {account.name}, {account.role}", err=True)


@review.command()
@click.argument("name")
@_stdin_option
@_store_option
def passwd(store: str, name: str, password_stdin: bool) -> None:
    """Set a person's password; their sessions and tokens end."""
    _require_extra()
    from claimcheck.review.accounts import account_named, set_password

    with _opened(store) as opened:
        with opened.session() as session:
            account_named(session, name)
        password = _password(from_stdin=password_stdin)
        with opened.session() as session:
            set_password(session, None, name, password)
    click.echo(f"set the password of {one_line(name)}", err=True)


@review.command("list-users")
@_store_option
def list_users(store: str) -> None:
    """List the people: name, role, whether they are let in, and the name that others see."""
    _require_extra()
    from claimcheck.review.accounts import accounts

    with _opened(store) as opened, opened.session() as session:
        for account in accounts(session):
            state = "active" if account.active else "shut out"
            click.echo(f"{account.name}\t{account.role}\t{state}\t{one_line(account.display_name)}")


def _password(*, from_stdin: bool) -> str:
    if not from_stdin:
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise UsageError("found no password on standard input, expected one line")
    return line


@contextmanager
def _opened(url: str, archive: Path | None = None) -> "Iterator[Store]":
    from claimcheck.store.open import open_store

    store = open_store(url, archive=archive, create=False)
    try:
        yield store
    finally:
        store.close()


def _require_extra() -> None:
    try:
        import argon2
        import fastapi
        import uvicorn
    except ImportError as error:
        raise UsageError("the review needs `pip install 'claimcheck[review]'`") from error
    del argon2, fastapi, uvicorn
