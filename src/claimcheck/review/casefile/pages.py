"""The pages that confirmed findings stand on, numbered, with each finding's places and quotation."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from claimcheck.errors import DamagedDataError
from claimcheck.review.casefile.records import CasePage, CasePlace
from claimcheck.store.models import OccurrenceRow, PageRow, PageTextRow

__all__ = ["PLACES_KEPT", "Cited", "cited_pages"]

# A claim in a footer stands on every page of a site: the first ones show it, with their captures; the rest is a number.
PLACES_KEPT = 10
_AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class Cited:
    """Pages in the order of the file, and by finding: its places, its quotation and on how many pages it stands."""

    pages: tuple[CasePage, ...]
    places: Mapping[int, tuple[CasePlace, ...]]
    quotes: Mapping[int, str]
    page_counts: Mapping[int, int]


def cited_pages(session: Session, finding_ids: Sequence[int]) -> Cited:
    """Return the pages that the findings are quoted from; each quotation is cut from the stored text itself.

    :raises DamagedDataError: when a page's text is not what its digest says, or a place lies outside it.
    """
    found: dict[int, list[tuple[OccurrenceRow, PageRow]]] = {finding_id: [] for finding_id in finding_ids}
    ids = list(finding_ids)
    for start in range(0, len(ids), _AT_A_TIME):
        query = select(OccurrenceRow, PageRow).join(PageRow, PageRow.id == OccurrenceRow.page_id)
        query = query.where(OccurrenceRow.finding_id.in_(ids[start : start + _AT_A_TIME]))
        query = query.order_by(PageRow.depth, PageRow.url, OccurrenceRow.start)
        for occurrence, page in session.execute(query):
            found[occurrence.finding_id].append((occurrence, page))
    for finding_id, places in found.items():
        if not places:
            raise DamagedDataError(f"finding {finding_id} stands on no page; rows were removed: `claimcheck verify`")
    kept = {finding_id: _first_pages(places) for finding_id, places in found.items()}
    rows = {page.id: page for places in kept.values() for _, page in places}
    in_order = sorted(rows.values(), key=lambda page: (page.depth, page.url))
    numbers = {page.id: number for number, page in enumerate(in_order, 1)}
    texts = _texts(session, in_order)
    return Cited(
        pages=tuple(_page(page, numbers[page.id]) for page in in_order),
        places={i: tuple(_place(said, numbers[page.id]) for said, page in places) for i, places in kept.items()},
        quotes={i: _quote(*places[0], texts) for i, places in kept.items()},
        page_counts={i: len({page.id for _, page in places}) for i, places in found.items()},
    )


def _first_pages(places: Sequence[tuple[OccurrenceRow, PageRow]]) -> list[tuple[OccurrenceRow, PageRow]]:
    # Once a page: the claim twice on one page is one place to look.
    first: dict[int, tuple[OccurrenceRow, PageRow]] = {}
    for occurrence, page in places:
        first.setdefault(page.id, (occurrence, page))
    return list(first.values())[:PLACES_KEPT]


def _texts(session: Session, pages: Sequence[PageRow]) -> dict[str, str]:
    wanted = sorted({page.text_sha256 for page in pages if page.text_sha256})
    texts: dict[str, str] = {}
    for start in range(0, len(wanted), _AT_A_TIME):
        query = select(PageTextRow).where(PageTextRow.sha256.in_(wanted[start : start + _AT_A_TIME]))
        for row in session.scalars(query):
            if hashlib.sha256(row.text.encode()).hexdigest() != row.sha256:
                raise DamagedDataError("a page's stored text is not what its digest says; run `claimcheck verify`")
            texts[row.sha256] = row.text
    return texts


def _quote(occurrence: OccurrenceRow, page: PageRow, texts: Mapping[str, str]) -> str:
    text = texts.get(page.text_sha256 or "", "")
    quote = text[occurrence.start : occurrence.end]
    if not quote.strip() or occurrence.end > len(text):
        raise DamagedDataError(
            f"finding {occurrence.finding_id} lies outside the text of its page; rows were altered: `claimcheck verify`"
        )
    return quote


def _page(row: PageRow, number: int) -> CasePage:
    return CasePage(
        number=number,
        page_id=row.id,
        title=row.title,
        url=row.url,
        final_url=row.final_url,
        visited_at=row.fetched_at,
        http_status=row.http_status,
        content_type=row.content_type,
        rendered=row.rendered,
        sha256=row.sha256,
        text_sha256=row.text_sha256 or "",
        capture=f"captures/page-{number:03d}.warc.gz" if row.warc_file else "",
        capture_sha256=row.capture_sha256,
        screenshot=f"screenshots/page-{number:03d}.png" if row.screenshot else "",
        screenshot_sha256=row.screenshot_sha256,
    )


def _place(row: OccurrenceRow, page: int) -> CasePlace:
    return CasePlace(page, row.heading, row.block, row.visible, row.start, row.end)
