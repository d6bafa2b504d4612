"""``claimcheck check`` with a checker that judges by a word: what goes where, in which format, with which status."""

import csv
import io
import json
import os
import stat
import sys
import types

import jsonschema
import pytest
from click.testing import CliRunner

from claimcheck.cli import cli
from claimcheck.commands import output as output_module
from claimcheck.errors import DamagedDataError, UsageError
from claimcheck.report import report_schema
from factories import report_of, said

PAGES = {
    "cure.txt": "Ketamine cures depression for good.\n",
    "strong.txt": "Ketamine is proven to help everyone.\n",
    "fair.txt": "Ketamine may help some people.\n",
}


def judged(text):
    label = "contradicted" if "cures" in text else "overstated" if "proven" in text else "supported"
    return said(text, ("", label, 0.9))


class WordChecker:
    """Stands in for the models: "cures" is contradicted, "proven" overstated, the rest supported."""

    settings = None
    loads = 0

    @classmethod
    def load(cls, settings):
        cls.settings = settings
        cls.loads += 1
        if settings.pack == "missing":
            raise UsageError("found no pack 'missing', expected one of ketamine")
        if settings.pack == "damaged":
            raise DamagedDataError("corpus/damaged: pack.yaml is not YAML; reinstall claimcheck")
        return cls()

    def check_page(self, page):
        lines = [line for line in page.text.splitlines() if line.strip()]
        return report_of([judged(line) for line in lines], uri=page.source.uri, kind=page.source.kind, title="")

    def check_claims(self, lines, *, uri):
        return report_of([judged(line) for line in lines], uri=uri, kind="claims", title="")


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("CLAIMCHECK_"):
            monkeypatch.delenv(name)
    for name, text in PAGES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setitem(sys.modules, "claimcheck.pipeline", types.SimpleNamespace(Checker=WordChecker))
    monkeypatch.setattr(WordChecker, "loads", 0)
    return tmp_path


def check(*arguments, **options):
    return CliRunner().invoke(cli, ["check", *arguments], catch_exceptions=False, **options)


def test_a_page_is_reported_in_plain_text_on_standard_output():
    result = check("cure.txt")
    assert result.exit_code == 0
    assert "CONTRADICTED" in result.stdout
    assert "\x1b" not in result.stdout
    assert result.stderr == ""


def test_json_of_one_source_is_an_object_that_keeps_to_the_schema():
    result = check("cure.txt", "--format", "json")
    values = json.loads(result.stdout)
    jsonschema.validate(values, report_schema())
    assert values["claims"][0]["label"] == "contradicted"


def test_several_sources_are_a_list_with_failures_in_their_place():
    result = check("cure.txt", "gone.txt", "fair.txt", "--format", "json")
    values = json.loads(result.stdout)
    for value in values:
        jsonschema.validate(value, report_schema())
    assert [value["source"]["uri"] for value in values] == ["cure.txt", "gone.txt", "fair.txt"]
    assert set(values[1]["error"]) == {"reason", "message"}
    assert result.exit_code == 3
    assert result.stderr.startswith("claimcheck: gone.txt: ")
    assert result.stderr.count("\n") == 1


def test_json_lines_and_csv_keep_failures_too():
    lines = check("gone.txt", "fair.txt", "--format", "jsonl").stdout.splitlines()
    assert ["error" in json.loads(line) for line in lines] == [True, False]
    rows = list(csv.DictReader(io.StringIO(check("gone.txt", "fair.txt", "--format", "csv").stdout)))
    assert [bool(row["error"]) for row in rows] == [True, False]


def test_one_source_that_fails_leaves_standard_output_empty_and_loads_no_model():
    for name in ("json", "terminal", "csv"):
        result = check("gone.txt", "--format", name)
        assert (result.exit_code, result.stdout) == (3, "")
        assert "gone.txt" in result.stderr
    assert WordChecker.loads == 0


def test_the_models_are_loaded_once_for_many_sources():
    check("cure.txt", "fair.txt", "strong.txt", "--format", "jsonl")
    assert WordChecker.loads == 1


