"""Evidence is found by statement, by wording and by word; the index follows pack and encoder."""

import dataclasses

import numpy as np
import pytest

from claimcheck.corpus.reader import Corpus, Manifest
from claimcheck.errors import DamagedDataError
from claimcheck.retrieval import HybridRetriever, build_index, load_index, read_index, save_index
from evidence_records import a_record
from toy_models import BagOfWords

MANIFEST = Manifest("toy", "Toy", "1", "CC0", "toy", (), "testers", "made up")
RECORDS = (
    a_record(id="bladder", statement="Heavy users had bladder damage.", examples=[
        {"text": "It is gentle on your waterworks.", "verdict": "contradicted"}]),
    a_record(id="speed", statement="Mood improved within one day in a trial."),
    a_record(id="secret", statement="Sleep was unchanged.", fold="benchmark", examples=[
        {"text": "You will snooze like a baby.", "verdict": "contradicted"}]),
)  # fmt: skip
CORPUS = Corpus(MANIFEST, RECORDS, "digest")


@pytest.fixture(scope="module")
def retriever():
    return HybridRetriever(CORPUS, build_index(CORPUS, BagOfWords()))


def best(retriever, claim):
    return retriever.search(BagOfWords().encode([claim]), [claim], 3)[0]


def test_a_record_is_found_by_its_statement(retriever):
    assert best(retriever, "Does mood improve within a day?")[0].record.id == "speed"


def test_a_record_is_found_by_a_clinics_wording_that_shares_no_word_with_its_statement(retriever):
    assert best(retriever, "Treatment is gentle on your waterworks")[0].record.id == "bladder"


def test_matches_come_best_first_with_their_ranks(retriever):
    matches = best(retriever, "bladder damage and mood")
    assert [m.rank for m in matches] == [0, 1, 2]
    assert [m.score for m in matches] == sorted((m.score for m in matches), reverse=True)


def test_wordings_kept_for_measuring_are_not_in_the_index(retriever):
    found = retriever.wordings(BagOfWords().encode(["You will snooze like a baby."]), 5)[0]
    assert [w.record_id for w in found] == ["bladder"]


def test_no_claims_give_no_matches(retriever):
    assert retriever.search(np.zeros((0, 256), dtype=np.float32), [], 3) == []


def test_an_index_survives_the_disk_within_half_precision(tmp_path):
    index = build_index(CORPUS, BagOfWords())
    save_index(index, tmp_path / "i.npz")
    read = read_index(tmp_path / "i.npz")
    assert read.key == index.key
    assert np.abs(read.statements - index.statements).max() < 1e-3
    assert read.owners.tolist() == index.owners.tolist()


def test_a_damaged_index_is_reported_not_used(tmp_path):
    (tmp_path / "i.npz").write_bytes(b"not an archive")
    with pytest.raises(DamagedDataError, match="delete it"):
        read_index(tmp_path / "i.npz")


def test_a_retracted_record_is_never_evidence():
    corpus = dataclasses.replace(CORPUS, records=(RECORDS[0], dataclasses.replace(RECORDS[1], status="retracted")))
    retriever = HybridRetriever(corpus, build_index(corpus, BagOfWords()))
    assert [m.record.id for m in best(retriever, "Does mood improve within a day?")] == ["bladder"]


class CountingEncoder(BagOfWords):
    def __init__(self):
        self.texts = 0

    def encode(self, texts):
        self.texts += len(texts)
        return super().encode(texts)


def test_the_index_is_built_once_and_again_when_the_corpus_changes(tmp_path):
    encoder = CountingEncoder()
    for _ in range(3):
        load_index(CORPUS, encoder, shipped=tmp_path / "none.npz", cache=tmp_path)
    assert encoder.texts == 4  # three statements and the one wording that is not kept for measuring
    load_index(dataclasses.replace(CORPUS, sha256="other"), encoder, shipped=tmp_path / "none.npz", cache=tmp_path)
    assert encoder.texts == 8


def test_a_shipped_index_of_another_corpus_is_not_used(tmp_path):
    save_index(build_index(dataclasses.replace(CORPUS, sha256="old"), BagOfWords()), tmp_path / "shipped.npz")
    index = load_index(CORPUS, BagOfWords(), shipped=tmp_path / "shipped.npz", cache=tmp_path / "cache")
    assert index.key == build_index(CORPUS, BagOfWords()).key
