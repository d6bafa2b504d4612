"""What a run has come to, read from the store: pages by state, claims by verdict, and reasons for pages not checked."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from claimcheck.store.models import FindingRow, PageRow, ScanRow, SiteRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["STATES", "SiteSummary", "Unchecked", "page_states", "site_summaries", "unchecked_pages", "verdicts"]

STATES = ("queued", "captured", "fetched", "checked", "duplicate", "refused", "failed")
SITES_AT_A_TIME = 200


@dataclass(frozen=True, slots=True)
class SiteSummary:
    """One site of a run: its pages by state, its findings by label, and why pages were not checked, by reason."""

    host: str
    is_finished: bool
    states: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def found(self) -> int:
        """How many addresses the scan knows of."""
        return sum(self.states.values())

    @property
    def flagged(self) -> int:
        """How many claims are contradicted or overstated."""
        return self.labels.get("contradicted", 0) + self.labels.get("overstated", 0)


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A page that was not checked, and why."""

    host: str
    state: str
    reason: str
    url: str
    detail: str


def page_states(session: "Session", run_id: int) -> dict[str, int]:
    """Return how many pages of a run are in each state."""
    import sqlalchemy as sa

    query = sa.select(PageRow.state, sa.func.count()).join_from(PageRow, ScanRow).where(ScanRow.run_id == run_id)
    return {row[0]: row[1] for row in session.execute(query.group_by(PageRow.state))}


def verdicts(session: "Session", run_id: int) -> dict[str, int]:
    """Return how many findings of a run have each label."""
    import sqlalchemy as sa

    query = sa.select(FindingRow.label, sa.func.count()).join_from(FindingRow, ScanRow).where(ScanRow.run_id == run_id)
    return {row[0]: row[1] for row in session.execute(query.group_by(FindingRow.label))}


def site_summaries(session: "Session", run_id: int) -> Iterator[SiteSummary]:
    """Yield the sites of a run by name."""
    import sqlalchemy as sa

    query = sa.select(ScanRow.id, ScanRow.state, SiteRow.host).join_from(ScanRow, SiteRow)
    query = query.where(ScanRow.run_id == run_id).order_by(SiteRow.host)
    scans = session.execute(query).all()
    for start in range(0, len(scans), SITES_AT_A_TIME):
        part = scans[start : start + SITES_AT_A_TIME]
        ids = [scan.id for scan in part]
        states: dict[int, Counter[str]] = {scan_id: Counter() for scan_id in ids}
        reasons: dict[int, Counter[str]] = {scan_id: Counter() for scan_id in ids}
        labels: dict[int, Counter[str]] = {scan_id: Counter() for scan_id in ids}
        pages = sa.select(PageRow.scan_id, PageRow.state, PageRow.reason, sa.func.count())
        pages = pages.where(PageRow.scan_id.in_(ids)).group_by(PageRow.scan_id, PageRow.state, PageRow.reason)
        for scan_id, state, reason, count in session.execute(pages):
            states[scan_id][state] += count
            if reason:
                reasons[scan_id][reason] += count
        found = sa.select(FindingRow.scan_id, FindingRow.label, sa.func.count())
        found = found.where(FindingRow.scan_id.in_(ids)).group_by(FindingRow.scan_id, FindingRow.label)
        for scan_id, label, count in session.execute(found):
            labels[scan_id][label] += count
        for scan in part:
            is_finished = scan.state == "finished"
            yield SiteSummary(scan.host, is_finished, states[scan.id], labels[scan.id], reasons[scan.id])


def unchecked_pages(session: "Session", run_id: int) -> Iterator[Unchecked]:
    """Yield the pages of a run that were not checked, by site and address."""
    import sqlalchemy as sa

    columns = (SiteRow.host, PageRow.state, PageRow.reason, PageRow.url, PageRow.detail)
    query = sa.select(*columns).select_from(PageRow).join(ScanRow, PageRow.scan_id == ScanRow.id)
    query = query.join(SiteRow, ScanRow.site_id == SiteRow.id)
    query = query.where(ScanRow.run_id == run_id, PageRow.state != "checked").order_by(SiteRow.host, PageRow.url)
    for row in session.execute(query.execution_options(yield_per=1_000)):
        yield Unchecked(*row)
