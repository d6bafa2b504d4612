"""An evaluation as a whole, with a judge whose answers are known: stages, oracles, baselines, errors."""

import math
import sys

import numpy as np
import pytest

from claimcheck.errors import ClaimcheckError, SourceError, UsageError
from claimcheck.evaluate.baselines import Majority, ZeroShot, train_tfidf
from claimcheck.evaluate.bootstrap import Resampling
from claimcheck.evaluate.rows import CLAIM_LABELS, PAIR_LABELS, ClaimRow, Dataset, GoldClaim, PairRow, UnitRow
from claimcheck.evaluate.run import ERRORS_KEPT, Options, evaluate
from fake_judge import ScriptedJudge

ONCE = Resampling(0)


def claims(*rows, unit="row", **fields):
    made = tuple(ClaimRow(text, label, f"row {k}", **fields) for k, (text, label) in enumerate(rows))
    return Dataset("rows.jsonl", "ab" * 32, unit, claims=made)


def test_claims_are_judged_in_their_order_and_measured():
    dataset = claims(
        ("Tea cures all.", "contradicted"), ("Tea  may\nhelp.", "supported"), ("Tea is proven.", "supported")
    )
    found = evaluate(ScriptedJudge(), dataset, Options("claims", resampling=ONCE))
    assert found.scores.measures["accuracy"].value == pytest.approx(2 / 3)
    assert found.scores.measures["flagged.precision"].value == 0.5
    assert found.scores.confusion[0] == (1, 1, 0, 0)
    assert (found.error_count, found.errors[0].text) == (1, "Tea is proven.")


def test_a_judge_that_loses_a_claim_is_an_error_and_not_a_shifted_result():
    judge = ScriptedJudge()
    full = judge.check_claims
    judge.check_claims = lambda lines, **options: full(lines[1:], **options)
    with pytest.raises(ClaimcheckError, match="2 verdicts for 3 claims"):
        evaluate(judge, claims(*[("Tea.", "supported")] * 3), Options("claims"))


def test_the_most_confident_errors_come_first_and_are_cut():
    answers = {f"Tea {k}": ("contradicted", 0.3 + k / 100) for k in range(40)}
    dataset = claims(*[(text, "supported") for text in answers])
    found = evaluate(ScriptedJudge(answers), dataset, Options("claims", resampling=ONCE))
    assert found.error_count == 40
    assert [row.text for row in found.errors] == [f"Tea {k}" for k in range(39, 39 - ERRORS_KEPT, -1)]
    assert found.errors[0].evidence[0].id == "a-record"


def test_verdicts_that_need_review_are_what_coverage_leaves_out():
    answers = {"Tea a.": ("supported", 0.5), "Tea b.": ("supported", 0.9)}
    dataset = claims(("Tea a.", "overstated"), ("Tea b.", "supported"))
    found = evaluate(
        ScriptedJudge(answers, review_below=0.6), dataset, Options("claims", resampling=ONCE)
    ).scores.measures
    assert (found["review.coverage"].value, found["review.error"].value) == (0.5, 0)


def test_pairs_are_judged_without_retrieval():
    rows = (PairRow("Tea cures.", "It does not.", "contradicted"), PairRow("Tea helps.", "Off topic.", "not_enough"))
    found = evaluate(ScriptedJudge(), Dataset("p", "ab" * 32, "row", pairs=rows), Options("pairs", resampling=ONCE))
    assert found.scores.labels == PAIR_LABELS
    assert found.scores.measures["accuracy"].value == 0.5
    assert "review.coverage" not in found.scores.measures
    assert found.errors[0].evidence[0].statement == "Off topic."


