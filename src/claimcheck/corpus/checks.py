"""The rules a pack keeps beyond its schema: references, dates, figures, balance, triples, duplicates, age.

Each check takes records and returns problems; none of them stops at the first.
"""

import datetime
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from claimcheck.corpus.figures import unexplained_numbers
from claimcheck.corpus.problems import Problem
from claimcheck.records import EvidenceRecord, Label

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "Placed",
    "TextEncoder",
    "balance_problems",
    "duplicate_problems",
    "figure_problems",
    "near_duplicate_problems",
    "normalised",
    "reference_problems",
    "source_problems",
    "staleness_problems",
    "triple_problems",
]

# The verdict model learns from the examples, so none of its verdicts may be rare (a first model trained on real claims,
# where one in fourteen is contradicted, hardly ever said so).
LEAST_SHARE = 0.20
LEAST_EXAMPLES = 6
# Facts that change by a court's or a company's decision are looked at yearly, with a month's grace; findings of studies
# change by new studies, which take years.
DAYS_UNTIL_STALE = 1000
DAYS_UNTIL_STALE_IF_VOLATILE = 400
_VOLATILE_SOURCES = frozenset({"regulatory", "law", "label"})
_VOLATILE_TOPIC = re.compile(
    r"(?:^|_)(?:advertising|approval|approved|compounding|controlled|cost|court|enforcement|ftc|insurance|law|legal|market"
    r"|off_label|price|pricing|providers|registration|regulatory|rems|rules|shortage|state|telehealth|unapproved|warning"
    r"_letters)(?:_|$)"
)
# Cosine from which two texts say the same with the same words. Of the ketamine pack's 8,757 examples all-MiniLM-L6-v2
# puts six pairs outside triples above 0.98, five of them one sentence with a word changed. Triples are meant to be so.
NEAR_STATEMENT = 0.97
NEAR_EXAMPLE = 0.98
_BLOCK = 1024
_VERDICTS = (Label.SUPPORTED, Label.OVERSTATED, Label.CONTRADICTED)


class TextEncoder(Protocol):
    """Turns texts into unit vectors."""

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Return unit vectors, shape (len(texts), dimensions)."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A record with the file and line it was read from."""

    record: EvidenceRecord
    file: str
    line: int

    def problem(self, kind: str, message: str) -> Problem:
        """Return a problem of this record."""
        return Problem(kind, message, self.file, self.record.id, self.line)


def reference_problems(
    placed: Sequence[Placed], ids: Collection[str], topics: Collection[str] = ()
) -> Iterator[Problem]:
    """Yield references to records that are not among ``ids`` or are the record itself, and topics not in ``topics``.

    Without any ``topics`` every topic will do.
    """
    for item in placed:
        record = item.record
        references = [("hard_negatives", other) for other in record.hard_negatives]
        references += [("conflicts_with", other) for other in record.conflicts_with]
        if record.status.startswith("superseded_by:"):
            references.append(("status", record.status.partition(":")[2]))
        for field, other in references:
            if other == record.id:
                yield item.problem("self-reference", f"{field} names the record itself; take it out")
            elif other not in ids:
                yield item.problem("unknown-reference", f"{field} names {other!r}, which the pack does not hold")
        if topics and record.topic not in topics:
            yield item.problem(
                "unknown-topic",
                f"topic {record.topic!r} is in none of the manifest's topics; add it there or correct it",
            )


def figure_problems(placed: Sequence[Placed]) -> Iterator[Problem]:
    """Yield statements whose numbers are not all among the figures."""
    for item in placed:
        numbers = unexplained_numbers(item.record)
        if numbers:
            yield item.problem(
                "figure-mismatch",
                f"the statement says {', '.join(numbers)}, which no figure, source year or other field holds; "
                "correct the one that is wrong or add the figure",
            )


def balance_problems(placed: Sequence[Placed], file: str) -> Iterator[Problem]:
    """Yield verdicts that are rare in the pack and records with few examples."""
    counts = Counter(example.verdict for item in placed for example in item.record.examples)
    total = sum(counts.values())
    for verdict in _VERDICTS if total else ():
        if counts[verdict] < LEAST_SHARE * total:
            yield Problem(
                "label-balance",
                f"{counts[verdict]} of {total} examples are {verdict.value}, under {LEAST_SHARE:.0%}; "
                "write more of them",
                file,
            )
    for item in placed:
        if len(item.record.examples) < LEAST_EXAMPLES:
            yield item.problem(
                "few-examples", f"{len(item.record.examples)} examples, expected {LEAST_EXAMPLES} or more; write more"
            )


def triple_problems(placed: Sequence[Placed]) -> Iterator[Problem]:
    """Yield triples that are not one supported, one overstated and one contradicted wording of one record."""
    for item in placed:
        triples: dict[str, list[Label]] = defaultdict(list)
        for example in item.record.examples:
            if example.triple:
                triples[example.triple].append(example.verdict)
        for name, verdicts in triples.items():
            if sorted(verdicts) != sorted(_VERDICTS):
                found = ", ".join(verdict.value for verdict in verdicts)
                yield item.problem(
                    "incomplete-triple",
                    f"triple {name!r} holds {found}; expected one supported, one overstated and one contradicted",
                )


