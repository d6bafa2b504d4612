"""One request to a server that may be hostile: an exchange fit for the archive, or a reason why there is none.

HTTP is spoken by httpcore, not by Scrapy's own downloader: it keeps headers as they were sent, its connections can be
guarded (the address that was checked is the one connected to), and a deadline holds beneath every read.
"""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urlsplit

import httpcore

from claimcheck.capture.decoding import decoded_body
from claimcheck.capture.records import Exchange
from claimcheck.errors import (
    BlockedAddressError,
    ClaimcheckError,
    FetchError,
    SourceError,
    TooLargeError,
    UnreadableError,
)
from claimcheck.page.addresses import Resolver, SystemResolver
from claimcheck.page.guard import Deadline, GuardedBackend
from claimcheck.page.gunzip import Inflater
from claimcheck.scan.crawl.robots import user_agent

__all__ = ["PAGE_TYPES", "Answer", "Ask", "Fetcher", "GuardedFetcher", "PageFailure"]

PAGE_TYPES = frozenset(
    {
        "",
        "application/octet-stream",
        "application/pdf",
        "application/xhtml+xml",
        "text/html",
        "text/markdown",
        "text/plain",
    }
)
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# What is kept of a body that is no page: enough to see what it was.
_KEPT = 65_536
_ERROR_BYTES = 1_000_000
_ACCEPT = "text/html,application/xhtml+xml,application/pdf;q=0.9,text/plain;q=0.8,*/*;q=0.1"
_HEADERS_TOO_LONG = "Receive buffer too long"


