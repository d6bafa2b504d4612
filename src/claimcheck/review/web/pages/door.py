"""The door to the pages: a handler gets who asks, what they sent and an open session, and gives back a response."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from claimcheck.review.errors import InvalidError, SignInError
from claimcheck.review.permissions import Account, Act, require
from claimcheck.review.sessions import SignedIn
from claimcheck.review.web.deps import CSRF_FIELD, CSRF_HEADER, require_csrf, signed_in_of, store_of
from claimcheck.review.web.pages.rendering import render

__all__ = ["Form", "Handler", "Visit", "error_page", "page", "redirect", "show", "whole"]


@dataclass(frozen=True, slots=True)
class Form:
    """The texts that a form sent, by field."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return a field's first value without spaces around it; '' when it was not sent."""
        return next(iter(self.values.get(name, ())), "").strip()

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a field's values that are not empty."""
        return tuple(value.strip() for value in self.values.get(name, ()) if value.strip())

    def number(self, name: str) -> int | None:
        """Return a field's number; None when it is empty.

        :raises InvalidError: when it is something else.
        """
        return whole(name, self.text(name)) if self.text(name) else None


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of somebody signed in, with the session on the store that it is answered in."""

    session: Session
    signed_in: SignedIn
    request: Request
    form: Form

    @property
    def account(self) -> Account:
        """Who asks."""
        return self.signed_in.account

    @property
    def query(self) -> QueryParams:
        """The parameters of the address."""
        return self.request.query_params

    @property
    def is_part(self) -> bool:
        """Whether a script asks for a part of a page."""
        return self.request.headers.get("HX-Request") == "true"

    def path_number(self, name: str) -> int:
        """Return a number that stands in the path.

        :raises InvalidError: when it is none.
        """
        return whole(name, self.path_text(name))

    def path_text(self, name: str) -> str:
        """Return a text that stands in the path."""
        return str(self.request.path_params[name])


Handler = Callable[[Visit], Response]


def whole(name: str, value: str) -> int:
    """Return a text's whole number.

    :raises InvalidError: when it has none, or one beyond any row's.
    """
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise InvalidError(f"found the {name} {value[:40]!r}, expected its number")
    return int(value)


def page(handler: Handler, act: Act = Act.READ) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint that shows or does what a handler makes, for those who may do the act.

    A POST must carry the session's CSRF token, in the form or in the header that htmx sends.
    """

    async def endpoint(request: Request) -> Response:
        form = await _sent(request) if request.method == "POST" else Form()
        return await run_in_threadpool(_answer, handler, act, request, form)

    return endpoint


def error_page(request: Request, status: int, message: str) -> Response:
    """Return an error as a page of its own."""
    values = {"account": None, "csrf": "", "path": request.url.path, "status": status, "message": message}
    return HTMLResponse(render("error.html", values), status)


def show(visit: Visit, template: str, values: Mapping[str, object], *, status: int = 200) -> HTMLResponse:
    """Return a page for somebody signed in."""
    common = {"account": visit.account, "csrf": visit.signed_in.csrf, "path": visit.request.url.path}
    return HTMLResponse(render(template, common | dict(values)), status)


def redirect(address: str) -> RedirectResponse:
    """Return a redirect to an address of our own after a form was dealt with."""
    return RedirectResponse(address, status_code=303)


def _answer(handler: Handler, act: Act, request: Request, form: Form) -> Response:
    with store_of(request).session() as session:
        try:
            signed_in = signed_in_of(request, session)
        except SignInError:
            return _to_sign_in(request)
        if request.method == "POST":
            require_csrf(signed_in, form.text(CSRF_FIELD) or request.headers.get(CSRF_HEADER, ""))
        require(signed_in.account, act)
        return handler(Visit(session, signed_in, request, form))


def _to_sign_in(request: Request) -> Response:
    if request.method != "GET" or request.headers.get("HX-Request") == "true":
        return error_page(request, 401, "you were signed out; sign in, then do it again")
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return redirect(f"/login?{urlencode({'next': wanted})}" if wanted != "/" else "/login")


async def _sent(request: Request) -> Form:
    # 500 findings ticked in the queue and the rest of a form fit; more is no form of ours. No files are expected.
    data = await request.form(max_files=0, max_fields=700)
    values: dict[str, list[str]] = {}
    for name, value in data.multi_items():
        if isinstance(value, str):
            values.setdefault(name, []).append(value)
    return Form(values)
