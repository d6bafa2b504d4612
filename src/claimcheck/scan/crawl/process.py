"""The crawl in a process of its own: a page that brings down a parser there brings down nothing else."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Self

from claimcheck.errors import ClaimcheckError, UsageError
from claimcheck.scan.crawl.options import CrawlOptions

__all__ = ["STOPPED", "CrawlHandle", "crawl"]

# The child's exit status when it was asked to stop: the crawl goes on with the next call.
STOPPED = 75
_STOP_SECONDS = 15.0
_MESSAGE_BYTES = 4_000


class CrawlHandle:
    """A running crawl. Left in the middle, as a context, it is stopped; what it fetched is in the store."""

    def __init__(self, process: "subprocess.Popen[bytes]", messages: IO[bytes]) -> None:
        self._process = process
        self._messages = messages
        self._was_stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.terminate()
        self._messages.close()

    @property
    def pid(self) -> int:
        """The number of the child process."""
        return self._process.pid

    def poll(self) -> int | None:
        """Return the exit status, None while the crawl runs."""
        return self._process.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status when the crawl has ended.

        :raises TimeoutError: when it has not, after ``timeout`` seconds.
        """
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"the crawl has not ended after {timeout} s") from error

    def terminate(self) -> None:
        """Stop the crawl between two pages; killed after some seconds, it loses no more than what was in flight."""
        if self._process.poll() is None:
            self._was_stopped = True
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def check(self) -> None:
        """Return when the crawl has ended well, or was stopped.

        :raises ClaimcheckError: when it has not; a UsageError when it was called wrongly.
        """
        status = self._process.poll()
        if status in {None, 0} or self._was_stopped:
            return
        self._messages.seek(0, 2)
        self._messages.seek(max(0, self._messages.tell() - _MESSAGE_BYTES))
        said = self._messages.read().decode("utf-8", "replace").strip().splitlines()
        last = said[-1] if said else "it said nothing"
        if status == UsageError.exit_status:
            raise UsageError(last.removeprefix("claimcheck: "))
        how = f"signal {-status}" if status is not None and status < 0 else f"status {status}"
        raise ClaimcheckError(f"the crawl ended with {how} ({last}); run the same scan again, it goes on from there")


def crawl(store_url: str, archive: Path, run_id: int, options: CrawlOptions) -> CrawlHandle:
    """Start crawling the unfinished sites of a run in a child process, and return at once.

    The child ends when this process does, however it ends.
    """
    messages = TemporaryFile()
    process = subprocess.Popen([sys.executable, "-m", "claimcheck.scan.crawl"], stdin=subprocess.PIPE, stderr=messages)
    order = {"store": store_url, "archive": str(archive), "run": run_id, "options": asdict(options)}
    if process.stdin is None:
        raise AssertionError("the pipe was asked for")
    # Through the pipe: a store's address may hold a password, which the list of processes would show. The pipe stays
    # open, and its end tells the child that its parent is gone.
    process.stdin.write(json.dumps(order).encode() + b"\n")
    process.stdin.flush()
    return CrawlHandle(process, messages)