def test_recall_is_over_evidence_that_the_pack_holds_and_the_rest_is_counted():
    rows = (
        ClaimRow("Tea a.", "supported", evidence=("r1", "gone")),
        ClaimRow("Tea b.", "supported", evidence=("r2",)),
        ClaimRow("Tea c.", "supported", evidence=("gone",)),
        ClaimRow("Tea d.", "supported"),
    )
    judge = ScriptedJudge(found={"Tea a.": ["r1"], "Tea b.": ["r1", "r2"]})
    dataset = Dataset("l", "ab" * 32, "row", claims=rows)
    found = evaluate(judge, dataset, Options("retrieval", resampling=ONCE), known_ids=["r1", "r2"])
    assert found.retrieval.n == 2
    assert found.retrieval.left_out == {"evidence_not_in_pack": 1, "no_evidence": 1}
    assert found.retrieval.measures["recall_at_1"].value == 0.5
    assert found.retrieval.measures["recall_at_5"].value == 1
    assert found.scores is None


def test_the_evidence_oracle_hands_over_gold_and_shows_what_retrieval_costs():
    rows = (
        ClaimRow("Tea a.", "overstated", evidence=("r1", "gone")),
        ClaimRow("Tea b.", "supported", evidence=("r2",)),
        ClaimRow("Tea c.", "supported"),
    )
    judge = ScriptedJudge(
        with_evidence={"Tea a.": ("overstated", 0.9)}, found={"Tea b.": ["x", "r2", "y", "z"], "Tea c.": ["w"]}
    )
    options = Options("claims", oracle="evidence", top_k=3, resampling=ONCE)
    found = evaluate(judge, Dataset("l", "ab" * 32, "row", claims=rows), options, known_ids=["r1", "r2"])
    assert judge.handed_over == [["r1"], ["r2", "x", "y"]]  # gold first, cut at top_k; "gone" is not in the pack
    assert found.oracle.scores.measures["accuracy"].value == 1
    assert found.oracle.checker["accuracy"].value == 0.5
    assert found.oracle.difference["accuracy"].value == 0.5
    assert found.oracle.left_out == {"without_gold_evidence": 1}
    assert found.scores.n == 3


def test_triples_need_all_three_wordings():
    texts = {"supported": "Tea may help.", "overstated": "Tea is proven.", "contradicted": "Tea cures."}
    rows = [ClaimRow(text, label, "r", triple="t1") for label, text in texts.items()]
    rows += [ClaimRow("Tea never harms.", "supported", "r2", triple="t2")]
    found = evaluate(
        ScriptedJudge(), Dataset("b", "ab" * 32, "record", claims=tuple(rows)), Options("claims", resampling=ONCE)
    )
    assert found.triples.n == 1
    assert found.triples.left_out == {"incomplete": 1}
    assert (found.triples.measures["ordered"].value, found.triples.measures["all_right"].value) == (1, 1)
    flat = ScriptedJudge({text: ("overstated", 0.9) for text in texts.values()})
    worse = evaluate(flat, found.dataset, Options("claims", resampling=ONCE)).triples.measures
    assert (worse["ordered"].value, worse["all_right"].value) == (0, 0)


PAGE = "Call us today.\n\nTea is proven to help. Tea cures colds.\n\nWe are open.\n"


def units(tmp_path, *rows, **fields):
    (tmp_path / "a.txt").write_text(PAGE, encoding="utf-8")
    made = []
    for text, label in rows:
        start = PAGE.index(text)
        made.append(UnitRow("a.txt", start, start + len(text), label, text, text, **fields))
    return Dataset("u", "ab" * 32, "row", units=tuple(made))


def test_a_unit_takes_the_label_of_the_sentence_that_overlaps_it_most(tmp_path):
    dataset = units(
        tmp_path,
        ("Call us today.", "not_a_claim"),
        ("help. Tea cures colds.", "contradicted"),
        ("proven to help. Tea", "overstated"),
        ("We are open.", "supported"),
    )
    found = evaluate(ScriptedJudge(), dataset, Options("units", pages=tmp_path, resampling=ONCE))
    assert found.scores.measures["accuracy"].value == 3 / 4
    assert found.scores.measures["check_worthiness.recall"].value == pytest.approx(2 / 3)
    assert "ece" not in found.scores.measures
    assert (found.errors[0].text, found.errors[0].predicted) == ("We are open.", "not_a_claim")


