"""The phrasing model reads words and pairs of words, and refuses damaged files."""

import json

import numpy as np
import pytest

from claimcheck.errors import DamagedDataError
from claimcheck.verdict.phrasing import LinearPhrasing, terms


def test_terms_are_words_and_pairs_with_numbers_as_one_sign():
    assert terms("Works in 90% of 12 Patients") == [
        "works", "in", "#%", "of", "#", "patients", "works in", "in #%", "#% of", "of #", "# patients",
    ]  # fmt: skip


def test_both_kinds_of_apostrophe_are_one_word():
    assert terms("doesn’t") == terms("doesn't") == ["doesn't"]


def stored(folder, vocabulary, weights, idf=None):
    (folder / "phrasing.json").write_text(json.dumps({"terms": vocabulary}))
    idf = np.ones(len(vocabulary)) if idf is None else idf
    np.savez(folder / "phrasing.npz", idf=idf, weights=weights, bias=np.zeros(4))


def test_a_known_word_moves_the_label_it_is_weighed_for(tmp_path):
    weights = np.zeros((4, 2 + 8))
    weights[2, 0] = 5.0
    stored(tmp_path, ["cure", "may"], weights)
    model = LinearPhrasing.load(tmp_path)
    found = model.probabilities(np.zeros((3, 8), dtype=np.float32), ["A cure.", "It may help.", ""])
    assert found[0].argmax() == 2
    assert found.sum(axis=1) == pytest.approx([1, 1, 1])
    assert found[2] == pytest.approx([0.25] * 4)


def test_the_embedding_counts_too(tmp_path):
    weights = np.zeros((4, 1 + 8))
    weights[1, 1] = 3.0
    stored(tmp_path, ["cure"], weights)
    vector = np.zeros((1, 8), dtype=np.float32)
    vector[0, 0] = 1
    assert LinearPhrasing.load(tmp_path).probabilities(vector, ["unknown words"])[0].argmax() == 1


@pytest.mark.parametrize("damage", ["missing", "truncated", "sizes"])
def test_damaged_files_are_reported(tmp_path, damage):
    if damage != "missing":
        stored(tmp_path, ["cure", "may"], np.zeros((4, 2 + 8)), idf=np.ones(3) if damage == "sizes" else None)
    if damage == "truncated":
        (tmp_path / "phrasing.npz").write_bytes(b"PK")
    with pytest.raises(DamagedDataError, match="reinstall"):
        LinearPhrasing.load(tmp_path)
