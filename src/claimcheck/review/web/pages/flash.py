"""What a page says of the act just done: read from the store by its number, so that a reload stays right."""

from dataclasses import dataclass

from sqlalchemy import func, select

from claimcheck.report.shown import clipped
from claimcheck.review.errors import ReviewError
from claimcheck.review.projection import decisions_on
from claimcheck.review.queue import items_by_id
from claimcheck.review.standing import Kind, State, standing_of
from claimcheck.review.web.pages.door import Visit, whole
from claimcheck.review.web.pages.rendering import label_word
from claimcheck.store.review_models import DecisionRow

__all__ = ["Flash", "flash_of"]


@dataclass(frozen=True, slots=True)
class Flash:
    """One sentence, and the finding whose decision can be taken back from here; None when none can."""

    words: str
    undo: int | None = None


def flash_of(visit: Visit) -> Flash | None:
    """Return what to say of the decision or undoing that the address names; None when it names none of the reader's."""
    try:
        if visit.query.get("undone"):
            return _undone(visit, whole("finding", visit.query["undone"]))
        return _done(visit, whole("finding", visit.query["done"])) if visit.query.get("done") else None
    except ReviewError:
        # A number that somebody typed: nothing was done, so there is nothing to say.
        return None


def _done(visit: Visit, finding_id: int) -> Flash | None:
    decisions = decisions_on(visit.session, [finding_id])[finding_id]
    standing = standing_of(decisions)
    mine = standing.of(visit.account.id)
    items = items_by_id(visit.session, visit.account, [finding_id])
    if mine is None or not items:
        return None
    did = {
        Kind.CONFIRM: f"Confirmed as {label_word(mine.label)}",
        Kind.CHANGE: f"Changed to {label_word(mine.label)}",
        Kind.DISMISS: "Dismissed as not a claim",
        Kind.SECOND_OPINION: "Second opinion asked for",
    }[mine.kind]
    after = ""
    if standing.state is State.SECOND:
        after = " It waits for a second reviewer."
    elif standing.state is State.CONFLICT:
        after = " The other reviewer decided otherwise: a lead will settle it."
    together = f" with {_batch_size(visit, mine.batch)} findings" if mine.batch else ""
    return Flash(f"{did}{together}: “{clipped(items[0].claim, 90)}”.{after}", finding_id)


def _undone(visit: Visit, finding_id: int) -> Flash | None:
    decisions = decisions_on(visit.session, [finding_id])[finding_id]
    last = decisions[-1] if decisions else None
    if last is None or last.kind is not Kind.UNDO or last.account_id != visit.account.id:
        return None
    return Flash("Taken back. The trail keeps both the decision and its undoing.")


def _batch_size(visit: Visit, batch: str) -> int:
    return visit.session.scalar(select(func.count()).where(DecisionRow.batch == batch)) or 0
