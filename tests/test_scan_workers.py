"""Worker processes: jobs done, and what becomes of a page that crashes, hangs or breaks its reader."""

import dataclasses
import os
import signal
import time

import numpy as np
import pytest

from claimcheck.capture import ArchiveWriter
from claimcheck.errors import ClaimcheckError, DamagedDataError, UsageError
from claimcheck.records import Claim
from claimcheck.scan.work import Judged, JudgeJob, PageTask, PreparedPage, SteadyEncoder, Unreadable, claim_key
from claimcheck.scan.workers import ProcessWorkers
from claimcheck.store.models import utc_now
from fake_checker import VERSIONS, WordLoader

WAIT = 120


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    """An archive and the task of each of its pages, by name."""
    archive = tmp_path_factory.mktemp("archive")
    made = {}
    with ArchiveWriter(archive, 1) as writer:
        for number, word in enumerate(("plain", "CRASH", "HANG", "BUG"), 1):
            body = f"<p>The tea of the house is {word}, and it is poured for everyone who comes to us.</p>".encode()
            kept = writer.resource(f"file:{word}.html", body, content_type="text/html", at=utc_now())
            made[word] = PageTask(number, 1, 0, f"file:{word}.html", kept.warc_file, kept.offset, kept.length)
    return archive, made


@pytest.fixture
def start(tasks):
    opened = []

    def starter(count=1, **options):
        opened.append(ProcessWorkers(WordLoader(tasks[0]), count, **options))
        return opened[-1]

    yield starter
    for workers in opened:
        workers.close()


def results(workers, count):
    found, end = [], time.monotonic() + WAIT
    while len(found) < count and time.monotonic() < end:
        found += workers.done(1)
    assert len(found) == count
    return found


def batch(number, *texts):
    claims = tuple(Claim(f"c{i}", text, 0, len(text), text, "other") for i, text in enumerate(texts))
    return JudgeJob(number, claims, np.zeros((len(texts), 256), np.float32))


def test_pages_are_read_and_claims_judged_and_versions_known(start, tasks):
    workers = start()
    assert workers.versions == VERSIONS
    workers.submit(tasks[1]["plain"])
    workers.submit(batch(1, "Tea cures all.", "Tea may help."))
    page, judged = sorted(results(workers, 2), key=lambda done: isinstance(done, Judged))
    assert isinstance(page, PreparedPage)
    assert [claim.text for claim in page.claims] == [page.said[0].sentence.strip()]
    assert [verdict.label.value for verdict in judged.verdicts] == ["contradicted", "supported"]


def test_a_page_that_crashes_its_worker_costs_that_page_alone(start, tasks):
    workers = start()
    for name in ("CRASH", "plain"):
        workers.submit(tasks[1][name])
    found = {done.page_id: done for done in results(workers, 2)}
    assert found[2].reason == "reader-crashed"
    assert isinstance(found[1], PreparedPage)


def test_a_page_that_hangs_is_given_up(start, tasks):
    workers = start(page_seconds=4.0)
    for name in ("HANG", "plain"):
        workers.submit(tasks[1][name])
    found = {done.page_id: done for done in results(workers, 2)}
    assert (found[3].reason, isinstance(found[1], PreparedPage)) == ("too-slow", True)


def test_a_page_that_claimcheck_fails_on_has_its_traceback(start, tasks):
    workers = start()
    workers.submit(tasks[1]["BUG"])
    (failure,) = results(workers, 1)
    assert isinstance(failure, Unreadable)
    assert failure.reason == "internal-error"
    assert "ValueError" in failure.traceback


def test_a_claim_that_breaks_the_judge_spoils_no_other(start):
    workers = start()
    workers.submit(batch(1, "Tea cures all.", "JUDGEBUG", "Tea may help."))
    (judged,) = results(workers, 1)
    assert isinstance(judged.verdicts[1], str)
    assert [getattr(v, "label", None) for v in judged.verdicts] == ["contradicted", None, "supported"]


def test_a_worker_killed_from_outside_is_replaced_and_its_job_done(start, tasks):
    workers = start(2)
    os.kill(workers.processes[0].pid, signal.SIGKILL)
    os.kill(workers.processes[1].pid, signal.SIGKILL)
    for number in (11, 12, 13):
        workers.submit(dataclasses.replace(tasks[1]["plain"], page_id=number))
    assert all(isinstance(done, PreparedPage) for done in results(workers, 3))


def no_pack():
    raise UsageError("found no pack 'x'")


def broken():
    raise RuntimeError("half a model")


def dead():
    os._exit(1)


@pytest.mark.parametrize(
    ("load", "words", "status"), [(no_pack, "no pack", 2), (broken, "half a model", 4), (dead, "memory", 4)]
)
def test_what_cannot_be_loaded_is_told_at_once(load, words, status):
    with pytest.raises(ClaimcheckError, match=words) as caught:
        ProcessWorkers(load, 1)
    assert caught.value.exit_status == status


def test_a_worker_ends_with_its_parent(start):
    workers = start()
    process = workers.processes[0]
    workers._workers[0].pipe.close()
    process.join(20)
    assert process.exitcode == 0
    workers._workers.clear()


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("Ketamine is SAFE!", "ketamine is safe", True),
        ("“FDA-approved” treatment", "FDA approved treatment.", True),
        ("It’s safe", "It's safe", True),
        ("Is ketamine safe?", "Is ketamine safe", False),
        ("100% of patients", "100 of patients", False),
        ("0.5 mg", "5 mg", False),
        ("1,000 patients", "1 000 patients", False),
        ("Ketamine is not safe", "Ketamine is safe", False),
    ],
)
def test_claims_are_the_same_by_their_words(one, other, is_same):
    assert (claim_key(one) == claim_key(other)) is is_same


def test_texts_without_words_are_not_one_claim():
    assert claim_key("…") != claim_key("—")


class Counting:
    digest = "d"

    def __init__(self):
        self.batches = []

    def encode(self, texts):
        self.batches.append(list(texts))
        return np.array([[len(text)] for text in texts], np.float32)


def test_the_steady_encoder_reads_each_text_alone_and_remembers_the_last():
    inner = Counting()
    encoder = SteadyEncoder(inner, size=2)
    assert encoder.encode(["a", "bb", "a"]).tolist() == [[1], [2], [1]]
    assert inner.batches == [["a"], ["bb"]]
    encoder.encode(["ccc", "a"])
    encoder.encode(["bb"])
    assert inner.batches == [["a"], ["bb"], ["ccc"], ["bb"]]
    assert encoder.encode([]).shape == (0, 1)


def test_damaged_captures_are_a_reason(start, tasks):
    workers = start()
    task = tasks[1]["plain"]
    workers.submit(PageTask(9, 1, 0, task.url, "warc/none.warc.gz", 0, 10))
    (failure,) = results(workers, 1)
    assert failure.reason == "damaged-capture"
    assert DamagedDataError.exit_status == 4
