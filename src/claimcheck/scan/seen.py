"""What one scan saw: the addresses it knows of, and each claim with the pages that make it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claimcheck.scan.selection import ScanRef
from claimcheck.store.models import ClaimRow, FindingRow, OccurrenceRow, PageRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["VANISHED", "ClaimSeen", "PageSeen", "ScanSeen", "read_scan", "vectors_of"]

# The server itself says that the page is no more: anything else leaves open what it would have said.
VANISHED = frozenset({"http-404", "http-410"})
ROWS_AT_A_TIME = 2000


@dataclass(frozen=True, slots=True)
class PageSeen:
    """An address in one scan. ``is_read``: its text was checked, or is that of a page that was."""

    url: str
    state: str
    reason: str
    detail: str
    is_read: bool

    @property
    def is_vanished(self) -> bool:
        """Whether the server says that there is no such page."""
        return self.reason in VANISHED


@dataclass(frozen=True, slots=True)
class ClaimSeen:
    """A claim as one scan has it; ``pages`` are the addresses that make it, pages that read alike included."""

    claim_id: int
    finding_id: int
    text: str
    sentence: str
    topic: str
    label: str
    confidence: float
    severity: int
    needs_review: bool
    pages: frozenset[str]


@dataclass(frozen=True, slots=True)
class ScanSeen:
    """All that a scan saw, pages by address and claims by their id."""

    ref: ScanRef
    pages: Mapping[str, PageSeen]
    claims: Mapping[int, ClaimSeen]

    def was_read(self, url: str) -> bool:
        """Return whether the scan read the page at this address."""
        page = self.pages.get(url)
        return page is not None and page.is_read


def read_scan(session: "Session", ref: ScanRef) -> ScanSeen:
    """Return what a finished scan saw."""
    pages, alike = _pages(session, ref.scan_id)
    return ScanSeen(ref, pages, _claims(session, ref.scan_id, alike))


def _pages(session: "Session", scan_id: int) -> tuple[dict[str, PageSeen], dict[int, list[str]]]:
    """Return pages by address, and for each page that was read all addresses that lead to its text."""
    import sqlalchemy as sa

    columns = (PageRow.id, PageRow.url, PageRow.state, PageRow.reason, PageRow.detail, PageRow.duplicate_of)
    rows = session.execute(sa.select(*columns).where(PageRow.scan_id == scan_id).order_by(PageRow.id)).all()
    original = {row.id: row.duplicate_of for row in rows if row.state == "duplicate" and row.duplicate_of}
    checked = {row.id for row in rows if row.state == "checked"}
    pages, alike = {}, defaultdict(list)
    for row in rows:
        at, steps = row.id, 0
        while at in original and steps < len(original):
            at, steps = original[at], steps + 1
        is_read = at in checked
        pages[row.url] = PageSeen(row.url, row.state, row.reason, row.detail, is_read)
        if is_read:
            alike[at].append(row.url)
    return pages, alike


def _claims(session: "Session", scan_id: int, alike: Mapping[int, list[str]]) -> dict[int, ClaimSeen]:
    import sqlalchemy as sa

    said: dict[int, set[str]] = defaultdict(set)
    places = sa.select(OccurrenceRow.finding_id, OccurrenceRow.page_id).join_from(OccurrenceRow, FindingRow)
    for finding_id, page_id in session.execute(places.where(FindingRow.scan_id == scan_id).distinct()):
        said[finding_id].update(alike.get(page_id, ()))
    columns = (
        FindingRow.claim_id, FindingRow.id, ClaimRow.text, FindingRow.sentence, FindingRow.topic, FindingRow.label,
        FindingRow.confidence, FindingRow.severity, FindingRow.needs_review,
    )  # fmt: skip
    query = sa.select(*columns).join_from(FindingRow, ClaimRow).where(FindingRow.scan_id == scan_id)
    return {row.claim_id: ClaimSeen(*row, frozenset(said[row.id])) for row in session.execute(query)}


def vectors_of(session: "Session", claim_ids: list[int]) -> dict[int, bytes | None]:
    """Return the claims' embeddings as the store has them."""
    import sqlalchemy as sa

    found: dict[int, bytes | None] = {}
    for start in range(0, len(claim_ids), ROWS_AT_A_TIME):
        part = claim_ids[start : start + ROWS_AT_A_TIME]
        found |= {
            claim_id: vector
            for claim_id, vector in session.execute(
                sa.select(ClaimRow.id, ClaimRow.vector).where(ClaimRow.id.in_(part))
            )
        }
    return found
