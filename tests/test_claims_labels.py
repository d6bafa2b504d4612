import itertools

import pytest

from claimcheck.claims import sentence_label
from claimcheck.records import Label

S, O, C, U, N = (Label.SUPPORTED, Label.OVERSTATED, Label.CONTRADICTED, Label.UNVERIFIED, Label.NOT_A_CLAIM)  # noqa: E741 - O as in overstated


@pytest.mark.parametrize(
    ("labels", "main", "expected"),
    [
        ([], None, N),
        ([N], None, N),
        ([S, C, O], None, C),
        ([S, O, U], None, O),
        ([U, S], U, U),
        ([S, U], S, S),
        ([S, U], U, U),
        ([U, S], None, U),
        ([S, U], None, S),
        ([U], None, U),
        ([U, O], S, O),
        ([N, S], None, S),
    ],
)
def test_the_most_serious_label_wins_but_a_side_remark_does_not_outrank_a_supported_main_assertion(
    labels, main, expected
):
    assert sentence_label(labels, main) is expected


def test_no_order_of_claims_hides_a_contradiction():
    for labels in itertools.permutations([S, O, C, U]):
        assert sentence_label(labels) is C
