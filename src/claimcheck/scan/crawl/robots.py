"""What a site asks of crawlers: robots.txt and sitemaps.

robots.txt is read as RFC 9309 says: an answer of 4xx allows everything; one of 5xx, or none, forbids everything, since
the site may have wanted to. Rules for "claimcheck" go before those for "*".
"""

import re
from dataclasses import dataclass
from typing import Protocol

__all__ = [
    "AGENT",
    "ROBOTS_BYTES",
    "SITEMAP_BYTES",
    "Robots",
    "RobotsRules",
    "Sitemap",
    "no_robots",
    "read_robots",
    "read_sitemap",
    "user_agent",
]

AGENT = "claimcheck"
# RFC 9309 asks for at least 500 kibibytes; sitemaps.org allows 50 MB, far more than is worth reading.
ROBOTS_BYTES = 512_000
SITEMAP_BYTES = 5_000_000
# A site that asks for more than a minute between requests is read at one a minute.
MAX_CRAWL_DELAY = 60.0
_MAX_SITEMAPS = 20
_HOST_FAILURES = frozenset({"bad-certificate", "blocked-address", "connection-failed", "dns-failed", "tls-failed"})
_MAX_LOCATIONS = 10_000
_LOCATION = re.compile(
    rb"<(?:[a-z]+:)?loc>\s*(?:<!\[CDATA\[)?\s*([^<>\]\s]{1,4000})\s*(?:\]\]>)?\s*</(?:[a-z]+:)?loc>", re.I
)
_INDEX = re.compile(rb"<(?:[a-z]+:)?sitemapindex\b", re.I)


class RobotsRules(Protocol):
    """What a robots.txt allows."""

    def can_fetch(self, url: str, user_agent: str) -> bool:
        """Say whether an address may be fetched."""
        ...


@dataclass(frozen=True, slots=True)
class Robots:
    """The robots.txt of an origin. ``rules`` is None when it says nothing; ``reachable`` is False when it may have.

    ``failure`` is why the origin cannot be read at all, in the codes of pages. ``outcome`` is a few words for the
    coverage statement; ``delay`` is the crawl delay asked for, in seconds.
    """

    outcome: str
    rules: RobotsRules | None = None
    reachable: bool = True
    failure: str = ""
    delay: float = 0.0
    sitemaps: tuple[str, ...] = ()

    def refusal(self, url: str) -> str:
        """Return why an address may not be fetched, as a reason code; '' when it may."""
        if not self.reachable:
            return self.failure or "robots-unreachable"
        return "" if self.rules is None or self.rules.can_fetch(url, AGENT) else "robots-disallowed"


@dataclass(frozen=True, slots=True)
class Sitemap:
    """A sitemap's addresses, and whether they are of pages or of further sitemaps."""

    locations: tuple[str, ...]
    is_index: bool


def user_agent() -> str:
    """Return how the crawler names itself, with a place to read about it."""
    from claimcheck.version import __version__

    return f"Mozilla/5.0 (compatible; claimcheck/{__version__}; +https://pypi.org/project/claimcheck/)"


def no_robots(why: str) -> Robots:
    """Return what it means that a request for robots.txt had no answer; ``why`` is the reason code.

    A host that is not there, or not public, says so itself; one that was too slow may still forbid.
    """
    failure = why if why in _HOST_FAILURES else ""
    return Robots(f"not readable ({why}), taken as forbidding everything", reachable=False, failure=failure)


def read_robots(status: int, body: bytes) -> Robots:
    """Return what an answer to a request for robots.txt means."""
    if status >= 500:
        return Robots(f"not readable ({status}), taken as forbidding everything", reachable=False)
    if not 200 <= status < 300:
        return Robots(f"none ({status})")
    from protego import Protego

    text = body[:ROBOTS_BYTES].decode("utf-8", "replace").replace("\0", "")
    rules = Protego.parse(text)
    delay = rules.crawl_delay(AGENT) or 0.0
    sitemaps = tuple(str(each)[:2_000] for each, _ in zip(rules.sitemaps, range(_MAX_SITEMAPS), strict=False))
    return Robots("read", rules, delay=min(max(delay, 0.0), MAX_CRAWL_DELAY), sitemaps=sitemaps)


def read_sitemap(body: bytes) -> Sitemap:
    """Return the locations of a sitemap in XML, or in plain text with one a line.

    They are taken by their tags alone: an XML parser would bring its bombs with it.
    """
    found = [match.decode("utf-8", "replace") for match in _LOCATION.findall(body[:SITEMAP_BYTES])[:_MAX_LOCATIONS]]
    if not found and not body.lstrip().startswith(b"<"):
        lines = body[:SITEMAP_BYTES].decode("utf-8", "replace").splitlines()
        found = [line.strip() for line in lines[:_MAX_LOCATIONS] if line.strip().startswith(("http://", "https://"))]
    unescaped = tuple(location.replace("&amp;", "&") for location in found)
    return Sitemap(unescaped, bool(_INDEX.search(body[:10_000])))