def staleness_problems(placed: Sequence[Placed], today: datetime.date) -> Iterator[Problem]:
    """Yield dates that cannot be and records checked long ago."""
    for item in placed:
        record = item.record
        try:
            checked = datetime.date.fromisoformat(record.checked)
        except ValueError:
            yield item.problem("date", f"checked is {record.checked!r}, expected a day of the calendar as YYYY-MM-DD")
            continue
        if checked > today:
            yield item.problem("date", f"checked is {record.checked}, after today ({today}); correct it")
        if record.source.year is not None and record.source.year > today.year:
            yield item.problem("date", f"source.year is {record.source.year}, after today ({today}); correct it")
        volatile = record.source.type in _VOLATILE_SOURCES or _VOLATILE_TOPIC.search(record.topic) is not None
        limit = DAYS_UNTIL_STALE_IF_VOLATILE if volatile else DAYS_UNTIL_STALE
        age = (today - checked).days
        if age > limit and record.status == "current":
            what = "a legal, regulatory or price fact" if volatile else "a finding"
            yield item.problem("stale", f"checked {age} days ago, {what} is checked every {limit}; check it again")


def source_problems(placed: Sequence[Placed], file: str) -> Iterator[Problem]:
    """Yield sources that are hard to find again, and the count of records that rest on memory."""
    for item in placed:
        source = item.record.source
        if source.url.startswith("http:") and not (source.pmid or source.doi):
            yield item.problem("insecure-url", "the source has only an http address; find its https one, pmid or doi")
        missing = [name for name in ("authors", "year") if not getattr(source, name)]
        if re.match(r"[\[(]descriptive title[\])]", source.title, re.IGNORECASE):
            missing.append("title of its own")
        if missing:
            yield item.problem("incomplete-source", f"the source has no {' and no '.join(missing)}; look it up")
    from_memory = sum(item.record.verified == "memory" for item in placed)
    if from_memory:
        yield Problem(
            "unverified-records", f"{from_memory} of {len(placed)} records rest on memory; confirm or drop them", file
        )


def normalised(text: str) -> str:
    """Return a text without what two typists may do differently: case, punctuation, accents' encoding, spaces."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    # A per cent sign, a decimal point and a minus change the meaning; other punctuation does not.
    text = re.sub(r"(?<!\d)\.|\.(?!\d)|[^\w\s.%]", " ", re.sub(r"(?<=\w)'(?=\w)", "", text))
    return " ".join(text.split())


def duplicate_problems(placed: Sequence[Placed]) -> Iterator[Problem]:
    """Yield examples and statements whose text another example or statement already has."""
    first: dict[str, str] = {}
    for item in placed:
        texts = [("statement", item.record.statement)]
        texts += [(f"examples[{number}]", example.text) for number, example in enumerate(item.record.examples)]
        for field, text in texts:
            place = f"{item.record.id} {field}"
            earlier = first.setdefault(normalised(text), place)
            if earlier != place:
                yield item.problem("duplicate-text", f"{field} repeats {earlier}: {text!r}; reword or drop one")


def near_duplicate_problems(placed: Sequence[Placed], encoder: TextEncoder) -> Iterator[Problem]:
    """Yield pairs of statements and pairs of examples that an encoder can hardly tell apart."""
    statements = [item.record.statement for item in placed]
    for i, j, cosine in _near_pairs(statements, encoder, NEAR_STATEMENT):
        yield placed[j].problem(
            "near-duplicate",
            f"the statement is all but that of {placed[i].record.id} (cosine {cosine:.3f}); merge them",
        )
    examples = [(item, example) for item in placed for example in item.record.examples]
    for i, j, cosine in _near_pairs([example.text for _, example in examples], encoder, NEAR_EXAMPLE):
        (one, first), (other, second) = examples[i], examples[j]
        if first.triple and first.triple == second.triple and one.record.id == other.record.id:
            continue
        yield other.problem(
            "near-duplicate",
            f"example {second.text!r} is all but {first.text!r} of {one.record.id} (cosine {cosine:.3f}); "
            "reword or drop one",
        )


def _near_pairs(texts: Sequence[str], encoder: TextEncoder, threshold: float) -> Iterator[tuple[int, int, float]]:
    if len(texts) < 2:
        return
    import numpy as np

    vectors = encoder.encode(texts)
    # Block by block: the whole matrix of ten thousand examples would take 400 MB.
    for start in range(0, len(texts), _BLOCK):
        similar = vectors[start : start + _BLOCK] @ vectors[start:].T
        for i, j in np.argwhere(similar > threshold):
            if i < j:
                yield start + int(i), start + int(j), float(similar[i, j])
