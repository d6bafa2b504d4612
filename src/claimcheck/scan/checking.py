"""Checking captured pages in batches: read side by side, judged together, recorded one by one in their order.

Pages are read by workers while others' claims are judged. Claims that no version-mate has judged gather in batches of a
fixed size, cut at the end of each level of a site: a batch holds the same claims however often the scan was stopped,
because models that scale activations over a batch would else give other digits after a resume.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from claimcheck.errors import UsageError
from claimcheck.records import Claim, Verdict
from claimcheck.scan.feed import PageFeed
from claimcheck.scan.record import (
    JudgedClaims,
    KnownClaim,
    record_failure,
    record_judgements,
    record_page,
    record_version,
)
from claimcheck.scan.work import Judged, JudgeJob, PageTask, PreparedPage, Unreadable, claim_key
from claimcheck.scan.workers import Workers
from claimcheck.store.models import ScanRow
from claimcheck.store.open import Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["JUDGING_FAILED", "BatchChecker", "CheckEvent", "CheckLimits", "take_version"]

# How often the store is asked for new pages while a crawl brings none.
ASK_SECONDS = 1.0
JUDGING_FAILED = "A claim of this page cannot be judged: claimcheck failed on it; please report it with the log"


@dataclass(frozen=True, slots=True)
class CheckLimits:
    """What is held in memory at a time.

    A batch of 32 claims is 160 pairs and more to read, twenty times a model's own batch of 8.
    """

    claims_a_batch: int = 32
    pages: int = 32
    characters: int = 8_000_000


@dataclass(frozen=True, slots=True)
class CheckEvent:
    """A page that was done: its different claims and the labels of findings new to its scan, or why it failed."""

    scan_id: int
    url: str
    claims: int = 0
    new_labels: tuple[str, ...] = ()
    failure: Unreadable | None = None


@dataclass(slots=True)
class _Slot:
    """A page on its way: ``missing`` are the keys of its claims that are not judged yet."""

    task: PageTask
    outcome: PreparedPage | Unreadable | None = None
    is_admitted: bool = False
    known: dict[str, KnownClaim] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Batch:
    keys: list[str] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    vectors: "list[NDArray[np.float32]]" = field(default_factory=list)
    level: tuple[int, int] = (0, 0)


class BatchChecker:
    """Checks the fetched pages of a run with the workers that it is given."""

    def __init__(
        self,
        store: Store,
        run_id: int,
        workers: Workers,
        *,
        limits: CheckLimits | None = None,
        tell: Callable[[CheckEvent], None] | None = None,
    ) -> None:
        """Take the workers' version for the run's scans.

        :raises UsageError: when a scan of the run was begun with other models or evidence.
        """
        self._store = store
        self._workers = workers
        self._limits = limits or CheckLimits()
        self._tell = tell or (lambda _event: None)
        self._feed = PageFeed(store, run_id)
        self.version_id = take_version(store, run_id, workers.versions)
        self._judged = JudgedClaims(self.version_id)
        self._slots: deque[_Slot] = deque()
        self._by_page: dict[int, _Slot] = {}
        self._open = _Batch()
        self._sent: dict[int, JudgeJob] = {}
        self._pending: set[str] = set()
        self._broken: dict[str, str] = {}
        self._number = 0
        self._is_dry = False
        self._ask_again = 0.0

    def step(self, timeout: float) -> bool:
        """Do what can be done now, waiting up to ``timeout`` seconds for workers; False when nothing is in hand."""
        self._take_pages()
        if not self._slots:
            return False
        for done in self._workers.done(timeout):
            if isinstance(done, Judged):
                self._record_judged(done)
            else:
                self._by_page[done.page_id].outcome = done
        self._admit()
        self._record_ready()
        return True

    def _take_pages(self) -> None:
        if self._is_dry and self._slots and time.monotonic() < self._ask_again:
            return
        self._is_dry = False
        held = sum(len(s.outcome.text) for s in self._slots if isinstance(s.outcome, PreparedPage))
        while len(self._slots) < self._limits.pages and held < self._limits.characters:
            task = self._feed.next()
            if task is None:
                self._is_dry = True
                self._ask_again = time.monotonic() + ASK_SECONDS
                return
            slot = _Slot(task)
            self._slots.append(slot)
            self._by_page[task.page_id] = slot
            self._workers.submit(task)

    def _admit(self) -> None:
        """Put the claims of pages that were read into batches, in the pages' order."""
        for slot in self._slots:
            if slot.is_admitted:
                continue
            if slot.outcome is None:
                return
            level = (slot.task.scan_id, slot.task.depth)
            if level != self._open.level:
                self._send_open()
                self._open.level = level
            slot.is_admitted = True
            if isinstance(slot.outcome, PreparedPage):
                self._admit_claims(slot, slot.outcome)
        # A batch that is not full goes off when nothing more can fill it: no page is left, or all places are taken by
        # pages that wait for this very batch.
        if self._is_dry or not self._sent:
            self._send_open()

    def _admit_claims(self, slot: _Slot, page: PreparedPage) -> None:
        keys = [claim_key(claim.text) for claim in page.claims]
        with self._store.session() as session:
            slot.known = self._judged.find(session, [key for key in keys if key not in self._pending])
        for key, claim, vector in zip(keys, page.claims, page.vectors, strict=True):
            if key in slot.known:
                continue
            slot.missing.add(key)
            if key in self._pending or key in self._broken:
                continue
            self._pending.add(key)
            self._open.keys.append(key)
            self._open.claims.append(claim)
            self._open.vectors.append(vector)
            if len(self._open.keys) >= self._limits.claims_a_batch:
                self._send_open()

    def _send_open(self) -> None:
        import numpy as np

        if not self._open.keys:
            return
        self._number += 1
        batch, self._open = self._open, _Batch(level=self._open.level)
        job = JudgeJob(self._number, tuple(batch.claims), np.stack(batch.vectors))
        self._sent[job.number] = job
        self._workers.submit(job)

    def _record_judged(self, judged: Judged) -> None:
        job = self._sent.pop(judged.number)
        keys = [claim_key(claim.text) for claim in job.claims]
        verdicts = {i: verdict for i, verdict in enumerate(judged.verdicts) if isinstance(verdict, Verdict)}
        rows = list(verdicts)
        with self._store.session() as session:
            claims = [job.claims[i] for i in rows]
            record_judgements(session, self.version_id, claims, job.vectors[rows], list(verdicts.values()))
        with self._store.session() as session:
            known = self._judged.find(session, [keys[i] for i in rows])
        self._broken |= {keys[i]: str(text) for i, text in enumerate(judged.verdicts) if i not in verdicts}
        self._pending -= set(keys)
        self._give(known)

    def _give(self, known: Mapping[str, KnownClaim]) -> None:
        for slot in self._slots:
            for key in slot.missing & known.keys():
                slot.known[key] = known[key]
            slot.missing -= known.keys()

    def _record_ready(self) -> None:
        while self._slots and self._slots[0].is_admitted:
            slot = self._slots[0]
            if slot.missing - self._broken.keys():
                return
            self._slots.popleft()
            del self._by_page[slot.task.page_id]
            self._record(slot)
            self._feed.finished(slot.task.page_id)

    def _record(self, slot: _Slot) -> None:
        outcome = slot.outcome
        broken = [self._broken[key] for key in sorted(slot.missing)]
        if broken:
            outcome = Unreadable(slot.task.page_id, "internal-error", JUDGING_FAILED, broken[0])
        with self._store.session() as session:
            if isinstance(outcome, PreparedPage):
                recorded = record_page(session, outcome, slot.known)
            elif outcome is not None:
                record_failure(session, outcome)
        if isinstance(outcome, PreparedPage):
            if recorded is not None:
                self._tell(CheckEvent(slot.task.scan_id, slot.task.url, recorded.claims, recorded.new_labels))
        else:
            self._tell(CheckEvent(slot.task.scan_id, slot.task.url, failure=outcome))


def take_version(store: Store, run_id: int, versions: Mapping[str, object]) -> int:
    """Note what judges the scans of a run, and return the id of its row.

    :raises UsageError: when a scan of the run was begun with other models or evidence.
    """
    import sqlalchemy as sa

    with store.session() as session:
        version_id = record_version(session, versions)
        of_run = sa.update(ScanRow).where(ScanRow.run_id == run_id, ScanRow.version_id.is_(None))
        session.execute(of_run.values(version_id=version_id))
        others = sa.select(ScanRow.id).where(ScanRow.run_id == run_id, ScanRow.version_id != version_id)
        if session.scalars(others.limit(1)).first() is not None:
            raise UsageError(
                "the unfinished scan was begun with other models, evidence or settings; give the same ones, or --new"
            )
    return version_id
