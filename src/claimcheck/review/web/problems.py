"""Errors over HTTP: problem details (RFC 9457) for programs, a page for people, nothing of the inside in either."""

import logging
from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Scope

from claimcheck.review.errors import ReviewError, SignInError, ThrottledError
from claimcheck.review.web.pages.door import error_page

__all__ = ["PROBLEM_RESPONSES", "Problem", "add_handlers", "answer"]

API = "/api/"
_LOG = logging.getLogger(__name__)


class FieldProblem(BaseModel):
    """Which value is wrong, and why."""

    where: str
    what: str


class Problem(BaseModel):
    """Problem details, RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = Field(default_factory=list)


class ProblemResponse(JSONResponse):
    """A response of problem details."""

    media_type = "application/problem+json"


_WORDS = {
    400: "The request makes no sense",
    401: "Nobody is signed in",
    403: "The role does not permit it, or the CSRF token is missing",
    404: "There is no such thing, or it is not yours to see",
    405: "The address knows no such method",
    409: "Somebody else's act came first",
    413: "The body is too large",
    415: "The body is of an unknown kind",
    422: "A value is missing or of the wrong kind",
    429: "Too many failed sign-ins",
    503: "The store is busy",
}
PROBLEM_RESPONSES: dict[int | str, dict[str, object]] = {
    status: {
        "description": words,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, words in _WORDS.items()
}


def is_api(scope: Scope) -> bool:
    """Return whether a request is a program's."""
    return str(scope["path"]).startswith(API)


def answer(scope: Scope, status: int, detail: str, *, errors: tuple[FieldProblem, ...] = ()) -> Response:
    """Return the answer to a request that failed, in the form that its sender reads."""
    title = HTTPStatus(status).phrase
    if not is_api(scope):
        return error_page(Request(scope), status, detail)
    problem = Problem(title=title, status=status, detail=detail, errors=list(errors))
    return ProblemResponse(problem.model_dump(), status)


def add_handlers(app: FastAPI) -> None:
    """Make the application answer every error by ``answer``."""
    app.add_exception_handler(ReviewError, _on_review_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(OperationalError, _on_busy)


def _on_review_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, ReviewError):
        raise error
    if isinstance(error, SignInError) and not is_api(request.scope) and _is_page(request):
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?{urlencode({'next': wanted})}" if wanted != "/" else "/login", 303)
    response = answer(request.scope, error.status, str(error))
    if isinstance(error, ThrottledError):
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, SignInError):
        response.headers["WWW-Authenticate"] = 'Bearer realm="claimcheck"'
    return response


def _is_page(request: Request) -> bool:
    # A script that asks for a part of a page is told instead: it would put the form into the part's place.
    return request.method in {"GET", "HEAD"} and request.url.path != "/enter" and "HX-Request" not in request.headers


def _on_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    errors = tuple(
        FieldProblem(where=".".join(map(str, item["loc"]))[:200], what=str(item["msg"])[:300])
        for item in error.errors()[:20]
    )
    return answer(request.scope, 422, "a value is missing or of the wrong kind", errors=errors)


def _on_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    response = answer(request.scope, error.status_code, str(error.detail))
    response.headers.update(error.headers or {})
    return response


def _on_busy(request: Request, error: Exception) -> Response:
    _LOG.warning("%s %s: the store is busy (%s)", request.method, request.url.path, type(error).__name__)
    response = answer(request.scope, 503, "the store is busy or not reachable; try again in a moment")
    response.headers["Retry-After"] = "2"
    return response
