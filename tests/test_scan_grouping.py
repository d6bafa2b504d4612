"""Groups of claims worded alike, the words of progress, and the cost table."""

import importlib.util
import io
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from claimcheck.scan.checking import CheckEvent
from claimcheck.scan.grouping import GROUP_COSINE, assign_groups
from claimcheck.scan.progress import ScanProgress, time_words
from claimcheck.scan.work import Unreadable
from claimcheck.store import open_store
from claimcheck.store.models import ClaimRow, JudgementRow, PageRow, RunRow, ScanRow, SiteRow, VersionRow

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def store(tmp_path):
    opened = open_store(str(tmp_path / "s.db"))
    with opened.session() as session:
        session.add(VersionRow(id=1, sha256="a", pack="tea", corpus_sha256="", models_sha256="", values={}))
    yield opened
    opened.close()


def at(degrees):
    """Return a unit vector at an angle: the cosine of two is that of the angle between them."""
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])


NEAR = float(np.degrees(np.arccos(GROUP_COSINE))) - 1


def add(store, *claims):
    """Add claims (text, label, vector), and group them; return the groups' first texts in the claims' order."""
    with store.session() as session:
        for text, label, vector in claims:
            row = ClaimRow(key=text, text=text, vector=np.asarray(vector).astype("<f2").tobytes())
            session.add(row)
            session.flush()
            session.add(JudgementRow(claim_id=row.id, version_id=1, label=label, probabilities={}, confidence=1,
                                     needs_review=False, severity=0))  # fmt: skip
    assign_groups(store, 1)
    leader = sa.orm.aliased(ClaimRow)
    with store.session() as session:
        query = sa.select(ClaimRow.text, leader.text).join(leader, ClaimRow.group_id == leader.id).order_by(ClaimRow.id)
        return {row[0]: row[1] for row in session.execute(query)}


def test_claims_near_each_other_share_the_group_of_the_first(store):
    groups = add(store, ("a", "overstated", at(0)), ("b", "overstated", at(NEAR)), ("c", "overstated", at(90)))
    assert groups == {"a": "a", "b": "a", "c": "c"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Tea helps.", "supported"), ("Tea may help.", "overstated")),
        (("Tea helps 50% of us.", "supported"), ("Tea helps 70% of us.", "supported")),
        (("One cup helps.", "supported"), ("Six cups help.", "supported")),
        (("Tea is addictive.", "contradicted"), ("Tea is not addictive.", "contradicted")),
    ],
)
def test_another_label_number_or_denial_is_another_group(store, one, other):
    groups = add(store, (*one, at(0)), (*other, at(1)))
    assert groups == {one[0]: one[0], other[0]: other[0]}


def test_a_group_does_not_drift_away_from_its_first_claim(store):
    groups = add(store, *((str(chr(97 + i)), "supported", at(NEAR * 0.8 * i)) for i in range(4)))
    assert groups == {"a": "a", "b": "a", "c": "c", "d": "c"}


def test_claims_added_later_join_the_groups_there_are(store):
    add(store, ("a", "supported", at(0)), ("b", "supported", at(90)))
    groups = add(store, ("c", "supported", at(2)), ("d", "supported", at(45)), ("e", "supported", at(46)))
    assert groups == {"a": "a", "b": "b", "c": "a", "d": "d", "e": "d"}


def test_claims_in_parts_are_grouped_as_in_one(tmp_path, monkeypatch):
    rng = np.random.default_rng(3)
    middles = rng.normal(size=(40, 24))
    vectors = middles[rng.integers(0, 40, 900)] + rng.normal(0, 0.12, (900, 24))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = []
    for size in (2_000, 130):
        monkeypatch.setattr("claimcheck.scan.grouping.CLAIMS_AT_A_TIME", size)
        opened = open_store(str(tmp_path / f"{size}.db"))
        with opened.session() as session:
            session.add(VersionRow(id=1, sha256="a", pack="t", corpus_sha256="", models_sha256="", values={}))
        found.append(
            add(opened, *((f"c {chr(97 + i // 30)}{chr(97 + i % 30)}", "supported", v) for i, v in enumerate(vectors)))
        )
        opened.close()
    assert found[0] == found[1]
    assert 30 < len(set(found[0].values())) < 500


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (89, "89 s"), (600, "10 min"), (12_000, "3 h 20 min"), (200_000, "2 days 7 h")],
)
def test_times_are_told_as_people_say_them(seconds, words):
    assert time_words(seconds) == words


def test_progress_counts_rate_and_time_left(store):
    with store.session() as session:
        session.add_all([RunRow(id=1), SiteRow(id=1, host="a.example", start_url="")])
        session.flush()
        session.add(ScanRow(id=1, run_id=1, site_id=1))
        session.flush()
        states = ["checked"] * 20 + ["fetched"] * 40 + ["failed"] * 3
        session.add_all(PageRow(scan_id=1, url=str(i), state=state) for i, state in enumerate(states))
    now = [0.0]
    failed, stream = [], io.StringIO()
    with ScanProgress(store, 1, stream=stream, on_failure=failed.append, clock=lambda: now[0]) as progress:
        progress.phase("checking")
        now[0] = 5.0
        progress.tick()
        for _ in range(20):
            progress.checked(CheckEvent(1, "u", 3, ("contradicted", "supported")))
        progress.checked(CheckEvent(1, "bad", failure=Unreadable(1, "empty", "nothing")))
        now[0] = 10.5
        progress.tick()
    first, second = stream.getvalue().splitlines()
    assert "0 of 1 site done · pages 63 found, 40 to do, 20 checked, 3 not to be checked" in first
    assert "40 findings, 20 contradicted" in second
    assert "2.0 pages/s · about 20 s left" in second
    assert [event.url for event in failed] == ["bad"]


def test_the_cost_of_a_scan_is_the_measured_rate_times_the_prices():
    spec = importlib.util.spec_from_file_location("scan_cost", ROOT / "scripts" / "scan_cost.py")
    cost = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(cost)
    result = {"pages_a_second": 10.0, "store_bytes_a_page": 30_000, "archive_bytes_a_page": 20_000}
    bench = {"rate_fast": {"model": "fast", "cores": 2, "local": result}, "memory": {}}
    made = cost.table(bench, [1_000_000], cost.Prices(0.04, 0.02, 10))
    # 1,000,000 / 5 a core-second = 55.6 core-hours, a quarter more on a cluster, 50 GB kept ten months.
    assert made.splitlines()[-1] == "| 1,000,000 | fast, local | 56 | 1.1 | 3 | 50 | 10 | 13 |"
