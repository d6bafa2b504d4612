"""Worker processes that read pages and judge claims, each with its own models; one that dies or hangs is replaced.

A page that kills its worker (a PDF that crashes the reader, memory run out) or keeps it for minutes costs that page
alone. The standard library's process pool breaks as a whole when a worker dies and cannot end one that hangs, hence
this one: a worker has one job at a time, and the parent knows which.
"""

import contextlib
import multiprocessing
import signal
import time
import traceback
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Protocol

from claimcheck.errors import ClaimcheckError, DamagedDataError
from claimcheck.scan.work import Judged, JudgeJob, PageTask, PreparedPage, Unreadable, WorkLoader

__all__ = ["Done", "InlineWorkers", "Job", "ProcessWorkers", "Workers"]

Job = PageTask | JudgeJob
Done = PreparedPage | Unreadable | Judged

# The slowest page of the examples takes 0.2 s; a page at the limit of 4,000,000 characters about a minute.
PAGE_SECONDS = 180.0
LOAD_SECONDS = 120.0
# A batch of claims takes some seconds; killed workers leave behind locks that Python complains of.
CLOSE_SECONDS = 10.0
# A worker may also die of what is no fault of its page (the machine's memory, an operator): each job has two tries.
TRIES = 2


class Workers(Protocol):
    """Does jobs, in any order."""

    @property
    def versions(self) -> Mapping[str, object]:
        """What judges, as a report has it."""
        ...

    @property
    def size(self) -> int:
        """How many jobs are done at a time."""
        ...

    def submit(self, job: Job) -> None:
        """Take a job."""
        ...

    def done(self, timeout: float) -> list[Done]:
        """Return what was done since the last call, waiting for the first up to ``timeout`` seconds."""
        ...

    def close(self) -> None:
        """Stop; jobs in hand are dropped."""
        ...


class InlineWorkers:
    """Does each job in this process, when its result is asked for."""

    size = 1

    def __init__(self, load: WorkLoader) -> None:
        self._work = load()
        self._jobs: deque[Job] = deque()

    @property
    def versions(self) -> Mapping[str, object]:
        """What judges, as a report has it."""
        return self._work.versions

    def submit(self, job: Job) -> None:
        """Take a job."""
        self._jobs.append(job)

    def done(self, timeout: float) -> list[Done]:
        """Do one job and return its result."""
        if not self._jobs:
            return []
        job = self._jobs.popleft()
        return [self._work.judge(job) if isinstance(job, JudgeJob) else self._work.prepare(job)]

    def close(self) -> None:
        """Drop what was not done."""
        self._jobs.clear()


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    is_ready: bool = False
    job: Job | None = None
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class _Ready:
    versions: Mapping[str, object] = field(default_factory=dict)