@pytest.mark.parametrize(
    ("source", "fail_on", "status"),
    [
        ("cure.txt", ["contradicted"], 1),
        ("cure.txt", ["overstated"], 1),
        ("strong.txt", ["contradicted"], 0),
        ("strong.txt", ["overstated"], 1),
        ("strong.txt", ["contradicted", "overstated"], 1),
        ("fair.txt", ["overstated"], 0),
        ("cure.txt", [], 0),
    ],
)
def test_fail_on_sets_the_status(source, fail_on, status):
    arguments = [part for name in fail_on for part in ("--fail-on", name)]
    assert check(source, *arguments).exit_code == status


def test_a_verdict_to_fail_on_outranks_a_source_that_failed():
    assert check("cure.txt", "gone.txt", "--fail-on", "contradicted").exit_code == 1
    assert check("fair.txt", "gone.txt", "--fail-on", "contradicted").exit_code == 3


@pytest.mark.parametrize(("pack", "status"), [("missing", 2), ("damaged", 4)])
def test_errors_of_the_checker_are_one_line_with_their_status(pack, status):
    result = check("fair.txt", "--pack", pack)
    assert (result.exit_code, result.stdout) == (status, "")
    assert result.stderr.startswith("claimcheck: ")
    assert result.stderr.count("\n") == 1


def test_options_reach_the_settings_and_outrank_the_environment():
    environment = {"CLAIMCHECK_THREADS": "3", "CLAIMCHECK_MIN_CONFIDENCE": "0.2"}
    check("fair.txt", "--min-confidence", "0.7", "--model", "accurate", env=environment)
    settings = WordChecker.settings
    assert (settings.threads, settings.min_confidence, settings.model, settings.pack) == (
        3,
        0.7,
        "accurate",
        "ketamine",
    )


def test_claims_are_judged_one_a_line_in_order_without_the_blank_ones():
    text = "\ufeffKetamine may help.\r\n\r\n  It cures all.  \nIt is\u2028proven.\n\n"
    values = json.loads(check("-", "--claims", "--format", "json", input=text.encode()).stdout)
    assert [claim["text"] for claim in values["claims"]] == [
        "Ketamine may help.",
        "It cures all.",
        "It is\u2028proven.",
    ]
    assert values["source"]["kind"] == "claims"


@pytest.mark.parametrize("content", [b"", b" \n\r\n\t\n", b"\x89PNG\r\n\x1a\n\x00\x00"])
def test_a_list_without_claims_cannot_be_read(workplace, content):
    (workplace / "claims.txt").write_bytes(content)
    result = check("claims.txt", "--claims")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("claimcheck: claims.txt: ")


def test_a_failed_list_of_claims_is_recorded_as_one():
    values = json.loads(check("gone.txt", "cure.txt", "--claims", "--format", "json").stdout)
    assert values[0]["source"] == {"kind": "claims", "uri": "gone.txt"}


def test_standard_input_is_a_page_too():
    values = json.loads(check("-", "--format", "json", input=b"Ketamine cures depression in all people.").stdout)
    assert values["source"]["kind"] == "stdin"


