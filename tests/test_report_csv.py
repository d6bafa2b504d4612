"""CSV is one row a claim, and no cell of it runs in a spreadsheet."""

import csv
import io

import pytest

from claimcheck.report import CSV_COLUMNS, Failure, to_csv
from factories import clinic_report, hostile_report, small_report


def rows(*outcomes):
    return list(csv.DictReader(io.StringIO(to_csv(outcomes), newline="")))


def test_there_is_one_row_a_claim_and_several_sources_share_one_table():
    table = rows(clinic_report(), small_report(("a", "supported", 0.9), uri="https://b.example/"))
    assert len(table) == 27
    assert {row["source"] for row in table} == {"https://clinic.example/ketamine", "https://b.example/"}
    assert list(table[0]) == list(CSV_COLUMNS)


def test_a_row_holds_the_verdict_and_its_decisive_evidence():
    row = rows(clinic_report())[1]
    assert (row["label"], row["severity"], row["confidence"], row["needs_review"]) == (
        "contradicted",
        "high",
        "0.9930",
        "no",
    )
    assert row["evidence"] == "fda-approved-use:contradicts response-single-infusion:context"
    assert row["link"] == "https://www.fda.gov/label"
    assert row["decisive_certainty"] == "high"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "＝1+1", " =1", "\ttext", "\u200b=1"])
def test_a_cell_that_a_spreadsheet_would_run_is_guarded(text):
    assert rows(small_report((text + " cures", "contradicted", 0.9)))[0]["claim"].startswith("'")


def test_a_harmless_cell_is_left_alone():
    assert rows(small_report(("Ketamine = hope, +1", "contradicted", 0.9)))[0]["claim"] == "Ketamine = hope, +1"


def test_no_cell_of_a_hostile_page_opens_a_formula_or_holds_a_control_character():
    found = rows(hostile_report())
    assert found
    for row in found:
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
            assert cell.isprintable()


def test_a_source_that_failed_is_a_row_with_its_error():
    (row,) = rows(Failure("file", "=x.pdf", "unreadable", "no text in it; give it as HTML"))
    assert row["source"] == "'=x.pdf"
    assert row["error"] == "unreadable: no text in it; give it as HTML"
    assert row["label"] == ""
