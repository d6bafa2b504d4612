"""Batch checking: what becomes of pages, claims judged once, order, batches and pages that break things."""

import dataclasses
import json
from collections import Counter

import pytest
import sqlalchemy as sa

from claimcheck.errors import UsageError
from claimcheck.scan.checking import BatchChecker, CheckLimits
from claimcheck.scan.dump import dump
from claimcheck.scan.finish import finish_run, finish_scans
from claimcheck.scan.grouping import assign_groups
from claimcheck.scan.inputs import ScanInputs
from claimcheck.scan.intake import take_in
from claimcheck.scan.runs import open_run
from claimcheck.scan.work import ArchiveReader, PageWork
from claimcheck.scan.workers import InlineWorkers
from claimcheck.store import open_store
from claimcheck.store.models import (
    ClaimRow,
    FindingRow,
    JudgementRow,
    OccurrenceRow,
    PageRow,
    PageTextRow,
    ScanRow,
    VersionRow,
)
from fake_checker import WordChecker, WordLoader
from scan_sites import TROUBLE, write_site

pytest.importorskip("warcio", reason="warcio is not installed (extra scan)")


def begin(store, folder, *, is_new=False):
    inputs = ScanInputs("folder", folder=folder)
    run = open_run(store, inputs, {}, is_new=is_new)
    take_in(store, run.id, inputs)
    return run.id


def check(store, run_id, *, limits=None, version="1", log="", steps=None):
    """Check a run in this process, or as many steps of it as told."""
    events = []
    workers = InlineWorkers(WordLoader(store.archive, version=version, log=log))
    checker = BatchChecker(store, run_id, workers, limits=limits, tell=events.append)
    while (steps is None or (steps := steps - 1) >= 0) and checker.step(0):
        pass
    return checker, events


def finish(store, run_id, checker):
    finish_scans(store, run_id)
    assign_groups(store, checker.version_id)
    assert finish_run(store, run_id)


def scanned(tmp_path, folder, name="store.db", **options):
    store = open_store(str(tmp_path / name))
    run_id = begin(store, folder)
    checker, _ = check(store, run_id, **options)
    finish(store, run_id, checker)
    return store


def count(store, table, *where):
    with store.session() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table).where(*where))


def test_every_page_ends_checked_or_with_a_reason(tmp_path):
    store = scanned(tmp_path, write_site(tmp_path / "site", 3, trouble=TROUBLE))
    with store.session() as session:
        ends = {row.url: (row.state, row.reason) for row in session.scalars(sa.select(PageRow))}
        details = session.scalars(sa.select(PageRow.detail).where(PageRow.state != "checked")).all()
    store.close()
    assert ends == {
        **{f"file:{name}.html": ("checked", "") for name in ("page000", "page001", "page002", "zz_again")},
        "file:bad/nested.html": ("failed", "too-large"),
        "file:bad/empty.html": ("failed", "empty"),
        "file:bad/german.txt": ("failed", "unsupported-language"),
        "file:bad/broken.pdf": ("failed", "unreadable"),
        "file:bad/picture.png": ("refused", "not-a-page"),
        "file:bad/bug.html": ("failed", "internal-error"),
        "file:bad/judge.html": ("failed", "internal-error"),
    }
    assert all(details)


def test_a_checked_page_keeps_its_text_its_counts_and_where_each_claim_stands(tmp_path):
    store = scanned(tmp_path, write_site(tmp_path / "site", 2))
    with store.session() as session:
        page = session.scalars(sa.select(PageRow).where(PageRow.url == "file:page000.html")).one()
        text = session.get(PageTextRow, page.text_sha256).text
        assert (page.title, page.sentences) == ("Page 0", 12)
        assert 400 < page.characters_kept <= len(text)
        places = session.execute(
            sa.select(OccurrenceRow, FindingRow, ClaimRow)
            .join(FindingRow, OccurrenceRow.finding_id == FindingRow.id)
            .join(ClaimRow)
            .where(OccurrenceRow.page_id == page.id)
        ).all()
        assert len(places) >= 6
        for place, _, claim in places:
            assert text[place.start : place.end].strip() == claim.text
        listed = [place for place, _, _ in places if place.block == "list_item"]
        assert {place.heading for place in listed} == {"What it does for you"}
    store.close()


