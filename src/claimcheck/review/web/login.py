"""Signing in and out by pages: the form, the one-time link of a laptop's first start, and the session's cookie."""

import secrets
from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from claimcheck.review.errors import ReviewError, SignInError, ThrottledError
from claimcheck.review.sessions import SignedIn, sign_in, sign_in_by_link, sign_out
from claimcheck.review.web.config import WebConfig, is_loopback
from claimcheck.review.web.deps import CSRF_FIELD, Acting, client_address, config_of, store_of
from claimcheck.review.web.pages.rendering import render

__all__ = ["clear_cookie", "router", "set_cookie"]

router = APIRouter(include_in_schema=False)
HOME = "/queue?undecided=1"
_LOGIN_MINUTES = 60
_FIELD_LIMIT = 1_000


def set_cookie(response: Response, config: WebConfig, signed_in: SignedIn) -> None:
    """Put the session's token into the browser's cookie: not for scripts, not for other sites' requests."""
    _set(response, config, config.cookie, signed_in.token, expires=signed_in.expires_at)


def clear_cookie(response: Response, config: WebConfig) -> None:
    """Take the session's cookie out of the browser."""
    response.delete_cookie(config.cookie, path="/", secure=config.is_https, httponly=True, samesite="strict")


@router.get("/login")
def login_page(request: Request, next: str = HOME) -> Response:
    """Show the form."""
    return _form(request, next_address=next)


@router.post("/login")
async def login(request: Request) -> Response:
    """Sign in with what the form holds, or show it again with why not."""
    form = await request.form(max_files=0, max_fields=20)
    fields = {name: value[:_FIELD_LIMIT] for name, value in form.items() if isinstance(value, str)}
    wanted, name = fields.get("next", HOME), fields.get("name", "")
    if not _is_our_form(request, fields.get(CSRF_FIELD, "")):
        return _form(request, next_address=wanted, name=name, message="The page was too old; try again.", status=403)
    try:
        signed_in = await run_in_threadpool(
            sign_in, store_of(request), name, fields.get("password", ""), address=client_address(request)
        )
    except ReviewError as error:
        response = _form(request, next_address=wanted, name=name, message=str(error), status=error.status)
        if isinstance(error, ThrottledError):
            response.headers["Retry-After"] = str(error.retry_after)
        return response
    return _welcome(request, signed_in, wanted)


@router.get("/enter")
def enter(request: Request, token: str = "") -> Response:
    """Sign in by a one-time link, from this machine only."""
    config = config_of(request)
    if config.is_https or not is_loopback(client_address(request)):
        raise SignInError("login links work on the machine that made them only")
    with store_of(request).session() as session:
        signed_in = sign_in_by_link(session, token[:_FIELD_LIMIT])
    return _welcome(request, signed_in, HOME)


@router.post("/logout")
def logout(request: Request, caller: Acting) -> Response:
    """Sign out."""
    if caller.signed_in is not None:
        with caller.session() as session:
            sign_out(session, caller.signed_in)
    response = RedirectResponse("/login", 303)
    clear_cookie(response, config_of(request))
    return response


def _welcome(request: Request, signed_in: SignedIn, wanted: str) -> Response:
    response = RedirectResponse(_own(wanted), 303)
    config = config_of(request)
    set_cookie(response, config, signed_in)
    response.delete_cookie(_login_cookie(config), path="/", secure=config.is_https, httponly=True, samesite="strict")
    return response


def _form(request: Request, *, next_address: str, name: str = "", message: str = "", status: int = 200) -> HTMLResponse:
    config = config_of(request)
    token = request.cookies.get(_login_cookie(config), "") or secrets.token_urlsafe(32)
    values = {
        "account": None,
        "csrf": "",
        "path": "/login",
        "token": token,
        "next": _own(next_address),
        "name": name,
        "message": message,
    }
    response = HTMLResponse(render("login.html", values), status)
    _set(response, config, _login_cookie(config), token, max_age=_LOGIN_MINUTES * 60)
    return response


def _is_our_form(request: Request, sent: str) -> bool:
    # Before there is a session, the token of the form must be the one in a cookie that only this site can set or read.
    kept = request.cookies.get(_login_cookie(config_of(request)), "")
    return bool(kept) and secrets.compare_digest(kept.encode("utf-8", "replace"), sent.encode("utf-8", "replace"))


def _login_cookie(config: WebConfig) -> str:
    return f"{config.cookie}-login"


def _set(
    response: Response,
    config: WebConfig,
    name: str,
    value: str,
    *,
    expires: datetime | None = None,
    max_age: int | None = None,
) -> None:
    response.set_cookie(
        name,
        value,
        path="/",
        secure=config.is_https,
        httponly=True,
        samesite="strict",
        expires=expires,
        max_age=max_age,
    )


def _own(address: str) -> str:
    # Only a path of this application: "//host", "/\host" and "https:" would lead elsewhere.
    is_path = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if is_path and address.isprintable() and address.isascii() and "\\" not in address else HOME
