"""The quality gate: a worse checker fails it, floors rise by themselves and fall only when somebody says so."""

import importlib.util
import json
from pathlib import Path

import pytest

from claimcheck.corpus.reader import YamlCorpusReader
from claimcheck.errors import DamagedDataError, UsageError
from claimcheck.evaluate import Options, Resampling, benchmark_rows, evaluate, gate
from claimcheck.evaluate.metrics import LOWER_IS_BETTER
from corpus_packs import set_field, write_pack
from fake_judge import ScriptedJudge

ROOT = Path(__file__).parent.parent
PAGE = "Call us today.\n\nTea is proven to help. Tea cures colds.\n"


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("quality_gate", ROOT / "scripts" / "quality_gate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def corpus(tmp_path):
    return YamlCorpusReader().read(write_pack(tmp_path / "corpus", set_field("alertness", "fold", to="benchmark")))


def knowing(corpus, *, wrong=0):
    """Return a judge that knows the benchmark's labels, but for some of them, and finds the evidence."""
    rows = benchmark_rows(corpus).claims
    answers = {row.text: (row.label if k >= wrong else "unverified", 0.9) for k, row in enumerate(rows)}
    return ScriptedJudge(answers, found={row.text: list(row.evidence) for row in rows})


@pytest.fixture
def shared(tmp_path):
    folder = tmp_path / "shared"
    (folder / "gold").mkdir(parents=True)
    (folder / "pages").mkdir()
    claims = [("Tea may help.", "supported"), ("Tea is proven.", "overstated"), ("Tea cures.", "contradicted")]
    rows = [{"text": text, "label": label} for text, label in claims]
    (folder / "gold" / "claims_dev.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "pages" / "a.txt").write_text(PAGE)
    units = []
    for text, label in (("Call us today.", "not_a_claim"), ("Tea is proven to help.", "overstated")):
        start = PAGE.index(text)
        units.append({"file": "a.txt", "start": start, "end": start + len(text), "text": text, "label": label})
    (folder / "gold" / "units.jsonl").write_text("".join(json.dumps(row) + "\n" for row in units))
    return folder


def call(script, judge, corpus, tmp_path, *more, shared="nowhere"):
    args = script.arguments(["--floors", str(tmp_path / "floors.json"), "--shared", str(tmp_path / shared), *more])
    return script.run(judge, corpus, args)


def test_a_worse_checker_fails_and_what_fell_is_named(script, corpus, tmp_path, capsys):
    assert call(script, knowing(corpus), corpus, tmp_path, "--update") == 0
    assert call(script, knowing(corpus), corpus, tmp_path) == 0
    capsys.readouterr()
    assert call(script, knowing(corpus, wrong=1), corpus, tmp_path) == 1
    errors = capsys.readouterr().err
    assert "benchmark.accuracy: 0.8333 is under its floor 0.9880" in errors
    assert "benchmark.retrieval.recall_at_1: " not in errors


def test_retrieval_that_got_worse_fails_too(script, corpus, tmp_path, capsys):
    call(script, knowing(corpus), corpus, tmp_path, "--update")
    judge = knowing(corpus)
    judge.found = {}
    assert call(script, judge, corpus, tmp_path) == 1
    assert "benchmark.retrieval.recall_at_5: 0.0000 is under" in capsys.readouterr().err


def test_without_floors_nothing_passes(script, corpus, tmp_path, capsys):
    assert call(script, knowing(corpus), corpus, tmp_path) == 1
    assert "floors are for rows none" in capsys.readouterr().err


def test_gold_is_measured_where_it_is_and_told_where_it_is_not(script, corpus, shared, tmp_path, capsys):
    assert call(script, knowing(corpus), corpus, tmp_path, "--update", shared="shared") == 0
    floors = json.loads((tmp_path / "floors.json").read_text())
    assert set(floors["data_sha256"]) == {"benchmark", "claims_dev", "units"}
    assert floors["claims_dev.accuracy"] == pytest.approx(1 - gate.MARGINS["claims_dev"])
    assert floors["claims_dev.ece"] == pytest.approx(0.2 + gate.MARGINS["claims_dev"])
    capsys.readouterr()
    assert call(script, knowing(corpus), corpus, tmp_path) == 0
    assert "claims_dev is not measured" in capsys.readouterr().err
    units = (shared / "pages" / "a.txt").read_text()
    assert units == PAGE
    silent = knowing(corpus)
    silent.check_page = lambda page: ScriptedJudge({"Tea is proven to help.": ("supported", 0.9)}).check_page(page)
    assert call(script, silent, corpus, tmp_path, shared="shared") == 1


def test_an_update_raises_floors_and_lowers_none_without_leave(script, corpus, tmp_path, capsys):
    call(script, knowing(corpus, wrong=2), corpus, tmp_path, "--update")
    low = gate.read_floors(tmp_path / "floors.json").values["benchmark.accuracy"]
    assert call(script, knowing(corpus), corpus, tmp_path, "--update") == 0
    high = gate.read_floors(tmp_path / "floors.json").values["benchmark.accuracy"]
    assert low < high
    assert call(script, knowing(corpus, wrong=2), corpus, tmp_path, "--update") == 1
    assert gate.read_floors(tmp_path / "floors.json").values["benchmark.accuracy"] == high
    assert call(script, knowing(corpus, wrong=2), corpus, tmp_path, "--update", "--allow-regression") == 0
    assert gate.read_floors(tmp_path / "floors.json").values["benchmark.accuracy"] == low


def test_floors_hold_for_their_rows_only(script, corpus, tmp_path, capsys):
    call(script, knowing(corpus), corpus, tmp_path, "--update")

    def spoil(rows):
        set_field("alertness", "fold", to="benchmark")(rows)
        set_field("alertness", "examples", 0, "text", to="Other words.")(rows)

    other = YamlCorpusReader().read(write_pack(tmp_path / "other", spoil))
    assert call(script, knowing(other), other, tmp_path) == 1
    assert "--update" in capsys.readouterr().err
    with pytest.raises(UsageError, match="rows have changed"):
        call(script, knowing(other), other, tmp_path, "--update")
    assert call(script, knowing(other), other, tmp_path, "--update", "--allow-regression") == 0


def test_a_measure_without_a_floor_fails_and_is_told_apart_from_one_that_fell(script, corpus, tmp_path, capsys):
    call(script, knowing(corpus), corpus, tmp_path, "--update")
    floors = json.loads((tmp_path / "floors.json").read_text())
    del floors["benchmark.kappa"]
    (tmp_path / "floors.json").write_text(json.dumps(floors))
    assert call(script, knowing(corpus), corpus, tmp_path) == 1
    assert capsys.readouterr().err.count("benchmark.kappa: no floor; --update") == 1


def test_a_ceiling_holds_from_above():
    assert gate.is_ceiling("claims_dev.ece")
    assert gate.is_ceiling("claims_dev.review.error")
    assert not gate.is_ceiling("claims_dev.accuracy")
    assert {"ece", "brier", "aurc"} <= LOWER_IS_BETTER


def test_a_measure_that_is_undefined_fails_and_sets_no_floor(corpus):
    judge = knowing(corpus)
    judge.review_below = 1.0
    found = {"claims_dev": evaluate(judge, benchmark_rows(corpus), Options("claims", resampling=Resampling(0)))}
    with pytest.raises(UsageError, match=r"review\.error: is undefined"):
        gate.updated(gate.Floors({}, {}), found)
    measured = gate.measured("claims_dev", found["claims_dev"])
    floors = gate.Floors({path: 0.5 for path in measured}, {"claims_dev": found["claims_dev"].dataset.sha256})
    assert "claims_dev.review.error" in [item.path for item in gate.failing(floors, found)]


@pytest.mark.parametrize("text", ["[]", "{}", "{", '{"data_sha256": [], "a": 1}', '{"data_sha256": {}, "a": "x"}'])
def test_damaged_floors_are_told_and_not_taken_for_none(tmp_path, text):
    (tmp_path / "floors.json").write_text(text)
    with pytest.raises(DamagedDataError, match="floors cannot be read"):
        gate.read_floors(tmp_path / "floors.json")


def test_leave_without_an_update_is_wrong_usage(script):
    with pytest.raises(SystemExit, match="2"):
        script.arguments(["--allow-regression"])
