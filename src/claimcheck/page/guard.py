"""Connections that lead only to checked addresses and end at a deadline.

The guard sits where connections are made: the address that was checked is the address that is connected to, so a name
cannot resolve differently between check and use. TLS and the Host header keep the name of the URL. The deadline sits
beneath every read and write, so that a server that drips one byte of header at a time meets it too, which per-read
timeouts of HTTP clients do not catch. httpx gives no public place for either, hence its own lower layer, httpcore.
"""

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from claimcheck.errors import BlockedAddressError, FetchError, SourceError, TooLargeError
from claimcheck.page.addresses import Resolver, checked_addresses

__all__ = ["Deadline", "GuardedBackend"]


class Deadline:
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


class GuardedBackend(httpcore.NetworkBackend):
    """Connects only to addresses that were checked a moment before, and reads only until the deadline."""

    def __init__(self, deadline: Deadline, resolver: Resolver, *, allow_private: bool) -> None:
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
                return _Stream(stream, self._deadline)
        raise FetchError(self._deadline.source, f"the host {host} has no address; check the address")

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Refuse: no URL leads to a socket file."""
        raise BlockedAddressError(self._deadline.source, "a socket file is no page; expected https://host/path")


class _Stream(httpcore.NetworkStream):
    """A connection whose every wait ends at the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
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
        return _Stream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 (the base class's own signature)
        """Return what the connection knows of itself."""
        return self._inner.get_extra_info(info)
