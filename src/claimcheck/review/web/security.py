"""What every request passes before any route: its host, its origin, its size; and what every answer carries."""

import logging
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from claimcheck.review.web.config import WebConfig
from claimcheck.review.web.problems import answer

__all__ = ["CSP", "Gate"]

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS: Mapping[str, str] = {
    "content-security-policy": CSP,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # Not no-referrer: browsers would send "Origin: null" with the application's own forms.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_YEAR = 365 * 24 * 3600
_LOG = logging.getLogger(__name__)


class Gate:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, config: WebConfig) -> None:
        self.app = app
        self.config = config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that may not pass; hand on the others, their bodies bounded and their answers guarded."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        guarded = self._guarded(send)
        refusal = self._refusal(scope, Headers(scope=scope))
        if refusal is not None:
            await answer(scope, *refusal)(scope, receive, guarded)
            return
        has_started = False

        async def noting(message: Message) -> None:
            nonlocal has_started
            has_started = has_started or message["type"] == "http.response.start"
            await guarded(message)

        try:
            await self.app(scope, self._bounded(receive), noting)
        except Exception:
            # What went wrong is for the log; whoever asked learns that it did.
            _LOG.exception("%s %s failed", scope["method"], scope["path"])
            if has_started:
                raise
            await _failure(scope)(scope, receive, guarded)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or not self.config.serves(host):
            return 400, "found an unknown host; use the address that claimcheck printed at its start"
        raw = scope.get("raw_path", b"") + b"?" + scope.get("query_string", b"")
        if b"\x00" in unquote_to_bytes(raw):
            return 400, "found a NUL character in the address"
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or len(length) > 15:
            return 400, "found an unusable Content-Length"
        if int(length) > self.config.body_limit:
            return 413, self._too_large()
        if scope["method"] not in _SAFE and not self._is_own(host, headers):
            return 403, "the request came from another site's page; open the review itself"
        return None

    def _is_own(self, host: str, headers: Headers) -> bool:
        origin = headers.get("origin")
        if origin is not None:
            return origin.lower() == self.config.origin(host)
        # Programs send neither; every browser that people use sends one or the other.
        return headers.get("sec-fetch-site", "none") in {"same-origin", "none"}

    def _too_large(self) -> str:
        return f"found a body beyond {self.config.body_limit:,} bytes; send less"

    def _bounded(self, receive: Receive) -> Receive:
        left = self.config.body_limit

        async def bounded() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                # Of the kind that FastAPI hands on to the handlers while it reads a body.
                raise HTTPException(413, self._too_large())
            return message

        return bounded

    def _guarded(self, send: Send) -> Send:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                if "cache-control" not in headers:
                    headers["cache-control"] = "no-store"
                if self.config.is_https:
                    headers["strict-transport-security"] = f"max-age={_YEAR}"
            await send(message)

        return guarded


def _failure(scope: Scope) -> Response:
    words = "something went wrong here; it is in the log"
    try:
        return answer(scope, 500, words)
    except Exception:
        # Whatever failed may be what makes error pages.
        _LOG.exception("the page of an error failed too")
        return PlainTextResponse(words, 500)
