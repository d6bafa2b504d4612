"""A run begun, or an unfinished one of the same call found and taken up again."""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimcheck.errors import UsageError
from claimcheck.scan.inputs import ScanInputs, SiteInput
from claimcheck.store.models import RunRow, ScanRow, SiteRow
from claimcheck.store.open import Store

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["OpenRun", "open_run", "run_lock", "scan_of"]


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run that is going on; ``is_resumed`` says that an earlier call began it."""

    id: int
    is_resumed: bool


def open_run(store: Store, inputs: ScanInputs, options: Mapping[str, Any], *, is_new: bool = False) -> OpenRun:
    """Return the unfinished run with the same inputs and options, or a new one with its sites and first pages queued.

    ``options`` are those that change what is found; how fast it is found (threads, engine) is no part of a call's name.
    """
    import sqlalchemy as sa

    arguments = {"input": inputs.kind, "inputs": inputs.names(), **options}
    wanted = json.dumps(arguments, sort_keys=True)
    with store.session() as session:
        unfinished = session.scalars(sa.select(RunRow).where(RunRow.finished_at.is_(None)).order_by(RunRow.id.desc()))
        for run in [] if is_new else unfinished:
            if json.dumps(run.arguments, sort_keys=True) == wanted:
                return OpenRun(run.id, is_resumed=True)
        run = RunRow(arguments=arguments)
        session.add(run)
        session.flush()
        for site in inputs.sites:
            _seed(session, run.id, site)
        return OpenRun(run.id, is_resumed=False)


@contextmanager
def run_lock(archive: Path, run_id: int) -> Iterator[None]:
    """Hold a run for this process; the lock goes with the process, however it ends.

    :raises UsageError: when another process on this archive is at work on the run.
    """
    folder = archive / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"run-{run_id:06d}.lock").open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(
                f"another claimcheck is at work on this scan (run {run_id}); let it end, or give --new"
            ) from error
        yield


def scan_of(session: "Session", run_id: int, host: str, start_url: str, region: str = "") -> ScanRow:
    """Return a site's scan in a run; site and scan are added when they are not there."""
    import sqlalchemy as sa

    site = session.scalars(sa.select(SiteRow).where(SiteRow.host == host)).one_or_none()
    if site is None:
        site = SiteRow(host=host, start_url=start_url, region=region)
        session.add(site)
        session.flush()
    elif region and site.region != region:
        site.region = region
    of_run = sa.select(ScanRow).where(ScanRow.run_id == run_id, ScanRow.site_id == site.id)
    scan = session.scalars(of_run).one_or_none()
    if scan is None:
        scan = ScanRow(run_id=run_id, site_id=site.id)
        session.add(scan)
        session.flush()
    return scan


def _seed(session: "Session", run_id: int, site: SiteInput) -> None:
    from claimcheck.scan.crawl import seed_scan

    scan = scan_of(session, run_id, site.host, site.urls[0], site.region)
    seed_scan(session, scan, site.urls)
