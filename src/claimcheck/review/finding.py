"""A finding in full: its sentence in the page's text, the verdict and its evidence, where it stands, its history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from claimcheck.review.errors import MissingError
from claimcheck.review.leases import Lease, lease_on
from claimcheck.review.notes import Note, notes_on
from claimcheck.review.permissions import Account, Act, require
from claimcheck.review.projection import decisions_on, state_row
from claimcheck.review.queue import QueueItem, items_by_id
from claimcheck.review.standing import Decision, State, standing_of
from claimcheck.review.visibility import newest_seen, visible_decisions
from claimcheck.store.models import FindingRow, JudgementRow, OccurrenceRow, PageRow, PageTextRow, ScanRow
from claimcheck.store.review_models import ReviewStateRow

__all__ = [
    "Context",
    "EvidenceCard",
    "FindingDetail",
    "FindingPage",
    "HistoryItem",
    "Judgement",
    "Mark",
    "Occurrence",
    "alike",
    "context_of",
    "finding_detail",
    "page_of",
]

# Enough text to read the sentence in, little enough to send.
CONTEXT_LENGTH = 1_500
OCCURRENCE_LIMIT = 100
ON_PAGE_LIMIT = 100
ALIKE_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Context:
    """A sentence with the text around it; ``is_start`` and ``is_end`` say that the page's text ends there."""

    before: str
    sentence: str
    after: str
    is_start: bool
    is_end: bool


