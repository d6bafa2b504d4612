"""``claimcheck evaluate`` from its words to its three formats, with a judge whose answers are known."""

import json
import os
import re
import shutil
import subprocess
import sys
import types
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from claimcheck import cli as cli_module
from claimcheck.cli import cli
from claimcheck.commands import evaluate as module
from claimcheck.evaluate import BENCHMARK, STAGES
from claimcheck.evaluate.words import MEASURES
from corpus_packs import set_field, write_pack
from factories import HOSTILE
from fake_judge import VERSIONS, ScriptedJudge

ROWS = [
    {"text": "Tea may help.", "label": "supported", "domain": "a.example", "evidence": [{"id": "tea-alert-doe-2020"}]},
    {"text": "Tea is proven.", "label": "overstated", "domain": "b.example"},
    {"text": "Tea cures all.", "label": "contradicted", "domain": "a.example"},
    {"text": "Tea is proven to be legal.", "label": "supported", "domain": "c.example"},
    {"text": "Call us.", "label": "not_a_claim", "domain": "c.example"},
]


class Loaded(ScriptedJudge):
    settings = None
    stages = types.SimpleNamespace(versions=VERSIONS)

    @classmethod
    def load(cls, settings):
        cls.settings = settings
        return cls()


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("CLAIMCHECK_"):
            monkeypatch.delenv(name)
    write_pack(tmp_path / "corpus", set_field("alertness", "fold", to="benchmark"))
    monkeypatch.setenv("CLAIMCHECK_CORPUS", str(tmp_path / "corpus"))
    monkeypatch.setenv("CLAIMCHECK_PACK", "tea")
    monkeypatch.setitem(sys.modules, "claimcheck.pipeline", types.SimpleNamespace(Checker=Loaded))
    save("rows.jsonl", ROWS)
    return tmp_path


def save(name, rows):
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def run(*arguments):
    return CliRunner().invoke(cli, ["evaluate", *arguments], catch_exceptions=False)


def document(*arguments):
    result = run(*arguments, "--format", "json", "--bootstrap", "50")
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def test_the_words_of_the_command_are_those_of_the_package():
    assert (module.BENCHMARK, module.STAGES) == (BENCHMARK, STAGES)


def test_json_has_its_documented_keys():
    found = document("rows.jsonl")
    keys = "schema stage data versions bootstrap scores triples retrieval oracle baselines errors"
    assert set(found) == set(keys.split())
    assert found["schema"] == "claimcheck.evaluation/1"
    assert found["data"]["left_out"] == {"not_a_claim": 1}
    assert len(found["data"]["sha256"]) == 64
    assert found["bootstrap"] == {"replicates": 50, "seed": 13, "unit": "domain", "units": 3}
    assert found["scores"]["measures"]["accuracy"]["value"] == 0.75
    assert set(found["scores"]["measures"]["flagged"]["f1"]) == {"value", "low", "high"}
    assert found["scores"]["confusion"]["supported"]["overstated"] == 1
    assert found["retrieval"]["left_out"] == {"no_evidence": 3}
    assert [item["name"] for item in found["baselines"]] == ["majority"]
    assert found["errors"]["worst"][0]["text"] == "Tea is proven to be legal."
    assert found["versions"]["claimcheck"] == "0.1.0"


def test_the_same_call_gives_the_same_bytes():
    first, second = (run("rows.jsonl", "--format", "json", "--bootstrap", "50").stdout for _ in range(2))
    assert first == second
    assert first != run("rows.jsonl", "--format", "json", "--bootstrap", "50", "--seed", "14").stdout


def test_undefined_is_null_and_json_stays_valid():
    save("one.jsonl", ROWS[:1])
    result = run("one.jsonl", "--format", "json", "--bootstrap", "0")
    assert "NaN" not in result.stdout
    assert json.loads(result.stdout)["scores"]["measures"]["accuracy"] == {"value": 1.0, "low": None, "high": None}


def test_the_word_benchmark_is_the_packs_own_rows_and_a_path_is_a_file():
    found = document("benchmark")
    assert (found["data"]["name"], found["data"]["rows"]) == ("benchmark of pack tea", 6)
    assert found["triples"]["n"] == 1
    assert found["bootstrap"]["unit"] == "record"
    save("benchmark", ROWS)
    assert document("./benchmark")["data"]["name"] == "benchmark"


