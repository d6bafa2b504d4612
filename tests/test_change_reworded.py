"""Rewordings matched one to one, and the words that changed."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from claimcheck.scan.reworded import (
    SAME_PAGE,
    THRESHOLD,
    Wording,
    WordSimilarity,
    match_rewordings,
    word_changes,
)


class Fixed:
    """Scores as given."""

    def __init__(self, rows):
        self._rows = np.array(rows, dtype=np.float32)

    def scores(self, before, after):
        return self._rows


def wordings(*pages):
    return [Wording(number, f"claim {number}", frozenset(page), None) for number, page in enumerate(pages)]


def match(rows, before, after):
    return [(pair.before, pair.after) for pair in match_rewordings(before, after, Fixed(rows))]


def test_the_best_pair_is_taken_first_and_each_claim_once():
    rows = [[0.95, 0.90], [0.93, 0.10]]
    assert match(rows, wordings("a", "a"), wordings("b", "b")) == [(0, 0)]
    assert match([[0.95, 0.90], [0.93, 0.91]], wordings("a", "a"), wordings("b", "b")) == [(0, 0), (1, 1)]


def test_claims_of_one_page_need_less_likeness():
    score = [[(THRESHOLD + SAME_PAGE) / 2]]
    assert match(score, wordings("a"), wordings("a")) == [(0, 0)]
    assert match(score, wordings("a"), wordings("b")) == []
    assert match([[SAME_PAGE - 0.01]], wordings("a"), wordings("a")) == []


def test_a_claim_without_an_embedding_is_like_no_other():
    one = np.eye(4, dtype="<f2")[0].tobytes()
    before = [Wording(1, "x", frozenset("a"), None), Wording(2, "y", frozenset("a"), one)]
    after = [Wording(3, "x", frozenset("a"), None), Wording(4, "z", frozenset("a"), one)]
    assert [(pair.before, pair.after) for pair in match_rewordings(before, after)] == [(2, 4)]


def test_nothing_matches_nothing():
    assert match_rewordings([], wordings("a")) == []
    assert match_rewordings(wordings("a"), []) == []


def test_words_in_common_serve_where_embeddings_do_not():
    before = [Wording(1, "Ketamine is completely safe", frozenset("a"), None)]
    after = [Wording(2, "Ketamine is mostly safe", frozenset("b"), None), Wording(3, "Call us", frozenset("b"), None)]
    assert [(pair.before, pair.after) for pair in match_rewordings(before, after, WordSimilarity())] == [(1, 2)]


words = st.lists(st.sampled_from(["ketamine", "is", "very", "safe", "not", "90%", "cures"]), max_size=12).map(" ".join)


@given(words, words)
def test_either_text_can_be_read_from_the_changes(before, after):
    changes = word_changes(before, after)
    assert " ".join(part.text for part in changes if part.kind != "added") == before
    assert " ".join(part.text for part in changes if part.kind != "removed") == after
