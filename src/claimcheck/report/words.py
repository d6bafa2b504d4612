"""The plain words of a report: what each verdict, way of overstating, certainty and number means to a reader."""

from collections.abc import Mapping, Sequence

from claimcheck.records import (
    Certainty,
    Evidence,
    Label,
    NumberCheck,
    Overstatement,
    Report,
    Severity,
    Source,
    Stance,
    Verdict,
)
from claimcheck.report.shown import clipped, one_line

__all__ = [
    "BLOCK_WORDS",
    "CERTAINTY_WORDS",
    "FINDING_WORDS",
    "LABEL_MEANING",
    "LABEL_ORDER",
    "LABEL_SYMBOL",
    "LABEL_WORD",
    "OVERSTATEMENT_WORDS",
    "STANCE_WORDS",
    "citation",
    "confidence_words",
    "counts",
    "decisive",
    "headline",
    "number_words",
    "percent",
    "study_words",
    "worst_first",
]

LABEL_ORDER: tuple[Label, ...] = (Label.CONTRADICTED, Label.OVERSTATED, Label.UNVERIFIED, Label.SUPPORTED)

LABEL_WORD: Mapping[Label, str] = {
    Label.CONTRADICTED: "Contradicted",
    Label.OVERSTATED: "Overstated",
    Label.SUPPORTED: "Supported",
    Label.UNVERIFIED: "Unverified",
    Label.NOT_A_CLAIM: "Not a claim",
}
LABEL_SYMBOL: Mapping[Label, str] = {
    Label.CONTRADICTED: "✗",
    Label.OVERSTATED: "▲",
    Label.SUPPORTED: "✓",
    Label.UNVERIFIED: "?",
    Label.NOT_A_CLAIM: "·",
}
LABEL_MEANING: Mapping[Label, str] = {
    Label.CONTRADICTED: "The best evidence, or the law, says otherwise.",
    Label.OVERSTATED: "The evidence points the same way, but the claim goes further than it.",
    Label.SUPPORTED: "The best evidence agrees with the claim, at the strength at which it is worded.",
    Label.UNVERIFIED: "The evidence at hand does not settle it, either way. That does not make it false.",
}
OVERSTATEMENT_WORDS: Mapping[Overstatement, str] = {
    Overstatement.CERTAINTY: "sounds more certain than the evidence",
    Overstatement.MAGNITUDE: "makes the effect larger than was measured",
    Overstatement.SPEED: "promises a faster effect than was measured",
    Overstatement.DURATION: "promises a longer effect than was measured",
    Overstatement.SCOPE: "stretches to people or conditions that were not studied",
    Overstatement.MECHANISM: "states a theory of how it works as a fact in patients",
    Overstatement.COMPARISON: "claims to beat other treatments without a fair comparison",
    Overstatement.SAFETY: "plays down risks, or leaves out what safety depends on",
    Overstatement.OMISSION: "leaves out a fact that changes the meaning",
}
CERTAINTY_WORDS: Mapping[Certainty, str] = {
    Certainty.HIGH: "high certainty",
    Certainty.MODERATE: "moderate certainty",
    Certainty.LOW: "low certainty",
    Certainty.VERY_LOW: "very low certainty",
}
STANCE_WORDS: Mapping[Stance, str] = {
    Stance.SUPPORTS: "supports the claim",
    Stance.LIMITS: "limits the claim",
    Stance.CONTRADICTS: "contradicts the claim",
    Stance.CONTEXT: "background",
}
FINDING_WORDS: Mapping[str, str] = {
    "no_risk_information": "No risk information",
    "no_off_label_notice": "No notice of off-label use",
    "testimonial_outcome": "Testimonial with a health outcome",
    "guarantee": "Guarantee of a result",
    "disclaimer_hidden": "Disclaimer hidden from view",
}
BLOCK_WORDS: Mapping[str, str] = {
    "heading": "heading",
    "paragraph": "paragraph",
    "list_item": "list item",
    "quote": "quotation",
    "table_cell": "table cell",
    "caption": "caption or image text",
    "meta": "page title or description, seen by search engines",
}
_STUDY_WORDS: Mapping[str, str] = {
    "rct": "randomised trial",
    "open_label": "open trial without a control group",
    "meta_analysis": "meta-analysis",
    "cohort": "cohort study",
    "review": "narrative review",
    "label": "approved product label",
    "regulatory": "regulator's statement",
    "consensus": "expert consensus",
}
_SEVERITY_ORDER = {Severity.HIGH: 0, Severity.MEDIUM: 1, Severity.LOW: 2, Severity.NONE: 3}
_DECISIVE_STANCE = {
    Label.CONTRADICTED: Stance.CONTRADICTS,
    Label.OVERSTATED: Stance.LIMITS,
    Label.SUPPORTED: Stance.SUPPORTS,
}
_HOURS_IN = (("year", 8766.0), ("month", 730.5), ("week", 168.0), ("day", 24.0), ("hour", 1.0), ("minute", 1 / 60))