@dataclass(frozen=True, slots=True)
class EvidenceCard:
    """A record as cited in the verdict; ``source`` has the fields of ``records.Source``."""

    id: str
    statement: str
    stance: str
    score: float
    certainty: str
    limits: str
    source: Mapping[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict as the models gave it, with what gave it."""

    label: str
    probabilities: Mapping[str, float]
    confidence: float
    needs_review: bool
    severity: int
    overstates: tuple[str, ...]
    explanation: str
    evidence: tuple[EvidenceCard, ...]
    numbers: tuple[Mapping[str, str | float], ...]
    strong_words: tuple[tuple[int, int], ...]
    pack: str
    version_sha256: str


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A place on the site where the claim stands, with the capture of its page."""

    page_id: int
    url: str
    title: str
    start: int
    end: int
    block: str
    visible: bool
    heading: str
    fetched_at: datetime | None
    sha256: str
    capture_sha256: str
    warc_file: str
    warc_offset: int | None
    screenshot: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a finding stands in its page's text."""

    finding_id: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class FindingPage:
    """A page's whole text; ``start`` and ``end`` are the finding's own sentence."""

    page_id: int
    text: str
    start: int
    end: int
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """The same claim at the same site in another scan, as decided there."""

    finding_id: int
    scan_id: int
    scanned_at: datetime | None
    verdict: str
    state: State
    label: str
    decision: Decision | None


@dataclass(frozen=True, slots=True)
class FindingDetail:
    """Everything that a reviewer decides on, as the account may see it.

    ``seen`` goes back with a decision: the newest decision shown here. ``mine`` is the account's own live decision.
    """

    item: QueueItem
    context: Context
    judgement: Judgement
    occurrences: tuple[Occurrence, ...]
    on_page: tuple[QueueItem, ...]
    history: tuple[HistoryItem, ...]
    decisions: tuple[Decision, ...]
    mine: Decision | None
    seen: int | None
    notes: tuple[Note, ...]
    lease: Lease | None
    double: bool


def finding_detail(session: Session, account: Account, finding_id: int) -> FindingDetail:
    """Return a finding in full.

    :raises MissingError: when there is no such finding.
    :raises NotAllowedError: when the account may not read.
    """
    require(account, Act.READ)
    state = state_row(session, finding_id)
    finding = session.get_one(FindingRow, finding_id, options=[selectinload(FindingRow.judgement)])
    decisions = decisions_on(session, [finding_id])[finding_id]
    standing = standing_of(decisions)
    shown = visible_decisions(decisions, standing, account)
    occurrences = _occurrences(session, finding)
    return FindingDetail(
        items_by_id(session, account, [finding_id])[0],
        _first_context(session, finding, occurrences),
        _judgement(finding.judgement),
        occurrences,
        _on_page(session, account, finding),
        _history(session, account, state),
        shown,
        standing.of(account.id),
        newest_seen(decisions, standing, account),
        notes_on(session, account, finding_id),
        lease_on(session, finding_id),
        any(decision.double for decision in shown),
    )


def context_of(text: str, start: int, end: int, *, length: int = CONTEXT_LENGTH) -> Context:
    """Return the stretch of text with at most ``length`` characters on each side, cut at white space."""
    low, high = max(0, start - length), min(len(text), end + length)
    before, after = text[low:start], text[end:high]
    if low > 0:
        before = before[before.find(" ") + 1 :] if " " in before else before
    if high < len(text):
        after = after[: after.rfind(" ")] if " " in after else after
    return Context(before, text[start:end], after, low == 0, high == len(text))


def page_of(session: Session, account: Account, finding_id: int) -> FindingPage:
    """Return the whole text of the finding's first page, with where this finding and the others stand in it.

    :raises MissingError: when there is no such finding, or its page's text was not kept.
    :raises NotAllowedError: when the account may not read.
    """
    require(account, Act.READ)
    state_row(session, finding_id)
    finding = session.get_one(FindingRow, finding_id)
    text = session.scalar(select(PageTextRow.text).join(PageRow).where(PageRow.id == finding.page_id))
    places = session.execute(
        select(OccurrenceRow.finding_id, OccurrenceRow.start, OccurrenceRow.end)
        .where(OccurrenceRow.page_id == finding.page_id)
        .order_by(OccurrenceRow.start, OccurrenceRow.end)
    )
    marks = tuple(Mark(*place) for place in places)
    own = next((mark for mark in marks if mark.finding_id == finding_id), None)
    if text is None or own is None:
        raise MissingError(f"the text of the page of finding {finding_id} was not kept; see its capture")
    return FindingPage(finding.page_id, text, own.start, own.end, marks)


def alike(session: Session, account: Account, finding_id: int) -> tuple[QueueItem, ...]:
    """Return the current findings whose claims say the same as this one's, this one first.

    :raises MissingError: when there is no such finding.
    :raises NotAllowedError: when the account may not read.
    """
    require(account, Act.READ)
    row = state_row(session, finding_id)
    query = (
        select(ReviewStateRow.finding_id)
        .where(ReviewStateRow.group_id == row.group_id, ReviewStateRow.current.is_(True))
        .order_by(ReviewStateRow.finding_id != finding_id, ReviewStateRow.finding_id)
        .limit(ALIKE_LIMIT)
    )
    return items_by_id(session, account, list(session.scalars(query)))


def _first_context(session: Session, finding: FindingRow, occurrences: tuple[Occurrence, ...]) -> Context:
    first = next((place for place in occurrences if place.page_id == finding.page_id), None)
    page_text = (
        session.scalar(select(PageTextRow.text).join(PageRow).where(PageRow.id == first.page_id)) if first else None
    )
    if first is None or page_text is None:
        # Never a guess at the surroundings: the sentence alone, as it was recorded.
        return Context("", finding.sentence, "", is_start=False, is_end=False)
    return context_of(page_text, first.start, first.end)


def _occurrences(session: Session, finding: FindingRow) -> tuple[Occurrence, ...]:
    query = (
        select(OccurrenceRow, PageRow)
        .join(PageRow, PageRow.id == OccurrenceRow.page_id)
        .where(OccurrenceRow.finding_id == finding.id)
        .order_by(PageRow.id != finding.page_id, PageRow.depth, PageRow.url, OccurrenceRow.start)
        .limit(OCCURRENCE_LIMIT)
    )
    return tuple(
        Occurrence(
            page.id,
            page.final_url or page.url,
            page.title,
            place.start,
            place.end,
            place.block,
            place.visible,
            place.heading,
            page.fetched_at,
            page.sha256,
            page.capture_sha256,
            page.warc_file,
            page.warc_offset,
            page.screenshot,
        )
        for place, page in session.execute(query)
    )


def _judgement(row: JudgementRow) -> Judgement:
    return Judgement(
        row.label,
        {str(label): float(value) for label, value in row.probabilities.items()},
        row.confidence,
        row.needs_review,
        row.severity,
        tuple(map(str, row.overstates)),
        row.explanation,
        tuple(_card(item) for item in row.evidence if isinstance(item, dict)),
        tuple(dict(number) for number in row.numbers if isinstance(number, dict)),
        tuple((int(span["start"]), int(span["end"])) for span in row.strong_words if isinstance(span, dict)),
        row.version.pack,
        row.version.sha256,
    )


def _card(item: Mapping[str, object]) -> EvidenceCard:
    source = item.get("source")
    score = item.get("score")
    return EvidenceCard(
        str(item.get("id", "")),
        str(item.get("statement", "")),
        str(item.get("stance", "")),
        float(score) if isinstance(score, (int, float)) else 0.0,
        str(item.get("certainty", "")),
        str(item.get("limits", "")),
        dict(source) if isinstance(source, dict) else {},
    )


def _on_page(session: Session, account: Account, finding: FindingRow) -> tuple[QueueItem, ...]:
    query = (
        select(OccurrenceRow.finding_id)
        .join(ReviewStateRow, ReviewStateRow.finding_id == OccurrenceRow.finding_id)
        .where(OccurrenceRow.page_id == finding.page_id, OccurrenceRow.finding_id != finding.id)
        .order_by(OccurrenceRow.start)
        .limit(ON_PAGE_LIMIT)
    )
    return items_by_id(session, account, list(dict.fromkeys(session.scalars(query))))


def _history(session: Session, account: Account, row: ReviewStateRow) -> tuple[HistoryItem, ...]:
    query = (
        select(ReviewStateRow, ScanRow.finished_at)
        .join(ScanRow, ScanRow.id == ReviewStateRow.scan_id)
        .where(
            ReviewStateRow.claim_id == row.claim_id,
            ReviewStateRow.site_id == row.site_id,
            ReviewStateRow.finding_id != row.finding_id,
        )
        .order_by(ScanRow.finished_at.desc(), ReviewStateRow.finding_id.desc())
        .limit(20)
    )
    found = session.execute(query).all()
    made = decisions_on(session, [other.finding_id for other, _ in found])
    items = []
    for other, scanned_at in found:
        standing = standing_of(made[other.finding_id])
        shown = visible_decisions(made[other.finding_id], standing, account)
        ids = {decision.id for decision in shown}
        rounds = (standing.adjudication, standing.second, standing.first)
        last = next((decision for decision in rounds if decision and decision.id in ids), None)
        state = State.OPEN if standing.state is State.SECOND and last is None else standing.state
        items.append(
            HistoryItem(other.finding_id, other.scan_id, scanned_at, other.verdict, state, standing.label, last)
        )
    return tuple(items)
