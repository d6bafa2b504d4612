"""Crawling clinics' sites: gently, within bounds, into the archive and the store.

Use ``seed_scan`` for each scan of a run, then ``crawl``, which starts a process.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from claimcheck.scan.crawl.options import CrawlOptions
from claimcheck.scan.crawl.process import CrawlHandle, crawl
from claimcheck.scan.crawl.urls import SiteAddress, site_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from claimcheck.store.models import ScanRow

__all__ = ["CrawlHandle", "CrawlOptions", "SiteAddress", "crawl", "run_crawl", "seed_scan", "site_of"]


def run_crawl(store_url: str, archive: Path, run_id: int, options: CrawlOptions) -> None:
    """Crawl the unfinished sites of a run, in this process, until every page has its end.

    :raises UsageError: when the store, the archive or the browser cannot be used.
    """
    # Scrapy is heavy, and in a process of its own as a rule.
    from claimcheck.scan.crawl import spider

    spider.run_crawl(store_url, archive, run_id, options)


def seed_scan(session: "Session", scan: "ScanRow", urls: Iterable[str]) -> int:
    """Queue the addresses that a site's crawl starts from; return how many. Those of other sites are left out."""
    from claimcheck.scan.crawl import seeding

    return seeding.seed_scan(session, scan, urls)
