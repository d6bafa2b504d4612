"""JSON and JSON Lines keep to the contract "claimcheck.report/1"."""

import copy
import json

import jsonschema
import pytest

from claimcheck.errors import FetchError, UnreadableError
from claimcheck.report import Failure, failure_of, report_schema, to_json, to_jsonl
from factories import clinic_report, hostile_report, small_report

VALIDATOR = jsonschema.Draft202012Validator(report_schema())
FAILED = Failure("url", "https://gone.example/", "fetch-failed", "answered 404; check the address")


def clinic():
    return json.loads(to_json([clinic_report()]))


def test_the_schema_is_a_valid_schema():
    jsonschema.Draft202012Validator.check_schema(report_schema())


@pytest.mark.parametrize(
    "outcome", [clinic_report(), hostile_report(), small_report(), FAILED], ids=lambda o: type(o).__name__
)
def test_json_keeps_to_the_schema(outcome):
    VALIDATOR.validate(json.loads(to_json([outcome])))


def test_the_keys_are_those_of_the_contract():
    values = clinic()
    assert list(values) == [
        "schema", "source", "text", "sentences", "page_findings", "coverage", "claims", "summary", "versions",
    ]  # fmt: skip
    assert values["summary"] == {"supported": 8, "overstated": 7, "contradicted": 7, "unverified": 4}


def broken(change):
    values = copy.deepcopy(clinic())
    change(values)
    return values


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v.update(extra=1),
        lambda v: v.pop("coverage"),
        lambda v: v.update(schema="claimcheck.report/2"),
        lambda v: v["claims"][0].update(label="false"),
        lambda v: v["claims"][0].update(evidence=[]),
        lambda v: v["claims"][0].update(confidence=1.2),
        lambda v: v["claims"][0]["overstates"].append("tone"),
        lambda v: v["claims"][0]["evidence"][0].update(stance="refutes"),
        lambda v: v["sentences"][0].update(block="div"),
        lambda v: v["page_findings"][0].update(kind="rude"),
        lambda v: v["versions"].pop("settings_sha256"),
        lambda v: v["source"].update(kind="ftp"),
    ],
)
def test_the_schema_refuses_what_breaks_the_contract(change):
    assert not VALIDATOR.is_valid(broken(change))


def test_offsets_cut_the_sentence_out_of_the_text():
    values = clinic()
    for claim in values["claims"]:
        place = claim["sentence"]
        assert values["text"][place["start"] : place["end"]] == place["text"]
    for sentence in values["sentences"]:
        assert values["text"][sentence["start"] : sentence["end"]] == sentence["text"]


def test_text_is_kept_as_it_is_however_hostile():
    report = hostile_report()
    assert json.loads(to_json([report]))["text"] == report.page.text


def test_one_source_is_an_object_and_several_a_list_in_order():
    assert json.loads(to_json([FAILED]))["error"] == {
        "reason": "fetch-failed",
        "message": "answered 404; check the address",
    }
    first, second = json.loads(to_json([small_report(uri="https://a.example/"), FAILED]))
    assert first["source"]["uri"] == "https://a.example/"
    assert second["source"] == {"kind": "url", "uri": "https://gone.example/"}


def test_json_lines_has_one_object_a_line_even_with_line_separators_in_the_text():
    report = small_report(("a\u2028b\u0085c", "supported", 0.9))
    lines = to_jsonl([report, FAILED]).splitlines()
    assert [json.loads(line)["source"]["uri"] for line in lines if line] == ["https://clinic.example/", FAILED.uri]
    assert json.loads(lines[0])["text"] == report.page.text


def test_probabilities_are_rounded_alike_on_every_machine():
    assert json.loads(to_json([small_report(("a", "supported", 0.123456789))]))["claims"][0]["confidence"] == 0.1235


def test_not_a_number_is_refused_rather_than_written():
    with pytest.raises(ValueError, match="JSON"):
        to_json([small_report(("a", "supported", float("nan")))])


def test_a_failure_tells_its_kind_and_keeps_the_message_once():
    assert failure_of(FetchError("https://x.example", "no answer; try again")) == Failure(
        "url", "https://x.example", "fetch-failed", "no answer; try again"
    )
    assert failure_of(UnreadableError("-", "binary")).kind == "stdin"
    assert failure_of(UnreadableError("a b.html", "binary")).kind == "file"
    assert failure_of(UnreadableError("c.txt", "binary"), kind="claims").kind == "claims"