def test_the_oracle_of_evidence_is_reported_beside_the_checker():
    found = document("benchmark", "--oracle", "evidence")["oracle"]
    assert found["name"] == "oracle_evidence"
    assert found["scores"]["n"] == 6
    assert found["difference"]["accuracy"]["value"] == 0


def test_pairs_and_retrieval_and_units_have_their_stages(tmp_path):
    save("pairs.jsonl", [{"claim": "Tea cures.", "evidence": "No.", "label": "contradicted"}])
    assert document("--pairs", "pairs.jsonl")["stage"] == "pairs"
    assert document("pairs.jsonl", "--stage", "pairs")["stage"] == "pairs"
    assert document("rows.jsonl", "--stage", "retrieval")["scores"] is None
    (tmp_path / "a.txt").write_text("Tea cures colds.\n")
    save("units.jsonl", [{"file": "a.txt", "start": 0, "end": 16, "label": "contradicted"}])
    assert document("units.jsonl", "--pages", ".")["scores"]["measures"]["check_worthiness"]["f1"]["value"] == 1


def test_settings_reach_the_checker():
    document("rows.jsonl", "--model", "accurate", "--threads", "1")
    assert (Loaded.settings.model, Loaded.settings.threads, Loaded.settings.pack) == ("accurate", 1, "tea")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ([], 2, "give either FILE"),
        (["rows.jsonl", "--pairs", "rows.jsonl"], 2, "give either FILE"),
        (["--pairs", "rows.jsonl", "--stage", "units"], 2, "leave one of them out"),
        (["missing.jsonl"], 3, "missing.jsonl: No such file"),
        (["rows.jsonl", "--stage", "units"], 3, "line 1"),
        (["--pairs", "rows.jsonl"], 3, "line 1: found no text in 'claim'"),
        (["rows.jsonl", "--pages", "nowhere"], 2, "nowhere: is no folder"),
        (["rows.jsonl", "--pack", "coffee"], 2, "found no pack 'coffee'; there are tea"),
        (["rows.jsonl", "--output", "out.pdf"], 2, "its suffix names no format"),
        (["rows.jsonl", "--output", "nowhere/out.json"], 2, "its folder is not there"),
        (["rows.jsonl", "--torch-model", "x"], 2, "add --backend torch"),
        (["rows.jsonl", "--oracle", "claims"], 2, "--oracle claims needs units"),
    ],
)
def test_wrong_usage_and_bad_files_are_one_line_with_their_status(arguments, status, message):
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_what_cannot_be_written_is_told_before_anything_is_loaded(monkeypatch):
    monkeypatch.setattr(Loaded, "load", lambda settings: pytest.fail("the models were loaded"))
    assert run("rows.jsonl", "--output", "nowhere/out.json").exit_code == 2
    assert run("missing.jsonl").exit_code == 3


@pytest.mark.parametrize(
    ("name", "start"), [("a.json", "{"), ("a.html", "<!doctype html>"), ("a.txt", "4 claims of rows")]
)
def test_the_suffix_names_the_format_and_standard_output_stays_empty(tmp_path, name, start):
    result = run("rows.jsonl", "--output", name, "--bootstrap", "20")
    assert (result.exit_code, result.stdout) == (0, "")
    assert (tmp_path / name).read_text(encoding="utf-8").lstrip().startswith(start)


def test_text_tells_measures_intervals_comparisons_and_errors_within_its_width():
    found = run("rows.jsonl", "--bootstrap", "50").stdout
    told = (
        "Accuracy",
        "0.750",
        "Macro-F1",
        "Confusion",
        "Commonest label",
        "Worst errors (1 of 1)",
        "3 domains, seed 13",
    )
    for words in (*told, "Left out: 1 labelled not_a_claim", "Tea is proven to be legal.", "Recall at 5"):
        assert words in found
    assert max(map(len, found.splitlines())) <= 100


HOSTILE_ROWS = [
    {"text": HOSTILE, "label": "contradicted", "domain": HOSTILE},
    {"text": "Tea cures.", "label": "contradicted"},
]


