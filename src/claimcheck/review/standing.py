"""From the decisions on a finding to where it stands: pure, so that the same rows always give the same state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from claimcheck.store.review_models import DecisionRow

__all__ = ["Decision", "Kind", "Round", "Standing", "State", "decision_of", "standing_of"]


class Round(StrEnum):
    """Whose turn a decision was."""

    FIRST = "first"
    SECOND = "second"
    ADJUDICATION = "adjudication"


class Kind(StrEnum):
    """What a decision does."""

    CONFIRM = "confirm"
    CHANGE = "change"
    DISMISS = "dismiss"
    SECOND_OPINION = "second_opinion"
    UNDO = "undo"


class State(StrEnum):
    """Where a finding stands."""

    OPEN = "open"
    SECOND = "second"
    CONFLICT = "conflict"
    DECIDED = "decided"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision as recorded; see ``DecisionRow`` for the fields. ``live`` says that nothing took it back."""

    id: int
    finding_id: int
    account_id: int
    account: str
    round: Round
    kind: Kind
    label: str
    reason: str
    note: str
    evidence_added: tuple[str, ...]
    evidence_struck: tuple[str, ...]
    blind: bool
    double: bool
    batch: str
    supersedes_id: int | None
    created_at: datetime
    live: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """A finding's state, its label when decided, and the live decision of each round."""

    state: State
    label: str
    first: Decision | None = None
    second: Decision | None = None
    adjudication: Decision | None = None

    @property
    def first_by(self) -> int | None:
        """The account that made the live first decision."""
        return self.first.account_id if self.first else None

    def of(self, account_id: int) -> Decision | None:
        """Return the account's own live decision in the latest round that has one."""
        rounds = (self.adjudication, self.second, self.first)
        return next((decision for decision in rounds if decision and decision.account_id == account_id), None)


def decision_of(row: DecisionRow, account: str, *, live: bool = True) -> Decision:
    """Return the row as a record."""
    return Decision(
        row.id,
        row.finding_id,
        row.account_id,
        account,
        Round(row.round),
        Kind(row.kind),
        row.label,
        row.reason,
        row.note,
        tuple(map(str, row.evidence_added)),
        tuple(map(str, row.evidence_struck)),
        row.blind,
        row.double,
        row.batch,
        row.supersedes_id,
        row.created_at,
        live,
    )


def live_ids(decisions: Sequence[Decision]) -> set[int]:
    """Return the ids that stand: not undone, and not replaced by a decision that stands.

    Undoing a replacement brings back what it replaced.
    """
    gone: set[int] = set()
    for decision in sorted(decisions, key=lambda decision: decision.id, reverse=True):
        if decision.id not in gone and decision.supersedes_id is not None:
            gone.add(decision.supersedes_id)
    return {decision.id for decision in decisions if decision.id not in gone and decision.kind != Kind.UNDO}


def standing_of(decisions: Sequence[Decision]) -> Standing:
    """Return where the finding stands after these decisions.

    One decision suffices unless two reviewers are required (``double``) or a second opinion is asked for. Two that
    give the same label decide; two that do not are a conflict, which an adjudication decides.
    """
    ids = live_ids(decisions)
    by_round = {decision.round: decision for decision in decisions if decision.id in ids}
    first, second, last = (by_round.get(name) for name in (Round.FIRST, Round.SECOND, Round.ADJUDICATION))
    state, label = _outcome(first, second, last)
    return Standing(state, label, first, second, last)


def _outcome(first: Decision | None, second: Decision | None, last: Decision | None) -> tuple[State, str]:
    if last is not None:
        return State.DECIDED, last.label
    if first is None:
        return State.OPEN, ""
    if second is None:
        waits = first.double or first.kind == Kind.SECOND_OPINION
        return (State.SECOND, "") if waits else (State.DECIDED, first.label)
    if not second.label:
        return State.CONFLICT, ""
    if first.label in {"", second.label}:
        return State.DECIDED, second.label
    return State.CONFLICT, ""
