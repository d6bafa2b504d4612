"""The crawl of one site, from robots.txt to its last page: which request is next, and what each answer means."""

import logging
import re
from collections import deque
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy.exc import SQLAlchemyError

from claimcheck.capture.decoding import decode
from claimcheck.capture.records import Capture
from claimcheck.capture.writer import ArchiveWriter
from claimcheck.errors import DamagedDataError, SourceError
from claimcheck.scan.crawl.fetching import UNREACHABLE
from claimcheck.scan.crawl.frontier import Frontier
from claimcheck.scan.crawl.links import links_of
from claimcheck.scan.crawl.options import CrawlOptions
from claimcheck.scan.crawl.outcomes import Fetched, Outcome, PageTask
from claimcheck.scan.crawl.robots import SITEMAP_BYTES, Robots, no_robots, read_robots, read_sitemap
from claimcheck.scan.crawl.urls import is_own, normalised, origin_of
from claimcheck.scan.crawl.wire import REDIRECTS, Answer, Ask, PageFailure

__all__ = ["Job", "JobKind", "SiteCrawl"]

_LOG = logging.getLogger(__name__)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_WINDOW = 20
_MAX_SITEMAPS = 20
# So many pages in a row without a connection, and the site is given up: each costs minutes with its retries.
_MAX_UNREACHABLE = 10


class JobKind(StrEnum):
    """What a request is for."""

    ROBOTS = "robots"
    SITEMAP = "sitemap"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class Job:
    """A request to be made for a site; ``task`` is the page, for pages."""

    kind: JobKind
    url: str
    task: PageTask | None = None


