"""Agreement and precision against independent implementations and published examples; what models learn from."""

import io
import json
import random

import pytest
from click.testing import CliRunner

from claimcheck.cli import cli
from claimcheck.evaluate.rows import read_dataset
from claimcheck.review.agreement import cohens_kappa, krippendorffs_alpha, wilson
from claimcheck.review.dashboard import agreement, dashboard
from claimcheck.review.decisions import Choice, adjudicate, decide, undo
from claimcheck.review.learning import training_rows
from claimcheck.review.options import ReviewOptions, set_options
from claimcheck.review.standing import Kind
from review_store import CLAIMS, add_people, add_scan, change, confirm, opened, seen

LABELS = ("supported", "overstated", "contradicted", "unverified")


def test_kappa_is_scikit_learns():
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed (extra train)")
    draw = random.Random(7)  # noqa: S311 - labels, no secrets
    for _ in range(20):
        first = draw.choices(LABELS, weights=(5, 3, 1, 1), k=40)
        second = [label if draw.random() < 0.6 else draw.choice(LABELS) for label in first]
        made = cohens_kappa(list(zip(first, second, strict=True)))
        assert made == pytest.approx(metrics.cohen_kappa_score(first, second))


def test_kappa_of_a_table_of_the_textbooks():
    # Two readers of 50 applications: 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no; kappa 0.4.
    table = {("y", "y"): 20, ("y", "n"): 5, ("n", "y"): 10, ("n", "n"): 15}
    pairs = [pair for pair, number in table.items() for _ in range(number)]
    assert cohens_kappa(pairs) == pytest.approx(0.4)


def test_alpha_of_krippendorffs_own_examples():
    # Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section A: 0.095.
    first = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    second = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    assert krippendorffs_alpha([*zip(first, second, strict=True)]) == pytest.approx(0.095, abs=5e-4)
    # The worked example of three coders with values missing (Wikipedia, Krippendorff's alpha): 0.691 as nominal data.
    three = [
        [None, None, None, None, None, 3, 4, 1, 2, 1, 1, 3, 3, None, 3],
        [1, None, 2, 1, 3, 3, 4, 3, None, None, None, None, None, None, None],
        [None, None, 2, 1, 3, 4, 4, None, 2, 1, 1, 3, 3, None, 4],
    ]
    units = [[label for label in unit if label is not None] for unit in zip(*three, strict=True)]
    assert krippendorffs_alpha(units) == pytest.approx(0.691, abs=5e-4)


def test_agreement_that_does_not_exist_is_no_number():
    assert cohens_kappa([]) is None
    assert cohens_kappa([("a", "a")] * 3) is None
    assert krippendorffs_alpha([]) is None
    assert krippendorffs_alpha([["a"], ["b"]]) is None
    assert krippendorffs_alpha([["a", "a"], ["a", "a"]]) is None
    assert cohens_kappa([("a", "b"), ("b", "a")]) == pytest.approx(-1)