def test_boilerplate_is_one_finding_counted_with_its_pages(tmp_path):
    store = scanned(tmp_path, write_site(tmp_path / "site", 5))
    with store.session() as session:
        finding = session.scalars(sa.select(FindingRow).where(FindingRow.sentence.startswith("Tea is sold"))).one()
        assert finding.pages == 6
        assert session.get(PageRow, finding.page_id).url == "file:page000.html"
    assert count(store, OccurrenceRow, OccurrenceRow.finding_id == finding.id) == 6
    store.close()


def test_a_claim_is_judged_once_a_version_however_many_sites_make_it(tmp_path):
    log = tmp_path / "judged"
    store = open_store(str(tmp_path / "store.db"))
    for name in ("a", "b"):
        run_id = begin(store, write_site(tmp_path / name, 3))
        finish(store, run_id, check(store, run_id, log=str(log))[0])
    judged = log.read_text().splitlines()
    assert max(Counter(judged).values()) == 1
    assert count(store, JudgementRow) == count(store, ClaimRow) == len(judged)
    assert count(store, FindingRow) == 2 * len(judged)
    run_id = begin(store, tmp_path / "a", is_new=True)
    finish(store, run_id, check(store, run_id, version="2")[0])
    assert count(store, VersionRow) == 2
    assert count(store, ClaimRow) == len(judged)
    assert count(store, JudgementRow) == 2 * len(judged)
    store.close()


def test_claims_that_an_earlier_scan_of_the_site_had_are_not_new(tmp_path):
    store = open_store(str(tmp_path / "store.db"))
    folder = write_site(tmp_path / "site", 2)
    run_id = begin(store, folder)
    finish(store, run_id, check(store, run_id)[0])
    assert count(store, FindingRow, FindingRow.is_new.is_(False)) == 0
    (folder / "late.html").write_text("<p>Black tea cures boredom in a day, says our oldest guest of all.</p>")
    run_id = begin(store, folder, is_new=True)
    finish(store, run_id, check(store, run_id)[0])
    with store.session() as session:
        new = session.scalars(sa.select(FindingRow).where(FindingRow.scan_id == run_id, FindingRow.is_new)).all()
    assert [finding.sentence for finding in new] == ["Black tea cures boredom in a day, says our oldest guest of all."]
    store.close()


def test_stopped_anywhere_and_resumed_is_as_unbroken(tmp_path):
    folder = write_site(tmp_path / "site", 12, trouble=("bad/bug.html", "bad/judge.html"))
    limits = CheckLimits(claims_a_batch=5, pages=4)
    whole = scanned(tmp_path, folder, "whole.db", limits=limits)
    expected = list(dump(whole))
    whole.close()
    for steps in (1, 7, 19):
        store = open_store(str(tmp_path / f"broken{steps}.db"))
        run_id = begin(store, folder)
        parts = 0
        while count(store, PageRow, PageRow.state == "fetched"):
            checker, _ = check(store, run_id, limits=limits, steps=steps + parts)
            parts += 1
        finish(store, run_id, checker)
        assert parts > 1
        assert list(dump(store)) == expected
        store.close()


def test_the_dump_notices_a_changed_verdict_place_or_reason(tmp_path):
    store = scanned(tmp_path, write_site(tmp_path / "site", 2))
    expected = list(dump(store))
    changes = [
        sa.update(JudgementRow).values(confidence=0.5),
        sa.update(OccurrenceRow).values(heading="Elsewhere"),
        sa.update(PageRow).values(reason="because"),
        sa.update(FindingRow).values(pages=77),
        sa.update(ClaimRow).values(group_id=None),
    ]
    for change in changes:
        with store.session() as session:
            session.execute(change)
        changed = list(dump(store))
        assert changed != expected
        expected = changed
    store.close()


