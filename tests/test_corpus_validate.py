"""`validate` reports each kind of fault, by its kind, and nothing on a sound pack."""

import copy
import dataclasses
import datetime
import importlib
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from claimcheck.corpus import validate as validate_module
from claimcheck.corpus.figures import unexplained_numbers
from claimcheck.corpus.parsing import parse_pack
from claimcheck.corpus.problems import ERROR_KINDS, WARNING_KINDS, has_errors
from claimcheck.corpus.reader import YamlCorpusReader, list_packs, record_from_mapping
from claimcheck.corpus.schema import MANIFEST_SCHEMA, RECORD_SCHEMA, _validator, enum_values, load_schema
from claimcheck.corpus.validate import record_problems, validate
from claimcheck.corpus.writer import FIELD_ORDER
from claimcheck.errors import UsageError
from claimcheck.records import Certainty, EvidenceRecord, Overstatement
from corpus_packs import ALERT, LAW, TODAY, Rows, WordEncoder, set_field, write_pack

ROOT = Path(__file__).resolve().parent.parent


def kinds(folder: Path, **options: object) -> list[str]:
    return [problem.kind for problem in validate(folder, today=TODAY, **options)]


def drop_field(*path: str | int) -> Callable[[Rows], None]:
    def spoil(rows: Rows) -> None:
        holder: object = rows
        for step in path[:-1]:
            holder = holder[step]
        del holder[path[-1]]

    return spoil


def test_a_sound_pack_has_no_problems(tmp_path):
    folder = write_pack(tmp_path)
    assert validate(folder, today=TODAY) == ()
    assert len(YamlCorpusReader().read(folder).records) == 3


def test_the_shipped_packs_have_no_errors_and_can_be_read():
    packs = list_packs(ROOT / "corpus")
    assert packs, "no pack is shipped"
    problems = validate(ROOT / "corpus")
    assert [f"{problem.where}: {problem.message}" for problem in problems if problem.severity == "error"] == []
    for name in packs:
        assert YamlCorpusReader().read(ROOT / "corpus" / name).records


SPOILT = [
    ("schema", drop_field("alertness", "limits")),
    ("schema", set_field("alertness", "certainty", to="sure")),
    ("schema", set_field("tea_law", "id", to="Tea_Law")),
    ("schema", set_field("alertness", "direction", to="good")),
    ("schema", set_field("alertness", "verified", to="guess")),
    ("schema", set_field("alertness", "status", to="old")),
    ("schema", set_field("alertness", "source", "type", to="blog")),
    ("schema", set_field("alertness", "examples", to=[])),
    ("schema", set_field("alertness", "examples", 0, "verdict", to="unverified")),
    ("schema", drop_field("alertness", "examples", 1, "overstates")),
    ("schema", set_field("alertness", "examples", 0, "overstates", to=["scope"])),
    ("schema", set_field("alertness", "examples", 1, "overstates", to=["style"])),
    ("schema", set_field("alertness", "surprise", to="a field nobody knows")),
    ("schema", set_field("alertness", "limits", to=" padded")),
    ("schema", drop_field("tea_law", "conflict_note")),
    ("schema", set_field("alertness", "hard_negatives", to=["tea-sleep-roe-2021"] * 2)),
    ("schema", set_field("tea_law", "source", "url", to="")),
    ("schema", set_field("alertness", "figures", "change_pct", to=[10, 12])),
    ("pmid", set_field("alertness", "source", "pmid", to="123456789")),
    ("pmid", set_field("alertness", "source", "pmid", to="PMC12")),
    ("doi", set_field("alertness", "source", "doi", to="https://doi.org/10.1000/tea.1")),
    ("doi", set_field("alertness", "source", "doi", to="11.1000/tea")),
    ("url", set_field("alertness", "source", "url", to="ftp://example.org/a")),
    ("url", set_field("alertness", "source", "url", to="https:///example.org")),
    ("url", set_field("alertness", "verified_url", to="javascript:alert(1)")),
    ("date", set_field("alertness", "checked", to="2026-06-02")),
    ("date", set_field("alertness", "checked", to="2026-02-30")),
    ("date", set_field("alertness", "checked", to="1 May 2026")),
    ("date", set_field("alertness", "source", "year", to=2027)),
    ("unknown-reference", set_field("alertness", "hard_negatives", to=["tea-nobody"])),
    ("unknown-reference", set_field("tea_law", "conflicts_with", to=["tea-nobody"])),
    ("unknown-reference", set_field("alertness", "status", to="superseded_by:tea-nobody")),
    ("self-reference", set_field("alertness", "hard_negatives", to=["tea-alert-doe-2020"])),
    ("self-reference", set_field("alertness", "status", to="superseded_by:tea-alert-doe-2020")),
    ("unknown-topic", set_field("alertness", "topic", to="vigour")),
    ("figure-mismatch", set_field("alertness", "figures", "change_pct", to=-21)),
    ("duplicate-text", set_field("sleep", "examples", 0, "text", to="TEA may sharpen your reactions - for a while!")),
    ("duplicate-text", set_field("sleep", "statement", to=ALERT["examples"][3]["text"])),
    ("incomplete-triple", drop_field("alertness", "examples", 2)),
    ("incomplete-triple", set_field("alertness", "examples", 3, "triple", to="tea-t1")),
]


