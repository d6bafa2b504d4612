"""The crawl as Scrapy runs it: the store is its scheduler, a guarded fetcher its downloader, sites are its slots.

Of Scrapy are the engine, the slots with their delays and concurrency, and AutoThrottle. Its middlewares are left out:
robots.txt, redirects, retries and decompression must end as rows and captures in the store, and survive a kill.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import scrapy
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.core.scheduler import BaseScheduler
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response
from sqlalchemy import select

from claimcheck.capture import ArchiveWriter, record_head
from claimcheck.scan.crawl.fetching import fetch_along, fetch_patiently
from claimcheck.scan.crawl.frontier import Frontier
from claimcheck.scan.crawl.options import CrawlOptions
from claimcheck.scan.crawl.outcomes import Fetched, Rendering
from claimcheck.scan.crawl.render import Renderer
from claimcheck.scan.crawl.robots import user_agent
from claimcheck.scan.crawl.site import Job, JobKind, SiteCrawl
from claimcheck.scan.crawl.wire import Fetcher, GuardedFetcher, PageFailure
from claimcheck.store import Store, open_store
from claimcheck.store.models import ScanRow

__all__ = ["run_crawl"]

_LOG = logging.getLogger(__name__)
# What a failed request looks like to AutoThrottle, which lowers the delay only after answers of 200.
_NO_ANSWER = 599
_MAX_DELAY = 30.0


@dataclass
class Crawl:
    """What the parts of one crawl share; Scrapy hands it around as an attribute of the spider."""

    store: Store
    options: CrawlOptions
    writer: ArchiveWriter
    fetcher: Fetcher
    executor: ThreadPoolExecutor
    waiting: list[int]
    renderer: Renderer | None = None
    active: list[SiteCrawl] = field(default_factory=list)
    error: BaseException | None = None

    def fail(self, error: BaseException) -> None:
        """Stop asking for pages; the crawl ends with the error when those in flight have come."""
        self.error = error
        self.waiting.clear()
        self.active.clear()

    def fill(self) -> None:
        """Take up further sites until as many are read at once as the options say."""
        self.active = [site for site in self.active if not site.is_finished]
        while self.waiting and len(self.active) < self.options.sites:
            frontier = Frontier(self.store, self.waiting.pop(0), self.options)
            if not frontier.is_finished:
                self.active.append(SiteCrawl(frontier, self.writer, self.options))

    def next_job(self) -> tuple[SiteCrawl, Job] | None:
        """Return the next request of the site whose turn it is."""
        self.fill()
        for _ in range(len(self.active)):
            site = self.active.pop(0)
            self.active.append(site)
            job = site.next_job()
            if job is not None:
                return site, job
        self.fill()
        return None


class StoreScheduler(BaseScheduler):
    """Takes the next request from the store, so that a crawl goes on where it was killed."""

    def __init__(self, crawl: Crawl) -> None:
        self._crawl = crawl

    @classmethod
    def from_crawler(cls, crawler: Any) -> Self:  # noqa: ANN401 - Scrapy's own
        """Return the scheduler of a crawler."""
        return cls(crawler.spider.crawl)

    def has_pending_requests(self) -> bool:
        """Say whether any site is unfinished."""
        self._crawl.fill()
        return bool(self._crawl.active)

    def enqueue_request(self, request: scrapy.Request) -> bool:
        """Refuse: requests come from the store alone."""
        return False

    def next_request(self) -> scrapy.Request | None:
        """Return the next request, or None while those in flight decide what comes next."""
        try:
            found = self._crawl.next_job()
        except Exception as error:
            self._crawl.fail(error)
            return None
        if found is None:
            return None
        site, job = found
        meta = {"site": site, "job": job, "download_slot": site.host}
        return scrapy.Request(job.url, dont_filter=True, meta=meta)


class JobResponse(Response):
    """A response that carries what was fetched; the spider reads nothing else of it."""

    fetched: Fetched


class GuardedHandler(BaseDownloadHandler):
    """Fetches with the guarded fetcher, in a thread; always answers, also for a page that failed."""

    lazy = False

    def __init__(self, crawler: Any) -> None:  # noqa: ANN401 - Scrapy's own
        super().__init__(crawler)
        self._crawl: Crawl = crawler.spider.crawl

    async def download_request(self, request: scrapy.Request) -> Response:
        """Return a response that carries the result."""
        site: SiteCrawl = request.meta["site"]
        job: Job = request.meta["job"]
        started = asyncio.get_running_loop().time()
        try:
            fetched = await self._fetch(site, job)
        except Exception as error:
            # Whatever a server made us stumble over costs its page, not the crawl.
            _LOG.exception("%s: the request failed unexpectedly", job.url)
            fetched = Fetched(1, failure=PageFailure("internal-error", f"{type(error).__name__}: {error}"))
        request.meta["download_latency"] = asyncio.get_running_loop().time() - started
        status = fetched.answer.exchange.status if fetched.answer else _NO_ANSWER
        response = JobResponse(job.url, status=status, request=request)
        response.fetched = fetched
        return response

    async def _fetch(self, site: SiteCrawl, job: Job) -> Fetched:
        crawl = self._crawl
        ask = site.ask_of(job)
        if job.kind is not JobKind.PAGE:
            return await fetch_along(crawl.fetcher, ask, crawl.options, crawl.executor)
        fetched = await fetch_patiently(crawl.fetcher, ask, crawl.options, crawl.executor)
        rendering = await self._render(fetched)
        return Fetched(fetched.attempts, fetched.answer, fetched.failure, rendering)

    async def _render(self, fetched: Fetched) -> Rendering | None:
        if self._crawl.renderer is None or fetched.answer is None:
            return None
        return await self._crawl.renderer.render(fetched.answer)

    async def close(self) -> None:
        """Close the browser."""
        if self._crawl.renderer is not None:
            await self._crawl.renderer.close()


class SiteThrottle(AutoThrottle):
    """AutoThrottle that keeps the delay robots.txt asks for, and adds nothing to it when told to hurry."""

    def _adjust_delay(self, slot: Any, latency: float, response: Any) -> None:  # noqa: ANN401 - Scrapy's own
        if self.mindelay > 0:
            super()._adjust_delay(slot, latency, response)
        site: SiteCrawl = response.request.meta["site"]
        slot.delay = max(slot.delay, site.delay)


class StoreSpider(scrapy.Spider):
    """Hands every result to the site it belongs to."""

    name = "claimcheck"
    crawl: Crawl

    async def start(self) -> AsyncIterator[Any]:
        """Yield nothing: the scheduler knows what to begin with."""
        nothing: tuple[scrapy.Request, ...] = ()
        for request in nothing:
            yield request

    def parse(self, response: Any, **_: object) -> Iterator[Any]:  # noqa: ANN401 - Scrapy's own
        """Take a result; it yields no further requests, since those are in the store."""
        meta = response.request.meta if response.request else {}
        site: SiteCrawl = meta["site"]
        try:
            site.done(meta["job"], response.fetched)
        except Exception as error:
            self.crawl.fail(error)
        yield from ()


def run_crawl(store_url: str, archive: Path, run_id: int, options: CrawlOptions) -> None:
    """Crawl the unfinished sites of a run, in this process, until every page has its end.

    :raises UsageError: when the store, the archive or the browser cannot be used.
    :raises DamagedDataError: when the store or the archive fails on the way.
    """
    store = open_store(store_url, archive=archive, create=False)
    try:
        with store.session() as session:
            query = select(ScanRow.id).where(ScanRow.run_id == run_id, ScanRow.crawled_at.is_(None))
            waiting = list(session.scalars(query.order_by(ScanRow.id)))
        threads = options.sites * options.concurrency + 4
        with ArchiveWriter(archive, run_id) as writer, ThreadPoolExecutor(threads) as executor:
            fetcher = GuardedFetcher(allow_private=options.allow_private)
            renderer = Renderer(fetcher, options, executor) if options.render else None
            crawl = Crawl(store, options, writer, fetcher, executor, waiting, renderer)
            try:
                _run(crawl)
            finally:
                with store.session() as session:
                    record_head(session, run_id, writer.head())
    finally:
        store.close()


def _run(crawl: Crawl) -> None:
    crawl.fill()
    if not crawl.active:
        return
    process = AsyncCrawlerProcess(_settings(crawl))
    task = process.crawl(StoreSpider, crawl=crawl)
    process.start(install_signal_handlers=False)
    if crawl.error is not None:
        raise crawl.error
    # What Scrapy itself stumbled over, if anything.
    task.result()


def _settings(crawl: Crawl) -> dict[str, Any]:
    options = crawl.options
    return {
        "SCHEDULER": StoreScheduler,
        "DOWNLOAD_HANDLERS": {"http": GuardedHandler, "https": GuardedHandler},
        "DOWNLOADER_MIDDLEWARES_BASE": {},
        "SPIDER_MIDDLEWARES_BASE": {},
        "EXTENSIONS_BASE": {},
        "EXTENSIONS": {SiteThrottle: 0},
        "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_START_DELAY": options.delay,
        "AUTOTHROTTLE_MAX_DELAY": max(_MAX_DELAY, options.delay),
        "AUTOTHROTTLE_TARGET_CONCURRENCY": float(options.concurrency),
        "CONCURRENT_REQUESTS": options.sites * options.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": options.concurrency,
        "DOWNLOAD_DELAY": options.delay,
        # Scrapy varies delays by half to look less like a crawler; this one says that it is one.
        "DOWNLOAD_DELAY_JITTER": 0.0,
        "USER_AGENT": user_agent(),
        "LOG_ENABLED": False,
        "LOG_INSTALL_ROOT_HANDLER": False,
        "TELNETCONSOLE_ENABLED": False,
        "TWISTED_REACTOR_ENABLED": False,
    }
