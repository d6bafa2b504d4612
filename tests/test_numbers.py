"""Numbers in claims: what is read, in which unit, and how it stands to a record's figures."""

import pytest

from claimcheck.numbers import compare, quantities
from evidence_records import a_record


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Up to 70-80% of patients improve", [(70, 80, "percent")]),
        ("Two-thirds of patients respond", [(200 / 3, 200 / 3, "percent")]),
        ("A third of adults do not respond", [(100 / 3, 100 / 3, "percent")]),
        ("9 out of 10 clients feel better", [(90, 90, "percent")]),
        ("one in three people", [(100 / 3, 100 / 3, "percent")]),
        ("Most people respond", [(50, 100, "percent")]),
        ("0.5 mg/kg over 40 minutes", [(0.5, 0.5, "mg/kg"), (2 / 3, 2 / 3, "hours")]),
        ("six infusions over two to three weeks", [(6, 6, "sessions"), (336, 504, "hours")]),
        ("$400 to $800 per infusion", [(400, 400, "usd"), (800, 800, "usd")]),
        ("approved in 1970", [(1970, 1970, "year")]),
        ("three times more likely", [(3, 3, "times")]),
        ("1,200 mg a day", [(1200, 1200, "mg")]),
        ("COVID-19 and vitamin B12 are no quantities", []),
    ],
)
def test_quantities_are_read_with_their_unit(text, expected):
    found = [(q.low, q.high, q.unit) for q in quantities(text)]
    assert [(pytest.approx(low), pytest.approx(high), unit) for low, high, unit in expected] == found


def record(statement, **figures):
    return a_record(statement=statement, figures=figures)


@pytest.mark.parametrize(
    ("claim", "relation"),
    [("78% of patients respond", "above"), ("60% of patients respond", "within"), ("12% of patients respond", "below")],
)
def test_a_share_is_set_against_the_range_of_the_record(claim, relation):
    checks = compare(claim, [record("Between 37% and 70% responded.", response_low_pct=37, response_high_pct=70)])
    assert [(c.relation, c.low, c.high) for c in checks] == [(relation, 37, 70)]


def test_a_year_off_by_one_is_a_slip_and_off_by_more_is_not():
    approval = record("The drug was approved in 1970.", year=1970)
    assert [c.relation for c in compare("Approved in 1971", [approval])] == ["within"]
    assert [c.relation for c in compare("Approved in 1990", [approval])] == ["above"]


def test_units_are_never_mixed():
    assert compare("Relief within 24 hours", [record("70% responded.", response_pct=70)]) == []


def test_durations_are_compared_across_units():
    trial = record("Benefit lasted a median of 18 days.", median_days=18)
    assert [c.relation for c in compare("Relief that lasts six months", [trial])] == ["above"]
    assert [c.relation for c in compare("Relief lasts about 2 to 3 weeks", [trial])] == ["within"]