class ProcessWorkers:
    """The default: ``count`` processes, started anew rather than forked, since models hold threads."""

    def __init__(self, load: WorkLoader, count: int, *, page_seconds: float = PAGE_SECONDS) -> None:
        """Start the workers and wait until the first has loaded.

        :raises ClaimcheckError: what loading raised (UsageError, DamagedDataError), or that it took too long.
        """
        self._load = load
        self._page_seconds = page_seconds
        self._context = multiprocessing.get_context("spawn")
        self._jobs: deque[Job] = deque()
        self._tries: dict[int, int] = {}
        self._ready: list[Done] = []
        self._versions: Mapping[str, object] | None = None
        self._failed_loads = 0
        self._workers = [self._start() for _ in range(count)]
        self.size = count
        try:
            self._wait_for_versions()
        except BaseException:
            self.close()
            raise

    @property
    def versions(self) -> Mapping[str, object]:
        """What judges, as a report has it."""
        return self._versions or {}

    def submit(self, job: Job) -> None:
        """Take a job; batches of claims go before pages, which wait for them."""
        if isinstance(job, JudgeJob):
            self._jobs.appendleft(job)
        else:
            self._jobs.append(job)
        self._hand_out()

    def done(self, timeout: float) -> list[Done]:
        """Return what was done since the last call, waiting for the first up to ``timeout`` seconds.

        :raises ClaimcheckError: when workers die of every batch, or cannot load.
        """
        self._collect(0 if self._ready else timeout)
        ready, self._ready = self._ready, []
        return ready

    def close(self) -> None:
        """End every worker."""
        for worker in self._workers:
            # Its end of the pipe closes, which ends it after the job in hand.
            worker.pipe.close()
        end = time.monotonic() + CLOSE_SECONDS
        for worker in self._workers:
            worker.process.join(max(0.0, end - time.monotonic()))
            self._end(worker)
        self._workers = []

    @property
    def processes(self) -> list[BaseProcess]:
        """The processes that are at work."""
        return [worker.process for worker in self._workers]

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._load), name="claimcheck-worker", daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours, since=time.monotonic())

    def _wait_for_versions(self) -> None:
        end = time.monotonic() + LOAD_SECONDS
        while self._versions is None:
            if time.monotonic() > end:
                raise DamagedDataError(f"the models did not load within {LOAD_SECONDS:.0f} s; check models and memory")
            self._collect(1.0)

    def _collect(self, timeout: float) -> None:
        by_pipe = {worker.pipe: worker for worker in self._workers}
        for pipe in wait(list(by_pipe), timeout):
            worker = by_pipe[pipe]  # type: ignore[index]  # wait returns what it was given
            try:
                message = worker.pipe.recv()
            except (EOFError, OSError):
                self._replace(worker, "reader-crashed", "reading this page ended the reader (crash or memory)")
                continue
            self._take(worker, message)
        for worker in list(self._workers):
            if isinstance(worker.job, PageTask) and time.monotonic() - worker.since > self._page_seconds:
                detail = f"reading the page took longer than {self._page_seconds:g} s"
                self._replace(worker, "too-slow", detail, is_final=True)
        self._hand_out()

    def _take(self, worker: _Worker, message: Done | _Ready | ClaimcheckError) -> None:
        if isinstance(message, ClaimcheckError):
            raise message
        if isinstance(message, _Ready):
            worker.is_ready, self._versions, self._failed_loads = True, message.versions, 0
            return
        if worker.job is not None:
            self._tries.pop(_number(worker.job), None)
        worker.job = None
        self._ready.append(message)

    def _replace(self, worker: _Worker, reason: str, detail: str, *, is_final: bool = False) -> None:
        """Put a new worker in the place of one that died; its job is tried again or given up."""
        job = worker.job
        if not worker.is_ready:
            self._failed_loads += 1
            if self._versions is None or self._failed_loads > TRIES:
                raise DamagedDataError("a worker ended while it loaded the models; check that there is memory for them")
        self._end(worker)
        self._workers[self._workers.index(worker)] = self._start()
        if job is None:
            return
        tries = self._tries[_number(job)] = self._tries.get(_number(job), 0) + 1
        if tries < TRIES and not is_final:
            self._jobs.appendleft(job)
        elif isinstance(job, PageTask):
            self._ready.append(Unreadable(job.page_id, reason, detail))
        else:
            trouble = "judging these claims ended the worker twice (crash or memory)\n"
            self._ready.append(Judged(job.number, (trouble,) * len(job.claims)))

    def _hand_out(self) -> None:
        for worker in self._workers:
            # One that is still loading gets none: the time a page may take would run meanwhile.
            if worker.is_ready and worker.job is None and self._jobs:
                worker.job, worker.since = self._jobs.popleft(), time.monotonic()
                # A worker that has just died is found out when its pipe is read.
                with contextlib.suppress(OSError):
                    worker.pipe.send(worker.job)

    @staticmethod
    def _end(worker: _Worker) -> None:
        worker.process.kill()
        worker.process.join(10)
        worker.pipe.close()


def _number(job: Job) -> int:
    """Return a number that no other job has: pages count up from 1, batches down from -1."""
    return job.page_id if isinstance(job, PageTask) else -job.number - 1


def _serve(pipe: Connection, load: WorkLoader) -> None:
    """Do jobs until the pipe closes, as it does when the parent ends, in whatever way."""
    # Ctrl-C goes to every process of a terminal; the parent decides when workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, OSError):
        try:
            work = load()
            pipe.send(_Ready(dict(work.versions)))
        except ClaimcheckError as error:
            pipe.send(_plain(error))
            return
        except Exception as error:
            trace = traceback.format_exc(limit=-3)
            pipe.send(DamagedDataError(f"a worker cannot load the models ({error}): {trace}"))
            return
        while True:
            job = pipe.recv()
            pipe.send(work.judge(job) if isinstance(job, JudgeJob) else work.prepare(job))


def _plain(error: ClaimcheckError) -> ClaimcheckError:
    """Return the error as one that can be sent: those of sources take two arguments, which pickling does not know."""
    plain = ClaimcheckError(str(error))
    plain.exit_status = error.exit_status
    return plain
