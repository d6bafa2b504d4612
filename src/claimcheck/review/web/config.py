"""Where the application is reached, and what follows from it: the hosts it answers to, its origin, its cookie."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from claimcheck.errors import UsageError

__all__ = ["WebConfig", "is_loopback"]

_LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class WebConfig:
    """``public_url`` is the https address that people type; '' is this machine alone, over plain http."""

    public_url: str = ""
    body_limit: int = 256 * 1024

    def __post_init__(self) -> None:
        if not self.public_url:
            return
        parts = urlsplit(self.public_url)
        is_bare = parts.path in {"", "/"} and not parts.query and not parts.fragment and "@" not in parts.netloc
        if parts.scheme != "https" or not parts.hostname or not is_bare:
            raise UsageError(f"found the public URL {self.public_url!r}, expected https://HOST without a path")

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the application over https."""
        return bool(self.public_url)

    @property
    def cookie(self) -> str:
        """The session cookie's name; with __Host- no other host can set it."""
        return "__Host-claimcheck" if self.is_https else "claimcheck"

    def serves(self, host: str) -> bool:
        """Return whether a Host header names this application: anything else is somebody's rebound DNS name."""
        if self.is_https:
            return host.lower() == urlsplit(self.public_url).netloc.lower()
        name, _, port = host.rpartition(":") if not host.endswith("]") and ":" in host else (host, "", "")
        return name.lower() in _LOCAL_HOSTS and (not port or port.isdigit())

    def origin(self, host: str) -> str:
        """Return the origin of requests from the application's own pages, given a Host header that it serves."""
        return f"https://{urlsplit(self.public_url).netloc.lower()}" if self.is_https else f"http://{host.lower()}"


def is_loopback(host: str) -> bool:
    """Return whether an address, or the name localhost, is this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