def counts(report: Report) -> dict[Label, int]:
    """Return how many claims got each verdict, most serious first, zeros included."""
    found = [verdict.label for verdict in report.verdicts]
    return {label: found.count(label) for label in LABEL_ORDER}


def worst_first(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return the verdicts by severity, then confidence, then their order on the page."""
    return sorted(verdicts, key=lambda verdict: (_SEVERITY_ORDER[verdict.severity], -verdict.confidence))


def decisive(verdict: Verdict) -> Evidence | None:
    """Return the evidence that bears most on the verdict: the first whose stance is the verdict's, else the first."""
    stance = _DECISIVE_STANCE.get(verdict.label)
    return next((item for item in verdict.evidence if item.stance is stance), next(iter(verdict.evidence), None))


def percent(value: float) -> str:
    """Return a share between 0 and 1 as a whole per cent that never claims certainty: "82%", "over 99%"."""
    if value > 0.99:
        return "over 99%"
    return "under 1%" if value < 0.01 else f"{value:.0%}"


def confidence_words(value: float) -> str:
    """Return a probability as words and per cent: "likely (82%)"."""
    words = "unsure"
    for floor, name in ((0.9, "very likely"), (0.7, "likely"), (0.5, "more likely than not")):
        if value >= floor:
            words = name
            break
    return f"{words} ({percent(value)})"


def headline(report: Report) -> str:
    """Return the outcome of the whole page in one plain sentence."""
    number = counts(report)
    total = sum(number.values())
    if not total:
        return "No checkable claim was found on this page."
    claims = "1 claim was" if total == 1 else f"{total} claims were"
    if not number[Label.CONTRADICTED] + number[Label.OVERSTATED]:
        if number[Label.UNVERIFIED] == total:
            return f"{claims} checked: the evidence at hand does not settle {'it' if total == 1 else 'any of them'}."
        which = "it does not go" if total == 1 else "none goes"
        return f"{claims} checked: {which} beyond the evidence or against it."
    if total == 1:
        verb = "contradicts the evidence or the law" if number[Label.CONTRADICTED] else "goes further than the evidence"
        return f"{claims} checked: it {verb}."
    parts = []
    if number[Label.CONTRADICTED]:
        verb = "contradicts" if number[Label.CONTRADICTED] == 1 else "contradict"
        parts.append(f"{number[Label.CONTRADICTED]} {verb} the evidence or the law")
    if number[Label.OVERSTATED]:
        verb = "goes" if number[Label.OVERSTATED] == 1 else "go"
        parts.append(f"{number[Label.OVERSTATED]} {verb} further than the evidence")
    return f"{claims} checked: {' and '.join(parts)}."


def study_words(source: Source) -> str:
    """Return the kind of publication in plain words: "randomised trial"."""
    return _STUDY_WORDS.get(source.type, one_line(source.type).replace("_", " "))


def citation(source: Source) -> str:
    """Return a citation on one line: authors, title, journal or agency, year."""
    year = str(source.year) if source.year else ""
    where = " ".join(part for part in (one_line(source.journal), year) if part)
    parts = (clipped(source.authors, 120), clipped(source.title, 240), where)
    return " ".join(part if part.endswith((".", "?", "!")) else part + "." for part in parts if part)


def _amount(value: float, unit: str) -> str:
    if unit == "hours":
        # The largest unit that gives at least one: 48 hours reads as 2 days, 1,461 as 2 months.
        name, size = next(((n, s) for n, s in _HOURS_IN if value >= s * 0.999), ("minute", 1 / 60))
        amount = f"{value / size:.3g}"
        return f"{amount} {name}" + ("" if amount == "1" else "s")
    if unit == "year":
        return f"{value:.0f}"
    amount = f"{value:,.0f}" if value == int(value) else f"{value:,.4g}"
    if unit == "usd":
        return f"${amount}"
    return amount + {"percent": "%", "times": " times"}.get(unit, f" {one_line(unit)}")


def number_words(number: NumberCheck) -> str:
    """Return the arithmetic as one plain sentence: what the claim says, what the record gives, and how they compare."""
    low, high = _amount(number.low, number.unit), _amount(number.high, number.unit)
    measured = low if low == high else f"{low} to {high}"
    claim = _amount(number.claim_value, number.unit)
    relation = {"within": "within", "above": "above", "below": "below"}.get(number.relation, one_line(number.relation))
    place = f"{relation} that" if low == high and relation != "within" else f"{relation} that range"
    if low == high and relation == "within":
        place = "in line with that"
    text = one_line(number.claim_text)
    said = f"“{text}”" if claim in text else f"“{text}” ({claim})"
    return f"The claim says {said}; the evidence gives {measured}: {place}."
