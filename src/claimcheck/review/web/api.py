"""The JSON API of the review's work: queue, findings, decisions, notes, leases, views, dashboard.

Every operation has its types in its signature: FastAPI checks what comes in, writes what goes out and describes both in
the OpenAPI document. What a caller may see and do is decided in the domain.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query

from claimcheck.review.counting import Counts, counts
from claimcheck.review.dashboard import Agreement, Dashboard, agreement, dashboard
from claimcheck.review.decisions import Decided, adjudicate, bulk_decide, decide, undo
from claimcheck.review.finding import FindingDetail, alike, finding_detail
from claimcheck.review.leases import Lease, acquire, release
from claimcheck.review.notes import Note, add_note, assign
from claimcheck.review.permissions import Act, require
from claimcheck.review.queue import Neighbours, QueueItem, QueuePage, neighbours, queue
from claimcheck.review.reasons import REASONS
from claimcheck.review.views import SavedView, delete_view, save_view, saved_views
from claimcheck.review.web.deps import Acting, Asking
from claimcheck.review.web.problems import PROBLEM_RESPONSES
from claimcheck.review.web.schemas import (
    AssignmentBody,
    BulkBody,
    CountsQuery,
    DecisionBody,
    FindingId,
    NeighboursQuery,
    NoteBody,
    QueueQuery,
    RowId,
    ViewBody,
)

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", responses=PROBLEM_RESPONSES)


@dataclass(frozen=True, slots=True)
class Assignment:
    """Whom a finding is given to now; null for nobody."""

    name: str | None


@dataclass(frozen=True, slots=True)
class ReasonWords:
    """A reason's code, its words, and the kinds of decision it goes with."""

    code: str
    words: str
    kinds: list[str]


@router.get("/queue", tags=["queue"])
def get_queue(caller: Asking, query: Annotated[QueueQuery, Query()]) -> QueuePage:
    """Return a page of findings; the next and the page before by their cursors."""
    with caller.session() as session:
        return queue(
            session, caller.account, query.filters(), order=query.order, cursor=query.cursor, limit=query.limit
        )


@router.get("/counts", tags=["queue"])
def get_counts(caller: Asking, query: Annotated[CountsQuery, Query()]) -> Counts:
    """Return how many findings the filters leave, and each other choice would."""
    with caller.session() as session:
        return counts(session, caller.account, query.filters())


@router.get("/findings/{finding_id}", tags=["findings"])
def get_finding(caller: Asking, finding_id: FindingId) -> FindingDetail:
    """Return a finding in full; ``seen`` goes back with a decision."""
    with caller.session() as session:
        return finding_detail(session, caller.account, finding_id)


@router.get("/findings/{finding_id}/neighbours", tags=["findings"])
def get_neighbours(caller: Asking, finding_id: FindingId, query: Annotated[NeighboursQuery, Query()]) -> Neighbours:
    """Return the findings beside this one in a queue."""
    with caller.session() as session:
        return neighbours(session, caller.account, finding_id, query.filters(), order=query.order)


@router.get("/findings/{finding_id}/alike", tags=["findings"])
def get_alike(caller: Asking, finding_id: FindingId) -> list[QueueItem]:
    """Return the current findings whose claims say the same, this one first."""
    with caller.session() as session:
        return list(alike(session, caller.account, finding_id))


@router.post("/findings/{finding_id}/decisions", status_code=201, tags=["decisions"])
def post_decision(caller: Acting, finding_id: FindingId, body: DecisionBody) -> Decided:
    """Decide a finding: the first review, the second where one is due, or one's own anew."""
    with caller.session() as session:
        return decide(session, caller.account, finding_id, body.choice(), seen=body.seen)


@router.post("/findings/{finding_id}/undo", status_code=201, tags=["decisions"])
def post_undo(caller: Acting, finding_id: FindingId) -> Decided:
    """Take back one's own latest decision, by a new row."""
    with caller.session() as session:
        return undo(session, caller.account, finding_id)


@router.post("/findings/{finding_id}/adjudication", status_code=201, tags=["decisions"])
def post_adjudication(caller: Acting, finding_id: FindingId, body: DecisionBody) -> Decided:
    """Decide a conflict, or anew over a decided finding; for leads."""
    with caller.session() as session:
        return adjudicate(session, caller.account, finding_id, body.choice(), seen=body.seen)


@router.post("/decisions/bulk", status_code=201, tags=["decisions"])
def post_bulk(caller: Acting, body: BulkBody) -> list[Decided]:
    """Decide several findings alike, all of them or none."""
    with caller.session() as session:
        return list(bulk_decide(session, caller.account, body.choice(), finding_ids=body.finding_ids))


@router.get("/reasons", tags=["decisions"])
def get_reasons(caller: Asking) -> list[ReasonWords]:
    """Return the reasons that a decision can give."""
    require(caller.account, Act.READ)
    return [ReasonWords(reason.code, reason.words, sorted(reason.kinds)) for reason in REASONS.values()]


@router.post("/findings/{finding_id}/notes", status_code=201, tags=["findings"])
def post_note(caller: Acting, finding_id: FindingId, body: NoteBody) -> Note:
    """Add a note to a finding."""
    with caller.session() as session:
        return add_note(session, caller.account, finding_id, body.text)


@router.put("/findings/{finding_id}/lease", tags=["findings"])
def put_lease(caller: Acting, finding_id: FindingId) -> Lease:
    """Keep a finding for oneself for some minutes, or for some more."""
    with caller.session() as session:
        return acquire(session, caller.account, finding_id)


@router.delete("/findings/{finding_id}/lease", status_code=204, tags=["findings"])
def delete_lease(caller: Acting, finding_id: FindingId) -> None:
    """Give a finding back."""
    require(caller.account, Act.DECIDE)
    with caller.session() as session:
        release(session, caller.account, finding_id)


@router.put("/findings/{finding_id}/assignment", tags=["findings"])
def put_assignment(caller: Acting, finding_id: FindingId, body: AssignmentBody) -> Assignment:
    """Give a finding to somebody, or to nobody."""
    with caller.session() as session:
        return Assignment(assign(session, caller.account, finding_id, body.name))


@router.get("/views", tags=["views"])
def get_views(caller: Asking) -> list[SavedView]:
    """Return one's own views and those that others share."""
    with caller.session() as session:
        return list(saved_views(session, caller.account))


@router.post("/views", status_code=201, tags=["views"])
def post_view(caller: Acting, body: ViewBody) -> SavedView:
    """Keep filters by a name."""
    with caller.session() as session:
        return save_view(session, caller.account, body.name, body.filters.filters(), shared=body.shared)


@router.delete("/views/{view_id}", status_code=204, tags=["views"])
def remove_view(caller: Acting, view_id: RowId) -> None:
    """Delete one of one's own views."""
    with caller.session() as session:
        delete_view(session, caller.account, view_id)


@router.get("/dashboard", tags=["dashboard"])
def get_dashboard(caller: Asking) -> Dashboard:
    """Return progress, agreement and the precision of flags."""
    with caller.session() as session:
        return dashboard(session, caller.account)


@router.get("/agreement", tags=["dashboard"])
def get_agreement(caller: Asking) -> list[Agreement]:
    """Return how far blind second reviews agree with the first, over all and by topic."""
    require(caller.account, Act.READ)
    with caller.session() as session:
        return list(agreement(session))
