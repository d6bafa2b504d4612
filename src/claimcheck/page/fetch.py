"""Fetching a page over http(s): guarded against private addresses, bombs, endless bodies and slow servers.

Every connection, also a redirect's, passes ``GuardedBackend``. httpcore speaks HTTP; httpx parses URLs and makes the
TLS context.
"""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

import httpcore
import httpx

from claimcheck.errors import BlockedAddressError, FetchError, TooLargeError, UnreadableError
from claimcheck.page.addresses import Resolver, SystemResolver
from claimcheck.page.guard import Deadline, GuardedBackend
from claimcheck.page.gunzip import Inflater
from claimcheck.page.limits import Limits

__all__ = ["Fetched", "fetch"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ACCEPT = "text/html,application/xhtml+xml,application/pdf;q=0.9,text/plain;q=0.8,*/*;q=0.1"


@dataclass(frozen=True, slots=True)
class Fetched:
    """The decompressed body of a page, with the address it finally came from."""

    data: bytes
    uri: str
    content_type: str


def fetch(
    url: str, *, limits: Limits | None = None, allow_private: bool = False, resolver: Resolver | None = None
) -> Fetched:
    """Return the body behind a URL after at most ``limits.max_redirects`` redirects.

    Sends no cookies, uses no proxy and follows nothing but HTTP redirects. Raises BlockedAddressError, FetchError,
    TooLargeError or UnreadableError (a content encoding that was not asked for).
    """
    limits = limits or Limits()
    deadline = Deadline(url, limits.timeout)
    backend = GuardedBackend(deadline, resolver or SystemResolver(), allow_private=allow_private)
    try:
        with httpcore.ConnectionPool(ssl_context=_tls_context(), network_backend=backend, max_connections=1) as pool:
            return _follow(pool, url, limits, deadline)
    except (httpcore.TimeoutException, TimeoutError) as error:
        raise deadline.passed() from error
    except (httpcore.ProtocolError, httpcore.NetworkError, httpcore.UnsupportedProtocol, OSError) as error:
        raise FetchError(url, f"no page was delivered ({_reason(error)}); check the address or try again") from error


def _follow(pool: httpcore.ConnectionPool, url: str, limits: Limits, deadline: "Deadline") -> Fetched:
    target = _parse(url, url)
    for _ in range(limits.max_redirects + 1):
        with pool.stream("GET", _core_url(target), headers=_headers(target)) as response:
            location = _header(response, b"location")
            if response.status not in _REDIRECTS or not location:
                return _accept(response, url, str(target), limits, deadline)
        # The connection is left unread and closed: a redirect's body is of no use and may be endless.
        target = _parse(url, location, base=target)
    raise TooLargeError(url, f"more than {limits.max_redirects} redirects; give the page's final address")


def _accept(response: httpcore.Response, url: str, final: str, limits: Limits, deadline: "Deadline") -> Fetched:
    if not 200 <= response.status < 300:
        raise FetchError(url, f"the server answered {response.status}; expected 200; check the address")
    length = _header(response, b"content-length")
    if length.isdecimal() and len(length) < 20 and int(length) > limits.max_bytes:
        raise TooLargeError(url, f"the page is {int(length):,} bytes; at most {limits.max_bytes:,} are read")
    content_type = _header(response, b"content-type")
    _check_type(url, content_type)
    inflater = _inflater(response, url)
    chunks: list[bytes] = []
    size = 0
    received = 0
    for raw in _raw_chunks(response, deadline):
        received += len(raw)
        for chunk in inflater.feed(raw):
            size += len(chunk)
            if max(size, received) > limits.max_bytes:
                raise TooLargeError(url, f"more than {limits.max_bytes:,} bytes of page; the limit was reached")
            chunks.append(chunk)
        if received > limits.max_bytes:
            raise TooLargeError(url, f"more than {limits.max_bytes:,} bytes of page; the limit was reached")
    if not inflater.complete:
        raise UnreadableError(url, "the compressed page broke off or is damaged; try again")
    return Fetched(b"".join(chunks), final, content_type)


def _raw_chunks(response: httpcore.Response, deadline: "Deadline") -> Iterator[bytes]:
    for chunk in response.iter_stream():
        deadline.remaining()
        yield chunk


def _inflater(response: httpcore.Response, url: str) -> Inflater:
    coding = _header(response, b"content-encoding").strip().lower()
    if coding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise UnreadableError(url, f"the content encoding is {coding[:40]!r}; only gzip and deflate were offered")
    return Inflater(url, compressed=coding not in {"", "identity"})


def _check_type(url: str, content_type: str) -> None:
    """Refuse what is named as something other than a page; an absent or vague type is left to sniffing."""
    essence = content_type.partition(";")[0].strip().lower()
    readable = {
        "",
        "application/octet-stream",
        "application/pdf",
        "application/xhtml+xml",
        "text/html",
        "text/markdown",
        "text/plain",
    }
    if essence not in readable:
        raise UnreadableError(url, f"the content type is {essence[:60]!r}; expected HTML, text or PDF")


def _parse(source: str, reference: str, *, base: httpx.URL | None = None) -> httpx.URL:
    try:
        url = base.join(reference) if base is not None else httpx.URL(reference)
        port = url.port
        host = url.raw_host
    except (httpx.InvalidURL, ValueError, TypeError, UnicodeError) as error:
        raise FetchError(source, f"not a valid address ({error}); expected https://host/path") from error
    if url.scheme not in _DEFAULT_PORTS:
        shown = url.scheme[:20] or "none"
        raise BlockedAddressError(source, f"the address scheme is {shown!r}; only http and https are read")
    if not host or (port is not None and not 0 < port < 65536):
        raise FetchError(source, "the address names no valid host and port; expected https://host/path")
    if url.userinfo:
        raise FetchError(source, "the address holds a user name or password; give it without")
    return url.copy_with(fragment=None)


def _core_url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)


def _headers(url: httpx.URL) -> list[tuple[bytes, bytes]]:
    return [
        (b"Host", url.netloc),
        (b"User-Agent", _user_agent().encode("ascii")),
        (b"Accept", _ACCEPT.encode("ascii")),
        (b"Accept-Language", b"en"),
        (b"Accept-Encoding", b"gzip, deflate"),
        (b"Connection", b"close"),
    ]


def _user_agent() -> str:
    try:
        version = metadata.version("claimcheck")
    except metadata.PackageNotFoundError:
        version = "0"
    return f"claimcheck/{version} (checks health claims on the page a user named)"


def _header(response: httpcore.Response, name: bytes) -> str:
    for key, value in response.headers:
        if key.lower() == name:
            return value.decode("latin-1")
    return ""


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:200] or type(error).__name__


def _tls_context() -> ssl.SSLContext:
    return httpx.create_ssl_context()
