"""The end of a site's scan: its findings named by their first page, counted, and compared with the scan before."""

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from claimcheck.store.models import FindingRow, OccurrenceRow, PageRow, PageTextRow, RunRow, ScanRow, utc_now
from claimcheck.store.open import Store

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["finish_run", "finish_scans"]

FINDINGS_AT_A_TIME = 500
OPEN_STATES = ("queued", "captured", "fetched")


def finish_scans(store: Store, run_id: int) -> list[int]:
    """Finish each scan of a run that has no page left to do, and return their ids; each in one transaction."""
    import sqlalchemy as sa

    open_pages = sa.exists().where(PageRow.scan_id == ScanRow.id, PageRow.state.in_(OPEN_STATES))
    query = sa.select(ScanRow.id).where(ScanRow.run_id == run_id, ScanRow.state == "running")
    query = query.where(ScanRow.crawled_at.is_not(None), ~open_pages).order_by(ScanRow.id)
    with store.session() as session:
        done = list(session.scalars(query))
    for scan_id in done:
        with store.session() as session:
            _name_first_pages(session, scan_id)
            _mark_new(session, scan_id)
            ended = sa.update(ScanRow).where(ScanRow.id == scan_id)
            session.execute(ended.values(state="finished", finished_at=utc_now()))
    return done


def finish_run(store: Store, run_id: int) -> bool:
    """Mark a run as finished when each of its scans is; return whether it is."""
    import sqlalchemy as sa

    with store.session() as session:
        query = sa.select(ScanRow.id).where(ScanRow.run_id == run_id, ScanRow.state != "finished").limit(1)
        if session.scalars(query).first() is not None:
            return False
        run = sa.update(RunRow).where(RunRow.id == run_id, RunRow.finished_at.is_(None))
        session.execute(run.values(finished_at=utc_now()))
    return True


def _name_first_pages(session: "Session", scan_id: int) -> None:
    """Set each finding's page to the one of least depth, then address, with its sentence there, and count its pages.

    Pages may be checked in any order (a cluster keeps none): what a finding says must not depend on it.
    """
    import sqlalchemy as sa

    for findings in _findings(session, scan_id):
        columns = (OccurrenceRow.finding_id, OccurrenceRow.page_id, OccurrenceRow.start, OccurrenceRow.end)
        query = sa.select(*columns).join_from(OccurrenceRow, PageRow).where(OccurrenceRow.finding_id.in_(findings))
        rows = session.execute(
            query.order_by(OccurrenceRow.finding_id, PageRow.depth, PageRow.url, OccurrenceRow.start)
        )
        changes: list[dict[str, Any]] = []
        for finding_id, group in groupby(rows, key=lambda row: row.finding_id):
            places = list(group)
            first = places[0]
            change = {"id": finding_id, "pages": len({place.page_id for place in places})}
            if findings[finding_id] != first.page_id:
                change["sentence"] = _sentence(session, first.page_id, first.start, first.end)
            changes.append(change | {"page_id": first.page_id})
        for has_sentence in (True, False):
            part = [change for change in changes if ("sentence" in change) is has_sentence]
            if part:
                session.execute(sa.update(FindingRow), part)


def _findings(session: "Session", scan_id: int) -> Iterator[dict[int, int]]:
    """Yield the pages of a scan's findings by the findings' ids, some at a time."""
    import sqlalchemy as sa

    last = 0
    while True:
        query = sa.select(FindingRow.id, FindingRow.page_id).where(FindingRow.scan_id == scan_id, FindingRow.id > last)
        found = {
            row.id: row.page_id for row in session.execute(query.order_by(FindingRow.id).limit(FINDINGS_AT_A_TIME))
        }
        if not found:
            return
        last = max(found)
        yield found


def _sentence(session: "Session", page_id: int, start: int, end: int) -> str:
    import sqlalchemy as sa

    query = sa.select(sa.func.substr(PageTextRow.text, start + 1, end - start)).join_from(PageRow, PageTextRow)
    return str(session.scalars(query.where(PageRow.id == page_id)).one())


def _mark_new(session: "Session", scan_id: int) -> None:
    """Mark the findings whose claim no earlier finished scan of the site has."""
    import sqlalchemy as sa

    earlier, had = sa.orm.aliased(ScanRow), sa.orm.aliased(FindingRow)
    before = sa.exists().where(
        had.claim_id == FindingRow.claim_id,
        had.site_id == FindingRow.site_id,
        had.scan_id == earlier.id,
        earlier.state == "finished",
        earlier.id < scan_id,
    )
    own = sa.update(FindingRow).where(FindingRow.scan_id == scan_id)
    session.execute(own.values(is_new=~before), execution_options={"synchronize_session": False})