class SiteCrawl:
    """Says what to fetch next and takes what was fetched; everything that must outlive a kill goes to the store."""

    def __init__(self, frontier: Frontier, writer: ArchiveWriter, options: CrawlOptions) -> None:
        self.host = frontier.host
        self._frontier = frontier
        self._writer = writer
        self._options = options
        self._robots: dict[str, Robots] = {}
        self._errands: deque[Job] = deque()
        self._tasks: deque[PageTask] = deque()
        self._in_flight: set[int] = set()
        self._errands_out = 0
        self._sitemaps_seen: list[str] = []
        self._sitemaps_read: list[str] = []
        self._sitemap_pages: list[str] = []
        self._unreachable = 0

    @property
    def is_finished(self) -> bool:
        """Whether every page of the site has its end."""
        return self._frontier.is_finished

    @property
    def delay(self) -> float:
        """The seconds that the site's robots.txt asks crawlers to leave between requests."""
        return max((robots.delay for robots in self._robots.values()), default=0.0)

    def ask_of(self, job: Job) -> Ask:
        """Return the request for a job."""
        if job.kind is JobKind.PAGE:
            return Ask(job.url, self._options.timeout, self._options.max_bytes)
        return Ask(job.url, self._options.timeout, SITEMAP_BYTES, any_type=True, accept="*/*")

    def next_job(self) -> Job | None:
        """Return the next request, or None while those in flight decide what comes next (or all is done)."""
        while not self.is_finished:
            if self._errands:
                self._errands_out += 1
                return self._errands.popleft()
            # Pages wait for robots.txt and sitemaps: what they say decides over pages.
            if self._errands_out or len(self._in_flight) >= self._options.concurrency:
                return None
            if not self._tasks:
                self._tasks.extend(self._frontier.next_tasks(_WINDOW, self._in_flight))
            if self._tasks:
                job = self._page_job(self._tasks[0])
                if job is not None:
                    return job
            elif self._in_flight:
                return None
            else:
                self._turn_level()
        return None

    def done(self, job: Job, fetched: Fetched) -> None:
        """Take the result of a request.

        Raises what the store or the archive raises; an answer that we stumble over costs its page only.
        """
        if job.kind is JobKind.ROBOTS:
            self._errands_out -= 1
            self._robots_done(job, fetched)
        elif job.kind is JobKind.SITEMAP:
            self._errands_out -= 1
            self._sitemap_done(job, fetched)
        elif job.task is not None:
            try:
                self._page_done(job.task, fetched)
            except (SQLAlchemyError, OSError, DamagedDataError):
                # The store or the archive fails: no page's fault.
                raise
            except Exception as error:
                _LOG.exception("%s: the answer could not be dealt with", job.url)
                detail = f"{type(error).__name__}: {error}"[:300]
                self._frontier.record(job.task, Outcome("failed", "internal-error", detail, fetched.attempts))
            self._in_flight.discard(job.task.id)

    def _page_job(self, task: PageTask) -> Job | None:
        """Return the request for the first page in line, or for the robots.txt that must be read before it."""
        origin = origin_of(task.url)
        if origin not in self._robots:
            self._ask_robots(origin)
            return None
        self._tasks.popleft()
        reason = self._refusal(task.url)
        if reason:
            self._frontier.refuse(task, reason)
            return None
        if self._options.follow and not self._frontier.has_sitemaps:
            self._tasks.appendleft(task)
            self._ask_sitemaps(origin)
            return None
        self._in_flight.add(task.id)
        return Job(JobKind.PAGE, task.url, task)

    def _turn_level(self) -> None:
        for origin in sorted(self._frontier.next_origins()) if self._options.follow else ():
            if origin not in self._robots:
                self._ask_robots(origin)
        if not self._errands and not self._frontier.end_level(self._refusal):
            self._frontier.finish({origin: robots.outcome for origin, robots in sorted(self._robots.items())})

    def _refusal(self, url: str) -> str:
        robots = self._robots.get(origin_of(url))
        return robots.refusal(url) if robots else ""

    def _ask_robots(self, origin: str) -> None:
        self._errands.append(Job(JobKind.ROBOTS, f"{origin}/robots.txt"))

    def _robots_done(self, job: Job, fetched: Fetched) -> None:
        origin = origin_of(job.url)
        if fetched.answer is not None:
            self._capture(fetched.answer)
            self._robots[origin] = read_robots(fetched.answer.exchange.status, fetched.answer.body)
        elif fetched.failure is not None and fetched.failure.reason == "too-large":
            self._robots[origin] = Robots("too large to be one, taken as none")
        else:
            self._robots[origin] = no_robots(fetched.failure.reason if fetched.failure else "no answer")

    def _ask_sitemaps(self, origin: str) -> None:
        named = [normalised(url, f"{origin}/") for robots in self._robots.values() for url in robots.sitemaps]
        self._add_sitemaps([url for url in named if url] or [f"{origin}/sitemap.xml"])
        if not self._errands:
            self._frontier.add_sitemaps([], [])

    def _add_sitemaps(self, urls: list[str]) -> None:
        for url in urls:
            if is_own(url, self.host) and url not in self._sitemaps_seen and len(self._sitemaps_seen) < _MAX_SITEMAPS:
                self._sitemaps_seen.append(url)
                self._errands.append(Job(JobKind.SITEMAP, url))

    def _sitemap_done(self, job: Job, fetched: Fetched) -> None:
        if fetched.answer is not None and 200 <= fetched.answer.exchange.status < 300:
            self._capture(fetched.answer)
            self._sitemaps_read.append(job.url)
            sitemap = read_sitemap(_unpacked(fetched.answer))
            found = [url for location in sitemap.locations if (url := normalised(location))]
            if sitemap.is_index:
                self._add_sitemaps(found)
            else:
                self._sitemap_pages.extend(found)
        if not self._errands and not self._errands_out:
            # All in one transaction: a kill before it reads every sitemap again, one after it none.
            self._frontier.add_sitemaps(self._sitemaps_read, self._sitemap_pages)
            self._sitemap_pages = []

    def _page_done(self, task: PageTask, fetched: Fetched) -> None:
        if fetched.answer is None:
            failure = fetched.failure or PageFailure("internal-error", "nothing came of the request")
            self._page_failed(task, failure, fetched.attempts)
            return
        self._unreachable = 0
        exchange = fetched.answer.exchange
        if exchange.status in REDIRECTS and exchange.header("location"):
            self._frontier.record(task, self._redirected(task, fetched.answer, fetched.attempts))
        elif 200 <= exchange.status < 300:
            self._page_came(task, fetched, fetched.answer)
        else:
            detail = f"the server answered {exchange.status} {exchange.reason[:60]}".strip()
            outcome = self._outcome("failed", f"http-{exchange.status}", detail, fetched.answer, fetched.attempts)
            self._frontier.record(task, outcome)

    def _page_failed(self, task: PageTask, failure: PageFailure, attempts: int) -> None:
        capture = self._writer.capture(failure.partial) if failure.partial else None
        is_refusal = failure.reason in {"not-a-page", "blocked-address"}
        state = "refused" if is_refusal else "failed"
        status = failure.partial.status if failure.partial else None
        at = failure.partial.fetched_at if failure.partial else None
        outcome = Outcome(
            state, failure.reason, failure.detail, attempts, http_status=status, fetched_at=at, capture=capture
        )
        self._frontier.record(task, outcome)
        self._unreachable = self._unreachable + 1 if failure.reason in UNREACHABLE else 0
        if self._unreachable >= _MAX_UNREACHABLE:
            _LOG.warning("%s: %d pages in a row had no answer; the site is given up", self.host, self._unreachable)
            self._tasks.clear()
            self._frontier.give_up()

    def _page_came(self, task: PageTask, fetched: Fetched, answer: Answer) -> None:
        exchange = answer.exchange
        if not answer.body.strip():
            outcome = self._outcome("failed", "empty-body", "the server sent nothing", answer, fetched.attempts)
            self._frontier.record(task, outcome)
            return
        outcome = self._outcome("captured", "", "", answer, fetched.attempts)
        body = answer.body
        if fetched.rendering is not None and outcome.capture is not None:
            outcome = self._rendered(task, fetched, outcome, outcome.capture)
            body = fetched.rendering.html
        links: list[str] = []
        if self._options.follow:
            content_type = exchange.header("content-type")
            links = links_of(body, content_type, task.url, limit=self._options.links_a_page)
            leads = fetched.rendering.leads if fetched.rendering else ()
            links += [url for lead in leads if (url := normalised(lead)) and url not in links]
        self._frontier.record(task, outcome, [link for link in links if link != task.url])

    def _rendered(self, task: PageTask, fetched: Fetched, raw: Outcome, source: Capture) -> Outcome:
        rendering = fetched.rendering
        at = raw.fetched_at
        if rendering is None or at is None:
            return raw
        content_type = "text/html; charset=utf-8"
        capture = self._writer.conversion(task.url, rendering.html, content_type=content_type, at=at, source=source)
        screenshot = self._writer.screenshot(task.url, rendering.png) if rendering.png else None
        return replace(raw, capture=capture, is_rendered=True, screenshot=screenshot, content_type=content_type)

    def _redirected(self, task: PageTask, answer: Answer, attempts: int) -> Outcome:
        location = answer.exchange.header("location")
        target = normalised(location, task.url)
        shown = location[:200].encode("ascii", "backslashreplace").decode()
        if not target:
            scheme = _SCHEME.match(location.strip())
            if scheme and scheme[1].lower() not in {"http", "https"}:
                return self._outcome("refused", "unsupported-scheme", f"it leads to {shown}", answer, attempts)
            return self._outcome("failed", "bad-redirect", f"it leads to {shown!r}, no address", answer, attempts)
        if not is_own(target, self.host):
            return self._outcome("refused", "off-site", f"it leads to another site, {shown}", answer, attempts)
        if target == task.url:
            return self._outcome("failed", "redirect-loop", "it redirects to itself", answer, attempts)
        outcome = self._outcome("captured", "", "", answer, attempts)
        return replace(outcome, target=target)

    def _outcome(self, state: str, reason: str, detail: str, answer: Answer, attempts: int) -> Outcome:
        exchange = answer.exchange
        return Outcome(
            state,
            reason,
            detail,
            attempts,
            http_status=exchange.status,
            content_type=exchange.header("content-type"),
            fetched_at=exchange.fetched_at,
            capture=self._capture(answer),
        )

    def _capture(self, answer: Answer) -> Capture:
        return self._writer.capture(answer.exchange)


def _unpacked(answer: Answer) -> bytes:
    """Return a sitemap's text; "sitemap.xml.gz" is a file packed by its author, not by the transfer."""
    if not answer.body.startswith(b"\x1f\x8b"):
        return answer.body
    try:
        return decode(answer.body, "gzip", source=answer.exchange.url, max_bytes=SITEMAP_BYTES)
    except SourceError:
        return b""
