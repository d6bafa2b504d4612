"""What a person may see of a finding: until a second review is in, nothing of the first but its author's own.

One rule for everybody, leads included, since anybody who may decide may be the one who makes the second review.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, or_

from claimcheck.review.permissions import Account
from claimcheck.review.standing import Decision, Standing, State
from claimcheck.store.review_models import ReviewStateRow

__all__ = ["is_hidden", "newest_seen", "shown_state", "state_is", "visible_decisions", "waits_for"]


def is_hidden(state: State | str, first_by: int | None, account: Account) -> bool:
    """Return whether a first decision on the finding is to be kept from the account."""
    return state == State.SECOND and first_by != account.id


def shown_state(state: State | str, first_by: int | None, account: Account) -> State:
    """Return the state as the account may know it: a finding that waits for a second review looks open."""
    return State.OPEN if is_hidden(state, first_by, account) else State(state)


def visible_decisions(decisions: Sequence[Decision], standing: Standing, account: Account) -> tuple[Decision, ...]:
    """Return the decisions that the account may see: until the finding's reviews are in, its own only.

    A first decision that was taken back is kept from the others too: it says what its author thinks.
    """
    if standing.state in {State.OPEN, State.SECOND}:
        return tuple(decision for decision in decisions if decision.account_id == account.id)
    return tuple(decisions)


def newest_seen(decisions: Sequence[Decision], standing: Standing, account: Account) -> int | None:
    """Return the id of the newest decision that the account may see, or None."""
    return max((decision.id for decision in visible_decisions(decisions, standing, account)), default=None)


def state_is(state: State, account: Account) -> ColumnElement[bool]:
    """Return the condition that the finding's state, as the account may know it, is this one."""
    row = ReviewStateRow
    if state is State.OPEN:
        return and_(row.state.in_([State.OPEN, State.SECOND]), or_(row.state == State.OPEN, row.first_by != account.id))
    if state is State.SECOND:
        return and_(row.state == State.SECOND, row.first_by == account.id)
    return row.state == state


def waits_for(account: Account, *, lead: bool) -> ColumnElement[bool]:
    """Return the condition that the finding waits for the account: open to it, or, for a lead, a conflict."""
    row = ReviewStateRow
    open_to = or_(row.state == State.OPEN, and_(row.state == State.SECOND, row.first_by != account.id))
    waiting = or_(open_to, row.state == State.CONFLICT) if lead else open_to
    return and_(row.done.is_(False), waiting)
