"""From readings to verdicts: conflicts, animal evidence, abstention, arithmetic and the words that overstate."""

import json

import numpy as np
import pytest

from claimcheck.errors import DamagedDataError
from claimcheck.records import Claim, Label, Match, Overstatement, Severity, Stance
from claimcheck.retrieval import Wording
from claimcheck.verdict.aggregate import LABELS, LinearAggregator
from claimcheck.verdict.explain import explain, order_evidence
from claimcheck.verdict.features import FEATURE_NAMES, is_preclinical, wording_votes
from claimcheck.verdict.judge import LinearJudge, Prepared, SecondReader
from claimcheck.verdict.overstates import LinearWays
from claimcheck.verdict.severity import severity_of
from evidence_records import a_record
from toy_models import NoPhrasing, ScriptedReader

SUPPORTED, OVERSTATED, CONTRADICTED, NOT_ENOUGH = range(4)


def aggregator(review_threshold=0.6):
    """Return an aggregator that takes the set reader's word for it."""
    weights = np.zeros((4, len(FEATURE_NAMES)))
    weights[:, :4] = np.eye(4)
    return LinearAggregator(
        np.zeros(len(FEATURE_NAMES)), np.ones(len(FEATURE_NAMES)), weights, np.zeros(4), np.ones(4), review_threshold
    )


def ways():
    return LinearWays((Overstatement.CERTAINTY,), np.zeros((1, 14)), np.zeros(1), np.array([0.5]))


def prepared(text, *records, topic="onset", cosine=0.9):
    matches = tuple(Match(r, cosine, cosine, 1.0, i) for i, r in enumerate(records))
    return Prepared(Claim("c1", text, 0, len(text), text, topic), np.zeros(8, dtype=np.float32), matches, ())


def verdict(text, script, *records, **options):
    judge = LinearJudge(ScriptedReader(script), aggregator(), ways(), NoPhrasing())
    return judge.judge([prepared(text, *records, **options)])[0]


def test_a_verdict_names_its_evidence_and_quotes_its_statement():
    found = verdict("It is never addictive.", {"never": CONTRADICTED}, a_record(statement="It can be addictive."))
    assert found.label is Label.CONTRADICTED
    assert found.evidence[0].stance is Stance.CONTRADICTS
    assert "It can be addictive" in found.explanation


def test_nothing_near_is_unverified_whatever_the_reader_says():
    assert verdict("Our tea is red.", {"tea": SUPPORTED}, a_record(), cosine=0.05).label is Label.UNVERIFIED


def test_no_claims_give_no_verdicts_and_ask_the_reader_nothing():
    reader = ScriptedReader({})
    assert LinearJudge(reader, aggregator(), ways(), NoPhrasing()).judge([]) == []
    assert reader.asked == []


def test_abstention_is_not_unverified():
    judge = LinearJudge(ScriptedReader({"x": SUPPORTED}), aggregator(), ways(), NoPhrasing(), min_confidence=0.99)
    found = judge.judge([prepared("x", a_record())])[0]
    assert (found.label, found.needs_review) == (Label.SUPPORTED, True)


@pytest.mark.parametrize(("threshold", "review"), [(0.85, False), (0.95, True)])
def test_a_claim_that_the_second_reader_read_has_the_second_threshold(threshold, review):
    # The first aggregator leans nowhere: 0.25 for each label. The second takes the readers' word: 0.91.
    first, second = ScriptedReader({"x": SUPPORTED}), ScriptedReader({"x": SUPPORTED})
    unsure = LinearAggregator(
        np.zeros(len(FEATURE_NAMES)), np.ones(len(FEATURE_NAMES)), np.zeros((4, len(FEATURE_NAMES))),
        np.zeros(4), np.ones(4), 0.0,
    )  # fmt: skip
    reader = SecondReader(second, aggregator(threshold), 0.8)
    found = LinearJudge(first, unsure, ways(), NoPhrasing(), second=reader).judge([prepared("x", a_record())])[0]
    assert second.asked
    assert (found.label, found.needs_review) == (Label.SUPPORTED, review)


def test_a_verdict_that_no_single_record_bears_out_needs_review():
    class SetOnly(ScriptedReader):
        def predict(self, pairs):
            out = super().predict(pairs)
            out[1:] = (0.03, 0.03, 0.03, 0.91)  # the set says supported, every record alone says nothing
            return out

    found = LinearJudge(SetOnly({"x": SUPPORTED}), aggregator(), ways(), NoPhrasing()).judge(
        [prepared("x", a_record())]
    )[0]
    assert found.needs_review


def test_the_occlusion_names_the_word_whose_removal_lifts_the_flag():
    found = verdict("Relief is guaranteed today.", {"guaranteed": CONTRADICTED, "Relief": SUPPORTED}, a_record())
    assert [found.claim.text[s.start : s.end] for s in found.strong_words] == ["guaranteed"]


def test_a_word_whose_removal_changes_nothing_is_not_named():
    found = verdict("Relief is guaranteed today.", {"Relief": CONTRADICTED}, a_record())
    assert found.strong_words == ()


