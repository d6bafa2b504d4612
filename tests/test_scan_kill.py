"""kill -9 at random moments: a scan that is resumed ends as one that was never stopped."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from claimcheck.scan.dump import dump
from claimcheck.store import open_store
from claimcheck.store.models import PageRow
from scan_program import checked_pages, scan
from scan_sites import write_site

pytest.importorskip("warcio", reason="warcio is not installed (extra scan)")

HERE = Path(__file__).parent
KILLS = 3


def start(store, folder, workers):
    """Start the scan in a session of its own, so that nothing but it is killed."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    command = [sys.executable, HERE / "scan_program.py", store, folder, str(workers), "0.04"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def kill_when_it_has_done(process, path, pages):
    end = time.monotonic() + 60
    while process.poll() is None and checked_pages(path) < pages and time.monotonic() < end:
        time.sleep(0.01)
    is_running = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait(20)
    process.stderr.close()
    return is_running


@pytest.mark.parametrize("seed", [11])
def test_killed_at_random_moments_and_resumed_equals_unbroken(tmp_path, seed):
    folder = write_site(tmp_path / "site", 16, seed=seed, trouble=("bad/bug.html", "bad/nested.html"))
    whole = open_store(str(tmp_path / "whole.db"))
    _, outcome = scan(whole, folder)
    assert outcome.is_finished
    expected = list(dump(whole))
    whole.close()

    rng = random.Random(seed)  # noqa: S311 - moments, no secrets
    path = tmp_path / "killed.db"
    moments = sorted(rng.sample(range(1, 17), KILLS))
    kills = sum(kill_when_it_has_done(start(str(path), folder, 1), path, moment) for moment in moments)
    assert kills == KILLS
    last = start(str(path), folder, 1)
    _, errors = last.communicate(timeout=60)
    assert last.returncode == 0, errors.decode()
    killed = open_store(str(path), create=False)
    found = list(dump(killed))
    killed.close()
    assert found == expected


def test_killed_while_pages_are_taken_in_loses_and_repeats_none(tmp_path):
    folder = write_site(tmp_path / "site", 60)
    path = tmp_path / "killed.db"
    process = start(str(path), folder, 1)
    end = time.monotonic() + 60
    while not list((tmp_path / "killed.db.archive" / "warc").glob("*.gz")) and time.monotonic() < end:
        time.sleep(0.005)
    process.kill()
    process.wait(20)
    process.stderr.close()
    store = open_store(str(path))
    _, outcome = scan(store, folder)
    assert outcome.is_finished
    with store.session() as session:
        urls = session.scalars(sa.select(PageRow.url).where(PageRow.state == "checked")).all()
    store.close()
    assert len(urls) == len(set(urls)) == 61
