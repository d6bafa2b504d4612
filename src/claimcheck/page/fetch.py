"""Fetching a page over http(s): guarded against private addresses, bombs, endless bodies and slow servers.

The guard sits where connections are made (``_GuardedBackend``): the address that was checked is the address that is
connected to, so a name cannot resolve differently between check and use, and every redirect passes the same door. TLS
and the Host header keep the name of the URL. The deadline sits beneath every read and write, so that a server that
drips one byte of header at a time meets it too, which per-read timeouts of HTTP clients do not catch. httpx gives no
public place for either, hence its own lower layer, httpcore, is used; httpx parses URLs and makes the TLS context.
"""

import ssl
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import httpcore
import httpx

from claimcheck.errors import BlockedAddressError, FetchError, SourceError, TooLargeError, UnreadableError
from claimcheck.page.addresses import Resolver, SystemResolver, checked_addresses
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
    deadline = _Deadline(url, limits.timeout)
    backend = _GuardedBackend(deadline, resolver or SystemResolver(), allow_private=allow_private)
    try:
        with httpcore.ConnectionPool(ssl_context=_tls_context(), network_backend=backend, max_connections=1) as pool:
            return _follow(pool, url, limits, deadline)
    except (httpcore.TimeoutException, TimeoutError) as error:
        raise deadline.passed() from error
    except (httpcore.ProtocolError, httpcore.NetworkError, httpcore.UnsupportedProtocol, OSError) as error:
        raise FetchError(url, f"no page was delivered ({_reason(error)}); check the address or try again") from error


def _follow(pool: httpcore.ConnectionPool, url: str, limits: Limits, deadline: "_Deadline") -> Fetched:
    target = _parse(url, url)
    for _ in range(limits.max_redirects + 1):
        with pool.stream("GET", _core_url(target), headers=_headers(target)) as response:
            location = _header(response, b"location")
            if response.status not in _REDIRECTS or not location:
                return _accept(response, url, str(target), limits, deadline)
        # The connection is left unread and closed: a redirect's body is of no use and may be endless.
        target = _parse(url, location, base=target)
    raise TooLargeError(url, f"more than {limits.max_redirects} redirects; give the page's final address")


def _accept(response: httpcore.Response, url: str, final: str, limits: Limits, deadline: "_Deadline") -> Fetched:
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


def _raw_chunks(response: httpcore.Response, deadline: "_Deadline") -> Iterator[bytes]:
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


class _Deadline:
    """A moment after which nothing more is read."""

    def __init__(self, source: str, seconds: float) -> None:
        self._source = source
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left; raise TooLargeError when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.passed()
        return left

    def passed(self) -> SourceError:
        """Return the error to raise when the time is up."""
        return TooLargeError(
            self._source, f"the page took longer than {self._seconds:g} s; try again or raise the limit"
        )

    @property
    def source(self) -> str:
        """The URL the deadline was set for."""
        return self._source


class _GuardedBackend(httpcore.NetworkBackend):
    """Connects only to addresses that were checked a moment before, and reads only until the deadline."""

    def __init__(self, deadline: _Deadline, resolver: Resolver, *, allow_private: bool) -> None:
        self._deadline = deadline
        self._resolver = resolver
        self._allow_private = allow_private
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve, check and connect; try the next address when one does not answer."""
        addresses = checked_addresses(
            host,
            port,
            source=self._deadline.source,
            resolver=self._resolver,
            timeout=self._deadline.remaining(),
            allow_private=self._allow_private,
        )
        for number, address in enumerate(addresses):
            # A dead first address (often IPv6) may use only its share of the time.
            share = self._deadline.remaining() / (len(addresses) - number)
            try:
                stream = self._inner.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number == len(addresses) - 1:
                    raise
            else:
                return _DeadlineStream(stream, self._deadline)
        raise FetchError(self._deadline.source, f"the host {host} has no address; check the address")

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Refuse: no URL leads to a socket file."""
        raise BlockedAddressError(self._deadline.source, "a socket file is no page; expected https://host/path")


class _DeadlineStream(httpcore.NetworkStream):
    """A connection whose every wait ends at the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read, waiting no longer than the deadline."""
        return self._inner.read(max_bytes, self._deadline.remaining())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, waiting no longer than the deadline."""
        self._inner.write(buffer, self._deadline.remaining())

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Start TLS under the URL's own host name."""
        inner = self._inner.start_tls(ssl_context, server_hostname, self._deadline.remaining())
        return _DeadlineStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 (the base class's own signature)
        """Return what the connection knows of itself."""
        return self._inner.get_extra_info(info)
