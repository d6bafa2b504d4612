"""What a crawl is told: its bounds, and how gently it asks."""

from dataclasses import dataclass

from claimcheck.errors import UsageError

__all__ = ["MAX_REDIRECTS", "CrawlOptions"]

# Browsers follow 20; clinics' sites need one or two (http to https, to www, to a trailing slash).
MAX_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class CrawlOptions:
    """Bounds of a crawl, for each site unless said otherwise.

    ``pages`` are fetched at most, redirects not counted, down to ``depth`` links from the start. ``delay`` is the least
    time in seconds between two requests to a site; slow sites are given more. ``concurrency`` requests to a site are in
    flight at once, and ``sites`` sites are read at once. ``timeout`` is for one whole answer, ``max_bytes`` for its
    body after decompression. ``retries`` repeat a request that failed for a passing reason, first after ``backoff``
    seconds, then twice that and so on. ``follow`` is whether links and sitemaps are followed. Of addresses that differ
    only in their numbers or in the values of their query, ``same_shape`` are fetched: calendars have no last page.
    """

    pages: int = 500
    depth: int = 10
    delay: float = 1.0
    concurrency: int = 1
    sites: int = 32
    timeout: float = 30.0
    max_bytes: int = 20_000_000
    retries: int = 2
    backoff: float = 2.0
    render: bool = False
    follow: bool = True
    allow_private: bool = False
    same_shape: int = 100
    links_a_page: int = 1_000

    def __post_init__(self) -> None:
        counts = (self.pages, self.concurrency, self.sites, self.max_bytes, self.same_shape, self.links_a_page)
        if min(counts) < 1 or self.depth < 0 or self.retries < 0:
            raise UsageError("a crawl needs at least one page, site and request; depth and retries are 0 or more")
        if self.timeout <= 0 or self.delay < 0 or self.backoff < 0:
            raise UsageError("the timeout is above 0 seconds, delay and backoff are 0 or more")

    @property
    def known(self) -> int:
        """How many addresses of a site are kept: those beyond the page limit are named in the coverage statement."""
        return max(5_000, 10 * self.pages)
