"""Progress that a person can read: a moving line on a terminal, a plain one every ten seconds elsewhere."""

import time
from collections import Counter, deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from claimcheck.scan.checking import CheckEvent
from claimcheck.scan.summary import page_states, verdicts
from claimcheck.store.models import ScanRow
from claimcheck.store.open import Store

if TYPE_CHECKING:
    from rich.status import Status

__all__ = ["ScanProgress", "time_words"]

TERMINAL_SECONDS = 1.0
PLAIN_SECONDS = 10.0
# The rate is that of the last minutes: a slow start (models loading, a first site that is slow) fades out.
RATE_SECONDS = 300.0
VERDICTS = ("contradicted", "overstated", "unverified", "supported")


class ScanProgress:
    """Shows how a run goes on; a ``Watch`` of the engine. Counts begin at what the store holds already."""

    def __init__(
        self,
        store: Store,
        run_id: int,
        *,
        stream: TextIO,
        is_quiet: bool = False,
        on_failure: Callable[[CheckEvent], None] = lambda _event: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._run_id = store, run_id
        self._stream, self._is_quiet, self._on_failure, self._clock = stream, is_quiet, on_failure, clock
        self._labels: Counter[str] = Counter()
        self._claims = 0
        self._words = "starting"
        self._done: deque[float] = deque()
        self._shown = 0.0
        self._begun = clock()
        self._status: Status | None = None
        self.stopping = False

    def __enter__(self) -> Self:
        with self._store.session() as session:
            self._labels.update(verdicts(session, self._run_id))
        if not self._is_quiet and self._stream.isatty():
            from rich.console import Console

            self._status = Console(file=self._stream).status("", spinner="line")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def stop(self) -> None:
        """Ask the scan to stop at the next chance."""
        self.stopping = True

    def phase(self, words: str) -> None:
        """Take note of what is done now, and say so."""
        self._words = words
        if words == "checking":
            self._begun = self._clock()
        self._show()

    def taken_in(self, count: int) -> None:
        """Take note of how many saved pages are in the archive."""
        self._words = f"taking pages in: {count:,}"
        self.tick()

    def checked(self, event: CheckEvent) -> None:
        """Take note of a page that was checked or failed."""
        now = self._clock()
        self._done.append(now)
        while self._done[0] < now - RATE_SECONDS:
            self._done.popleft()
        self._labels.update(event.new_labels)
        self._claims += event.claims
        if event.failure is not None:
            self._on_failure(event)

    def tick(self) -> None:
        """Show a line when the last one is old enough."""
        wait = TERMINAL_SECONDS if self._status is not None else PLAIN_SECONDS
        if self._clock() - self._shown >= wait:
            self._show()

    def line(self) -> str:
        """Return how far the run is, in one line."""
        with self._store.session() as session:
            states = page_states(session, self._run_id)
            sites, finished = self._sites(session)
        if not states:
            return self._words
        waiting = sum(states.get(state, 0) for state in ("queued", "captured", "fetched"))
        parts = [
            f"{self._words}: {finished:,} of {_count(sites, 'site')} done",
            f"pages {sum(states.values()):,} found, {waiting:,} to do, {states.get('checked', 0):,} checked, "
            f"{sum(states.get(s, 0) for s in ('duplicate', 'refused', 'failed')):,} not to be checked",
            f"{_count(sum(self._labels.values()), 'finding')}"
            + "".join(f", {self._labels[label]:,} {label}" for label in VERDICTS[:2] if self._labels[label]),
        ]
        rate = self._rate()
        if rate:
            parts.append(f"{rate:.1f} pages/s" if rate >= 1 else f"{rate * 60:.1f} pages/min")
            if waiting:
                parts.append(f"about {time_words(waiting / rate)} left")
        return " · ".join(parts)

    def _sites(self, session: object) -> tuple[int, int]:
        import sqlalchemy as sa
        from sqlalchemy.orm import Session

        assert isinstance(session, Session)  # noqa: S101 - for the type checker
        query = sa.select(ScanRow.state, sa.func.count()).where(ScanRow.run_id == self._run_id)
        found = {row[0]: row[1] for row in session.execute(query.group_by(ScanRow.state))}
        return sum(found.values()), found.get("finished", 0)

    def _rate(self) -> float:
        since = max(self._begun, self._clock() - RATE_SECONDS)
        seconds = self._clock() - since
        return len(self._done) / seconds if seconds > 0 else 0.0

    def _show(self) -> None:
        self._shown = self._clock()
        if self._is_quiet:
            return
        line = self.line()
        if self._status is not None:
            from rich.text import Text

            self._status.update(Text(line))
        else:
            self._stream.write(f"claimcheck: {line}\n")
            self._stream.flush()


def time_words(seconds: float) -> str:
    """Return a time as people say it: 40 s, 12 min, 3 h 20 min, 2 days 4 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} days {hours % 24} h"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
