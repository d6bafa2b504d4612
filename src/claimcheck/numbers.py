"""Numbers in a claim set against a record's figures by plain arithmetic.

A quantity is a value range with a unit: per cent, hours (every duration), mg/kg, mg, US dollars, a calendar year, a
multiple ("three times") or a count of sessions. Words count too: "most" is more than 50 per cent, "two thirds" 67.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from claimcheck.records import EvidenceRecord, NumberCheck

__all__ = ["Quantity", "compare", "quantities", "record_quantities"]

_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90, "twice": 2,
}  # fmt: skip
_HOURS = {
    "second": 1 / 3600, "sec": 1 / 3600, "minute": 1 / 60, "min": 1 / 60, "hour": 1.0, "hr": 1.0, "day": 24.0,
    "week": 168.0, "wk": 168.0, "month": 730.5, "year": 8766.0, "yr": 8766.0,
}  # fmt: skip
_FRACTIONS = {"half": 50.0, "third": 100 / 3, "quarter": 25.0, "fifth": 20.0, "tenth": 10.0}

_NUMBER = rf"(?:\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.\d+)?|(?:{'|'.join(sorted(_WORDS, key=len, reverse=True))})\b"
_RANGE = rf"(?P<low>\b(?:{_NUMBER}))(?:\s*(?:-|–|—|to|or|and)\s*(?P<high>{_NUMBER}))?"
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (unit, re.compile(pattern, re.IGNORECASE))
    for unit, pattern in (
        ("percent", rf"{_RANGE}\s*(?:%|percent\b|per cent\b)"),
        ("percent", rf"(?P<low>\b(?:{_NUMBER}))\s*(?:out of|in)\s*(?:every\s+)?(?P<of>\d+|{'|'.join(_WORDS)})\b"),
        ("percent", rf"(?P<low>\b(?:one|two|three|four|a))[\s-]+(?P<fraction>{'|'.join(_FRACTIONS)})s?\b"),
        ("mg/kg", rf"{_RANGE}\s*(?:mg|milligrams?)\s*(?:/|per)\s*(?:kg|kilogram)"),
        ("mg", rf"{_RANGE}\s*(?:mg|milligrams?)\b(?!\s*(?:/|per)\s*(?:kg|kilogram|ml|m²|h))"),
        ("usd", rf"\$\s*{_RANGE.replace(chr(92) + 'b', '', 1)}"),
        ("times", rf"{_RANGE}\s*(?:times|-?fold|x)\s+(?:more|as|higher|greater|faster|better|likely|the)\b"),
        ("sessions", rf"{_RANGE}\s+(?!per\b|to\b)(?:\w+\s+){{0,2}}?(?:infusions?|sessions?|treatments?)\b"),
        ("year", r"\b(?:in|since|by|from|of|during|until|the)\s+(?:(?:early|late|mid)[\s-]+)?(?P<low>(?:19|20)\d\d)\b"),
    )
)
_DURATION = re.compile(rf"{_RANGE}[\s-]*(?P<unit>{'|'.join(sorted(_HOURS, key=len, reverse=True))})s?\b", re.IGNORECASE)
_SHARES = (
    (re.compile(r"\b(?:most|the majority|a majority|more than half)\b", re.IGNORECASE), 50.0, 100.0),
    (
        re.compile(r"\b(?:nearly all|almost all|virtually all|almost every\w*|nearly every\w*)\b", re.IGNORECASE),
        90,
        100,
    ),
    (re.compile(r"\b(?:about|around|nearly|over|roughly|almost)\s+half\b|\bhalf of\b", re.IGNORECASE), 50.0, 50.0),
)
_FIGURE_UNITS = {"pct": "percent", "kg": "mg/kg", "mg": "mg", "usd": "usd", "year": "year", "infusions": "sessions",
                 "sessions": "sessions", "fold": "times"}  # fmt: skip
_FIGURE_HOURS = {"min": 1 / 60, "h": 1.0, "hours": 1.0, "days": 24.0, "weeks": 168.0, "months": 730.5, "years": 8766.0}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A range of values with its unit; ``text`` is what it was read from."""

    text: str
    low: float
    high: float
    unit: str