@pytest.mark.parametrize(("kind", "spoil"), SPOILT)
def test_a_seeded_fault_is_an_error_of_its_kind(tmp_path, kind, spoil):
    folder = write_pack(tmp_path, spoil)
    problems = validate(folder, today=TODAY)
    assert [problem.kind for problem in problems if problem.severity == "error"] == [kind]
    assert has_errors(problems)


def test_an_error_names_file_line_and_record(tmp_path):
    folder = write_pack(tmp_path, set_field("alertness", "source", "pmid", to="x"))
    (folder / "alertness.yaml").write_text("# a comment\n\n" + (folder / "alertness.yaml").read_text())
    (problem,) = validate(folder, today=TODAY)
    assert problem.where == "tea/alertness.yaml:3: tea-alert-doe-2020"
    assert problem.message == "source.pmid: expected one to eight digits in quotes; found 'x'"


def test_an_id_used_twice_is_an_error_across_files_and_packs(tmp_path):
    folder = write_pack(tmp_path, set_field("sleep", "id", to="tea-alert-doe-2020"))
    assert "duplicate-id" in kinds(folder)
    other = tmp_path / "two"
    write_pack(other)
    (other / "tea").rename(other / "tea2")
    manifest = other / "tea2" / "pack.yaml"
    manifest.write_text(manifest.read_text().replace("name: tea\n", "name: tea2\n"))
    write_pack(other)
    assert kinds(other) == ["duplicate-id"] * 3


def test_a_reference_to_a_record_with_a_fault_of_its_own_is_no_second_fault(tmp_path):
    assert kinds(write_pack(tmp_path, drop_field("sleep", "limits"))) == ["schema"]


@pytest.mark.parametrize(
    "text", ["- id: [", "id: tea", "- just text", "", "- &a [*a]\n- {id: !!python/object:os.x {}}"]
)
def test_a_file_that_is_no_list_of_records_is_unreadable(tmp_path, text):
    folder = write_pack(tmp_path)
    (folder / "extra.yaml").write_text(text)
    assert set(kinds(folder)) == {"unreadable"}


def test_a_file_that_is_no_text_is_unreadable(tmp_path):
    folder = write_pack(tmp_path)
    (folder / "extra.yaml").write_bytes(b"\xff\xfe\x00")
    assert kinds(folder) == ["unreadable"]


def test_a_field_written_twice_is_an_error_with_its_line(tmp_path):
    folder = write_pack(tmp_path)
    path = folder / "alertness.yaml"
    path.write_text(path.read_text() + "  topic: alertness\n")
    (problem,) = validate(folder, today=TODAY)
    assert (problem.kind, problem.line) == ("duplicate-key", len(path.read_text().splitlines()))


def test_a_manifest_of_another_name_or_without_a_field_is_an_error(tmp_path):
    assert kinds(write_pack(tmp_path / "a", name="coffee")) == ["pack-name"]
    assert kinds(write_pack(tmp_path / "b", version="1")) == ["schema"]
    assert kinds(write_pack(tmp_path / "c", aliases=[])) == ["schema"]


