"""The Ray engine on a local cluster of two workers: the same store as the local engine, also when a worker is killed.

Ray runs in a program of its own: it warns of things that are not ours, and its workers must not outlive a test.
"""

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from claimcheck.scan.dump import dump
from claimcheck.store import open_store
from scan_program import scan
from scan_sites import write_site

pytestmark = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed (extra ray)")
HERE = Path(__file__).parent
SECONDS = 240
# Digits hang on the company a claim is judged in, and a cluster keeps no order.
DIGITS = ("confidence", "probabilities")


def start(*arguments, **options):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    environment.pop("RAY_ADDRESS", None)
    command = [sys.executable, HERE / "ray_program.py", *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, **options)


def content(store):
    rows = [json.loads(line) for line in dump(store)]
    return [{name: value for name, value in row.items() if name not in DIGITS} for row in rows]


def below(root):
    """Return the processes below one, as (id, command line)."""
    children = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            name = (stat.parent / "cmdline").read_text()
        except OSError:
            continue
        children.setdefault(parent, []).append((int(stat.parent.name), name))
    found, waiting = [], [root]
    while waiting:
        for pid, name in children.get(waiting.pop(), []):
            waiting.append(pid)
            found.append((pid, name))
    return found


def actors_of(root):
    """Return the processes that hold models, by Ray's name for them."""
    return [pid for pid, name in below(root) if name.startswith("ray::") and "PageActor" in name]


def end(process):
    """End a program and all that Ray started for it, which would outlive it for a while."""
    family = [pid for pid, _ in below(process.pid)]
    process.kill()
    process.wait(20)
    for pid in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()


def _skip_without_a_cluster(errors):
    # Ray gives its own processes 30 seconds to start, too few on a machine that is busy; nothing of ours has run then.
    if "Ray did not start" in errors:
        pytest.skip("Ray's own processes did not start in the 30 seconds that Ray allows; the machine is too busy")


def test_one_result_a_page_after_a_worker_is_killed(tmp_path):
    folder = write_site(tmp_path / "site", 96, trouble=("bad/bug.html", "bad/nested.html", "bad/judge.html"))
    local = open_store(str(tmp_path / "local.db"))
    scan(local, folder)
    process = start("store", tmp_path / "ray.db", folder, stdout=subprocess.PIPE)
    try:
        # The first page is recorded while others are at work.
        first = next((line for line in process.stdout if line.startswith("file:")), "")
        if not first:
            errors = process.stderr.read()
            _skip_without_a_cluster(errors)
            pytest.fail(errors)
        actors = actors_of(process.pid)
        assert actors
        os.kill(actors[0], signal.SIGKILL)
        out, errors = process.communicate(timeout=SECONDS)
    finally:
        end(process)
    _skip_without_a_cluster(errors)
    assert process.returncode == 0, errors
    # Ray says things of its own there too.
    told = Counter(line for line in (first + out).splitlines() if line.startswith("file:"))
    assert max(told.values()) == 1
    assert len(told) == 100
    cluster = open_store(str(tmp_path / "ray.db"), create=False)
    assert content(cluster) == content(local)
    cluster.close()
    local.close()


def test_warc_files_become_one_row_a_page_in_parquet(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed (extra scan)")
    from claimcheck.capture import ArchiveWriter, Exchange
    from claimcheck.store.models import utc_now

    with ArchiveWriter(tmp_path / "archive", 1) as writer:
        for number in range(40):
            body = (
                f"<title>T</title><p>Green tea number {number} cures headaches, as all of our guests know.</p>".encode()
            )
            headers = (("Content-Type", "text/html"),)
            status = 404 if number == 7 else 200
            url = f"http://a.example/{number}"
            writer.capture(Exchange(url, status, "", headers, b"" if number == 9 else body, utc_now()))
    process = start("warcs", tmp_path / "parts", *(tmp_path / "archive" / "warc").glob("*.gz"))
    try:
        _, errors = process.communicate(timeout=SECONDS)
    finally:
        end(process)
    _skip_without_a_cluster(errors)
    assert process.returncode == 0, errors
    rows = parquet.read_table(tmp_path / "parts").to_pylist()
    assert sorted(row["url"] for row in rows) == sorted(f"http://a.example/{number}" for number in range(40))
    assert {row["reason"] for row in rows if row["state"] == "failed"} == {"http-404", "empty"}
    one = next(row for row in rows if row["url"].endswith("/3"))
    (claim,) = json.loads(one["claims"])
    place = claim["places"][0]
    assert one["text"][place["start"] : place["end"]].strip() == claim["text"]
    assert claim["label"] == "contradicted"
