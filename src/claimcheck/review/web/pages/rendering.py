"""The pages' templates: everything escaped, with the words of the report, so that both say the same of a verdict."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from claimcheck.records import Label
from claimcheck.report import words
from claimcheck.report.rendering import environment_of
from claimcheck.report.shown import clipped, one_line, quoted, safe_link, shown, source_link
from claimcheck.review.permissions import Act, Role, may
from claimcheck.review.reasons import REASONS
from claimcheck.review.standing import Kind, Round, State

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["STATE_WORD", "environment", "label_word", "render", "when"]

PACKAGE = "claimcheck.review.web"

STATE_WORD: Mapping[str, str] = {
    State.OPEN: "Open",
    State.SECOND: "Waits for a second reviewer",
    State.CONFLICT: "Conflict",
    State.DECIDED: "Decided",
}
KIND_WORD: Mapping[str, str] = {
    Kind.CONFIRM: "confirmed",
    Kind.CHANGE: "changed to",
    Kind.DISMISS: "dismissed as not a claim",
    Kind.SECOND_OPINION: "asked for a second opinion",
    Kind.UNDO: "took the decision back",
}
ROUND_WORD: Mapping[str, str] = {
    Round.FIRST: "first review",
    Round.SECOND: "second review",
    Round.ADJUDICATION: "adjudication",
}
ROLE_WORD: Mapping[str, str] = {
    Role.READER: "Reader: sees everything, decides nothing",
    Role.REVIEWER: "Reviewer: decides findings",
    Role.LEAD: "Lead: adjudicates, assigns, reads the trail",
    Role.ADMIN: "Admin: everything, people included",
}
SEVERITY_WORD = ("No severity", "Low severity", "Medium severity", "High severity")


def label_word(label: str) -> str:
    """Return a verdict's word: "Overstated"; an unknown one as it is."""
    return words.LABEL_WORD.get(Label(label), label) if label in set(Label) else one_line(label)


def when(time: datetime | None) -> str:
    """Return a time as people quote it, in UTC: "2026-11-30 10:52 UTC"."""
    return f"{time:%Y-%m-%d %H:%M} UTC" if time else "time not recorded"


def render(template: str, values: Mapping[str, object]) -> str:
    """Return a template filled in."""
    return environment().get_template(template).render(values)


@cache
def environment() -> "Environment":
    """Return the environment of the pages' templates, the same one each time."""
    made = environment_of(PACKAGE)
    made.filters |= {
        "shown": shown,
        "quoted": quoted,
        "safe_link": safe_link,
        "source_link": source_link,
        "clipped": clipped,
        "one_line": one_line,
        "one_line_kept": lambda text: shown(text).replace("\n", " "),
        "reason_word": lambda code: REASONS[code].words if code in REASONS else one_line(code),
        "capital": lambda text: text[:1].upper() + text[1:],
        "sentence": lambda text: text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else "."),
        "label_word": label_word,
        "topic_word": lambda topic: one_line(str(topic)).replace("_", " ").replace("-", " "),
        "when": when,
        "day": lambda time: f"{time:%Y-%m-%d}" if time else "",
        "thousands": lambda number: f"{number:,}",
        "figure": lambda number: "–" if number is None else f"{number:.2f}",
    }
    made.globals |= {
        "asset": _asset,
        "words": words,
        "label_order": tuple(map(str, words.LABEL_ORDER)),
        "state_word": STATE_WORD,
        "kind_word": KIND_WORD,
        "round_word": ROUND_WORD,
        "role_word": ROLE_WORD,
        "severity_word": SEVERITY_WORD,
        "stance_word": {str(stance): text for stance, text in words.STANCE_WORDS.items()},
        "certainty_word": {str(level): text for level, text in words.CERTAINTY_WORDS.items()},
        "overstatement_word": {str(way): text for way, text in words.OVERSTATEMENT_WORDS.items()},
        "block_word": words.BLOCK_WORDS,
        "may": lambda account, act: may(account, Act(act)),
    }
    return made


@cache
def _asset(name: str) -> str:
    """Return a static file's address with its digest, so that browsers keep it until it changes."""
    data = resources.files(PACKAGE).joinpath("static", name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(data).hexdigest()[:12]}"
