"""The formulas, held to scikit-learn's where it has them, and to a plain reading of the definition where it has not."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimcheck.evaluate.bootstrap import Resampling, estimate
from claimcheck.evaluate.metrics import (
    BINS,
    RETRIEVAL_NAMES,
    confidence_histogram,
    confusion,
    measure,
    measure_retrieval,
    measure_triples,
    outcomes_of,
    reliability,
    risk_curve,
)
from claimcheck.evaluate.rows import CLAIM_LABELS, UNIT_LABELS

FLAGGED = ("overstated", "contradicted")


def drawn(n=400, *, seed=0, labels=CLAIM_LABELS, digits=6):
    """Return (gold, predicted, probabilities): a judge that is right more often than not, and knows it a little."""
    generator = np.random.default_rng(seed)
    gold = generator.choice(
        labels, size=n, p=np.array([8, 5, 2, 1, 3][: len(labels)]) / sum([8, 5, 2, 1, 3][: len(labels)])
    )
    table = generator.dirichlet(np.ones(len(labels)), size=n)
    for row, label in enumerate(gold):
        table[row, labels.index(label)] += generator.exponential(0.6)
    table = np.round(table / table.sum(axis=1, keepdims=True), digits)
    predicted = [labels[k] for k in table.argmax(axis=1)]
    return list(gold), predicted, table


@pytest.fixture
def sk():
    return pytest.importorskip("sklearn.metrics", reason="scikit-learn, of the train extra, is not installed")


@pytest.mark.parametrize("seed", range(5))
def test_agreement_is_what_scikit_learn_says(sk, seed):
    gold, predicted, table = drawn(seed=seed)
    found = measure(outcomes_of(CLAIM_LABELS, gold, predicted, table))
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(gold, predicted))
    assert found["kappa"] == pytest.approx(sk.cohen_kappa_score(gold, predicted))
    assert found["macro_f1"] == pytest.approx(sk.f1_score(gold, predicted, average="macro", labels=sorted(set(gold))))
    each = sk.precision_recall_fscore_support(gold, predicted, labels=CLAIM_LABELS, zero_division=0)
    for column, name in enumerate(("precision", "recall", "f1")):
        for k, label in enumerate(CLAIM_LABELS):
            assert found[f"labels.{label}.{name}"] == pytest.approx(each[column][k])
    flags = [[label in FLAGGED for label in side] for side in (gold, predicted)]
    expected = sk.precision_recall_fscore_support(*flags, average="binary")
    assert [found[f"flagged.{name}"] for name in ("precision", "recall", "f1")] == pytest.approx(expected[:3])


def test_check_worthiness_is_what_scikit_learn_says(sk):
    gold, predicted, _ = drawn(labels=UNIT_LABELS)
    found = measure(outcomes_of(UNIT_LABELS, gold, predicted))
    worthy = [[label != "not_a_claim" for label in side] for side in (gold, predicted)]
    expected = sk.precision_recall_fscore_support(*worthy, average="binary")
    assert [found[f"check_worthiness.{name}"] for name in ("precision", "recall", "f1")] == pytest.approx(expected[:3])


def test_confusion_is_what_scikit_learn_says(sk):
    gold, predicted, table = drawn()
    expected = sk.confusion_matrix(gold, predicted, labels=CLAIM_LABELS)
    assert (confusion(outcomes_of(CLAIM_LABELS, gold, predicted, table)) == expected).all()


def test_brier_is_what_scikit_learn_says(sk):
    gold, predicted, table = drawn()
    table = table / table.sum(axis=1, keepdims=True)
    order = np.argsort(CLAIM_LABELS)
    expected = sk.brier_score_loss(gold, table[:, order], scale_by_half=False, labels=sorted(CLAIM_LABELS))
    assert measure(outcomes_of(CLAIM_LABELS, gold, predicted, table))["brier"] == pytest.approx(expected)


def test_score_py_is_matched_where_a_gold_label_is_never_predicted():
    # As ../shared/tools/score.py counts: nothing to divide by is 0, and macro-F1 runs over the labels of the gold only.
    found = measure(outcomes_of(CLAIM_LABELS, ["supported", "overstated"], ["supported", "unverified"]))
    assert found["macro_f1"] == 0.5
    assert found["labels.overstated.precision"] == 0
    assert "labels.unverified.f1" not in found
    assert found["flagged.f1"] == 0


def test_kappa_is_1_where_gold_and_predicted_are_one_label():
    assert measure(outcomes_of(CLAIM_LABELS, ["supported"] * 3, ["supported"] * 3))["kappa"] == 1.0


def plain_ece(confidence, right):
    rows = sorted(zip(confidence, right, strict=True))
    bins = [
        rows[len(part) and part[0] : part[-1] + 1] for part in np.array_split(np.arange(len(rows)), BINS) if len(part)
    ]
    return sum(len(b) / len(rows) * abs(sum(r for _, r in b) / len(b) - sum(c for c, _ in b) / len(b)) for b in bins)


def test_calibration_error_and_its_bins_are_those_of_the_definition():
    gold, predicted, table = drawn()
    outcomes = outcomes_of(CLAIM_LABELS, gold, predicted, table)
    confidence = table.max(axis=1)
    assert len(set(confidence)) == len(confidence)
    found = measure(outcomes)["ece"]
    assert found == pytest.approx(plain_ece(confidence, [g == p for g, p in zip(gold, predicted, strict=True)]))
    bins = reliability(outcomes)
    assert [item.n for item in bins] == [40] * BINS
    assert found == pytest.approx(sum(item.n * abs(item.accuracy - item.confidence) for item in bins) / len(gold))
    assert all(item.accuracy_low <= item.accuracy <= item.accuracy_high for item in bins)
    assert sum(confidence_histogram(outcomes)) == len(gold)


def test_a_judge_that_is_right_as_often_as_it_says_is_calibrated_and_one_that_is_too_sure_is_not():
    gold = ["supported"] * 8 + ["overstated"] * 2
    fair = outcomes_of(CLAIM_LABELS, gold, ["supported"] * 10, confidence=np.full(10, 0.8))
    sure = outcomes_of(CLAIM_LABELS, gold, ["supported"] * 10, confidence=np.full(10, 1.0))
    assert measure(fair)["ece"] == pytest.approx(0)
    assert measure(sure)["ece"] == pytest.approx(0.2)


def test_the_risk_curve_is_that_of_the_definition():
    gold, predicted, table = drawn(n=37)
    outcomes = outcomes_of(CLAIM_LABELS, gold, predicted, table)
    wrong = [gold[k] != predicted[k] for k in np.argsort(-table.max(axis=1))]
    risk = [sum(wrong[: k + 1]) / (k + 1) for k in range(37)]
    found = measure(outcomes)
    assert found["aurc"] == pytest.approx(sum(risk) / 37)
    assert found["error_at_80_coverage"] == pytest.approx(risk[29])  # 30 of 37 is the first coverage of 80% or more
    curve = risk_curve(outcomes)
    assert [point.error for point in curve] == pytest.approx(risk)
    assert curve[-1].coverage == 1


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 60))
def test_no_measure_depends_on_the_order_of_rows_even_with_ties(seed, n):
    gold, predicted, table = drawn(n, seed=seed, digits=1)
    order = np.random.default_rng(seed + 1).permutation(n)
    first = outcomes_of(CLAIM_LABELS, gold, predicted, table)
    assert measure(first) == pytest.approx(measure(first.take(order)), nan_ok=True)


def test_coverage_and_error_at_the_review_threshold_are_of_the_verdicts_kept():
    gold, predicted = ["supported"] * 4, ["supported", "overstated", "overstated", "supported"]
    found = measure(
        outcomes_of(CLAIM_LABELS, gold, predicted, confidence=np.full(4, 0.7), needs_review=[False, False, True, True])
    )
    assert (found["review.coverage"], found["review.error"]) == (0.5, 0.5)


def test_an_error_of_no_verdict_at_all_is_undefined_and_not_0():
    found = measure(outcomes_of(CLAIM_LABELS, ["supported"], ["supported"], confidence=np.ones(1), needs_review=[True]))
    assert found["review.coverage"] == 0
    assert math.isnan(found["review.error"])


def test_a_stage_without_confidence_has_no_calibration():
    found = measure(outcomes_of(UNIT_LABELS, ["supported"], ["supported"]))
    assert not {"ece", "brier", "aurc", "review.coverage"} & set(found)


def test_recall_counts_gold_records_and_any_counts_claims():
    table = measure_retrieval([["a", "b"], ["c"], ["d"]], [["a", "x", "b"], ["x"] * 9 + ["c"], ["x"]])
    found = dict(zip(RETRIEVAL_NAMES, table.mean(axis=0), strict=True))
    assert found["recall_at_1"] == pytest.approx((0.5 + 0 + 0) / 3)
    assert found["recall_at_5"] == pytest.approx((1 + 0 + 0) / 3)
    assert found["recall_at_10"] == pytest.approx((1 + 1 + 0) / 3)
    assert found["any_at_1"] == pytest.approx(1 / 3)
    assert found["mrr_at_10"] == pytest.approx((1 + 0.1 + 0) / 3)
    assert measure_retrieval([["a"]], [["a", "a"]]).max() == 1


def test_a_triple_is_in_order_when_its_expected_seriousness_rises():
    gold = ["supported", "overstated", "contradicted"] * 2
    rising = [[0.9, 0.1, 0, 0], [0.5, 0.5, 0, 0], [0.5, 0, 0.5, 0]]  # 0.1, 0.5, 1.0, though one label alone is right
    level = [[0.9, 0.1, 0, 0], [0, 1, 0, 0], [0.5, 0, 0.5, 0]]  # 0.1, 1.0, 1.0: the second step does not rise
    table = np.array(rising + level)
    outcomes = outcomes_of(CLAIM_LABELS, gold, [CLAIM_LABELS[k] for k in table.argmax(axis=1)], table)
    triples = [{label: 3 * k + place for place, label in enumerate(gold[:3])} for k in range(2)]
    assert measure_triples(triples, CLAIM_LABELS, outcomes).tolist() == [[1, 1, 1, 0], [0, 1, 0, 0]]


def share(values):
    return lambda rows: {"share": float(values[rows].mean())}


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    generator = np.random.default_rng(1)
    held = 0
    for seed in range(200):
        values = generator.random(120) < 0.3
        item = estimate(share(values), [str(k) for k in range(120)], Resampling(200, seed))["share"]
        held += item.low <= 0.3 <= item.high
    assert 0.89 <= held / 200 <= 0.99


def test_rows_that_come_in_groups_give_wider_intervals():
    values = np.repeat(np.random.default_rng(2).random(20) < 0.5, 10).astype(float)
    by_row = estimate(share(values), [str(k) for k in range(200)], Resampling(300))["share"]
    by_group = estimate(share(values), [str(k // 10) for k in range(200)], Resampling(300))["share"]
    assert by_group.high - by_group.low > 2 * (by_row.high - by_row.low)
    assert by_group.value == by_row.value


def test_a_seed_gives_the_same_intervals_again_and_another_seed_others():
    values = np.random.default_rng(3).random(50)
    groups = [str(k) for k in range(50)]
    first = estimate(share(values), groups, Resampling(100, 1))
    assert first == estimate(share(values), groups, Resampling(100, 1))
    assert first != estimate(share(values), groups, Resampling(100, 2))


def test_no_resamples_give_no_interval():
    item = estimate(share(np.ones(3)), ["a", "b", "c"], Resampling(0))["share"]
    assert item.value == 1
    assert math.isnan(item.low)


def test_a_label_that_a_resample_lacks_does_not_pull_its_interval_to_0():
    gold = ["supported"] * 19 + ["contradicted"]
    outcomes = outcomes_of(CLAIM_LABELS, gold, gold)
    found = estimate(lambda rows: measure(outcomes.take(rows)), [str(k) for k in range(20)], Resampling(200))
    assert found["labels.contradicted.f1"].low == 1
