import dataclasses

import pytest

from claimcheck.corpus.reader import Manifest
from claimcheck.findings import page_findings
from claimcheck.records import (
    Block,
    BlockKind,
    Claim,
    Coverage,
    Label,
    Page,
    Sentence,
    Severity,
    SourceRef,
    Span,
    Verdict,
)

MANIFEST = Manifest(
    name="ketamine", title="", version="1", licence="", subject="ketamine",
    aliases=("ketamine", "esketamine", "spravato"),
    curators="", method="",
    risk_terms=("side effect", "risk", "nausea", "dissociat", "blood pressure", "misuse", "abuse", "addict",
                "not suitable",
                "monitored"),
    off_label_terms=("off-label", "not approved", "not fda-approved"),
    off_label_uses=("depress", "anxiety", "ptsd", "addict", "pain"),
)  # fmt: skip


def findings(*lines, hidden=(), quotes=(), meta=(), manifest=MANIFEST):
    """Return the findings on a page of these lines, all of them claims; numbers name the lines of other kinds."""
    text, blocks, sentences, verdicts = "", [], [], []
    for number, line in enumerate(lines):
        start, end = len(text), len(text) + len(line)
        kind = BlockKind.QUOTE if number in quotes else BlockKind.META if number in meta else BlockKind.PARAGRAPH
        visible = number not in hidden and number not in meta
        blocks.append(Block(start, end, kind, visible))
        sentences.append(Sentence(start, end, line, number, kind, visible))
        claim = Claim(f"c{number}", line, start, end, line, "other")
        verdicts.append(Verdict(claim, Label.SUPPORTED, {Label.SUPPORTED: 1.0}, 1.0, False, Severity.NONE, (), "", ()))
        text += line + "\n"
    page = Page(text, tuple(blocks), SourceRef("file", "page.html", "", "", ""), Coverage(len(text), len(text)))
    return {finding.kind: finding for finding in page_findings(page, sentences, verdicts, manifest)}


SELLING = ("Ketamine is an effective treatment for depression.", "Ketamine relieves anxiety within hours.")
FAIR = (
    "Its use for depression is off-label.",
    "Side effects include nausea and dissociation.",
)


def test_a_page_that_only_sells_lacks_both_risk_and_off_label_notice():
    found = findings(*SELLING)
    assert set(found) == {"no_risk_information", "no_off_label_notice"}
    assert found["no_risk_information"].spans == (Span(0, 50), Span(51, 90))
    assert "2 claims of benefit for ketamine" in found["no_risk_information"].explanation


def test_a_fair_page_has_no_finding():
    assert findings(*SELLING, *FAIR) == {}


@pytest.mark.parametrize(
    "line",
    [
        "Ketamine has no side effects.",
        "It is a risk-free, natural way to feel better.",
        "It works without nausea or other side effects.",
        "What are the side effects?",
        "Ketamine reduces the risk of suicide.",
        "We also help with alcohol abuse.",
        "Ketamine is being used to treat addiction.",
    ],
)
def test_denying_a_risk_or_naming_a_condition_is_no_risk_information(line):
    assert "no_risk_information" in findings(*SELLING, line)


@pytest.mark.parametrize(
    "line",
    [
        "Some patients feel nausea during the session.",
        "There is a risk of addiction with frequent use.",
        "Ketamine can be addictive.",
        "Ketamine is not suitable for people with uncontrolled hypertension.",
        "Blood pressure is monitored throughout.",
        "No treatment is without risk.",
    ],
)
def test_telling_a_risk_is_risk_information(line):
    assert "no_risk_information" not in findings(*SELLING, line)


def test_a_page_that_sells_nothing_lacks_nothing():
    assert findings("Welcome to our clinic.", "Ketamine was first made in 1962.", "Call us today.") == {}


def test_an_approved_product_needs_no_off_label_notice():
    found = findings(
        "Spravato is effective for treatment-resistant depression.",
        "Esketamine relieves depression within a day.",
        "Side effects include dissociation.",
    )
    assert found == {}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("“Ketamine cured my depression.”", True),
        ("After three infusions my pain was completely gone.", True),
        ("I am no longer suicidal!", True),
        ("It saved my life.", True),
        ("The staff made me feel so welcome.", False),
        ("I loved the quiet room and my blanket.", False),
        ("Will my depression be gone after one infusion?", False),
        ("I have seen depression lift in many patients.", False),
        ("My depression did not go away, but the team was kind.", False),
        ("Depression scores improved in the trial.", False),
    ],
)
def test_a_testimonial_needs_a_first_person_and_an_outcome(line, expected):
    assert ("testimonial_outcome" in findings(line)) is expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("We guarantee results or your money back.", True),
        ("Relief is guaranteed.", True),
        ("No more pain, relief guaranteed!", True),
        ("Ketamine is 100% effective.", True),
        ("It works for everyone.", True),
        ("Ketamine will cure your depression.", True),
        ("We cannot guarantee results.", False),
        ("There is no guarantee of relief.", False),
        ("Results are not guaranteed.", False),
        ("No clinic can guarantee a response.", False),
        ("Does it work for everyone?", False),
        ("It does not work for everyone.", False),
        ("Your privacy is guaranteed.", False),
        ("Beware of clinics that guarantee results.", False),
        ("Nothing works for everyone.", False),
    ],
)
def test_a_guarantee_is_a_promise_and_not_its_denial(line, expected):
    assert ("guarantee" in findings(line)) is expected


def test_a_notice_only_in_hidden_text_is_a_hidden_disclaimer_and_not_a_missing_one():
    found = findings(*SELLING, *FAIR, hidden=(2, 3))
    assert set(found) == {"disclaimer_hidden"}
    assert len(found["disclaimer_hidden"].spans) == 2


def test_a_hidden_disclaimer_that_is_also_shown_is_no_finding():
    assert findings(*SELLING, *FAIR, FAIR[0], FAIR[1], hidden=(4, 5)) == {}


def test_hidden_small_print_on_results_is_a_hidden_disclaimer():
    lines = (*SELLING, *FAIR, "Individual results may vary.")
    assert set(findings(*lines, hidden=(4,))) == {"disclaimer_hidden"}
    assert findings(*lines) == {}


def test_the_pages_description_is_neither_a_notice_nor_hidden_text():
    found = findings(*SELLING, "Off-label ketamine: side effects and risks.", meta=(2,))
    assert set(found) == {"no_risk_information", "no_off_label_notice"}


def test_the_words_come_from_the_pack():
    manifest = dataclasses.replace(
        MANIFEST, subject="zolmane", aliases=("zolmane",), risk_terms=("itch",), off_label_uses=("baldness",)
    )
    selling = ("Zolmane is effective for baldness.", "Zolmane treats baldness in a week.")
    assert set(findings(*selling, manifest=manifest)) == {"no_risk_information", "no_off_label_notice"}
    assert set(findings(*selling, "It may itch.", manifest=manifest)) == {"no_off_label_notice"}
    assert findings(*SELLING, manifest=manifest) == {}


def test_spans_lie_in_the_page_and_each_kind_comes_once():
    lines = [f"Ketamine cured my depression number {number}." for number in range(30)]
    found = findings(*lines)
    assert len(found["testimonial_outcome"].spans) == 8
    assert found["testimonial_outcome"].explanation.startswith("30 sentences report")