def test_a_unit_that_no_sentence_touches_is_not_a_claim(tmp_path):
    (tmp_path / "a.txt").write_text(PAGE)
    gap = PAGE.index("\n\n")
    dataset = Dataset("u", "ab" * 32, "row", units=(UnitRow("a.txt", gap, gap + 1, "not_a_claim"),))
    assert evaluate(ScriptedJudge(), dataset, Options("units", pages=tmp_path)).scores.measures["accuracy"].value == 1


def test_units_of_other_pages_than_were_labelled_are_refused(tmp_path):
    dataset = units(tmp_path, ("Tea cures colds.", "contradicted"))
    (tmp_path / "a.txt").write_text("x" + PAGE)
    with pytest.raises(UsageError, match="are these the pages that were labelled"):
        evaluate(ScriptedJudge(), dataset, Options("units", pages=tmp_path))
    (tmp_path / "a.txt").unlink()
    with pytest.raises(SourceError):
        evaluate(ScriptedJudge(), dataset, Options("units", pages=tmp_path))


@pytest.mark.parametrize("name", ["../a.txt", "/etc/hostname", "..", "sub/a.txt"])
def test_a_unit_cannot_name_a_file_outside_the_folder(tmp_path, name):
    (tmp_path / "a.txt").write_text(PAGE)
    (tmp_path / "in").mkdir()
    dataset = Dataset("u", "ab" * 32, "row", units=(UnitRow(name, 0, 4, "supported"),))
    with pytest.raises(UsageError, match="bare name"):
        evaluate(ScriptedJudge(), dataset, Options("units", pages=tmp_path / "in"))


def test_the_claims_oracle_judges_gold_claims_and_takes_the_most_serious(tmp_path):
    gold = (GoldClaim("Tea is open to all.", "supported"), GoldClaim("Tea cures.", "contradicted"))
    dataset = units(tmp_path, ("We are open.", "contradicted"), claims=gold)
    dataset = Dataset("u", "ab" * 32, "row", units=(*dataset.units, UnitRow("a.txt", 0, 4, "not_a_claim", claims=())))
    found = evaluate(ScriptedJudge(), dataset, Options("units", oracle="claims", pages=tmp_path, resampling=ONCE))
    assert found.scores.measures["accuracy"].value == 0.5
    assert found.oracle.scores.measures["accuracy"].value == 1
    with pytest.raises(UsageError, match="names no claims"):
        evaluate(ScriptedJudge(), units(tmp_path, ("We are open.", "supported")),
                 Options("units", oracle="claims", pages=tmp_path))  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options("units"), "found claims, expected units"),
        (Options("pairs"), "found claims, expected pairs"),
        (Options("retrieval"), "no row names evidence"),
        (Options("claims", oracle="claims"), "needs units"),
        (Options("claims", oracle="evidence"), "no row names evidence"),
    ],
)
def test_a_stage_that_does_not_fit_the_rows_is_told(options, message):
    with pytest.raises(UsageError, match=message):
        evaluate(ScriptedJudge(), claims(("Tea.", "supported")), options)


def test_units_need_pages(tmp_path):
    with pytest.raises(UsageError, match="--pages FOLDER"):
        evaluate(ScriptedJudge(), units(tmp_path, ("We are open.", "supported")), Options("units"))


def test_the_majority_is_the_commonest_label_of_the_rows():
    dataset = claims(("a", "supported"), ("b", "overstated"), ("c", "overstated"))
    assert Majority().probabilities(dataset, CLAIM_LABELS).tolist() == [[1 / 3, 2 / 3, 0, 0]] * 3
    found = evaluate(ScriptedJudge(), dataset, Options("claims", resampling=ONCE)).baselines[0]
    assert found.scores.measures["accuracy"].value == pytest.approx(2 / 3)
    assert found.difference["accuracy"].value == pytest.approx(1 / 3)
    assert found.scores.measures["kappa"].value == 0


