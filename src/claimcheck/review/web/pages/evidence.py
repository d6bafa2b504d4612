"""A verdict's evidence, numbers and wording as the pages show them, read back from what the store kept as JSON."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from claimcheck.records import EvidenceRecord, NumberCheck, Source
from claimcheck.report.shown import one_line
from claimcheck.report.words import number_words
from claimcheck.review.evidence import pack_records
from claimcheck.review.finding import EvidenceCard, Judgement
from claimcheck.review.standing import Decision

__all__ = ["Card", "Run", "added_cards", "cards_of", "numbers_of", "runs_of", "source_of"]

_LEVELS = {"very_low": 1, "low": 2, "moderate": 3, "high": 4}


@dataclass(frozen=True, slots=True)
class Card:
    """A piece of evidence. ``struck_by`` are the reviewers who struck it, ``added_by`` those who brought it in."""

    id: str
    statement: str
    stance: str
    certainty: str
    certainty_reason: str
    level: int
    limits: str
    figures: tuple[tuple[str, str], ...]
    source: Source
    has_moved_on: bool = False
    struck_by: tuple[str, ...] = ()
    added_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one weight; strong text is the wording that goes furthest."""

    text: str
    strong: bool


def cards_of(judgement: Judgement, decisions: Sequence[Decision]) -> list[Card]:
    """Return the cited evidence in the verdict's order.

    Figures and the reason for the certainty stand in the corpus, not in the store: they are shown while the corpus at
    hand says the same as was cited.
    """
    records = {record.id: record for record in pack_records(judgement.pack)}
    return [_card(cited, records.get(cited.id), decisions) for cited in judgement.evidence]


def added_cards(judgement: Judgement, decisions: Sequence[Decision]) -> list[Card]:
    """Return the evidence that reviewers added, each once."""
    records = {record.id: record for record in pack_records(judgement.pack)}
    added: dict[str, list[str]] = {}
    for decision in decisions:
        for record_id in decision.evidence_added if decision.live else ():
            added.setdefault(record_id, []).append(decision.account)
    return [_added(record_id, records.get(record_id), people) for record_id, people in added.items()]


def numbers_of(judgement: Judgement) -> list[str]:
    """Return each number compared as a sentence; one that was kept in another form is left out."""
    names = [field.name for field in fields(NumberCheck)]
    sentences = []
    for number in judgement.numbers:
        values = {name: number.get(name) for name in names}
        is_whole = all(isinstance(values[name], (int, float)) for name in ("claim_value", "low", "high"))
        if is_whole and all(value is not None for value in values.values()):
            sentences.append(number_words(NumberCheck(**values)))  # type: ignore[arg-type]  # checked above
    return sentences


def runs_of(text: str, spans: Iterable[tuple[int, int]]) -> list[Run]:
    """Return all of the text in order, the spans strong."""
    runs, cursor = [], 0
    for start, end in sorted(spans):
        first, last = max(start, cursor), min(end, len(text))
        if first >= last:
            continue
        if cursor < first:
            runs.append(Run(text[cursor:first], False))
        runs.append(Run(text[first:last], True))
        cursor = last
    return [*runs, Run(text[cursor:], False)] if cursor < len(text) else runs


def source_of(values: Mapping[str, str | int | None]) -> Source:
    """Return a source as it was kept, its missing texts empty."""
    year = values.get("year")

    def text(name: str) -> str:
        return str(values.get(name) or "")

    return Source(
        text("type"),
        text("title"),
        text("authors"),
        year if isinstance(year, int) else None,
        text("journal"),
        text("url"),
        text("pmid") or None,
        text("doi") or None,
    )


def _card(cited: EvidenceCard, record: EvidenceRecord | None, decisions: Sequence[Decision]) -> Card:
    is_same = record is not None and record.statement == cited.statement
    struck = tuple(made.account for made in decisions if made.live and cited.id in made.evidence_struck)
    return Card(
        cited.id,
        cited.statement,
        cited.stance,
        cited.certainty,
        record.certainty_reason if record and is_same else "",
        _LEVELS.get(cited.certainty, 0),
        cited.limits,
        _figures(record) if record and is_same else (),
        source_of(cited.source),
        has_moved_on=record is not None and not is_same,
        struck_by=struck,
    )


def _added(record_id: str, record: EvidenceRecord | None, people: Sequence[str]) -> Card:
    if record is None:
        missing = Source("", "", "", None, "", "")
        words = "This record is not in the corpus at hand."
        return Card(record_id, words, "", "", "", 0, "", (), missing, added_by=tuple(people))
    level = _LEVELS.get(str(record.certainty), 0)
    return Card(
        record.id,
        record.statement,
        "",
        str(record.certainty),
        record.certainty_reason,
        level,
        record.limits,
        _figures(record),
        record.source,
        added_by=tuple(people),
    )


def _figures(record: EvidenceRecord) -> tuple[tuple[str, str], ...]:
    return tuple(_figure(one_line(name), value) for name, value in record.figures.items())


def _figure(name: str, value: float | str) -> tuple[str, str]:
    # Names end in the unit where it is per cent: "response_pct: 60" reads as "response: 60%".
    stem, is_share = (name.removesuffix("_pct"), True) if name.endswith("_pct") else (name, False)
    is_year = isinstance(value, (int, float)) and 1900 <= value <= 2100 and "year" in name
    amount = one_line(value) if isinstance(value, str) else f"{value:g}" if is_year else f"{value:,g}"
    return stem.replace("_", " "), f"{amount}%" if is_share else amount
