"""Failed sign-ins slow the next one down: by account and address together, and more loosely by each alone."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from claimcheck.review.errors import ThrottledError
from claimcheck.store.review_models import ThrottleRow

__all__ = ["clear_failures", "record_failure", "require_patience"]

# Failures are forgotten after a day without another.
_MEMORY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class _Rule:
    """From ``free`` failures on, each doubles the wait, up to ``longest`` seconds."""

    free: int
    longest: int

    def wait(self, failures: int) -> int:
        return 0 if failures < self.free else min(2 ** min(failures - self.free, 20), self.longest)


# The pair stops guessing; the account alone stops guessing from many addresses without shutting its owner out for long;
# the address alone stops one password being tried on many names. An office may share one address.
_PAIR, _ACCOUNT, _ADDRESS = _Rule(5, 900), _Rule(30, 60), _Rule(30, 60)


def require_patience(session: Session, name: str, address: str, now: datetime) -> None:
    """Return if a sign-in may be looked at now.

    :raises ThrottledError: when it has to wait.
    """
    keys = [key for key, _ in _keys(name, address)]
    until = session.scalars(select(ThrottleRow.blocked_until).where(ThrottleRow.key.in_(keys))).all()
    wait = max(((moment - now).total_seconds() for moment in until), default=0)
    if wait > 0:
        raise ThrottledError(max(1, round(wait)))


def record_failure(session: Session, name: str, address: str, now: datetime) -> None:
    """Count a failed sign-in, in a session that holds the lock."""
    session.execute(delete(ThrottleRow).where(ThrottleRow.last_at < now - _MEMORY))
    for key, rule in _keys(name, address):
        row = session.get(ThrottleRow, key)
        if row is None:
            row = ThrottleRow(key=key, failures=0, last_at=now, blocked_until=now)
            session.add(row)
        row.failures += 1
        row.last_at = now
        row.blocked_until = now + timedelta(seconds=rule.wait(row.failures))


def clear_failures(session: Session, name: str, address: str) -> None:
    """Forget the failures of an account from an address that has signed in there."""
    session.execute(delete(ThrottleRow).where(ThrottleRow.key == _keys(name, address)[0][0]))


def _keys(name: str, address: str) -> Sequence[tuple[str, _Rule]]:
    parts = (("pair", name, address), _PAIR), (("account", name), _ACCOUNT), (("address", address), _ADDRESS)
    return [(hashlib.sha256(repr(part).encode()).hexdigest(), rule) for part, rule in parts]
