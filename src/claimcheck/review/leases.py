"""Leases: a finding being worked on is kept for whoever opened it, for a while."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from claimcheck.review.errors import ConflictError
from claimcheck.review.options import review_options
from claimcheck.review.permissions import Account, Act, require
from claimcheck.review.projection import state_row
from claimcheck.store.models import utc_now
from claimcheck.store.review_models import AccountRow, LeaseRow

__all__ = ["Lease", "acquire", "lease_on", "release", "require_free"]


@dataclass(frozen=True, slots=True)
class Lease:
    """Who keeps a finding until when."""

    finding_id: int
    account_id: int
    account: str
    expires_at: datetime


def acquire(session: Session, account: Account, finding_id: int, *, now: datetime | None = None) -> Lease:
    """Return the account's lease on a finding, new or renewed.

    One statement takes an expired lease or renews the own one, another adds the first: the database lets only one
    person through either.

    :raises ConflictError: when somebody else holds it.
    :raises MissingError: when there is no such finding.
    :raises NotAllowedError: when the account may not decide.
    """
    require(account, Act.DECIDE)
    state_row(session, finding_id)
    now = now or utc_now()
    expires_at = now + timedelta(minutes=review_options(session).lease_minutes)
    free = (LeaseRow.account_id == account.id) | (LeaseRow.expires_at <= now)
    taken = session.execute(
        update(LeaseRow)
        .where(LeaseRow.finding_id == finding_id, free)
        .values(account_id=account.id, expires_at=expires_at)
        .returning(LeaseRow.finding_id)
        .execution_options(synchronize_session=False)
    ).first()
    if taken is None:
        kind = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
        added = kind.insert(LeaseRow).values(finding_id=finding_id, account_id=account.id, expires_at=expires_at)
        taken = session.execute(added.on_conflict_do_nothing().returning(LeaseRow.finding_id)).first()
    if taken is None:
        _refuse(session, finding_id)
    return Lease(finding_id, account.id, account.name, expires_at)


def release(session: Session, account: Account, finding_id: int) -> bool:
    """Return whether the account held the lease that is given back now."""
    gone = session.execute(
        delete(LeaseRow)
        .where(LeaseRow.finding_id == finding_id, LeaseRow.account_id == account.id)
        .returning(LeaseRow.finding_id)
        .execution_options(synchronize_session=False)
    ).first()
    return gone is not None


def lease_on(session: Session, finding_id: int, *, now: datetime | None = None) -> Lease | None:
    """Return the lease that stands on a finding, or None when it is free."""
    row = session.execute(
        select(LeaseRow.account_id, AccountRow.name, LeaseRow.expires_at)
        .join(AccountRow, AccountRow.id == LeaseRow.account_id)
        .where(LeaseRow.finding_id == finding_id, LeaseRow.expires_at > (now or utc_now()))
    ).first()
    return Lease(finding_id, *row) if row else None


def require_free(session: Session, account: Account, finding_id: int, *, now: datetime | None = None) -> None:
    """Return if nobody else holds the finding.

    :raises ConflictError: when somebody else does.
    """
    lease = lease_on(session, finding_id, now=now)
    if lease and lease.account_id != account.id:
        _refuse(session, finding_id)


def _refuse(session: Session, finding_id: int) -> None:
    lease = lease_on(session, finding_id)
    who = f"{lease.account} until {lease.expires_at:%H:%M} UTC" if lease else "somebody else"
    raise ConflictError(f"finding {finding_id} is being worked on by {who}; take another, or wait")
