"""The words of a report say what the records say."""

import pytest

from claimcheck.records import Label, NumberCheck, Overstatement, Stance
from claimcheck.report import words
from factories import APPROVAL, HARMS, RESPONSE, clinic_report, record, small_report


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.999, "very likely (over 99%)"),
        (0.9, "very likely (90%)"),
        (0.82, "likely (82%)"),
        (0.5, "more likely than not (50%)"),
        (0.31, "unsure (31%)"),
        (0.001, "unsure (under 1%)"),
    ],
)
def test_confidence_is_said_in_words_and_per_cent(value, expected):
    assert words.confidence_words(value) == expected


def test_every_label_way_and_stance_has_words():
    labels = [label for label in Label if label is not Label.NOT_A_CLAIM]
    assert set(words.LABEL_MEANING) == set(words.LABEL_ORDER) == set(labels)
    assert set(words.LABEL_WORD) == set(words.LABEL_SYMBOL) == set(Label)
    assert set(words.OVERSTATEMENT_WORDS) == set(Overstatement)
    assert set(words.STANCE_WORDS) == set(Stance)


def test_symbols_tell_the_verdicts_apart_without_colour():
    assert len(set(words.LABEL_SYMBOL.values())) == len(Label)


def test_the_headline_counts_what_goes_too_far():
    assert words.headline(clinic_report()) == (
        "26 claims were checked: 7 contradict the evidence or the law and 7 go further than the evidence."
    )


def test_the_headline_of_fair_and_of_empty_pages():
    fair = small_report(("Ketamine may help.", "supported", 0.9))
    assert words.headline(fair) == "1 claim was checked: it does not go beyond the evidence or against it."
    assert words.headline(small_report()) == "No checkable claim was found on this page."


def test_the_worst_claims_come_first_by_severity_then_confidence():
    report = small_report(
        ("a", "supported", 0.99), ("b", "overstated", 0.8), ("c", "contradicted", 0.6), ("d", "contradicted", 0.9)
    )
    assert [verdict.claim.text for verdict in words.worst_first(report.verdicts)] == ["d", "c", "b", "a"]


def test_the_decisive_evidence_has_the_verdicts_stance():
    report = small_report(("a", "contradicted", 0.9, {"records": (APPROVAL, HARMS)}), ("b", "unverified", 0.9))
    assert words.decisive(report.verdicts[0]).record is APPROVAL
    assert words.decisive(report.verdicts[1]) is None


def number(value, unit, low, high, relation, text):
    return NumberCheck(text, value, unit, "r", "f", low, high, relation)


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (
            number(90, "percent", 50, 70, "above", "90%"),
            "The claim says “90%”; the evidence gives 50% to 70%: above that range.",
        ),
        (
            number(1, "hours", 24, 24, "below", "an hour"),
            "The claim says “an hour” (1 hour); the evidence gives 1 day: below that.",
        ),
        (
            number(168, "hours", 336, 730.5, "below", "1 week"),
            "The claim says “1 week”; the evidence gives 2 weeks to 1 month: below that range.",
        ),
        (
            number(1970, "year", 1970, 1970, "within", "in 1970"),
            "The claim says “in 1970”; the evidence gives 1970: in line with that.",
        ),
        (
            number(4500, "usd", 400, 800, "above", "$4,500"),
            "The claim says “$4,500”; the evidence gives $400 to $800: above that range.",
        ),
        (
            number(0.5, "mg/kg", 0.5, 1, "within", "0.5 mg/kg"),
            "The claim says “0.5 mg/kg”; the evidence gives 0.5 mg/kg to 1 mg/kg: within that range.",
        ),
    ],
)
def test_the_arithmetic_is_one_plain_sentence(check, expected):
    assert words.number_words(check) == expected


def test_a_citation_names_authors_title_journal_and_year():
    assert words.citation(RESPONSE.source) == (
        "Doe J, Roe R, Poe P, et al. Single infusions of ketamine for depression: a meta-analysis. "
        "J Example Psychiatry 2019."
    )
    assert words.citation(record(authors="", year=None, journal="").source).count(".") == 1


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["contradicted"], "1 claim was checked: it contradicts the evidence or the law."),
        (["overstated"], "1 claim was checked: it goes further than the evidence."),
        (["unverified"], "1 claim was checked: the evidence at hand does not settle it."),
        (["unverified"] * 2, "2 claims were checked: the evidence at hand does not settle any of them."),
    ],
)
def test_the_headline_of_one_claim_and_of_nothing_settled(labels, expected):
    report = small_report(*((f"Ketamine may help {n}.", label, 0.9) for n, label in enumerate(labels)))
    assert words.headline(report) == expected
