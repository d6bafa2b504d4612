"""Who is asking: the account of a request, by cookie or by token, and proof that a change is meant."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from claimcheck.review.errors import NotAllowedError, SignInError
from claimcheck.review.permissions import Account
from claimcheck.review.sessions import SignedIn, account_by_token, signed_in_by
from claimcheck.review.web.config import WebConfig
from claimcheck.store.open import Store

__all__ = [
    "CSRF_FIELD",
    "CSRF_HEADER",
    "Acting",
    "Asking",
    "Caller",
    "client_address",
    "config_of",
    "require_csrf",
    "signed_in_of",
    "store_of",
]

CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"
_TOKEN_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request. ``signed_in`` is the browser's session, None for a program's token."""

    account: Account
    store: Store
    signed_in: SignedIn | None

    @property
    def csrf(self) -> str:
        """What forms and htmx send back with every change; '' for a program."""
        return self.signed_in.csrf if self.signed_in else ""

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Yield a session of the store, committed before the answer is sent."""
        with self.store.session() as session:
            yield session


def store_of(request: Request) -> Store:
    """Return the application's store."""
    store = request.app.state.store
    if not isinstance(store, Store):
        raise TypeError("the application was made without a store")
    return store


def config_of(request: Request) -> WebConfig:
    """Return the application's configuration."""
    config = request.app.state.config
    if not isinstance(config, WebConfig):
        raise TypeError("the application was made without a configuration")
    return config


def client_address(request: Request) -> str:
    """Return the address that a request came from."""
    return request.client.host if request.client else "unknown"


def asking(request: Request) -> Caller:
    """Return whoever sent a request.

    :raises SignInError: when nobody is signed in.
    """
    store = store_of(request)
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme:
        # A program that names itself is never also somebody by cookie.
        with store.session() as session:
            account = account_by_token(session, secret.strip()[:_TOKEN_LIMIT]) if scheme.lower() == "bearer" else None
        if account is None:
            raise SignInError("the token is unknown or no longer valid; make a new one")
        return Caller(account, store, None)
    with store.session() as session:
        signed_in = signed_in_of(request, session)
    return Caller(signed_in.account, store, signed_in)


def signed_in_of(request: Request, session: Session) -> SignedIn:
    """Return the session that a browser's cookie names.

    :raises SignInError: when there is none.
    """
    token = request.cookies.get(config_of(request).cookie, "")[:_TOKEN_LIMIT]
    signed_in = signed_in_by(session, token) if token else None
    if signed_in is None:
        raise SignInError("nobody is signed in here; sign in first")
    return signed_in


def require_csrf(signed_in: SignedIn, sent: str) -> None:
    """Return if what was sent is the session's CSRF token; pages ask it of every request that changes something.

    :raises NotAllowedError: when it is not.
    """
    if not secrets.compare_digest(sent.encode("utf-8", "replace"), signed_in.csrf.encode()):
        raise NotAllowedError("the page is too old or not the review's own; load it again")


async def acting(request: Request) -> Caller:
    """Return whoever sent a request that changes something, having proved that their own page sent it.

    :raises NotAllowedError: when a browser's request lacks the session's CSRF token.
    :raises SignInError: when nobody is signed in.
    """
    caller = await run_in_threadpool(asking, request)
    if caller.signed_in is None:
        return caller
    require_csrf(caller.signed_in, request.headers.get(CSRF_HEADER) or await _sent_in_form(request))
    return caller


async def _sent_in_form(request: Request) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        return ""
    # No files are expected anywhere; Starlette keeps the parsed form for the route.
    form: FormData = await request.form(max_files=0, max_fields=1_000)
    value = form.get(CSRF_FIELD)
    return value if isinstance(value, str) else ""


Asking = Annotated[Caller, Depends(asking)]
Acting = Annotated[Caller, Depends(acting)]
