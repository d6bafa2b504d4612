"""Known rates of error: counted from the shipped evaluation and the store's own decisions, or said to be missing."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from case_store import HOST, MADE, VERSIONS, make_case, review_case
from claimcheck.errors import DamagedDataError
from claimcheck.records import Label
from claimcheck.review.casefile import CaseOptions, gather_case
from claimcheck.review.casefile.document import to_html
from claimcheck.review.casefile.rates import RATES_FILE, Rate, ReviewedKind, known_rates
from claimcheck.review.casefile.words import rate_words
from claimcheck.settings import data_folder

CONFUSION = {
    "supported": {"supported": 80, "overstated": 6, "contradicted": 1, "unverified": 3},
    "overstated": {"supported": 10, "overstated": 30, "contradicted": 2, "unverified": 1},
    "contradicted": {"supported": 2, "overstated": 4, "contradicted": 7, "unverified": 0},
    "unverified": {"supported": 1, "overstated": 1, "contradicted": 0, "unverified": 5},
}


def write_rates(folder, **changes):
    values = {
        "schema": "claimcheck.rates/1", "measured": "2026-11-30", "data": "some claims", "confusion": CONFUSION,
        "models": VERSIONS["models"],
    } | changes  # fmt: skip
    (folder / RATES_FILE).write_text(json.dumps(values))
    return folder


def test_rates_are_counted_by_kind(tmp_path):
    rates = known_rates(write_rates(tmp_path), VERSIONS)
    assert rates.wrong == {Label.CONTRADICTED: Rate(1, 10), Label.OVERSTATED: Rate(7, 41)}
    assert rates.other == {Label.CONTRADICTED: Rate(2, 10), Label.OVERSTATED: Rate(4, 41)}
    assert rates.missed == Rate(13, 56)
    assert rates.is_of_these_models


def test_other_models_are_told_apart(tmp_path):
    versions = VERSIONS | {"models": {"encoder": "00" * 32}}
    assert not known_rates(write_rates(tmp_path), versions).is_of_these_models


def test_without_a_file_there_are_none_and_with_a_damaged_one_an_error(tmp_path):
    assert known_rates(tmp_path, VERSIONS) is None
    for changes in ({"schema": "other/1"}, {"confusion": {"supported": {"wrong": 1}}}, {"confusion": []}):
        with pytest.raises(DamagedDataError, match="make_rates"):
            known_rates(write_rates(tmp_path, **changes), VERSIONS)
    (tmp_path / RATES_FILE).write_text("{")
    with pytest.raises(DamagedDataError):
        known_rates(tmp_path, VERSIONS)


def test_the_shipped_rates_can_be_read():
    rates = known_rates(data_folder("models"), {})
    assert rates is not None
    assert rates.missed.of > 50


def test_a_rate_has_its_counts_and_interval():
    # Newcombe, Stat Med 1998;17:857, table I: 81 of 263 is 0.2553 to 0.3662 by Wilson's score.
    assert rate_words(Rate(81, 263)) == "81 of 263 (31%; 95% interval 26% to 37%)"
    assert rate_words(Rate(0, 0)) == "none of none"


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    folder = tmp_path_factory.mktemp("case")
    case = make_case(f"sqlite:///{folder / 'store.sqlite'}", folder)
    review_case(case)
    with case.store.session() as session:
        made = gather_case(session, HOST, CaseOptions(at=MADE))
    case.store.close()
    return made


def test_reviewers_own_rates_come_from_their_decisions(record):
    assert record.reviewed == (
        ReviewedKind(Label.CONTRADICTED, 2, 2, 0),
        ReviewedKind(Label.OVERSTATED, 3, 2, 0),
    )
    assert record.reviewed[1].wrong == Rate(1, 3)


def test_too_few_decisions_give_counts_and_no_rate(record):
    assert "1 (too few decided for a rate)" in to_html(record)
    enough = (record.reviewed[0], ReviewedKind(Label.OVERSTATED, 40, 30, 2))
    assert "8 of 40 (20%; 95% interval 10% to 35%)" in to_html(replace(record, reviewed=enough))


def test_the_document_says_when_nothing_was_measured(record):
    html = to_html(replace(record, known_rates=None))
    assert "nothing was measured for them" in html
    assert "has not been measured for this version" in html


def test_the_script_writes_what_the_reader_reads(tmp_path):
    import importlib.util

    path = Path(__file__).resolve().parent.parent / "scripts" / "make_rates.py"
    spec = importlib.util.spec_from_file_location("make_rates", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    evaluation = {"schema": "claimcheck.evaluation/1", "scores": {"confusion": CONFUSION}, "versions": VERSIONS}
    (tmp_path / RATES_FILE).write_text(json.dumps(script.rates_of(evaluation, "some claims", "2026-11-30")))
    assert known_rates(tmp_path, VERSIONS).wrong[Label.OVERSTATED] == Rate(7, 41)
    with pytest.raises(SystemExit):
        script.rates_of({"schema": "claimcheck.report/1"}, "x", "2026-11-30")
