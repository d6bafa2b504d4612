"""The corpus commands: what they print, what they write and how they end."""

import copy
import json
import stat
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from click.testing import CliRunner, Result

from claimcheck.cli import cli
from claimcheck.commands import corpus as corpus_commands
from claimcheck.corpus.adding import insert_rows
from claimcheck.corpus.coverage import TopicCoverage, coverage_svg
from claimcheck.corpus.parsing import parse_rows
from claimcheck.corpus.reader import YamlCorpusReader
from claimcheck.corpus.writer import dump_rows
from claimcheck.errors import DamagedDataError
from claimcheck.records import Certainty, Label
from claimcheck.retrieval import WORDING_WEIGHT
from corpus_packs import ALERT, LAW, SLEEP, WordEncoder, set_field, write_pack

NEW = copy.deepcopy(SLEEP) | {
    "id": "tea-sleep-poe-2022",
    "statement": "In a survey of 300 adults, most who drank tea in the morning only slept well.",
    "figures": {"n": 300},
    "examples": [
        {"text": "Morning tea is unlikely to cost you sleep.", "verdict": "supported"},
        {"text": "Morning tea gives deep sleep.", "verdict": "overstated", "overstates": ["mechanism"]},
        {"text": "Morning tea keeps everyone awake.", "verdict": "contradicted"},
    ],
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the tea pack, no models and a cache of its own."""
    (tmp_path / "models").mkdir()
    monkeypatch.setenv("CLAIMCHECK_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("CLAIMCHECK_PACK", "tea")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write_pack(tmp_path / "packs")
    return tmp_path / "packs"


def run(root: Path, *arguments: str, answers: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["corpus", *arguments, "--corpus", str(root)], input=answers)


def test_validate_of_a_sound_pack_ends_with_0(root):
    result = run(root, "validate")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "1 pack: 0 errors, 0 warnings"
    assert "near duplicates are not looked for" in result.stderr


def test_validate_ends_with_4_on_an_error_and_prints_it_on_one_line(root):
    write_pack(root, set_field("alertness", "figures", to={}))
    result = run(root, "validate", "--pack", "tea")
    assert result.exit_code == 4
    (line, summary) = result.stdout.splitlines()
    assert line.startswith("tea/alertness.yaml:1: tea-alert-doe-2020: error [figure-mismatch] the statement says 12,")
    assert summary == "1 pack: 1 error, 0 warnings"


def test_validate_ends_with_0_on_a_warning(root):
    write_pack(root, set_field("alertness", "verified", to="memory"))
    result = run(root, "validate")
    assert result.exit_code == 0
    assert "warning [unverified-records]" in result.stdout


def test_validate_cuts_no_line_short(root):
    write_pack(root, set_field("alertness", "figures", to={}))
    message = json.loads(run(root, "validate", "--format", "json").stdout)["problems"][0]["message"]
    (line, _) = run(root, "validate").stdout.splitlines()
    assert len(line) > 120
    assert line.endswith(message)


def test_validate_gives_json_for_programs(root):
    write_pack(root, set_field("alertness", "figures", to={}))
    result = run(root, "validate", "--format", "json", "--quick")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["errors"], report["packs"]) == (4, 1, ["tea"])
    assert report["problems"][0]["kind"] == "figure-mismatch"
    assert report["problems"][0]["line"] == 1
    assert report["near_duplicates_checked"] is False


def test_a_pack_that_is_not_there_is_wrong_usage_and_named(root):
    for command in (["validate"], ["show", "x"], ["stats"], ["search", "tea"]):
        result = run(root, *command, "--pack", "../packs/tea")
        assert isinstance(result.exception, SystemExit)
        assert result.exit_code == 2
        assert "expected one of: tea" in result.stderr


def test_a_damaged_pack_ends_with_4(root):
    (root / "tea" / "sleep.yaml").write_text("- id: [")
    assert run(root, "show", "tea-alert-doe-2020").exit_code == 4
    assert run(root, "add", "--from", str(root / "tea" / "pack.yaml")).exit_code == 4


def test_search_without_models_ranks_by_words_and_says_so(root):
    result = run(root, "search", "caffeine", "delays", "sleep", "--format", "json")
    assert "BM25" in result.stderr
    found = json.loads(result.stdout)
    assert [row["id"] for row in found] == ["tea-sleep-roe-2021"]
    assert found[0]["cosine"] is None
    assert found[0]["bm25"] > 0
    text = run(root, "search", "caffeine").stdout
    assert "tea-sleep-roe-2021" in text
    assert SLEEP["statement"] in text


def test_search_with_an_encoder_ranks_by_both(root, monkeypatch):
    monkeypatch.setattr(corpus_commands, "_shipped_encoder", lambda without: WordEncoder())
    found = json.loads(run(root, "search", "Evening", "tea", "can", "keep", "some", "people", "awake.", "-n", "2",
                           "--format", "json").stdout)  # fmt: skip
    assert found[0]["id"] == "tea-sleep-roe-2021"
    # The nearest wording counts, a little less than a statement would.
    assert found[0]["cosine"] == pytest.approx(WORDING_WEIGHT, abs=0.01)
    assert found[0]["score"] > found[1]["score"]
    assert f"cosine {WORDING_WEIGHT:.2f}" in run(root, "search", *SLEEP["examples"][0]["text"].split()).stdout


@pytest.mark.parametrize("words", ["", "  ", "?!"])
def test_search_for_no_word_is_wrong_usage(root, words):
    result = run(root, "search", words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no word to search for" in str(result.stderr)


def test_search_for_words_no_record_has_finds_nothing(root):
    result = run(root, "search", "zeppelin")
    assert (result.exit_code, result.stdout.strip()) == (0, "")
    assert "try others" in result.stderr


def test_show_holds_every_field_and_example(root):
    text = " ".join(run(root, "show", "tea-alert-doe-2020").stdout.split())
    expected = ["tea-alert-doe-2020", ALERT["statement"], "low: one small trial", "change_pct = -12", "10.1000/tea.1",
                "12345678", "2026-05-01", "tea-sleep-roe-2021",
                "Doe J et al. Tea and reaction time. J Tea (2020)"]  # fmt: skip
    expected += [example["text"] for example in ALERT["examples"]]
    assert [part for part in expected if part not in text] == []


def test_show_passes_on_no_terminal_sequences(root):
    write_pack(root, set_field("alertness", "limits", to="Says\x1b[31m nothing"))
    assert "\x1b" not in run(root, "show", "tea-alert-doe-2020").stdout


def test_show_gives_the_record_as_json(root):
    assert json.loads(run(root, "show", "tea-alert-doe-2020", "--format", "json").stdout) == ALERT


def test_show_of_an_unknown_record_is_wrong_usage(root):
    result = run(root, "show", "tea-nobody")
    assert result.exit_code == 2
    assert "corpus search" in result.stderr


def test_stats_count_by_topic_with_a_total(root):
    lines = [line.split() for line in run(root, "stats").stdout.splitlines()]
    assert lines[1] == ["alertness", "1", "2", "2", "2", "0", "0", "1", "0", "1", "0"]
    assert lines[-1] == ["total", "3", "6", "6", "6", "1", "0", "2", "0", "3", "0"]


def test_stats_by_claim_topic_join_record_topics(root):
    report = json.loads(run(root, "stats", "--by", "claim-topic", "--format", "json").stdout)
    assert [(row["topic"], row["records"]) for row in report["topics"]] == [("efficacy", 2), ("law", 1)]
    assert report["total"]["examples"] == {"supported": 6, "overstated": 6, "contradicted": 6}
    assert report["sha256"] == YamlCorpusReader().read(root / "tea").sha256


def test_stats_plot_an_accessible_chart(root, tmp_path):
    path = tmp_path / "chart.svg"
    assert run(root, "stats", "--plot", str(path)).exit_code == 0
    svg = ElementTree.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - written by the command just now
    space = {"s": "http://www.w3.org/2000/svg"}
    assert svg.get("role") == "img"
    named = {element.get("id") for element in svg.iterfind("*", space)}
    assert set(svg.get("aria-labelledby").split()) <= named
    labels = [group.get("aria-label") for group in svg.iterfind("s:g", space)]
    assert labels[0] == "alertness: 1 records; 2 supported, 2 overstated, 2 contradicted"
    assert len(labels) == 3


def test_a_chart_escapes_its_words_and_stays_in_its_frame():
    item = TopicCoverage("a<b>&c", 1, {label: 10**6 for label in Label}, {level: 0 for level in Certainty}, {}, 0)
    svg = ElementTree.fromstring(coverage_svg([item], 'x" <script>'))  # noqa: S314 - our own text
    bars = [rect for rect in svg.iter("{http://www.w3.org/2000/svg}rect") if rect.get("height") == "17"]
    assert max(float(bar.get("x")) + float(bar.get("width")) for bar in bars) <= 960
    assert coverage_svg([], "empty").startswith("<svg")


def test_stats_that_cannot_write_the_plot_say_so(root):
    result = run(root, "stats", "--plot", str(root / "nowhere" / "chart.svg"))
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def add_json(root: Path, value: object) -> Result:
    path = root / "new.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    return run(root, "add", "--from", str(path))


def test_add_from_json_writes_the_record_to_its_topics_file_and_leaves_the_rest_alone(root):
    path = root / "tea" / "sleep.yaml"
    before = "# by hand\n" + path.read_text()
    path.write_text(before)
    path.chmod(0o640)
    result = add_json(root, NEW)
    assert (result.exit_code, result.stderr.splitlines()[-2]) == (0, f"wrote to {path}")
    after = path.read_text()
    assert after.startswith(before)
    assert after == before + "\n" + dump_rows([NEW])
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert YamlCorpusReader().read(root / "tea").get("tea-sleep-poe-2022").figures == {"n": 300}
    assert run(root, "validate", "--quick").exit_code == 0


def test_add_keeps_a_note(root):
    add_json(root, NEW | {"note": "read twice"})
    assert yaml.safe_load((root / "tea" / "sleep.yaml").read_text())[-1]["note"] == "read twice"


def test_add_takes_a_list_whole_or_not_at_all(root):
    bad = NEW | {"id": "tea-bad", "hard_negatives": ["tea-nobody"]}
    before = {path: path.read_bytes() for path in (root / "tea").iterdir()}
    result = add_json(root, [NEW, bad])
    assert result.exit_code == 2
    assert "tea-bad: error [unknown-reference]" in result.stderr
    assert {path: path.read_bytes() for path in (root / "tea").iterdir()} == before
    other = copy.deepcopy(LAW) | {
        "id": "tea-law-two",
        "statement": "Tea is taxed.",
        "figures": {},
        "hard_negatives": ["tea-sleep-poe-2022"],
    }
    other["examples"] = [{"text": "Tea carries a tax.", "verdict": "supported"}]
    assert add_json(root, [NEW, other]).exit_code == 0
    assert len(YamlCorpusReader().read(root / "tea").records) == 5


def test_add_makes_a_file_for_a_new_topic(root):
    write_pack(root, topics={})
    assert add_json(root, NEW | {"topic": "morning_tea"}).exit_code == 0
    path = root / "tea" / "morning_tea.yaml"
    assert path.read_text() == dump_rows([NEW | {"topic": "morning_tea"}])
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@pytest.mark.parametrize("text", ["{", "[]", "[1]", "3"])
def test_add_refuses_json_that_is_no_record(root, text):
    path = root / "new.json"
    path.write_text(text)
    result = run(root, "add", "--from", str(path))
    assert result.exit_code == 2
    assert str(path) in result.stderr


def test_add_to_a_folder_that_cannot_be_written_ends_with_4(root, monkeypatch):
    def refuse(**options: object) -> None:
        raise PermissionError(13, "Permission denied", str(options["dir"]))

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    result = add_json(root, NEW)
    assert result.exit_code == 4
    assert "cannot be written (Permission denied)" in result.stderr


ANSWERS = [
    "Tea Sleep", "tea-alert-doe-2020", "tea-sleep-poe-2022",  # not kebab-case, taken, right
    "dreams", "sleep",  # no such topic, right
    "In a survey of 300 adults, most who drank tea in the morning only slept well.",
    "300 adults", "", "", "", "",
    "n", "n = 300", "share = most", "",  # no value, number, words, done
    "good", "benefit",
    "low", "a survey", "Self-reported.",
    "cohort", "Tea in the morning", "Poe A", "20x2", "2022", "",
    "", "", "",  # neither pmid nor doi nor url: asked again
    "PMC1", "123", "", "https://example.org/poe",
    "", "2026-05-02",
    "search", "",
    "tea-nobody", "tea-alert-doe-2020",
    "tea-law-label-2024", "Different questions.",
    "Morning tea is unlikely to cost you sleep.", "supported", "blog", "",
    "Morning tea gives deep sleep.", "overstated", "style", "", "",  # no such code: left out, asked again
    "Morning tea gives deep sleep.", "overstated", "mechanism, certainty", "", "",
    "",
]  # fmt: skip


def test_add_asks_field_by_field_and_writes_what_was_answered(root):
    result = run(root, "add", answers="\n".join([*ANSWERS, "y"]) + "\n")
    assert result.exit_code == 0, result.output
    for complaint in ("kebab-case", "taken", "no such topic: dreams", "name = value", "year as four digits",
                      "pmid, a doi or an https", "one to eight digits", "holds no tea-nobody",
                      "example is left out"):  # fmt: skip
        assert complaint in result.stderr
    record = YamlCorpusReader().read(root / "tea").get("tea-sleep-poe-2022")
    assert record.figures == {"n": 300, "share": "most"}
    assert (record.source.year, record.source.pmid, record.status) == (2022, "123", "current")
    assert (record.conflicts_with, record.conflict_note) == (("tea-law-label-2024",), "Different questions.")
    assert [(example.verdict, len(example.overstates)) for example in record.examples] == [
        (Label.SUPPORTED, 0),
        (Label.OVERSTATED, 2),
    ]
    assert result.stdout == ""


def test_add_writes_nothing_when_the_curator_says_no(root):
    before = (root / "tea" / "sleep.yaml").read_bytes()
    result = run(root, "add", answers="\n".join([*ANSWERS, "n"]) + "\n")
    assert result.exit_code != 0
    assert (root / "tea" / "sleep.yaml").read_bytes() == before


def rows(*ids: str) -> list[dict]:
    return [NEW | {"id": record_id} for record_id in ids]


def ids_of(text: str) -> list[str]:
    return [row.id for row in parse_rows(text, "test")[0]]


def test_a_file_in_the_order_of_ids_keeps_it_with_comments_by_their_records():
    text = dump_rows(rows("a", "c")).replace("- id: c", "# on c\n- id: c")
    result = insert_rows(text, rows("b"), "test")
    assert ids_of(result) == ["a", "b", "c"]
    assert "\n\n# on c\n- id: c\n" in result
    assert ids_of(insert_rows(text, rows("0", "d"), "test")) == ["0", "a", "c", "d"]


def test_a_file_in_another_order_gets_new_records_at_its_end():
    assert ids_of(insert_rows(dump_rows(rows("c", "a")), rows("b"), "test")) == ["c", "a", "b"]


@pytest.mark.parametrize("text", ["", "\n", "[]\n", "# only a comment\n", "# a comment\n[]\n"])
def test_an_empty_file_gets_the_record_and_keeps_its_comment(text):
    result = insert_rows(text, rows("a"), "test")
    assert ids_of(result) == ["a"]
    assert ("comment" in result) == ("comment" in text)


def test_line_ends_of_another_system_are_kept():
    text = dump_rows(rows("a")).replace("\n", "\r\n")
    result = insert_rows(text, rows("b"), "test")
    assert result.startswith(text)
    assert "\n" not in result.replace("\r\n", "")
    assert ids_of(result) == ["a", "b"]


@pytest.mark.parametrize("text", ["[{id: a}]\n", "id: a\n", "- id: [\n", "  - id: a\n    topic: b\n", "- id: a\n...\n"])
def test_a_layout_that_text_cannot_extend_is_refused_not_damaged(text):
    with pytest.raises(DamagedDataError):
        insert_rows(text, rows("b"), "test")
