"""The log of a run: what failed while it ran, with tracebacks, and in the end every page not checked and why."""

from datetime import UTC, datetime
from pathlib import Path

from claimcheck.errors import UsageError
from claimcheck.report.shown import one_line
from claimcheck.scan.checking import CheckEvent
from claimcheck.scan.summary import unchecked_pages
from claimcheck.store.open import Store

__all__ = ["RunLog"]


class RunLog:
    """Adds lines to a log file; what comes from pages is made fit for a terminal first."""

    def __init__(self, path: Path) -> None:
        """Open the log.

        :raises UsageError: when the file cannot be written.
        """
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8"):
                pass
        except OSError as error:
            raise UsageError(f"{path}: the log cannot be written ({error.strerror}); choose another --log") from error

    def note(self, *parts: str, trace: str = "") -> None:
        """Add a line of tab-separated parts after the time, and a traceback below it."""
        line = "\t".join([datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), *map(one_line, parts)])
        below = "".join(f"    {one_line(row)}\n" for row in trace.splitlines())
        with self.path.open("a", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(f"{line}\n{below}")

    def failed(self, event: CheckEvent) -> None:
        """Add a page on which claimcheck itself failed; other failures are listed in the end."""
        if event.failure is not None and event.failure.traceback:
            failure = event.failure
            self.note("trouble", failure.reason, event.url, failure.detail, trace=failure.traceback)

    def end(self, store: Store, run_id: int) -> int:
        """Add every page that was not checked, with its reason; return how many there are."""
        count = 0
        self.note("pages not checked", f"run {run_id}", "site", "state", "reason", "address", "detail")
        with store.session() as session:
            for page in unchecked_pages(session, run_id):
                self.note("not checked", page.host, page.state, page.reason or "-", page.url, page.detail)
                count += 1
        return count