def test_a_difference_is_resampled_together_with_the_checker():
    rows = [(f"Tea is proven {k}.", "overstated") for k in range(20)] + [(f"Tea {k}.", "supported") for k in range(20)]
    found = evaluate(ScriptedJudge(), claims(*rows), Options("claims", resampling=Resampling(200))).baselines[0]
    item = found.difference["accuracy"]
    assert item.low <= item.value <= item.high
    assert item.high < 0
    assert math.isnan(found.checker["accuracy"].low)


class Reader:
    """Reads evidence first: "no" in it contradicts, "yes" supports, in proportion to nothing else."""

    def predict(self, pairs):
        by = {"yes": [0.8, 0, 0.1, 0.1], "no": [0.1, 0, 0.7, 0.2]}
        return np.array([by.get(evidence.split()[0], [0.1, 0, 0.1, 0.8]) for evidence, _ in pairs], dtype=np.float32)


def test_zero_shot_reads_evidence_first_and_lets_the_clearest_record_speak():
    rows = (
        PairRow("c", "yes it does", "supported"),
        PairRow("c", "no it does not", "contradicted"),
        PairRow("c", "hm", "not_enough"),
    )
    baseline = ZeroShot(Reader(), ScriptedJudge(), "toy")
    table = baseline.probabilities(Dataset("p", "ab" * 32, "row", pairs=rows), PAIR_LABELS)
    assert [PAIR_LABELS[k] for k in table.argmax(axis=1)] == ["supported", "contradicted", "not_enough"]
    nothing = baseline.probabilities(claims(("Tea.", "unverified")), CLAIM_LABELS)
    assert nothing.tolist() == [[0, 0, 0, 1]]
    judge = ScriptedJudge(found={"Tea.": [f"r{k}" for k in range(9)]})
    reader = Reader()
    reader.predict = lambda pairs: np.array([[0.2, 0, 0.1 * k, 0.8 - 0.1 * k] for k in range(len(pairs))])
    over_five = ZeroShot(reader, judge, "toy").probabilities(claims(("Tea.", "unverified")), CLAIM_LABELS)
    assert over_five[0] == pytest.approx([0.2, 0, 0.4, 0.4])  # the clearest of five records, not of nine


def test_words_alone_are_learnt_from_other_rows_and_never_from_those_measured(tmp_path):
    pytest.importorskip("sklearn", reason="scikit-learn, of the train extra, is not installed")
    train = tmp_path / "train.jsonl"
    lines = [f'{{"text": "Tea may help {k}.", "label": "supported"}}' for k in range(8)]
    lines += [f'{{"text": "Tea cures {k}.", "label": "contradicted"}}' for k in range(8)]
    lines += ['{"text": "tea CURES  everything.", "label": "supported"}']
    train.write_text("\n".join(lines))
    dataset = claims(("Tea cures everything.", "contradicted"), ("Tea may help some.", "supported"))
    baseline = train_tfidf(train, dataset)
    assert len(baseline.texts) == 16
    assert "1 left out" in baseline.note
    table = baseline.probabilities(dataset, CLAIM_LABELS)
    assert [CLAIM_LABELS[k] for k in table.argmax(axis=1)] == ["contradicted", "supported"]
    assert table[:, CLAIM_LABELS.index("unverified")].tolist() == [0, 0]


def test_one_label_cannot_be_learnt_from_and_units_not_at_all(tmp_path):
    train = tmp_path / "train.jsonl"
    train.write_text('{"text": "Tea.", "label": "supported"}')
    with pytest.raises(UsageError, match="fewer than two labels"):
        train_tfidf(train, claims(("Tea b.", "supported")))
    with pytest.raises(UsageError, match="claims and pairs"):
        train_tfidf(train, units(tmp_path, ("We are open.", "supported")))


def test_without_scikit_learn_the_baseline_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.feature_extraction.text", None)
    train = tmp_path / "train.jsonl"
    train.write_text('{"text": "Tea.", "label": "supported"}\n{"text": "Coffee.", "label": "overstated"}')
    dataset = claims(("Tea b.", "supported"))
    with pytest.raises(UsageError, match=r"pip install 'claimcheck\[train\]'"):
        train_tfidf(train, dataset).probabilities(dataset, CLAIM_LABELS)
