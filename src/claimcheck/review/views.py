"""Saved views: filters by a name, one's own or shared with the team."""

from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from claimcheck.review.acts import lock
from claimcheck.review.errors import InvalidError, MissingError
from claimcheck.review.filters import Filters
from claimcheck.review.permissions import Account, Act, require
from claimcheck.store.models import utc_now
from claimcheck.store.review_models import AccountRow, SavedViewRow

__all__ = ["SavedView", "delete_view", "save_view", "saved_views"]

_VIEW_LIMIT = 100


@dataclass(frozen=True, slots=True)
class SavedView:
    """Filters by a name; ``owner`` is an account's name."""

    id: int
    name: str
    filters: Filters
    owner: str
    shared: bool


def saved_views(session: Session, account: Account) -> tuple[SavedView, ...]:
    """Return the account's own views and those that others share, by name.

    :raises NotAllowedError: when the account may not read.
    """
    require(account, Act.READ)
    query = (
        select(SavedViewRow, AccountRow.name)
        .join(AccountRow, AccountRow.id == SavedViewRow.account_id)
        .where(or_(SavedViewRow.account_id == account.id, SavedViewRow.shared))
        .order_by(SavedViewRow.name, SavedViewRow.id)
    )
    return tuple(
        SavedView(row.id, row.name, Filters.from_values(row.filters), owner, row.shared)
        for row, owner in session.execute(query)
    )


def save_view(session: Session, account: Account, name: str, filters: Filters, *, shared: bool = False) -> SavedView:
    """Return the view as saved; an own view of that name is replaced.

    :raises InvalidError: when the name will not do, or there are too many.
    :raises NotAllowedError: when the account may not read.
    """
    require(account, Act.READ)
    name = " ".join(name.split())
    if not 1 <= len(name) <= 60 or not name.isprintable():
        raise InvalidError("a view's name has 1 to 60 printable characters")
    lock(session)
    mine = session.scalars(select(SavedViewRow).where(SavedViewRow.account_id == account.id)).all()
    row = next((view for view in mine if view.name == name), None)
    if row is None:
        if len(mine) >= _VIEW_LIMIT:
            raise InvalidError(f"there are {_VIEW_LIMIT} views already; delete one first")
        row = SavedViewRow(account_id=account.id, name=name, created_at=utc_now())
        session.add(row)
    row.filters, row.shared = filters.as_values(), shared
    session.flush()
    return SavedView(row.id, name, filters, account.name, shared)


def delete_view(session: Session, account: Account, view_id: int) -> None:
    """Delete one of the account's own views.

    :raises MissingError: when the account has no such view, whether or not somebody else has.
    """
    require(account, Act.READ)
    row = session.get(SavedViewRow, view_id)
    if row is None or row.account_id != account.id:
        raise MissingError(f"you have no view {view_id}")
    session.delete(row)
