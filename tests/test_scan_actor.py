"""What an actor of the Ray engine does, without Ray: pages by reference or with their bodies, recorded once."""

import json
import pickle

import pytest

from claimcheck.capture import Exchange
from claimcheck.scan.checking import take_version
from claimcheck.scan.dump import dump
from claimcheck.scan.finish import finish_run, finish_scans
from claimcheck.scan.grouping import assign_groups
from claimcheck.scan.inputs import ScanInputs
from claimcheck.scan.intake import take_in
from claimcheck.scan.ray_engine import PageActor, _columns, _pages_of_warc, _record, _write_references
from claimcheck.scan.record import JudgedClaims
from claimcheck.scan.runs import open_run
from claimcheck.store import open_store
from claimcheck.store.models import utc_now
from fake_checker import VERSIONS, WordLoader
from scan_program import scan
from scan_sites import write_site

pytest.importorskip("pyarrow", reason="pyarrow is not installed (extra scan)")
# Digits hang on the company a claim is judged in, and a cluster keeps no order.
DIGITS = ("confidence", "probabilities")


def content(store):
    rows = [json.loads(line) for line in dump(store)]
    return [{name: value for name, value in row.items() if name not in DIGITS} for row in rows]


def test_results_that_come_twice_and_in_any_order_are_one_a_page(tmp_path):
    folder = write_site(tmp_path / "site", 40, trouble=("bad/bug.html", "bad/nested.html", "bad/judge.html"))
    local = open_store(str(tmp_path / "local.db"))
    scan(local, folder)
    store = open_store(str(tmp_path / "cluster.db"))
    inputs = ScanInputs("folder", folder=folder)
    run = open_run(store, inputs, {})
    take_in(store, run.id, inputs)
    version_id = take_version(store, run.id, VERSIONS)
    files = _write_references(store, run.id, tmp_path, 2)
    assert len(files) == 3
    actors = [PageActor(WordLoader(store.archive)), PageActor(WordLoader(store.archive))]
    results = [data for actor in actors for path in files for data in actor({"file": [str(path)]})["result"]]
    assert len(results) == 2 * 44
    events, known = [], JudgedClaims(version_id)
    for data in reversed(results):
        _record(store, known, pickle.loads(data), events.append)  # noqa: S301 - made a moment ago
    finish_scans(store, run.id)
    assign_groups(store, version_id)
    assert finish_run(store, run.id)
    assert sorted(event.url for event in events) == sorted({event.url for event in events})
    assert len([event for event in events if event.failure is None]) == 41
    # Groups take their first claim's name by the order of judging, which a cluster does not keep.
    assert [row for row in content(store) if row["kind"] != "claim"] == [
        row for row in content(local) if row["kind"] != "claim"
    ]
    store.close()
    local.close()


def test_pages_of_warc_files_become_columns(tmp_path):
    from claimcheck.capture import ArchiveWriter

    body = b"<title>T</title><p>The tea of this house cures headaches, as all of our guests know by now.</p>"
    html = (("Content-Type", "text/html"),)
    with ArchiveWriter(tmp_path / "archive", 1) as writer:
        for url, status, sent in (("http://a.example/1", 200, body), ("http://a.example/2", 404, body),
                                  ("http://a.example/3", 301, body), ("http://a.example/4", 200, b"")):  # fmt: skip
            writer.capture(Exchange(url, status, "", html, sent, utc_now()))
    (warc,) = (tmp_path / "archive" / "warc").glob("*.gz")
    pages = list(_pages_of_warc({"path": str(warc)}))
    batch = {name: [page[name] for page in pages] for name in pages[0]}
    columns = _columns(PageActor(WordLoader(tmp_path))(batch))
    assert columns["url"] == [f"http://a.example/{number}" for number in (1, 2, 4)]
    assert columns["state"] == ["checked", "failed", "failed"]
    assert columns["reason"] == ["", "http-404", "empty"]
    (claim,) = json.loads(columns["claims"][0])
    (place,) = claim["places"]
    assert columns["text"][0][place["start"] : place["end"]].strip() == claim["text"]
