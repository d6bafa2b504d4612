"""A scan from its inputs to a finished store: pages fetched or taken in, checked as they come, sites finished."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from claimcheck.scan.checking import BatchChecker, CheckEvent, CheckLimits
from claimcheck.scan.finish import finish_run, finish_scans
from claimcheck.scan.grouping import assign_groups
from claimcheck.scan.inputs import ScanInputs
from claimcheck.scan.intake import take_in
from claimcheck.scan.work import WorkLoader
from claimcheck.scan.workers import InlineWorkers, ProcessWorkers, Workers
from claimcheck.store.open import Store

if TYPE_CHECKING:
    from claimcheck.scan.crawl import CrawlHandle, CrawlOptions

__all__ = ["Outcome", "ScanPlan", "Watch", "run_scan"]

STEP_SECONDS = 0.5
# How often sites are looked through for those that are done.
FINISH_SECONDS = 5.0


class Watch(Protocol):
    """Is told how a scan goes on, and says when to stop."""

    @property
    def stopping(self) -> bool:
        """Whether the scan is to stop at the next chance."""
        ...

    def phase(self, words: str) -> None:
        """Take note of what is done now."""
        ...

    def taken_in(self, count: int) -> None:
        """Take note of how many saved pages are in the archive."""
        ...

    def checked(self, event: CheckEvent) -> None:
        """Take note of a page that was checked or failed."""
        ...

    def tick(self) -> None:
        """Show how far things are, when it is time to."""
        ...


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """What is scanned, into which store, and by how many workers (0: in this process); ``engine``: local or ray."""

    store: Store
    store_url: str
    run_id: int
    inputs: ScanInputs
    crawl: "CrawlOptions"
    load: WorkLoader
    workers: int
    engine: str = "local"
    limits: CheckLimits = field(default_factory=CheckLimits)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a scan ended; ``troubles`` are failures that belong to no page."""

    is_finished: bool
    troubles: tuple[str, ...] = ()


def run_scan(plan: ScanPlan, watch: Watch) -> Outcome:
    """Fetch, check and finish what is left of a run; not finished when it was stopped.

    :raises UsageError: when models or evidence are other ones than the run was begun with, or an extra is missing.
    :raises DamagedDataError: when a model or the archive is damaged.
    :raises ClaimcheckError: when the crawl ended badly; what it brought was checked.
    """
    troubles: Sequence[str] = ()
    with ExitStack() as stack:
        handle: CrawlHandle | None = None
        if plan.inputs.is_crawl:
            from claimcheck.scan.crawl import crawl

            watch.phase("reading sites")
            handle = stack.enter_context(crawl(plan.store_url, plan.store.archive, plan.run_id, plan.crawl))
        else:
            watch.phase("taking pages in")
            troubles = take_in(
                plan.store, plan.run_id, plan.inputs, tell=watch.taken_in, stopping=lambda: watch.stopping
            )
        if watch.stopping:
            return Outcome(False, tuple(troubles))
        check = _check_on_cluster if plan.engine == "ray" else _check_here
        version_id = check(plan, handle, watch)
        if handle is not None:
            if watch.stopping:
                handle.terminate()
            else:
                handle.check()
    if watch.stopping:
        return Outcome(False, tuple(troubles))
    watch.phase("grouping claims")
    assign_groups(plan.store, version_id)
    return Outcome(finish_run(plan.store, plan.run_id), tuple(troubles))


def _check_here(plan: ScanPlan, handle: "CrawlHandle | None", watch: Watch) -> int:
    with ExitStack() as stack:
        workers = _workers(plan)
        stack.callback(workers.close)
        checker = BatchChecker(plan.store, plan.run_id, workers, limits=plan.limits, tell=watch.checked)
        watch.phase("checking")
        _check_all(plan, checker, handle, watch)
        return checker.version_id


def _check_on_cluster(plan: ScanPlan, handle: "CrawlHandle | None", watch: Watch) -> int:
    """Check on a Ray cluster, once every page is in: a cluster is not kept waiting for slow sites."""
    from claimcheck.scan.ray_engine import check_with_ray

    while handle is not None and handle.poll() is None and not watch.stopping:
        watch.tick()
        time.sleep(STEP_SECONDS)
    watch.phase("checking")

    def tell(event: CheckEvent) -> None:
        watch.checked(event)
        watch.tick()

    workers = max(plan.workers, 1)
    version_id = check_with_ray(
        plan.store, plan.run_id, plan.load, workers=workers, tell=tell, stopping=lambda: watch.stopping
    )
    if not watch.stopping:
        finish_scans(plan.store, plan.run_id)
    return version_id


def _check_all(plan: ScanPlan, checker: BatchChecker, handle: "CrawlHandle | None", watch: Watch) -> None:
    looked = time.monotonic()
    while not watch.stopping:
        # Asked before the step: pages that come between the two are found by the next step.
        is_crawling = handle is not None and handle.poll() is None
        is_busy = checker.step(STEP_SECONDS)
        watch.tick()
        if time.monotonic() - looked > FINISH_SECONDS:
            finish_scans(plan.store, plan.run_id)
            looked = time.monotonic()
        if is_busy:
            continue
        if not is_crawling:
            break
        time.sleep(STEP_SECONDS)
    if not watch.stopping:
        finish_scans(plan.store, plan.run_id)


def _workers(plan: ScanPlan) -> Workers:
    if plan.workers == 0:
        return InlineWorkers(plan.load)
    return ProcessWorkers(plan.load, plan.workers)
