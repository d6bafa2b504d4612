"""The queue's table as columns in memory, kept true by the trail: so that counting what a filter leaves takes a moment.

Every act that moves a finding on appends to the trail in its own transaction, and a queued scan is a row of its own; so
a look at both tells which rows to read again. 100,000 findings take 5 MB and half a second to read, once a process.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy import ColumnElement, Engine, func, select
from sqlalchemy.orm import Session

from claimcheck.review.acts import head, holds_lock
from claimcheck.review.standing import State
from claimcheck.store.models import SiteRow
from claimcheck.store.review_models import QueuedScanRow, ReviewStateRow, TrailRow

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Columns", "columns_of"]

# Columns of words, kept as codes into a vocabulary that only grows.
_WORDS = ("topic", "verdict", "state", "label")
_NUMBERS = ("site_id", "severity", "needs_review", "is_new", "first_by", "assigned_to")
# Scans other than the current ones are looked at now and then; the oldest are read again when asked for.
_SCANS_KEPT = 20
# More changes than this since last time, and reading everything anew is quicker.
_CHANGES = 5_000
_AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class Columns:
    """Findings by their number, ascending, and what can be chosen of them.

    Words are codes into ``words``; every state has one, whether or not a row has it. ``hosts`` names the sites. ``seq``
    is the trail's newest row, and ``queued`` the number of queued scans, when read.
    """

    finding_id: "NDArray[np.int64]"
    values: "Mapping[str, NDArray[np.int32]]"
    words: Mapping[str, tuple[str, ...]]
    hosts: Mapping[int, str]
    seq: int
    queued: int

    def code(self, name: str, word: str) -> int:
        """Return a word's code in a column of words; -1, which no row has, when no row ever had it."""
        words = self.words[name]
        return words.index(word) if word in words else -1


_kept: WeakKeyDictionary[Engine, dict[int | None, Columns]] = WeakKeyDictionary()
_guard = Lock()
_cold = Lock()


def columns_of(session: Session, scan: int | None) -> Columns:
    """Return the columns of a scan's findings, or of every site's latest scan, as they are now.

    Finished scans must be in the queue (``sync``).
    """
    if holds_lock(session):
        # What this transaction wrote may yet be rolled back; it is for nobody else.
        return _read(session, scan)
    engine = session.get_bind().engine
    with _guard:
        scans = _kept.setdefault(engine, {})
        old = scans.pop(scan, None)
    if old is None:
        # Reading 100,000 rows takes a second: one request does it, those that came with it wait for its result.
        with _cold:
            with _guard:
                old = scans.pop(scan, None)
            made = _refreshed(session, scan, old) if old is not None else _read(session, scan)
            _keep(scans, scan, made)
        return made
    # Two requests at once may both bring the same columns up to date: each result is right.
    made = _refreshed(session, scan, old)
    _keep(scans, scan, made)
    return made


def _keep(scans: "dict[int | None, Columns]", scan: int | None, made: Columns) -> None:
    with _guard:
        scans[scan] = made
        while len(scans) > _SCANS_KEPT:
            del scans[next(iter(scans))]


def _read(session: Session, scan: int | None) -> Columns:
    # The trail's head comes first: what happens while the rows are read is read again next time.
    seq, queued = head(session).seq, _queued(session)
    hosts = {row.id: row.host for row in session.execute(select(SiteRow.id, SiteRow.host))}
    row = ReviewStateRow
    scope = row.scan_id == scan if scan is not None else row.current.is_(True)
    words: dict[str, tuple[str, ...]] = dict.fromkeys(_WORDS, ())
    words["state"] = tuple(map(str, State))
    finding_id, values = _columns(_rows(session, scope), words)
    order = np.argsort(finding_id)
    return Columns(
        finding_id[order], {name: column[order] for name, column in values.items()}, words, hosts, seq, queued
    )


def _refreshed(session: Session, scan: int | None, old: Columns) -> Columns:
    if _queued(session) != old.queued:
        return _read(session, scan)
    seq = head(session).seq
    if seq == old.seq:
        return old
    query = select(TrailRow.subject).where(TrailRow.seq > old.seq, TrailRow.subject.startswith("finding:"))
    subjects = session.scalars(query.limit(_CHANGES)).all()
    if len(subjects) == _CHANGES:
        return _read(session, scan)
    ids = sorted({int(subject.partition(":")[2]) for subject in subjects})
    words = dict(old.words)
    values = {name: column.copy() for name, column in old.values.items()}
    for start in range(0, len(ids), _AT_A_TIME):
        changed = _rows(session, ReviewStateRow.finding_id.in_(ids[start : start + _AT_A_TIME]))
        finding_id, found = _columns(changed, words)
        at = np.searchsorted(old.finding_id, finding_id)
        # A finding of an earlier scan may be decided too; it is not among these.
        at[at == len(old.finding_id)] = 0
        is_here = old.finding_id[at] == finding_id if len(old.finding_id) else np.zeros(len(finding_id), bool)
        for name, column in found.items():
            values[name][at[is_here]] = column[is_here]
    return replace(old, values=values, words=words, seq=seq)


def _queued(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(QueuedScanRow)) or 0


def _rows(session: Session, scope: ColumnElement[bool]) -> Sequence[Sequence[object]]:
    columns = [getattr(ReviewStateRow, name) for name in ("finding_id", *_NUMBERS, *_WORDS)]
    return session.execute(select(*columns).where(scope)).all()


def _columns(
    rows: Sequence[Sequence[object]], words: dict[str, tuple[str, ...]]
) -> "tuple[NDArray[np.int64], dict[str, NDArray[np.int32]]]":
    """Return the rows' numbers and their columns; ``words`` grows by the words that are new."""
    ids, *found = zip(*rows, strict=True) if rows else [()] * (1 + len(_NUMBERS) + len(_WORDS))
    values = {}
    for name, column in zip((*_NUMBERS, *_WORDS), found, strict=True):
        if name in words:
            codes = {word: code for code, word in enumerate(words[name])}
            numbers: Iterable[int] = [codes.setdefault(word, len(codes)) for word in column]
            words[name] = tuple(codes)
        else:
            # Nobody's number is 0.
            numbers = [value or 0 for value in column]
        values[name] = np.fromiter(numbers, np.int32, len(ids))
    return np.fromiter(ids, np.int64, len(ids)), values