def test_a_window_smaller_than_a_batch_goes_on(tmp_path):
    store = scanned(tmp_path, write_site(tmp_path / "site", 6), limits=CheckLimits(claims_a_batch=500, pages=2))
    assert count(store, PageRow, PageRow.state == "checked") == 7
    store.close()


def test_events_name_new_findings_and_failures(tmp_path):
    store = open_store(str(tmp_path / "store.db"))
    run_id = begin(store, write_site(tmp_path / "site", 2, trouble=("bad/bug.html",)))
    _, events = check(store, run_id)
    failures = [event.failure for event in events if event.failure]
    assert [failure.reason for failure in failures] == ["internal-error"]
    assert "ValueError: a bug in the reader" in failures[0].traceback
    assert sum(len(event.new_labels) for event in events) == count(store, FindingRow)
    store.close()


def test_a_run_is_not_resumed_with_other_models(tmp_path):
    store = open_store(str(tmp_path / "store.db"))
    run_id = begin(store, write_site(tmp_path / "site", 3))
    check(store, run_id, steps=2)
    with pytest.raises(UsageError, match="--new"):
        check(store, run_id, version="2")
    store.close()


def test_a_capture_that_was_changed_is_not_checked(tmp_path):
    store = open_store(str(tmp_path / "store.db"))
    run_id = begin(store, write_site(tmp_path / "site", 2))
    with store.session() as session:
        session.execute(sa.update(PageRow).where(PageRow.url == "file:page001.html").values(capture_sha256="0" * 64))
    check(store, run_id)
    assert count(store, PageRow, PageRow.reason == "damaged-capture") == 1
    assert count(store, PageRow, PageRow.state == "checked") == 2
    store.close()


def test_the_same_on_both_databases(store_url, tmp_path):
    folder = write_site(tmp_path / "site", 4, trouble=("bad/bug.html",))
    stores = [open_store(store_url, archive=tmp_path / "a"), open_store(str(tmp_path / "other.db"))]
    dumps = []
    for store in stores:
        run_id = begin(store, folder)
        finish(store, run_id, check(store, run_id)[0])
        dumps.append(list(dump(store)))
        store.close()
    assert dumps[0] == dumps[1]
    states = Counter(json.loads(line).get("state") for line in dumps[0] if '"kind": "page"' in line)
    assert states == {"checked": 5, "failed": 1}


def test_characters_that_a_database_refuses_cost_neither_page_nor_offsets(store_url, tmp_path):
    store = open_store(store_url, archive=tmp_path / "a")
    run_id = begin(store, write_site(tmp_path / "site", 1))

    class Hostile(ArchiveReader):
        def __call__(self, task):
            page = ArchiveReader.__call__(self, task)
            return dataclasses.replace(page, text=page.text.replace("Green tea", "Green\0\ud800tea"))

    workers = InlineWorkers(lambda: PageWork(WordChecker(), Hostile(store.archive)))
    checker = BatchChecker(store, run_id, workers)
    while checker.step(0):
        pass
    with store.session() as session:
        texts = session.scalars(sa.select(PageTextRow.text)).all()
        places = session.execute(sa.select(OccurrenceRow, FindingRow).join(FindingRow)).all()
        assert {texts[0][place.start : place.end] for place, _ in places} == {finding.sentence for _, finding in places}
    assert "Green\ufffd\ufffdtea" in texts[0]
    store.close()


def test_scans_without_an_end_are_left_open(tmp_path):
    store = open_store(str(tmp_path / "store.db"))
    run_id = begin(store, write_site(tmp_path / "site", 3))
    check(store, run_id, steps=2)
    assert finish_scans(store, run_id) == []
    assert not finish_run(store, run_id)
    assert count(store, ScanRow, ScanRow.state == "running") == 1
    store.close()