@pytest.mark.parametrize(
    ("population", "expected"),
    [
        ("rats", True),
        ("mice and cell culture", True),
        ("40 adults", False),
        ("mice and 12 patients", False),
        ("", False),
    ],
)
def test_animal_evidence_is_recognised(population, expected):
    assert is_preclinical(a_record(population=population)) is expected


def rows(*outputs):
    out = np.full((len(outputs), 4), 0.03, dtype=np.float32)
    out[np.arange(len(outputs)), list(outputs)] = 0.91
    return out


def matches(*records):
    return [Match(r, 0.9, 0.9, 1.0, i) for i, r in enumerate(records)]


def test_animal_evidence_never_supports_a_claim_about_patients():
    found = order_evidence(Label.SUPPORTED, matches(a_record(population="mice")), rows(SUPPORTED))
    assert found[0].stance is Stance.CONTEXT


def test_in_a_conflict_the_more_certain_record_comes_first_and_the_other_is_shown():
    weak = a_record(id="weak", certainty="very_low")
    strong = a_record(id="strong", certainty="high")
    found = order_evidence(Label.SUPPORTED, matches(weak, strong), rows(SUPPORTED, SUPPORTED))
    assert [e.record.id for e in found] == ["strong", "weak"]
    found = order_evidence(Label.CONTRADICTED, matches(weak, strong), rows(SUPPORTED, CONTRADICTED))
    assert [(e.record.id, e.stance) for e in found] == [("strong", Stance.CONTRADICTS), ("weak", Stance.SUPPORTS)]


def test_a_number_is_set_against_the_records_range_beside_the_verdict():
    trial = a_record(id="trial", statement="Between 37% and 70% responded.", figures={"low_pct": 37, "high_pct": 70})
    found = verdict("95% of patients respond", {"95": OVERSTATED}, trial)
    assert [(n.claim_text, n.low, n.high, n.relation, n.record_id) for n in found.numbers] == [
        ("95%", 37, 70, "above", "trial")
    ]


def test_of_two_records_that_agree_the_nearer_is_shown_first():
    far, near = a_record(id="far"), a_record(id="near")
    ranked = [Match(far, 0.4, 0.4, 1.0, 0), Match(near, 0.9, 0.9, 1.0, 1)]
    assert order_evidence(Label.SUPPORTED, ranked, rows(SUPPORTED, SUPPORTED))[0].record.id == "near"


def test_unverified_is_explained_as_absence_of_evidence():
    assert "does not settle" in explain(Label.UNVERIFIED, ())


def wording(label, cosine):
    return Wording("w", label, "r", cosine)


def test_the_nearest_wording_has_the_heaviest_vote():
    votes = wording_votes(
        [wording(Label.CONTRADICTED, 0.95), wording(Label.SUPPORTED, 0.75), wording(Label.SUPPORTED, 0.75)]
    )
    assert votes.argmax() == 2
    assert votes.sum() == pytest.approx(1)
    assert wording_votes([]) == pytest.approx([1 / 3] * 3)


@pytest.mark.parametrize(
    ("label", "topic", "confidence", "expected"),
    [
        (Label.CONTRADICTED, "safety_side_effects", 0.3, Severity.HIGH),
        (Label.CONTRADICTED, "history", 0.3, Severity.MEDIUM),
        (Label.OVERSTATED, "addiction", 0.4, Severity.MEDIUM),
        (Label.OVERSTATED, "history", 0.4, Severity.LOW),
        (Label.SUPPORTED, "addiction", 0.9, Severity.NONE),
    ],
)
def test_severity_puts_harm_first(label, topic, confidence, expected):
    assert severity_of(label, topic, confidence) is expected


def stored(**changes):
    n = len(FEATURE_NAMES)
    row = {
        "features": list(FEATURE_NAMES), "labels": [str(label) for label in LABELS], "mean": [0.0] * n,
        "scale": [1.0] * n, "weights": [[0.0] * n] * 4, "bias": [0.0] * 4, "decision": [1.0] * 4,
        "review_threshold": 0.5,
    }  # fmt: skip
    return {"fast": row | changes}


def test_an_aggregator_gives_probabilities_that_sum_to_one(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(stored(bias=[1.0, 0.0, 0.0, 0.0])))
    found = LinearAggregator.load(tmp_path / "a.json", "fast").probabilities(np.zeros((2, len(FEATURE_NAMES))))
    assert found.sum(axis=1) == pytest.approx([1, 1])
    assert found[0].argmax() == 0


@pytest.mark.parametrize(
    "content", ["{", "{}", json.dumps(stored(features=["other"])), json.dumps(stored(weights=[[0.0]] * 4))]
)
def test_a_damaged_aggregator_is_reported(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(DamagedDataError, match="reinstall"):
        LinearAggregator.load(tmp_path / "a.json", "fast")


def test_ways_name_at_least_one_code():
    model = LinearWays(
        (Overstatement.SPEED, Overstatement.SCOPE), np.zeros((2, 14)), np.array([-3.0, -2.0]), np.array([0.5, 0.5])
    )
    assert model.ways(np.zeros((1, 8), dtype=np.float32), ["x"]) == [(Overstatement.SCOPE,)]
