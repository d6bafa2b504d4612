"""Where a site's crawl starts."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from claimcheck.scan.crawl.frontier import insert_pages
from claimcheck.scan.crawl.urls import is_own, normalised
from claimcheck.store.models import ScanRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["seed_scan"]


def seed_scan(session: "Session", scan: ScanRow, urls: Iterable[str]) -> int:
    """Queue the addresses that a site's crawl starts from; return how many. Those of other sites are left out."""
    session.flush()
    own = [url for each in urls if (url := normalised(each)) and is_own(url, scan.site.host)]
    insert_pages(session, scan.id, list(dict.fromkeys(own)), depth=0, hops=0, is_admitted=True)
    return len(set(own))
