"""Reading the trail, and checking that nobody changed it or what it records."""

import json
from collections.abc import Iterator, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from claimcheck.review.acts import GENESIS, TrailEntry, TrailHead, decision_digest, head, note_digest
from claimcheck.review.errors import InvalidError
from claimcheck.review.permissions import Account, Act, require
from claimcheck.review.projection import decisions_on
from claimcheck.review.standing import standing_of
from claimcheck.review.visibility import is_hidden
from claimcheck.store.open import Store
from claimcheck.store.review_models import DecisionRow, NoteRow, ReviewStateRow, TrailRow

__all__ = ["TrailEntry", "TrailHead", "entries", "head", "trail_page", "verify_trail"]

_CHUNK = 1_000
_PROBLEM_LIMIT = 100


def entries(session: Session, *, after: int = 0, limit: int | None = None, subject: str = "") -> Iterator[TrailEntry]:
    """Yield rows in their order, streaming; of one subject ("finding:12"), or of all.

    :raises InvalidError: when ``after`` or ``limit`` is negative.
    """
    if after < 0 or (limit is not None and limit < 0):
        raise InvalidError("found a negative row number or limit, expected 0 or more")
    names = TrailEntry.__slots__
    query = select(*(getattr(TrailRow, name) for name in names)).where(TrailRow.seq > after).order_by(TrailRow.seq)
    if subject:
        query = query.where(TrailRow.subject == subject)
    for row in session.execute(query.limit(limit), execution_options={"yield_per": _CHUNK}):
        yield TrailEntry(*row)


def trail_page(
    session: Session, account: Account, *, after: int = 0, limit: int = 100, subject: str = ""
) -> tuple[TrailEntry, ...]:
    """Return rows as the account may see them: what others did on findings that wait for a second review is left out.

    :raises InvalidError: when ``after`` or ``limit`` is out of bounds.
    :raises NotAllowedError: when the account may not read the trail.
    """
    require(account, Act.READ_TRAIL)
    if not 1 <= limit <= _CHUNK:
        raise InvalidError(f"found the limit {limit}, expected 1 to {_CHUNK}")
    found = tuple(entries(session, after=after, limit=limit, subject=subject))
    numbers = {entry: _finding_of(entry.subject) for entry in found}
    ids = {number for number in numbers.values() if number is not None}
    rows = session.execute(
        select(ReviewStateRow.finding_id, ReviewStateRow.state, ReviewStateRow.first_by).where(
            ReviewStateRow.finding_id.in_(ids)
        )
    )
    hidden = {row.finding_id for row in rows if is_hidden(row.state, row.first_by, account)}
    return tuple(entry for entry in found if numbers[entry] not in hidden or entry.account_id == account.id)


def verify_trail(store: Store, *, expected_head: TrailHead | None = None) -> list[str]:
    """Return what is wrong with the trail, the decisions and the notes, one line each; nothing when all is intact.

    The chain shows rows changed, removed, swapped or put in. Every decision and note must be as the trail recorded it,
    and every finding's state must follow from its decisions. ``expected_head``, kept from before, shows a trail whose
    end was cut off.
    """
    with store.session() as session:
        check = _Check()
        for entry in entries(session):
            check.chain(entry)
        problems = check.problems
        if expected_head and expected_head.seq and check.digests.get(expected_head.seq) != expected_head.sha256:
            problems.append(f"trail: row {expected_head.seq} is not the one whose digest was kept")
        problems += _check_rows(session, check)
        problems += _check_states(session)
    if len(problems) > _PROBLEM_LIMIT:
        return [*problems[:_PROBLEM_LIMIT], f"… and {len(problems) - _PROBLEM_LIMIT} more"]
    return problems


class _Check:
    """What the trail says so far."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.last = TrailHead(0, GENESIS)
        self.digests: dict[int, str] = {}
        self.decisions: dict[int, str] = {}
        self.notes: dict[int, str] = {}

    def chain(self, entry: TrailEntry) -> None:
        if entry.seq != self.last.seq + 1:
            self.problems.append(f"trail: after row {self.last.seq} comes row {entry.seq}; rows are missing")
        if entry.previous != self.last.sha256:
            self.problems.append(f"trail: row {entry.seq} does not follow on row {self.last.seq} as it is now")
        if entry.digest() != entry.sha256:
            self.problems.append(f"trail: row {entry.seq} was changed; its digest does not match")
        self.last = TrailHead(entry.seq, entry.sha256)
        self.digests[entry.seq] = entry.sha256
        self._collect(entry)

    def _collect(self, entry: TrailEntry) -> None:
        try:
            detail = json.loads(entry.detail)
        except ValueError:
            detail = None
        if not isinstance(detail, dict):
            self.problems.append(f"trail: the detail of row {entry.seq} is not an object of JSON")
            return
        for name, kept in (("decision", self.decisions), ("note", self.notes)):
            number, digest = detail.get(name), detail.get(f"{name}_sha256")
            if isinstance(number, int) and isinstance(digest, str):
                kept[number] = digest


def _check_rows(session: Session, check: _Check) -> Iterator[str]:
    stream = {"yield_per": _CHUNK}
    decisions = session.scalars(select(DecisionRow).order_by(DecisionRow.id), execution_options=stream)
    yield from _compare("decision", ((row.id, decision_digest(row)) for row in decisions), check.decisions)
    notes = session.scalars(select(NoteRow).order_by(NoteRow.id), execution_options=stream)
    yield from _compare("note", ((row.id, note_digest(row)) for row in notes), check.notes)


def _compare(name: str, found: Iterator[tuple[int, str]], recorded: Mapping[int, str]) -> Iterator[str]:
    seen = set()
    for number, digest in found:
        seen.add(number)
        if number not in recorded:
            yield f"{name} {number} is in no row of the trail"
        elif recorded[number] != digest:
            yield f"{name} {number} was changed after it was recorded"
    for number in sorted(set(recorded) - seen):
        yield f"{name} {number} is recorded in the trail and gone"


def _check_states(session: Session) -> Iterator[str]:
    decided = select(DecisionRow.finding_id).distinct()
    stray = select(ReviewStateRow.finding_id).where(
        ReviewStateRow.state != "open", ReviewStateRow.finding_id.not_in(decided)
    )
    for finding_id in session.scalars(stray):
        yield f"finding {finding_id} has a state without a decision"
    last = 0
    while ids := session.scalars(decided.where(DecisionRow.finding_id > last).order_by("finding_id").limit(500)).all():
        last = ids[-1]
        made = decisions_on(session, ids)
        rows = session.scalars(select(ReviewStateRow).where(ReviewStateRow.finding_id.in_(ids)))
        for row in rows:
            standing = standing_of(made[row.finding_id])
            if (row.state, row.label) != (str(standing.state), standing.label):
                yield (
                    f"finding {row.finding_id} is shown as {row.state} {row.label}".rstrip()
                    + (f", its decisions make it {standing.state} {standing.label}").rstrip()
                )


def _finding_of(subject: str) -> int | None:
    kind, _, number = subject.partition(":")
    return int(number) if kind == "finding" and number.isascii() and number.isdigit() else None