def test_a_folder_without_a_pack_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match="found no pack"):
        validate(tmp_path)


def test_a_rare_verdict_is_an_error(tmp_path):
    def spoil(rows: Rows) -> None:
        for row in rows.values():
            row["examples"] = [example for example in row["examples"] if "triple" not in example]
        for name in ("sleep", "tea_law"):
            rows[name]["examples"] = rows[name]["examples"][:4]

    problems = validate(write_pack(tmp_path, spoil), today=TODAY)
    assert [problem.kind for problem in problems if problem.severity == "error"] == ["label-balance"]
    assert "1 of 11 examples are contradicted" in str([problem.message for problem in problems])


@pytest.mark.parametrize(
    ("topic", "days", "expected"),
    [
        ("alertness", 1000, []),
        ("alertness", 1001, ["stale"]),
        ("tea_law", 400, []),
        ("tea_law", 401, ["stale"]),
    ],
)
def test_a_record_goes_stale_after_its_time_and_a_law_sooner(tmp_path, topic, days, expected):
    checked = (TODAY - datetime.timedelta(days=days)).isoformat()
    folder = write_pack(tmp_path, set_field(topic, "checked", to=checked))
    assert kinds(folder) == expected
    assert not has_errors(validate(folder, today=TODAY))


def test_a_price_goes_stale_as_a_law_does_whatever_its_source(tmp_path):
    def spoil(rows: Rows) -> None:
        rows["alertness"] |= {"topic": "cost_insurance", "checked": "2025-04-01"}

    assert kinds(write_pack(tmp_path, spoil, topics={})) == ["stale"]


def test_records_from_memory_few_examples_and_thin_sources_are_warnings(tmp_path):
    def spoil(rows: Rows) -> None:
        rows["alertness"]["verified"] = "memory"
        rows["sleep"]["examples"] = rows["sleep"]["examples"][1:]
        rows["tea_law"]["source"] |= {"url": "http://example.org/law", "authors": ""}

    problems = validate(write_pack(tmp_path, spoil), today=TODAY)
    assert sorted(problem.kind for problem in problems) == [
        "few-examples", "incomplete-source", "insecure-url", "unverified-records",
    ]  # fmt: skip
    assert not has_errors(problems)


def test_texts_of_the_same_words_are_near_duplicates_only_with_an_encoder_and_outside_a_triple(tmp_path):
    def spoil(rows: Rows) -> None:
        rows["sleep"]["examples"][0]["text"] = "Awake some people keep can evening tea."
        rows["sleep"]["examples"][1]["text"] = "Evening tea can keep some people awake."
        rows["alertness"]["examples"][0]["text"] = "Your reactions tea sharpens."
        rows["alertness"]["examples"][1]["text"] = "Tea sharpens your reactions."
        rows["tea_law"]["statement"] = "Tea call only leaves of the plant tea lets sellers a 2024 rule."
        rows["sleep"]["statement"] = "A 2024 rule lets sellers call only leaves of the tea plant tea."
        rows["sleep"]["figures"] = {"year": 2024}
        for row in rows.values():
            for example in row["examples"]:
                example["text"] = example["text"].rstrip(".")
            row["statement"] = row["statement"].rstrip(".")

    folder = write_pack(tmp_path, spoil)
    assert kinds(folder) == []
    problems = validate(folder, today=TODAY, encoder=WordEncoder())
    assert [(problem.kind, problem.record) for problem in problems] == [
        ("near-duplicate", "tea-sleep-roe-2021"),
        ("near-duplicate", "tea-law-label-2024"),
    ]


def test_every_kind_of_problem_is_seeded_by_a_test_here():
    source = Path(__file__).read_text(encoding="utf-8")
    missing = [kind for kind in (*ERROR_KINDS, *WARNING_KINDS) if f'"{kind}"' not in source]
    assert missing == []