def test_wilsons_interval_of_published_values():
    # Newcombe, Stat Med 1998;17:857, table I, method 3.
    for successes, trials, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611),
                                         (1, 29, 0.0061, 0.1718)):  # fmt: skip
        made = wilson(successes, trials)
        assert (made.low, made.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    with pytest.raises(ValueError, match="trial"):
        wilson(0, 0)


@pytest.fixture
def case(tmp_path):
    with opened(f"sqlite:///{tmp_path / 'store.sqlite'}") as store, store.session() as session:
        ids = add_scan(session)
        yield session, add_people(session), ids


def test_only_blind_pairs_that_stand_count_as_agreement(case):
    session, people, ids = case
    set_options(session, people["lea"], ReviewOptions(double_share=1))
    ann, bob = people["ann"], people["bob"]
    for finding_id in ids[:4]:
        decide(session, ann, finding_id, confirm(), seen=None)
    decide(session, bob, ids[0], confirm(), seen=None)
    decide(session, bob, ids[1], change("supported"), seen=None)
    decide(session, bob, ids[2], Choice(Kind.SECOND_OPINION, reason="unsure"), seen=None)
    # Made again after its author had seen the first: not blind any more.
    decide(session, bob, ids[3], change("supported"), seen=None)
    undo(session, bob, ids[3])
    decide(session, bob, ids[3], confirm(), seen=seen(session, bob, ids[3]))
    made = {item.topic: item for item in agreement(session)}
    assert set(made) == {"all", "efficacy", "approval"}
    assert (made["all"].findings, made["all"].same) == (2, 1)
    assert made["all"].kappa == pytest.approx(0)
    assert made["efficacy"].kappa is None


def test_precision_is_of_flags_as_decided(case):
    session, people, ids = case
    ann = people["ann"]
    decide(session, ann, ids[0], confirm(), seen=None)
    decide(session, ann, ids[1], change("overstated"), seen=None)
    decide(session, ann, ids[2], change("supported"), seen=None)
    decide(session, ann, ids[3], Choice(Kind.DISMISS, reason="opinion"), seen=None)
    decide(session, ann, ids[4], confirm(), seen=None)
    made = {(item.topic, item.verdict): item for item in dashboard(session, ann).precision}
    everything = made["all", "all"]
    assert (everything.flagged.successes, everything.flagged.trials) == (2, 4)
    assert (everything.exact.successes, everything.dismissed) == (1, 1)
    assert everything.flagged == wilson(2, 4)
    assert made["all", "contradicted"].flagged.share == 1
    assert made["approval", "contradicted"].exact.share == 0
    assert ("other", "all") not in made


def test_progress_counts_what_is_left(case):
    session, people, ids = case
    decide(session, people["ann"], ids[0], confirm(), seen=None)
    progress = dashboard(session, people["rex"]).progress
    assert progress.states == {"open": 4, "second": 0, "conflict": 0, "decided": 1}
    assert progress.left_by_severity == {"high": 1, "medium": 2, "none": 1}
    assert progress.left_by_site == {"clinic.example": 4}
    assert sum(progress.per_day.values()) == 1
    assert progress.by_account == {"ann": 1}


def test_decided_claims_are_rows_that_evaluate_reads(case, tmp_path):
    session, people, ids = case
    ann, bob, lea = people["ann"], people["bob"], people["lea"]
    struck = Choice(Kind.CONFIRM, evidence_struck=("depression-response",))
    decide(session, ann, ids[0], struck, seen=None)
    decide(session, ann, ids[1], confirm(), seen=None)
    decide(session, bob, ids[1], change("supported"), seen=None)
    adjudicate(session, lea, ids[1], change("overstated", "too-harsh"), seen=seen(session, lea, ids[1]))
    decide(session, ann, ids[2], Choice(Kind.DISMISS, reason="opinion"), seen=None)
    other = add_scan(session, "other.example", claims=CLAIMS[:1])
    decide(session, ann, other[0], confirm(), seen=None)
    later = add_scan(session, day=7)
    decide(session, ann, later[0], change("overstated"), seen=None)
    rows = list(training_rows(session))
    assert [(row.finding, row.label, row.rounds) for row in rows] == [
        (ids[1], "overstated", "adjudication"),
        (ids[2], "not_a_claim", "first"),
        (other[0], "contradicted", "first"),
        (later[0], "overstated", "first"),
    ]
    path = tmp_path / "training.jsonl"
    path.write_text("".join(row.as_json() + "\n" for row in rows), encoding="utf-8")
    dataset = read_dataset(path)
    assert dataset.kind == "claims" and dataset.unit == "domain"
    assert dataset.left_out == {"not_a_claim": 1}
    assert [row.label for row in dataset.claims] == ["overstated", "contradicted", "overstated"]
    assert dataset.claims[0].evidence == ("depression-response",)
    assert json.loads(io.StringIO(path.read_text(encoding="utf-8")).readline())["predicted"] == "contradicted"


def test_the_command_line_exports_what_was_decided(tmp_path):
    path = tmp_path / "store.sqlite"
    with opened(f"sqlite:///{path}") as store, store.session() as session:
        ids = add_scan(session)
        decide(session, add_people(session)["ann"], ids[0], change("overstated"), seen=None)
    runner = CliRunner()
    done = runner.invoke(cli, ["export", "--training", "--store", str(path), "--output", str(tmp_path / "t.jsonl")])
    assert done.exit_code == 0, done.output
    [row] = read_dataset(tmp_path / "t.jsonl").claims
    assert (row.text, row.label) == ("Ketamine cures depression.", "overstated")
    refused = runner.invoke(cli, ["export", "--training", "--sample", "--store", str(path)])
    assert refused.exit_code == 2 and "--training" in refused.output
