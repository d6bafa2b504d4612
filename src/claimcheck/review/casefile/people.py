"""Who decided: names or pseudonyms, and the role that each had at the time."""

import json
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from claimcheck.review.acts import TrailEntry
from claimcheck.review.casefile.records import CaseDecision
from claimcheck.review.standing import Decision
from claimcheck.store.review_models import AccountRow, TrailRow

__all__ = ["People"]

_ROLE_ACTS = ("add-account", "set-role")


class People:
    """The accounts behind decisions, as the file shows them: by name, or as Person A, B … in the order they appear."""

    def __init__(self, session: Session, account_ids: Iterable[int], *, anonymous: bool) -> None:
        wanted = sorted(set(account_ids))
        rows = session.scalars(select(AccountRow).where(AccountRow.id.in_(wanted)))
        self._accounts = {row.id: row for row in rows}
        self.anonymous = anonymous
        self._letters: dict[int, str] = {}
        self._roles = {account_id: _roles(session, account_id) for account_id in wanted}

    def name(self, account_id: int) -> str:
        """Return how the file names the account."""
        if self.anonymous:
            return self._letters.setdefault(account_id, f"Person {_letter(len(self._letters))}")
        row = self._accounts[account_id]
        return row.name if row.display_name == row.name else f"{row.display_name} ({row.name})"

    def role(self, account_id: int, seq: int) -> str:
        """Return the account's role when the trail stood at ``seq``; its present one when the trail does not tell."""
        before = [role for at, role in self._roles[account_id] if at <= seq]
        return before[-1] if before else self._accounts[account_id].role

    def decisions(self, made: Sequence[Decision], acts: Mapping[int, TrailEntry]) -> tuple[CaseDecision, ...]:
        """Return decisions as the file shows them, given the trail's entry of each."""
        return tuple(self._decision(decision, acts.get(decision.id)) for decision in made)

    def _decision(self, decision: Decision, act: TrailEntry | None) -> CaseDecision:
        seq = act.seq if act else 0
        return CaseDecision(
            id=decision.id,
            at=decision.created_at,
            person=self.name(decision.account_id),
            role=self.role(decision.account_id, seq),
            round=str(decision.round),
            kind=str(decision.kind),
            label=decision.label,
            reason=decision.reason,
            note=decision.note,
            evidence_added=decision.evidence_added,
            evidence_struck=decision.evidence_struck,
            blind=decision.blind,
            stands=decision.live,
            trail_seq=seq,
        )


def _roles(session: Session, account_id: int) -> list[tuple[int, str]]:
    query = select(TrailRow.seq, TrailRow.detail).where(
        TrailRow.subject == f"account:{account_id}", TrailRow.action.in_(_ROLE_ACTS)
    )
    found = []
    for seq, detail in session.execute(query.order_by(TrailRow.seq)):
        values = json.loads(detail)
        found.append((seq, str(values.get("to") or values.get("role"))))
    return found


def _letter(place: int) -> str:
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