@pytest.mark.parametrize(
    ("statement", "figures", "unexplained"),
    [
        ("It rose by 36% in trials.", {"rise_pct": 35.6}, ()),
        ("It rose by 36% in trials.", {"rise_pct": 35.4}, ("36",)),
        ("It rose by 36.2% in trials.", {"rise_pct": 36}, ("36.2",)),
        ("It rose by about 36% to 40% in trials.", {"low_pct": 35.4, "high_pct": 41.9}, ()),
        ("It rose by about 36% in trials.", {"rise_pct": 46}, ("36",)),
        ("It lasted 14 days in one arm.", {"duration_weeks": 2}, ()),
        ("It lasted 14 days in one arm.", {"duration_weeks": 3}, ("14",)),
        ("It cost 1,200 dollars.", {"price_usd": 1200}, ()),
        ("About 4.5 million people took it.", {"people_millions": 4.5}, ()),
        ("About 4.5 million people took it.", {"people": 4500000}, ()),
        ("In all 4.5 million people took it.", {"people": 4600000}, ("4.5",)),
        ("PHQ-9 and B12 were measured in 3 arms of a phase 2 trial.", {}, ()),
        ("A 3% share took it.", {}, ("3",)),
        ("The odds ratio was 0.8 (95% CI 0.6 to 1.1).", {"or": 0.8, "low": 0.6, "high": 1.1}, ()),
        ("15 U.S.C. 45 and 21 CFR 202.1 forbid it, as does section 502(n).", {}, ()),
        ("On August 25, 2020 it was approved.", {}, ()),
        ("In 1999 it was approved.", {}, ("1999",)),
        ("In 1999 it was approved.", {"year": 2000}, ("1999",)),
        ("Between 20 and 30 people came.", {"range": "20-30"}, ()),
        ("A dose of 25mg was given.", {"dose_mg": 50}, ("25",)),
    ],
)
def test_a_number_of_the_statement_is_sought_among_the_figures(statement, figures, unexplained):
    row = copy.deepcopy(ALERT) | {"statement": statement, "figures": figures, "population": ""}
    assert unexplained_numbers(record_from_mapping(row, "test")) == unexplained


def test_a_new_record_is_checked_against_the_pack_it_joins(tmp_path):
    pack = parse_pack(write_pack(tmp_path))
    assert record_problems([LAW | {"id": "tea-law-two"}], pack, today=TODAY)[0].kind == "duplicate-text"
    taken = record_problems([ALERT], pack, today=TODAY)
    assert "duplicate-id" in [problem.kind for problem in taken]
    assert {problem.line for problem in taken} == {1}


def test_without_the_jsonschema_package_the_extra_is_named(tmp_path, monkeypatch):
    def missing(name: str) -> object:
        raise ImportError(name)

    folder = write_pack(tmp_path)
    _validator.cache_clear()
    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(UsageError, match=r"claimcheck\[curate\]"):
        validate_module.validate(folder, today=TODAY)
    _validator.cache_clear()


def test_the_curators_guide_names_every_kind_field_and_code():
    guide = (ROOT / "docs" / "curating.md").read_text(encoding="utf-8")
    record = load_schema(RECORD_SCHEMA)
    names = {*ERROR_KINDS, *WARNING_KINDS, *record["properties"], *load_schema(MANIFEST_SCHEMA)["properties"]}
    names |= {*record["$defs"]["source"]["properties"], *record["$defs"]["example"]["properties"]}
    names |= {
        code for path in (("direction",), ("certainty",), ("verified",), ("fold",)) for code in enum_values(*path)
    }
    names |= {code for field in ("verdict", "overstates", "register") for code in enum_values("examples", field)}
    assert sorted(name for name in names if f"`{name}`" not in guide) == []


def test_the_schema_speaks_the_language_of_the_records():
    assert set(load_schema(RECORD_SCHEMA)["properties"]) == set(FIELD_ORDER)
    assert {field.name for field in dataclasses.fields(EvidenceRecord)} == set(FIELD_ORDER) - {"note"}
    assert enum_values("certainty") == tuple(level.value for level in Certainty)
    assert set(enum_values("examples", "overstates")) == {code.value for code in Overstatement}
    for name in (RECORD_SCHEMA, MANIFEST_SCHEMA):
        jsonschema.Draft202012Validator.check_schema(load_schema(name))