@dataclass(frozen=True, slots=True)
class Ask:
    """A request: ``any_type`` takes bodies of every content type (for robots.txt, sitemaps and parts of a page)."""

    url: str
    timeout: float
    max_bytes: int
    any_type: bool = False
    accept: str = _ACCEPT


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said, with the body decoded."""

    exchange: Exchange
    body: bytes


class PageFailure(Exception):
    """A page was not delivered; ``partial`` is what came before it failed, if headers did."""

    def __init__(self, reason: str, detail: str, partial: Exchange | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = " ".join(detail.split())[:500]
        self.partial = partial


class Fetcher(Protocol):
    """Asks a server for one address."""

    def fetch(self, ask: Ask) -> Answer:
        """Return the answer, whatever its status; raise PageFailure when there is none, or none that is a page."""
        ...


class GuardedFetcher:
    """Connects to checked addresses only, reads until a deadline and no more than was allowed."""

    def __init__(self, *, allow_private: bool = False, resolver: Resolver | None = None) -> None:
        self._allow_private = allow_private
        self._resolver = resolver or SystemResolver()
        self._tls = _tls_context()

    def fetch(self, ask: Ask) -> Answer:
        """Return the answer of one server to one request; redirects are answers."""
        deadline = Deadline(ask.url, ask.timeout)
        backend = GuardedBackend(deadline, self._resolver, allow_private=self._allow_private)
        reading = _Reading(ask, deadline)
        try:
            with httpcore.ConnectionPool(ssl_context=self._tls, network_backend=backend, max_connections=1) as pool:
                headers = _request_headers(ask)
                raw = [(name.encode(), value.encode()) for name, value in headers]
                with pool.stream("GET", _target(ask.url), headers=raw) as response:
                    return reading.read(response, headers)
        except PageFailure:
            raise
        except BlockedAddressError as error:
            raise PageFailure("blocked-address", _without_source(error, ask.url)) from error
        except (TooLargeError, httpcore.TimeoutException, TimeoutError) as error:
            detail = f"no whole answer within {ask.timeout:g} s"
            raise PageFailure("timeout", detail, reading.partial("time")) from error
        except FetchError as error:
            raise PageFailure("dns-failed", _without_source(error, ask.url)) from error
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
            OSError,
            ValueError,
        ) as error:
            raise _failure_of(error, reading) from error


class _Reading:
    """The state of one answer being read, so that a failure half-way can still show what came."""

    def __init__(self, ask: Ask, deadline: Deadline) -> None:
        self._ask = ask
        self._deadline = deadline
        self._head: Exchange | None = None
        self._raw: list[bytes] = []
        self._body: list[bytes] = []

    def read(self, response: httpcore.Response, request_headers: tuple[tuple[str, str], ...]) -> Answer:
        self._head = head = _exchange_head(self._ask.url, response, request_headers)
        if 200 <= head.status < 300:
            self._check_type(head)
            self._read_page(response, head)
            body = b"".join(self._body)
            return Answer(replace(head, body=b"".join(self._raw)), body)
        # The body of a redirect or an error is no page, and may be endless.
        is_redirect = head.status in REDIRECTS and head.header("location")
        return self._read_other(response, head, _KEPT if is_redirect else _ERROR_BYTES)

    def partial(self, why: str) -> Exchange | None:
        """Return what has come so far, marked as cut; None before the headers were in."""
        if self._head is None:
            return None
        return replace(self._head, body=b"".join(self._raw)[:_KEPT], truncated=why)

    def _check_type(self, head: Exchange) -> None:
        essence = head.header("content-type").partition(";")[0].strip().lower()
        if essence not in PAGE_TYPES and not self._ask.any_type:
            shown = essence[:60].encode("ascii", "replace").decode()
            raise PageFailure("not-a-page", f"the content type is {shown!r}; HTML, text and PDF are read")

    def _read_page(self, response: httpcore.Response, head: Exchange) -> None:
        limit = self._ask.max_bytes
        length = head.header("content-length")
        if length.isdecimal() and len(length) < 20 and int(length) > limit:
            raise PageFailure("too-large", f"the page is {int(length):,} bytes; at most {limit:,} are read")
        coding = head.header("content-encoding").strip().lower()
        if coding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            shown = coding[:40].encode("ascii", "replace").decode()
            detail = f"the content encoding is {shown!r}; only gzip and deflate were offered"
            raise PageFailure("bad-encoding", detail, self.partial("unspecified"))
        inflater = Inflater(self._ask.url, compressed=coding not in {"", "identity"})
        received = size = 0
        try:
            for raw in self._chunks(response):
                received += len(raw)
                self._raw.append(raw)
                for piece in inflater.feed(raw):
                    size += len(piece)
                    if max(size, received) > limit:
                        raise self._too_large(received, size, limit)
                    self._body.append(piece)
                if received > limit:
                    raise self._too_large(received, size, limit)
        except UnreadableError as error:
            detail = _without_source(error, self._ask.url)
            raise PageFailure("bad-encoding", detail, self.partial("unspecified")) from error
        if not inflater.complete:
            raise PageFailure("cut-short", "the compressed page broke off", self.partial("disconnect"))

    def _too_large(self, received: int, size: int, limit: int) -> PageFailure:
        is_bomb = size > limit and size > 10 * received
        reason = "gzip-bomb" if is_bomb else "too-large"
        detail = f"more than {limit:,} bytes" + (" unpacked, from far fewer" if is_bomb else "; the limit was reached")
        return PageFailure(reason, detail, self.partial("length"))

    def _read_other(self, response: httpcore.Response, head: Exchange, limit: int) -> Answer:
        size, cut = 0, ""
        try:
            for raw in self._chunks(response):
                self._raw.append(raw)
                size += len(raw)
                if size > limit:
                    cut = "length"
                    break
        except (httpcore.TimeoutException, TimeoutError, TooLargeError):
            cut = "time"
        except (httpcore.ProtocolError, httpcore.NetworkError, OSError):
            cut = "disconnect"
        whole = replace(head, body=b"".join(self._raw)[:limit], truncated=cut)
        try:
            return Answer(whole, whole.body if cut else decoded_body(whole, max_bytes=self._ask.max_bytes))
        except SourceError:
            # Nobody reads it but a person: what cannot be unpacked is kept as it came, and marked as such.
            return Answer(replace(whole, truncated="unspecified"), whole.body)

    def _chunks(self, response: httpcore.Response) -> Iterator[bytes]:
        for chunk in response.iter_stream():
            self._deadline.remaining()
            yield chunk


def _failure_of(error: Exception, reading: _Reading) -> PageFailure:
    """Return what went wrong on the wire, by what httpcore made of it."""
    words = " ".join(str(error).split())[:200] or type(error).__name__
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, ssl.SSLCertVerificationError):
            return PageFailure("bad-certificate", f"the server's certificate is not valid ({chain.verify_message})")
        if isinstance(chain, ssl.SSLError):
            return PageFailure("tls-failed", f"no secure connection ({words})")
        chain = chain.__cause__ or chain.__context__
    if _HEADERS_TOO_LONG in words:
        return PageFailure("too-many-headers", "the answer's headers are longer than 100 kB")
    if isinstance(error, (httpcore.ConnectError, httpcore.UnsupportedProtocol)):
        return PageFailure("connection-failed", f"no connection to the server ({words})")
    if isinstance(error, httpcore.ProtocolError):
        partial = reading.partial("disconnect")
        if "without sending complete message body" in words:
            return PageFailure("cut-short", "the server broke off before the page's end", partial)
        if "without sending a response" in words or "disconnected" in words.lower():
            return PageFailure("connection-failed", "the server closed the connection without an answer")
        return PageFailure("broken-response", f"the answer is not valid HTTP ({words})", partial)
    if isinstance(error, httpcore.NetworkError | OSError):
        return PageFailure("connection-failed", f"the connection broke ({words})", reading.partial("disconnect"))
    return PageFailure("bad-address", f"the address cannot be asked for ({words})")


def _exchange_head(url: str, response: httpcore.Response, request_headers: tuple[tuple[str, str], ...]) -> Exchange:
    version = response.extensions.get("http_version", b"HTTP/1.1").decode("latin-1").removeprefix("HTTP/")
    network = response.extensions.get("network_stream")
    address = network.get_extra_info("server_addr") if network is not None else None
    return Exchange(
        url=url,
        status=response.status,
        reason=response.extensions.get("reason_phrase", b"").decode("latin-1"),
        headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers),
        body=b"",
        fetched_at=datetime.now(UTC).replace(microsecond=0),
        http_version=version,
        request_headers=request_headers,
        ip=str(address[0]) if address else "",
    )


def _request_headers(ask: Ask) -> tuple[tuple[str, str], ...]:
    return (
        ("Host", urlsplit(ask.url).netloc),
        ("User-Agent", user_agent()),
        ("Accept", ask.accept),
        ("Accept-Language", "en"),
        ("Accept-Encoding", "gzip, deflate"),
        ("Connection", "close"),
    )


def _target(url: str) -> httpcore.URL:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = (parts.hostname or "").encode("ascii")
    return httpcore.URL(scheme=parts.scheme.encode(), host=host, port=parts.port, target=target.encode("ascii"))


def _without_source(error: ClaimcheckError, url: str) -> str:
    return str(error).removeprefix(f"{url}: ")


def _tls_context() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()
