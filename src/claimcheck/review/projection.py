"""The queue's own table: filled when a scan has finished, moved on by decisions, and made again from them at any time.

A queue over 100,000 findings must not join and sort them for every request; ``review_state`` holds what filters and
orders need, in one row a finding.
"""

from collections.abc import Sequence

from sqlalchemy import Select, exists, func, insert, literal, select, update
from sqlalchemy.orm import Session, aliased

from claimcheck.review.acts import lock
from claimcheck.review.errors import MissingError
from claimcheck.review.fulltext import add_texts
from claimcheck.review.standing import Decision, Standing, State, decision_of, live_ids, standing_of
from claimcheck.store.models import ClaimRow, FindingRow, ScanRow, utc_now
from claimcheck.store.review_models import AccountRow, DecisionRow, QueuedScanRow, ReviewStateRow

__all__ = ["decisions_on", "project", "state_row", "sync"]

FINISHED = "finished"


def sync(session: Session) -> int:
    """Return how many finished scans were put into the queue now, their findings with them."""
    if not session.execute(_waiting().limit(1)).first():
        return 0
    lock(session)
    scans = session.execute(_waiting().order_by(ScanRow.finished_at, ScanRow.id)).all()
    for scan in scans:
        _queue_scan(session, scan.id, scan.site_id)
    return len(scans)


def _waiting() -> Select[int, int]:
    queued = exists().where(QueuedScanRow.scan_id == ScanRow.id)
    return select(ScanRow.id, ScanRow.site_id).where(ScanRow.state == FINISHED, ~queued)


def _queue_scan(session: Session, scan_id: int, site_id: int) -> None:
    later = aliased(ScanRow)
    this = select(ScanRow.finished_at).where(ScanRow.id == scan_id).scalar_subquery()
    newer = (later.finished_at > this) | ((later.finished_at == this) & (later.id > scan_id))
    queued = select(QueuedScanRow.scan_id)
    is_current = not session.execute(
        select(later.id).where(later.site_id == site_id, later.state == FINISHED, newer, later.id.in_(queued)).limit(1)
    ).first()
    if is_current:
        session.execute(
            update(ReviewStateRow)
            .where(ReviewStateRow.site_id == site_id, ReviewStateRow.current)
            .values(current=False)
            .execution_options(synchronize_session=False)
        )
    columns = (
        FindingRow.id,
        FindingRow.scan_id,
        FindingRow.site_id,
        FindingRow.claim_id,
        func.coalesce(ClaimRow.group_id, ClaimRow.id),
        FindingRow.topic,
        FindingRow.label,
        FindingRow.severity,
        FindingRow.confidence,
        FindingRow.needs_review,
        FindingRow.is_new,
        literal(is_current),
        literal(str(State.OPEN)),
        literal(False),
        literal(""),
        literal(utc_now(), type_=ReviewStateRow.__table__.c.updated_at.type),
    )
    names = (
        "finding_id scan_id site_id claim_id group_id topic verdict severity confidence needs_review is_new current "
        "state done label updated_at"
    ).split()
    rows = select(*columns).join(ClaimRow).where(FindingRow.scan_id == scan_id)
    session.execute(insert(ReviewStateRow).from_select(names, rows, include_defaults=False))
    add_texts(session, scan_id)
    session.execute(insert(QueuedScanRow).values(scan_id=scan_id, queued_at=utc_now()))


def state_row(session: Session, finding_id: int) -> ReviewStateRow:
    """Return the queue's row of a finding.

    :raises MissingError: when there is no such finding, or its scan has not finished.
    """
    row = session.get(ReviewStateRow, finding_id)
    if row is None:
        # Asked again whatever comes of it: somebody else may be queueing the same scan.
        sync(session)
        row = session.get(ReviewStateRow, finding_id)
    if row is None:
        raise MissingError(f"found no finding {finding_id} of a finished scan; look it up in the queue")
    return row


def decisions_on(session: Session, finding_ids: Sequence[int]) -> dict[int, list[Decision]]:
    """Return every decision ever made on these findings, oldest first, with whether it stands."""
    query = (
        select(DecisionRow, AccountRow.name)
        .join(AccountRow, AccountRow.id == DecisionRow.account_id)
        .where(DecisionRow.finding_id.in_(finding_ids))
        .order_by(DecisionRow.id)
    )
    grouped: dict[int, list[tuple[DecisionRow, str]]] = {finding_id: [] for finding_id in finding_ids}
    for row, name in session.execute(query):
        grouped[row.finding_id].append((row, name))
    made = {}
    for finding_id, rows in grouped.items():
        ids = live_ids([decision_of(row, name) for row, name in rows])
        made[finding_id] = [decision_of(row, name, live=row.id in ids) for row, name in rows]
    return made


def project(row: ReviewStateRow, decisions: Sequence[Decision]) -> Standing:
    """Return where the finding stands, written to its row of the queue."""
    standing = standing_of(decisions)
    row.state = str(standing.state)
    row.done = standing.state is State.DECIDED
    row.label = standing.label
    row.first_by = standing.first_by
    row.updated_at = utc_now()
    return standing
