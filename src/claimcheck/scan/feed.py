"""The captured pages that wait for a check, in an order that no kill or timing changes within a site."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from claimcheck.scan.work import PageTask
from claimcheck.store.models import PageRow, ScanRow
from claimcheck.store.open import Store

if TYPE_CHECKING:
    from sqlalchemy import Select

__all__ = ["PageFeed"]

PAGES_AT_A_TIME = 200


class PageFeed:
    """Gives the pages of a run that are fetched, site by site, by depth and then address; each is given once."""

    def __init__(self, store: Store, run_id: int, *, again: bool = True) -> None:
        """Take the run; with ``again`` False, pages that come after the last one given are not looked for."""
        self._store = store
        self._run_id = run_id
        self._given: set[int] = set()
        self._again = again
        self._tasks: Iterator[PageTask] = iter(()) if again else self._waiting()

    def next(self) -> PageTask | None:
        """Return the next page, or None when there is none just now; a crawl may bring more later."""
        task = next(self._tasks, None)
        if task is None and self._again:
            self._tasks = self._waiting()
            task = next(self._tasks, None)
        # Without a second look nothing is given twice, and nothing need be remembered.
        if task is not None and self._again:
            self._given.add(task.page_id)
        return task

    def finished(self, page_id: int) -> None:
        """Note that a page has left the state fetched, so that it need not be remembered."""
        self._given.discard(page_id)

    def _waiting(self) -> Iterator[PageTask]:
        import sqlalchemy as sa

        with self._store.session() as session:
            query = sa.select(ScanRow.id).where(ScanRow.run_id == self._run_id, ScanRow.state == "running")
            waiting = sa.exists().where(PageRow.scan_id == ScanRow.id, PageRow.state == "fetched")
            scans = session.scalars(query.where(waiting).order_by(ScanRow.id)).all()
        for scan_id in scans:
            yield from self._of_scan(scan_id)

    def _of_scan(self, scan_id: int) -> Iterator[PageTask]:
        last: PageTask | None = None
        while True:
            with self._store.session() as session:
                rows = session.execute(_query(scan_id, last)).all()
            for row in rows:
                last = PageTask(row.id, scan_id, row.depth, row.url, row.warc_file, row.warc_offset or 0,
                                row.warc_length or 0, row.capture_sha256)  # fmt: skip
                if last.page_id not in self._given:
                    yield last
            if len(rows) < PAGES_AT_A_TIME:
                return


def _query(scan_id: int, last: PageTask | None) -> "Select[int, int, str, str, int | None, int | None, str]":
    import sqlalchemy as sa

    columns = (
        PageRow.id,
        PageRow.depth,
        PageRow.url,
        PageRow.warc_file,
        PageRow.warc_offset,
        PageRow.warc_length,
        PageRow.capture_sha256,
    )
    query = sa.select(*columns).where(PageRow.scan_id == scan_id, PageRow.state == "fetched")
    if last is not None:
        query = query.where(sa.tuple_(PageRow.depth, PageRow.url) > sa.tuple_(last.depth, last.url))
    return query.order_by(PageRow.depth, PageRow.url).limit(PAGES_AT_A_TIME)
