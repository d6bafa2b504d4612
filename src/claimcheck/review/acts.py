"""Acts: each under a lock that orders them, with its row in the trail appended in the same transaction.

Each row's digest covers its own content and the digest of the row before, so that a row changed, removed, swapped or
put in later breaks the chain; a decision's and a note's digest stand in their rows, so that these are covered too.
What no chain can show is a trail whose end was cut off together with what it recorded: keep the head's digest elsewhere
(case files carry it) and give it to ``trail.verify_trail``.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from claimcheck.review.permissions import Account
from claimcheck.store.models import utc_now
from claimcheck.store.review_models import DecisionRow, NoteRow, TrailRow

__all__ = [
    "GENESIS",
    "SYSTEM",
    "TrailEntry",
    "TrailHead",
    "append",
    "canonical",
    "decision_digest",
    "head",
    "holds_lock",
    "lock",
    "note_digest",
]

GENESIS = "0" * 64
SYSTEM = "claimcheck"
# Any number of its own: what PostgreSQL's advisory lock is known by.
_LOCK_KEY = 0x636C61696D
_HELD = "claimcheck.lock"


@dataclass(frozen=True, slots=True)
class TrailEntry:
    """One act; ``detail`` is canonical JSON."""

    seq: int
    time: str
    account_id: int | None
    actor: str
    action: str
    subject: str
    detail: str
    previous: str
    sha256: str

    def digest(self) -> str:
        """Return the SHA-256 that this content must have."""
        values = {name: getattr(self, name) for name in self.__slots__ if name != "sha256"}
        return hashlib.sha256(canonical(values).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class TrailHead:
    """The newest row's number and digest; 0 and zeros for an empty trail."""

    seq: int
    sha256: str


def canonical(values: Mapping[str, object]) -> str:
    """Return the one JSON text of the values: sorted keys, no spaces, plain characters."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def lock(session: Session) -> None:
    """Wait until this session alone may act; the end of its transaction frees the next.

    Every act takes this lock before it reads what it depends on: acts follow one another as the trail's rows do.
    """
    session.flush()
    connection = session.connection()
    if session.info.get(_HELD) is session.get_transaction():
        return
    if connection.dialect.name == "sqlite":
        if not connection.connection.dbapi_connection.in_transaction:  # type: ignore[union-attr]  # sqlite3's own
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK_KEY)))
    session.info[_HELD] = session.get_transaction()
    # What was read before the lock may have changed while waiting for it.
    session.expire_all()


def holds_lock(session: Session) -> bool:
    """Return whether this session's transaction took the lock, and so may have written what others do not see yet."""
    transaction = session.get_transaction()
    return transaction is not None and session.info.get(_HELD) is transaction


def head(session: Session) -> TrailHead:
    """Return the newest row's number and digest."""
    row = session.execute(select(TrailRow.seq, TrailRow.sha256).order_by(TrailRow.seq.desc()).limit(1)).first()
    return TrailHead(row.seq, row.sha256) if row else TrailHead(0, GENESIS)


def append(
    session: Session, account: Account | None, action: str, subject: str, detail: Mapping[str, object] | None = None
) -> TrailEntry:
    """Return the row added for an act of this session; without an account it is claimcheck's own."""
    lock(session)
    last = head(session)
    actor = account.name if account else SYSTEM
    unsigned = TrailEntry(
        last.seq + 1,
        utc_now().isoformat(),
        account.id if account else None,
        actor,
        action,
        subject,
        canonical(detail or {}),
        last.sha256,
        "",
    )
    values = {name: getattr(unsigned, name) for name in unsigned.__slots__} | {"sha256": unsigned.digest()}
    session.add(TrailRow(**values))
    session.flush()
    return TrailEntry(**values)


def decision_digest(row: DecisionRow) -> str:
    """Return the SHA-256 of everything that a decision says."""
    names = [column.key for column in DecisionRow.__table__.columns if column.key != "created_at"]
    values = {name: getattr(row, name) for name in names}
    return hashlib.sha256(canonical(values | {"created_at": row.created_at.isoformat()}).encode()).hexdigest()


def note_digest(row: NoteRow) -> str:
    """Return the SHA-256 of everything that a note says."""
    values = {name: getattr(row, name) for name in ("id", "finding_id", "account_id", "text")}
    return hashlib.sha256(canonical(values | {"created_at": row.created_at.isoformat()}).encode()).hexdigest()
