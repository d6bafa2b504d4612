"""What a crawl hands from part to part: a page to fetch, what was fetched, and what became of the page."""

from dataclasses import dataclass
from datetime import datetime

from claimcheck.capture.records import Capture, Screenshot
from claimcheck.scan.crawl.wire import Answer, PageFailure

__all__ = ["Fetched", "Outcome", "PageTask", "Rendering"]


@dataclass(frozen=True, slots=True)
class PageTask:
    """A page to fetch: the row it has in the store, and how far it is from the start in links and redirects."""

    id: int
    url: str
    depth: int
    hops: int


@dataclass(frozen=True, slots=True)
class Rendering:
    """A page after its scripts have run: the document as HTML, a picture of it, and where its scripts wanted to go."""

    html: bytes
    png: bytes
    leads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer, or why there is none, after ``attempts`` requests."""

    attempts: int
    answer: Answer | None = None
    failure: PageFailure | None = None
    rendering: Rendering | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a page's row. ``target`` is where a redirect leads, on the same site; empty for other pages."""

    state: str
    reason: str = ""
    detail: str = ""
    attempts: int = 0
    http_status: int | None = None
    content_type: str = ""
    fetched_at: datetime | None = None
    capture: Capture | None = None
    is_rendered: bool = False
    screenshot: Screenshot | None = None
    target: str = ""
