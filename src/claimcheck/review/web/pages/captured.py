"""A page's text as captured, cut into stretches: plain text, and sentences in which something is claimed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from claimcheck.store.models import OccurrenceRow, PageRow, PageTextRow
from claimcheck.store.review_models import ReviewStateRow

__all__ = ["Captured", "Sentence", "Stretch", "captured_text", "cut"]

# Before and after the sentence: some screens of reading each way; the whole text is a link away.
BEFORE, AFTER = 2_500, 5_000
SENTENCE_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a page in which a finding was made."""

    start: int
    end: int
    finding_id: int
    label: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """Text in reading order; a sentence has its finding and the verdict on it. ``is_this``: of the finding shown."""

    text: str
    finding_id: int | None = None
    label: str = ""
    is_this: bool = False


@dataclass(frozen=True, slots=True)
class Captured:
    """The stretches of a page's text, whether they begin and end where it does, and the digest of the whole."""

    stretches: tuple[Stretch, ...]
    is_start: bool
    is_end: bool
    text_sha256: str


def captured_text(session: Session, page_id: int, this: Sentence, *, whole: bool = False) -> Captured | None:
    """Return a page's text around a sentence, or all of it; None when the store has no text of the page."""
    query = select(PageTextRow.text, PageTextRow.sha256).join(PageRow).where(PageRow.id == page_id)
    found = session.execute(query).first()
    if found is None:
        return None
    low, high = (0, len(found.text)) if whole else _window(found.text, this)
    sentences = _sentences(session, page_id, low, high)
    pieces = tuple(cut(found.text, low, high, sentences, this))
    return Captured(pieces, low == 0, high == len(found.text), found.sha256)


def cut(text: str, low: int, high: int, sentences: Sequence[Sentence], this: Sentence) -> Iterator[Stretch]:
    """Yield all of ``text[low:high]`` once and in order; where sentences overlap, this one goes first, then the first.

    A sentence that reaches out of the stretch is shown as plain text.
    """
    fit = [one for one in sentences if low <= one.start < one.end <= high]
    taken = [this] if low <= this.start < this.end <= high else []
    taken += [one for one in fit if not any(one.start < have.end and have.start < one.end for have in taken)]
    cursor = low
    for one in sorted(taken, key=lambda one: (one.start, one.end)):
        if one.start < cursor:
            continue
        if cursor < one.start:
            yield Stretch(text[cursor : one.start])
        yield Stretch(text[one.start : one.end], one.finding_id, one.label, one.finding_id == this.finding_id)
        cursor = one.end
    if cursor < high:
        yield Stretch(text[cursor:high])


def _window(text: str, this: Sentence) -> tuple[int, int]:
    low, high = max(0, this.start - BEFORE), min(len(text), this.end + AFTER)
    # Begin and end with a line or a word where one is near.
    if low > 0:
        line, space = text.find("\n", low, low + 300), text.find(" ", low, low + 60)
        low = line + 1 if line >= 0 else space + 1 if space >= 0 else low
    if high < len(text):
        line, space = text.rfind("\n", high - 300, high), text.rfind(" ", high - 60, high)
        high = line if line >= 0 else space if space >= 0 else high
    return min(low, this.start), max(high, min(this.end, len(text)))


def _sentences(session: Session, page_id: int, low: int, high: int) -> list[Sentence]:
    query = (
        select(OccurrenceRow.start, OccurrenceRow.end, OccurrenceRow.finding_id, ReviewStateRow.verdict)
        .join(ReviewStateRow, ReviewStateRow.finding_id == OccurrenceRow.finding_id)
        .where(OccurrenceRow.page_id == page_id, OccurrenceRow.end > low, OccurrenceRow.start < high)
        .order_by(OccurrenceRow.start, OccurrenceRow.end, OccurrenceRow.finding_id)
        .limit(SENTENCE_LIMIT)
    )
    return [Sentence(*row) for row in session.execute(query)]
