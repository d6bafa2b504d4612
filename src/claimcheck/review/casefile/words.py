"""The plain words of a case file: dates, decisions, states of pages, rates of error."""

from collections.abc import Mapping
from datetime import datetime

from claimcheck.records import Label
from claimcheck.report.shown import one_line, quoted
from claimcheck.report.words import LABEL_WORD
from claimcheck.review.casefile.rates import Rate
from claimcheck.review.casefile.records import CaseDecision, CaseFinding, CasePlace
from claimcheck.review.reasons import REASONS

__all__ = [
    "EVIDENCE_WORDS",
    "day",
    "decision_words",
    "label_word",
    "moment",
    "place_words",
    "rate_words",
    "reason_words",
    "role_words",
    "round_words",
    "state_words",
    "why",
]

_ROLES: Mapping[str, str] = {
    "reader": "reader",
    "reviewer": "reviewer",
    "lead": "lead reviewer",
    "admin": "administrator",
}
_ROUNDS: Mapping[str, str] = {"first": "first review", "second": "second review", "adjudication": "adjudication"}
_STATES: Mapping[str, str] = {
    "duplicate": "the same as another page",
    "refused": "not fetched, on purpose",
    "failed": "could not be read",
    "unfinished": "not read when the scan ended",
}
EVIDENCE_WORDS: Mapping[str, str] = {
    "cited": "",
    "added": "added by a reviewer",
    "struck": "struck out by a reviewer: the decision does not rest on it",
}


def day(at: datetime | None) -> str:
    """Return a day that reads alike on both sides of the Atlantic: "30 November 2026"."""
    return f"{at.day} {_month(at)} {at.year}" if at else "on a day that was not recorded"


def moment(at: datetime | None) -> str:
    """Return a day and time of day in UTC."""
    return f"{day(at)} at {at:%H:%M:%S} UTC" if at else "at a time that was not recorded"


def _month(at: datetime) -> str:
    # Not by strftime, which speaks the machine's language.
    names = "January February March April May June July August September October November December"
    return names.split()[at.month - 1]


def label_word(label: str) -> str:
    """Return a verdict's word; the code itself when it is none."""
    return LABEL_WORD[Label(label)] if label in set(Label) else label


def decision_words(decision: CaseDecision) -> str:
    """Return what a decision did, to follow the name of who made it."""
    word = label_word(decision.label)
    fixed = {
        "confirm": f"confirmed the verdict “{word}”",
        "change": f"changed the verdict to “{word}”",
        "dismiss": "dismissed it as not a claim",
        "second_opinion": "asked for a second opinion",
        "undo": "took back an earlier decision",
    }
    return fixed.get(decision.kind, decision.kind)


def round_words(decision: CaseDecision) -> str:
    """Return which review a decision was, and whether it was made without knowing the other."""
    words = _ROUNDS.get(decision.round, decision.round)
    return f"{words}, made without having seen the first" if decision.round == "second" and decision.blind else words


def role_words(role: str) -> str:
    """Return a role in plain words."""
    return _ROLES.get(role, role)


def reason_words(code: str) -> str:
    """Return the words of a decision's reason, '' when it gave none."""
    return REASONS[code].words if code in REASONS else code


def state_words(state: str) -> str:
    """Return what became of a page."""
    return _STATES.get(state, state)


def place_words(place: CasePlace) -> str:
    """Return how a quotation is introduced: under its heading, or what it stands in."""
    if place.block == "meta":
        return "In the page’s title or description, which search engines show"
    hidden = " (in text that is hidden from view, or that a visitor must open)" if not place.visible else ""
    if place.block == "heading":
        return f"As a heading of the page{hidden}"
    return (
        f"Under the heading {quoted(place.heading)}{hidden}"
        if one_line(place.heading)
        else f"Above any heading{hidden}"
    )


def rate_words(rate: Rate) -> str:
    """Return counts, share and interval: "23 of 83 (28%; 95% interval 19% to 38%)"."""
    found = rate.interval()
    if found is None:
        return "none of none"
    return f"{rate.hits} of {rate.of} ({found.share:.0%}; 95% interval {found.low:.0%} to {found.high:.0%})"


def why(finding: CaseFinding) -> str:
    """Return the reason of the finding as decided, in a sentence or two."""
    if finding.label is finding.judged.label:
        return finding.judged.explanation
    binding = [made for made in finding.decisions if made.stands and made.label == finding.label]
    given = binding[-1] if binding else None
    reason = reason_words(given.reason) if given else ""
    note = f" {given.note}" if given and given.note else ""
    changed = f"Reviewers decided otherwise than claimcheck, which had said “{label_word(finding.judged.label)}”"
    return f"{changed}: {reason[:1].lower()}{reason[1:]}.{note}" if reason else f"{changed}.{note}"