def test_hostile_text_reaches_no_terminal_and_no_browser_raw():
    save("<b>hostile.jsonl", HOSTILE_ROWS)
    text = run("<b>hostile.jsonl", "--bootstrap", "0").stdout
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert "[bold red]markup[/]" in text
    html = run("<b>hostile.jsonl", "--format", "html", "--bootstrap", "0").stdout
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", html)
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<b>hostile" not in html


class Outline(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.open = [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def outlined(*arguments):
    outline = Outline()
    outline.feed(run(*arguments, "--format", "html", "--bootstrap", "20").stdout)
    return outline


def test_html_is_well_formed_and_takes_nothing_from_elsewhere():
    outline = outlined("benchmark", "--oracle", "evidence")
    assert outline.open == []
    assert not {"script", "link", "img", "iframe", "form"} & set(outline.tags)
    names = {name for _, name, _ in outline.attributes}
    assert not {"style", "src", "onclick"} & names
    assert not [value for _, name, value in outline.attributes if name == "href" and not value.startswith("#")]
    ids = [value for _, name, value in outline.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    labelled = [part for _, name, value in outline.attributes if name == "aria-labelledby" for part in value.split()]
    assert set(labelled) <= set(ids)


def test_each_picture_says_in_words_what_it_shows():
    html = run("rows.jsonl", "--format", "html", "--bootstrap", "20").stdout
    assert html.count('role="img"') == 3
    assert "Of the rows that are supported: 1 judged supported, 1 judged overstated" in html
    assert re.search(r'<desc id="risk-text">Error 0\.\d{3} at 80% coverage', html)
    assert re.search(r'<desc id="rel-text">1 rows of mean confidence 0\.800', html)


def test_units_have_no_picture_of_a_confidence_they_lack(tmp_path):
    (tmp_path / "a.txt").write_text("Tea cures colds. We are open.\n")
    save("units.jsonl", [{"file": "a.txt", "start": 0, "end": 16, "label": "contradicted"},
                         {"file": "a.txt", "start": 17, "end": 29, "label": "not_a_claim"}])  # fmt: skip
    html = run("units.jsonl", "--pages", ".", "--format", "html", "--bootstrap", "0").stdout
    assert html.count('role="img"') == 1


def test_help_needs_no_heavy_library():
    code = (
        "import sys; from claimcheck.cli import cli; cli.main(['evaluate', '--help'], standalone_mode=False);"
        "print(sorted({'numpy', 'onnxruntime', 'jinja2', 'rich', 'sklearn', 'torch'} & set(sys.modules)))"
    )
    source = str(Path(cli_module.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": source}
    )
    assert "--oracle" in done.stdout
    assert done.stdout.rstrip().endswith("[]")


def test_every_option_measure_and_key_is_documented():
    text = (Path(__file__).parent.parent / "docs" / "evaluating.md").read_text(encoding="utf-8")
    options = [name for parameter in module.evaluate.params for name in parameter.opts if name.startswith("--")]
    assert len(options) > 10
    names = [*options, *(f"`{name}`" for name in MEASURES), *(f'"{key}"' for key in document("rows.jsonl"))]
    assert [name for name in names if name not in text] == []


CHROMIUM = shutil.which("chromium")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed: apt-get install chromium")
def test_the_page_fits_every_width_with_its_style_on(tmp_path):
    from test_report_browser import measured

    save("hostile.jsonl", [*HOSTILE_ROWS, {"text": "x" * 400 + " is proven", "label": "supported"}])
    widths = (320, 390, 800, 1280)
    for name in ("hostile.jsonl", "benchmark"):
        html = run(name, "--format", "html", "--bootstrap", "20").stdout
        for width, found in zip(widths, measured(tmp_path, html, *widths), strict=True):
            assert found["width"] <= width
            assert found["margin"] == "0px"


def test_help_shows_the_kinds_of_rows_on_a_line_each():
    lines = [line.strip() for line in run("--help").stdout.splitlines()]
    assert '{"text", "label"}                         claims' in lines
    assert '{"file", "start", "end", "label"}         units of pages: give --pages' in lines
