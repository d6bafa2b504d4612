"""Asking with patience: again after a failure that may pass, later when the server says so, and along redirects."""

import asyncio
from concurrent.futures import Executor
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from claimcheck.scan.crawl.options import MAX_REDIRECTS, CrawlOptions
from claimcheck.scan.crawl.outcomes import Fetched
from claimcheck.scan.crawl.urls import normalised
from claimcheck.scan.crawl.wire import REDIRECTS, Answer, Ask, Fetcher, PageFailure

__all__ = ["UNREACHABLE", "fetch_along", "fetch_patiently"]

# Failures of the connection, not of the page.
UNREACHABLE = frozenset({"timeout", "connection-failed", "dns-failed", "tls-failed"})
_PASSING = UNREACHABLE | {"cut-short", "broken-response"}
_PASSING_STATUS = frozenset({429, 500, 502, 503, 504})
# No server may hold up the reading of its pages for longer than this by saying "retry after".
_MAX_WAIT = 120.0


async def fetch_patiently(fetcher: Fetcher, ask: Ask, options: CrawlOptions, executor: Executor) -> Fetched:
    """Return the answer to a request, or why there is none, after as many attempts as the options allow.

    The wait between attempts is spent here, inside the site's slot: a server that is overloaded gets no other request.
    """
    loop = asyncio.get_running_loop()
    wait = options.backoff
    for attempt in range(1, options.retries + 2):
        try:
            answer = await loop.run_in_executor(executor, fetcher.fetch, ask)
        except PageFailure as failure:
            if failure.reason not in _PASSING or attempt > options.retries:
                return Fetched(attempt, failure=failure)
            pause = wait
        else:
            if answer.exchange.status not in _PASSING_STATUS or attempt > options.retries:
                return Fetched(attempt, answer=answer)
            pause = _asked_wait(answer, wait)
        await asyncio.sleep(pause)
        wait *= 2
    raise AssertionError("the last attempt returns")


async def fetch_along(fetcher: Fetcher, ask: Ask, options: CrawlOptions, executor: Executor) -> Fetched:
    """Return the answer at the end of a chain of redirects: for robots.txt and sitemaps, which are no pages."""
    for _ in range(MAX_REDIRECTS + 1):
        fetched = await fetch_patiently(fetcher, ask, options, executor)
        answer = fetched.answer
        if answer is None or answer.exchange.status not in REDIRECTS:
            return fetched
        target = normalised(answer.exchange.header("location"), ask.url)
        if not target:
            return Fetched(1, failure=PageFailure("bad-redirect", "it redirects to no address that can be read"))
        ask = replace(ask, url=target)
    return Fetched(1, failure=PageFailure("too-many-redirects", f"more than {MAX_REDIRECTS} redirects"))


def _asked_wait(answer: Answer, otherwise: float) -> float:
    """Return the seconds that a server asks to be left alone, within bounds."""
    text = answer.exchange.header("retry-after").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:6]), _MAX_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return otherwise
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), _MAX_WAIT)
