"""Whether the numbers of a record's statement are among its figures.

A statement and its figures are typed at different times by different hands, and the report sets claims against the
figures: a statement that says 59% beside a figure of 51 misleads both reader and arithmetic.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from claimcheck.numbers import Quantity, quantities, record_quantities
from claimcheck.records import EvidenceRecord

__all__ = ["unexplained_numbers"]

# Whole numbers up to this count things in passing ("one of 3 sites", "phase 2") and need no figure of their own, unless
# a per cent sign, a decimal or a unit makes a measurement of them.
SMALL_NUMBER = 12
# A duration may change its unit on the way into a statement and be rounded there ("about two weeks" beside 15 days), as
# in numbers.compare; other figures only lose digits, which _numbers allows for.
DURATION_TOLERANCE = 0.1
# What "about" allows: numbers.compare takes one part in ten for rounding too.
ABOUT_TOLERANCE = 0.1

# Digits that belong to a name are no number: PHQ-9, STAR*D, B12, 503A; "25 mg" may be written "25mg".
_NUMBER = re.compile(
    r"(?<![\w.])(?<![A-Za-z]-)(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?!\d*(?!(?:mg|mcg|ml|kg|hr|h|min|x)\b)[A-Za-z])"
)
_LOOSE_NUMBER = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_MEASURE = re.compile(r"\s*(?:%|percent\b|per cent\b|mg\b|(?:fold|times)\b)", re.IGNORECASE)
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DAY_OF_MONTH = re.compile(rf"\b(?:{_MONTHS})\s+(\d{{1,2}})\b|\b(\d{{1,2}})\s+(?:{_MONTHS})\b")
# Numbers that name something: the level of a confidence interval, a place in a code of law.
_NAMING = re.compile(
    r"\b95\s*%\s*(?:CI|confidence|credible)|\b\d+\s+(?:U\.?S\.?C|C\.?F\.?R)\b\.?\s*(?:part\s+|§+\s*)?[\d.]*\d"
    r"|(?:\b(?:section|sections|part|title|act|rule|schedule|chapter)|§+)\s+\d[\d.]*(?:\(\w+\))*",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"\b(?:about|around|roughly|approximately|near|nearly|almost|over|under|some|more than|up to)\s+\$?"
    r"[\d.,]*\d\s*%?(?:\s*(?:-|–|to|and)\s*\$?[\d.,]*\d)?",
    re.IGNORECASE,
)
_SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9}
_SCALE = re.compile(r"[\s-]*(thousand|million|billion)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Number:
    text: str
    value: float
    slack: float
    small: bool


def unexplained_numbers(record: EvidenceRecord) -> tuple[str, ...]:
    """Return the numbers of the statement that its figures, source year and other fields do not account for."""
    known = _known_values(record)
    typed = _known_quantities(record)
    measured = [item for item in quantities(record.statement) if any(_same(item, other) for other in typed)]
    unexplained: list[str] = []
    for number in _numbers(record.statement):
        if number.small or any(abs(number.value - value) <= number.slack for value in known):
            continue
        if any(number.text in _LOOSE_NUMBER.findall(item.text) for item in measured):
            continue
        unexplained.append(number.text)
    return tuple(dict.fromkeys(unexplained))


def _numbers(statement: str) -> Iterator[_Number]:
    days = {match.start(1) if match[1] else match.start(2) for match in _DAY_OF_MONTH.finditer(statement)}
    names = [match.span() for match in _NAMING.finditer(statement)]
    rounded = [match.span() for match in _ABOUT.finditer(statement)]
    for match in _NUMBER.finditer(statement):
        if match.start() in days or any(start <= match.start() < end for start, end in names):
            continue
        digits = match[0].replace(",", "")
        scale_word = _SCALE.match(statement, match.end())
        scale = _SCALES[scale_word[1].lower()] if scale_word else 1.0
        decimals = len(digits.partition(".")[2])
        whole = decimals == 0 and scale_word is None
        small = whole and int(digits) <= SMALL_NUMBER and not _MEASURE.match(statement, match.end())
        # The last digit written is the precision claimed: 36 stands for 35.6, and 35.6 for 35.63.
        slack = 0.5 * scale * 10.0**-decimals + 1e-9
        if any(start <= match.start() < end for start, end in rounded):
            slack = max(slack, ABOUT_TOLERANCE * float(digits) * scale)
        is_year = whole and re.fullmatch(r"(?:19|20)\d\d", digits) is not None
        yield _Number(match[0], float(digits) * scale, 0.0 if is_year else slack, small)


def _known_values(record: EvidenceRecord) -> set[float]:
    texts = [record.population, record.intervention, record.comparator, record.outcome, record.timeframe]
    values: set[float] = set()
    for name, figure in record.figures.items():
        texts.append(name.replace("_", " "))
        if isinstance(figure, (int, float)):
            values.add(float(figure))
        else:
            texts.append(str(figure))
    for text in texts:
        values.update(float(found.replace(",", "")) for found in _LOOSE_NUMBER.findall(text))
    if record.source.year is not None:
        values.add(float(record.source.year))
    # Falls are stored as negative figures and told as positive ones; shares are stored as 0.59 or as 59; amounts in
    # thousands or millions by the figure's unit.
    values |= {abs(value) for value in values}
    values |= {value * 100 for value in values if 0 < value <= 1}
    return values | {value * scale for value in values for scale in _SCALES.values() if value}


def _known_quantities(record: EvidenceRecord) -> list[Quantity]:
    rest = [record.population, record.intervention, record.comparator, record.outcome, record.timeframe]
    rest += [str(figure) for figure in record.figures.values() if isinstance(figure, str)]
    typed = record_quantities(replace(record, statement=""))
    return typed + [quantity for text in rest for quantity in quantities(text)]


def _same(one: Quantity, other: Quantity) -> bool:
    slack = DURATION_TOLERANCE * max(abs(other.low), abs(other.high)) if one.unit == "hours" else 1e-9
    return one.unit == other.unit and one.low >= other.low - slack and one.high <= other.high + slack
