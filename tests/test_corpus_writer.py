"""The YAML writer: what it writes reads back as it was, in one stable, readable layout."""

import dataclasses
import string

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claimcheck.corpus.reader import record_from_mapping
from claimcheck.corpus.writer import FIELD_ORDER, LINE_WIDTH, dump_records, dump_rows, record_to_mapping
from claimcheck.records import Certainty, EvidenceRecord, Example, Label, Overstatement, Source

TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.text(string.ascii_letters + " .,:;#-%'\"?!&*[]{}|>@`’–\t\n", max_size=300),
    st.sampled_from(["yes", "null", "~", "1", "1.5", "0x1F", "2026-11-29", "1:30", "- a", "# b", "---", "...", "a: b",
                     "{", " lead", "trail ", "two  spaces", "tab\there", "\u2028", "\x85", "\ufeff", "=", "<<"]),
)  # fmt: skip
NUMBERS = st.one_of(
    st.integers(-(10**9), 10**9), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([1e-5, 1e300, 0.1])
)
EXAMPLES = st.builds(
    Example,
    text=TEXT,
    verdict=st.sampled_from([Label.SUPPORTED, Label.OVERSTATED, Label.CONTRADICTED]),
    overstates=st.lists(st.sampled_from(list(Overstatement)), unique=True).map(tuple),
    register=TEXT,
    triple=TEXT,
)
SOURCES = st.builds(
    Source,
    type=TEXT,
    title=TEXT,
    authors=TEXT,
    year=st.none() | st.integers(0, 3000),
    journal=TEXT,
    url=TEXT,
    pmid=st.none() | st.text(string.digits, min_size=1, max_size=8),
    doi=st.none() | TEXT.filter(bool),
)
RECORDS = st.builds(
    EvidenceRecord,
    **{name: TEXT for name in ("id", "topic", "statement", "population", "intervention", "comparator", "outcome")},
    **{name: TEXT for name in ("timeframe", "direction", "certainty_reason", "limits", "status", "checked")},
    verified=TEXT,
    figures=st.dictionaries(TEXT.filter(bool), NUMBERS | TEXT, max_size=4),
    certainty=st.sampled_from(list(Certainty)),
    source=SOURCES,
    hard_negatives=st.lists(TEXT, max_size=3).map(tuple),
    examples=st.lists(EXAMPLES, max_size=3).map(tuple),
    conflicts_with=st.lists(TEXT, max_size=3).map(tuple),
    conflict_note=TEXT,
)

PLAIN = EvidenceRecord(
    id="demo-a",
    topic="demo",
    statement="Tea lowered reaction time by 12% in 40 adults.",
    population="40 adults",
    intervention="",
    comparator="",
    outcome="",
    timeframe="",
    figures={"change_pct": 12, "note": "12-15"},
    direction="benefit",
    certainty=Certainty.LOW,
    certainty_reason="small: one site",
    limits="Short.",
    source=Source("rct", "Tea and time", "Doe J et al.", 2020, "", "https://example.org/a", pmid="123"),
    status="current",
    checked="2026-01-31",
    verified="search",
    examples=(Example("Tea makes you fast.", Label.OVERSTATED, (Overstatement.CERTAINTY, Overstatement.SCOPE)),),
)

PLAIN_YAML = """\
- id: demo-a
  topic: demo
  statement: Tea lowered reaction time by 12% in 40 adults.
  population: 40 adults
  figures:
    change_pct: 12
    note: 12-15
  direction: benefit
  certainty: low
  certainty_reason: 'small: one site'
  limits: Short.
  source:
    type: rct
    title: Tea and time
    authors: Doe J et al.
    year: 2020
    pmid: '123'
    url: https://example.org/a
  status: current
  checked: 2026-01-31
  verified: search
  examples:
    - text: Tea makes you fast.
      verdict: overstated
      overstates: [certainty, scope]
"""


def read(text: str) -> list[EvidenceRecord]:
    return [record_from_mapping(row, "test") for row in yaml.safe_load(text)]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(RECORDS, min_size=1, max_size=2))
def test_what_is_written_reads_back_as_it_was(records):
    assert read(dump_records(records)) == records


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text("ab:#-'%", min_size=1, max_size=12), min_size=20, max_size=60))
def test_a_long_sentence_is_folded_within_the_width_and_reads_back(words):
    text = " ".join(words)
    written = dump_records([dataclasses.replace(PLAIN, statement=text)])
    assert read(written)[0].statement == text
    assert max(map(len, written.splitlines())) <= LINE_WIDTH


def test_the_layout_is_this():
    assert dump_records([PLAIN]) == PLAIN_YAML


def test_records_are_parted_by_a_blank_line():
    assert dump_records([PLAIN, PLAIN]) == f"{PLAIN_YAML}\n{PLAIN_YAML}"


def test_no_records_give_an_empty_list():
    assert yaml.safe_load(dump_records([])) == []


def test_a_long_statement_is_folded_without_quotes():
    text = "Ketamine: a finding # with marks that would need quotes, " * 4
    lines = dump_records([dataclasses.replace(PLAIN, statement=text.strip())]).splitlines()
    assert lines[2] == "  statement: >-"
    assert lines[3].startswith("    Ketamine: a finding # with marks")


def test_a_changed_field_changes_its_own_lines_only():
    before = dump_records([PLAIN, dataclasses.replace(PLAIN, id="demo-b")]).splitlines()
    after = dump_records([PLAIN, dataclasses.replace(PLAIN, id="demo-b", limits="Other.")]).splitlines()
    assert [line for line in after if line not in before] == ["  limits: Other."]
    assert len(before) == len(after)


def test_fields_come_in_the_order_of_the_schema_whatever_order_they_have():
    row = record_to_mapping(PLAIN)
    shuffled = dict(reversed(row.items()))
    assert dump_rows([shuffled]) == PLAIN_YAML
    assert list(row) == [name for name in FIELD_ORDER if name in row]


def test_a_field_that_the_record_class_lacks_is_kept():
    row = record_to_mapping(PLAIN) | {"note": "read twice"}
    assert yaml.safe_load(dump_rows([row]))[0]["note"] == "read twice"


@pytest.mark.parametrize("value", ["2026-02-30", "2026-1-31", "yes", "20260131"])
def test_what_only_looks_like_a_date_is_kept_as_text(value):
    assert read(dump_records([dataclasses.replace(PLAIN, checked=value)]))[0].checked == value