def _value(text: str) -> float:
    text = text.lower()
    return float(_WORDS[text]) if text in _WORDS else float(text.replace(",", ""))


def quantities(text: str) -> list[Quantity]:
    """Return the quantities that a text names, in the order they are found unit by unit."""
    found: list[Quantity] = []
    for unit, pattern in _PATTERNS:
        found.extend(_quantity(match, unit) for match in pattern.finditer(text))
    for match in _DURATION.finditer(text):
        scale = _HOURS[match["unit"].lower()]
        low, high = _bounds(match)
        found.append(Quantity(match[0].strip(), low * scale, high * scale, "hours"))
    for pattern, low, high in _SHARES:
        found.extend(Quantity(match[0], low, high, "percent") for match in pattern.finditer(text))
    return [quantity for quantity in found if quantity.unit != "percent" or quantity.high <= 1000]


def _bounds(match: re.Match[str]) -> tuple[float, float]:
    low = _value(match["low"])
    high = _value(match["high"]) if match["high"] else low
    return (low, high) if low <= high else (high, low)


def _quantity(match: re.Match[str], unit: str) -> Quantity:
    groups = match.groupdict()
    text = match[0].strip()
    if groups.get("of"):
        share = 100 * _value(groups["low"]) / max(_value(groups["of"]), 1e-9)
        return Quantity(text, share, share, "percent")
    if groups.get("fraction"):
        share = (1.0 if groups["low"].lower() == "a" else _value(groups["low"])) * _FRACTIONS[
            groups["fraction"].lower()
        ]
        return Quantity(text, share, share, "percent")
    if "high" not in groups:
        value = _value(groups["low"])
        return Quantity(text, value, value, unit)
    low, high = _bounds(match)
    return Quantity(text, low, high, unit)


def record_quantities(record: EvidenceRecord) -> list[Quantity]:
    """Return the quantities of a record: those its statement names and those of its figures whose name has a unit."""
    found = quantities(record.statement)
    for name, value in record.figures.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        parts = name.lower().split("_")
        unit = next((_FIGURE_UNITS[part] for part in reversed(parts) if part in _FIGURE_UNITS), None)
        scale = next((_FIGURE_HOURS[part] for part in reversed(parts) if part in _FIGURE_HOURS), None)
        if unit:
            found.append(Quantity(name, float(value), float(value), unit))
        elif scale:
            found.append(Quantity(name, value * scale, value * scale, "hours"))
    return found


def compare(text: str, records: Sequence[EvidenceRecord] | Iterable[EvidenceRecord]) -> list[NumberCheck]:
    """Return each quantity of a claim against the span of a record's figures in that unit, record by record.

    ``relation`` is ``within``, ``above`` or ``below`` the span, with a tolerance of one part in ten.
    """
    claimed = quantities(text)
    checks: list[NumberCheck] = []
    for record in records:
        figures = record_quantities(record)
        for quantity in claimed:
            same = [figure for figure in figures if figure.unit == quantity.unit]
            if same:
                checks.append(_check(quantity, same, record))
    return checks


def _check(quantity: Quantity, same: Sequence[Quantity], record: EvidenceRecord) -> NumberCheck:
    low, high = min(figure.low for figure in same), max(figure.high for figure in same)
    # A calendar year off by one is a slip by the handbook (rule 15); elsewhere one part in ten is rounding.
    slack = 1.0 if quantity.unit == "year" else 0.1 * max(abs(low), abs(high))
    relation = "within"
    if quantity.low > high + slack:
        relation = "above"
    elif quantity.high < low - slack:
        relation = "below"
    nearest = min(same, key=lambda figure: abs(figure.high - quantity.high))
    return NumberCheck(quantity.text, quantity.high, quantity.unit, record.id, nearest.text, low, high, relation)