@pytest.mark.parametrize(
    "arguments",
    [
        ["-", "-"],
        ["https://clinic.example/", "--claims"],
        ["fair.txt", "--torch-model", "x"],
        ["fair.txt", "cure.txt", "--format", "html"],
        ["fair.txt", "cure.txt", "--output", "one.html"],
        ["fair.txt", "cure.txt", "--format", "html", "--output", "fair.txt"],
        ["fair.txt", "--output", "report.pdf"],
        ["fair.txt", "--output", "nowhere/report.json"],
        ["fair.txt", "--format", "json", "--output", "."],
        ["fair.txt", "--min-confidence", "1.5"],
        ["fair.txt", "--format", "xml"],
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_read(arguments):
    result = check(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr
    assert WordChecker.loads == 0


@pytest.mark.parametrize(
    ("name", "opening"),
    [
        ("r.json", "{"), ("r.jsonl", '{"schema"'), ("r.csv", "source,"), ("r.md", "# "), ("r.html", "<!doctype html>"),
        ("r.txt", "cure.txt"), ("R.JSON", "{"),
    ],
)  # fmt: skip
def test_the_suffix_of_the_output_names_the_format(workplace, name, opening):
    result = check("cure.txt", "--output", name)
    assert (result.exit_code, result.stdout) == (0, "")
    assert (workplace / name).read_text().lstrip().startswith(opening)


def test_a_folder_as_output_is_called_one(workplace):
    (workplace / "reports").mkdir()
    result = check("cure.txt", "--output", "reports")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "reports: is a folder" in result.stderr


def test_a_named_format_outranks_the_suffix(workplace):
    check("cure.txt", "--output", "r.txt", "--format", "json")
    assert json.loads((workplace / "r.txt").read_text())["summary"]["contradicted"] == 1


def test_an_output_of_dash_is_standard_output():
    assert json.loads(check("cure.txt", "--output", "-", "--format", "json").stdout)


def test_several_pages_in_html_make_a_folder_with_an_index(workplace):
    result = check("cure.txt", "gone.txt", "fair.txt", "--format", "html", "--output", "reports")
    assert result.exit_code == 3
    names = sorted(path.name for path in (workplace / "reports").iterdir())
    assert names == ["001-cure-txt.html", "003-fair-txt.html", "index.html"]
    index = (workplace / "reports" / "index.html").read_text()
    assert 'href="001-cure-txt.html"' in index
    assert "gone.txt" in index


def test_a_failed_check_leaves_the_old_file_as_it_was(workplace):
    (workplace / "r.json").write_text("old")
    assert check("gone.txt", "--output", "r.json").exit_code == 3
    assert check("cure.txt", "--output", "r.json", "--pack", "damaged").exit_code == 4
    assert (workplace / "r.json").read_text() == "old"


def test_a_write_that_breaks_off_leaves_the_old_file_and_no_rubbish(workplace, monkeypatch):
    (workplace / "r.json").write_text("old")
    before = sorted(workplace.iterdir())

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output_module.os, "fsync", full)
    result = check("cure.txt", "--output", "r.json")
    assert result.exit_code == 2
    assert result.stderr == "claimcheck: r.json: cannot be written (No space left on device); choose another --output\n"
    assert (workplace / "r.json").read_text() == "old"
    assert sorted(workplace.iterdir()) == before


def test_a_rewritten_file_keeps_its_mode_and_a_link_stays_a_link(workplace):
    real = workplace / "real.json"
    real.write_text("old")
    real.chmod(0o640)
    (workplace / "link.json").symlink_to(real)
    check("cure.txt", "--output", "link.json")
    assert (workplace / "link.json").is_symlink()
    assert json.loads(real.read_text())["schema"]
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_a_file_name_that_is_no_utf8_can_be_checked_and_reported(workplace):
    name = os.fsdecode(b"caf\xe9.txt")
    try:
        (workplace / name).write_text(PAGES["cure.txt"])
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    for form in ("json", "jsonl", "csv", "markdown", "html", "terminal", "claimreview"):
        result = check(name, "--format", form)
        assert result.exit_code == 0
        assert result.stdout
    assert json.loads(check(name, "--format", "json").stdout)["source"]["uri"] == name


def test_all_shows_what_is_cut_by_default(workplace):
    (workplace / "many.txt").write_text("".join(f"Ketamine cures illness number {i}.\n" for i in range(40)))
    assert "--all shows everything" in check("many.txt").stdout
    whole = check("many.txt", "--all").stdout
    assert "--all" not in whole
    assert "number 39." in whole


def test_json_is_utf8_whatever_the_locale(workplace):
    (workplace / "quote.txt").write_text("“Ketamine cures,” she said – truly.\n", encoding="utf-8")
    result = check("quote.txt", "--format", "json", env={"LC_ALL": "C"})
    assert "“Ketamine cures,” she said – truly." in result.stdout_bytes.decode("utf-8")
