"""A scan of a folder with the word checker, as a program that tests can kill: STORE FOLDER WORKERS DELAY."""

import sys
from pathlib import Path

import sqlalchemy as sa

from claimcheck.scan.checking import CheckLimits
from claimcheck.scan.engine import ScanPlan, run_scan
from claimcheck.scan.inputs import ScanInputs
from claimcheck.scan.runs import open_run
from claimcheck.store import open_store
from claimcheck.store.models import PageRow
from fake_checker import WordLoader


class Silent:
    """A watch that shows nothing and never stops a scan."""

    stopping = False

    def phase(self, words):
        pass

    def taken_in(self, count):
        pass

    def checked(self, event):
        pass

    def tick(self):
        pass


def scan(store, folder, *, workers=0, delay=0.0, watch=None, limits=None, engine="local"):
    """Scan a folder into an open store; an unfinished scan of it goes on."""
    inputs = ScanInputs("folder", folder=folder)
    run = open_run(store, inputs, {})
    limits = limits or CheckLimits(claims_a_batch=6, pages=8)
    load = WordLoader(store.archive, delay=delay)
    plan = ScanPlan(store, "", run.id, inputs, None, load, workers, engine=engine, limits=limits)
    return run, run_scan(plan, watch or Silent())


def checked_pages(path):
    """Return how many pages of a SQLite store are done, 0 while there is none; the store is not brought up to date."""
    if not path.exists():
        return 0
    try:
        engine = sa.create_engine(f"sqlite:///{path}")
        with engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.count()).where(PageRow.state.in_(["checked", "failed"])))
    except sa.exc.OperationalError:
        return 0
    finally:
        engine.dispose()


if __name__ == "__main__":
    url, folder, workers, delay = sys.argv[1:]
    opened = open_store(url)
    _, outcome = scan(opened, Path(folder), workers=int(workers), delay=float(delay))
    opened.close()
    sys.exit(0 if outcome.is_finished else 1)
