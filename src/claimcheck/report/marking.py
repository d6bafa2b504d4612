"""A stretch of page text cut into pieces: plain text, and sentences marked with the verdict on what they claim."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from claimcheck.records import Label, Span, Verdict
from claimcheck.report.words import LABEL_ORDER

__all__ = ["Piece", "Run", "pieces_of"]


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one weight; strong text is the wording that goes furthest."""

    text: str
    strong: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """Text in reading order; ``label`` is None and ``claims`` empty where no claim is made.

    ``claims`` holds (number, label) of each claim that the sentence makes.
    """

    runs: tuple[Run, ...]
    label: Label | None = None
    claims: tuple[tuple[int, Label], ...] = ()


def pieces_of(
    text: str,
    stretch: Span,
    claims: Sequence[tuple[int, Verdict]],
    sentence_labels: Mapping[tuple[int, int], Label],
) -> Iterator[Piece]:
    """Yield all of ``text`` in the stretch, once and in order, with the sentences of its claims marked.

    A sentence takes its label from ``sentence_labels``, else from the most serious of its claims. A claim whose
    sentence reaches out of the stretch or overlaps the one before it is left unmarked: its text is shown all the same.
    """
    cursor = stretch.start
    for (start, end), group in _by_sentence(claims).items():
        if start < cursor or end > stretch.end or start >= end:
            continue
        if cursor < start:
            yield Piece((Run(text[cursor:start], False),))
        labels = [verdict.label for _, verdict in group]
        label = sentence_labels.get((start, end), min(labels, key=LABEL_ORDER.index))
        strong = [span for _, verdict in group for span in verdict.strong_words]
        yield Piece(
            tuple(_runs(text, Span(start, end), strong)),
            label if label in LABEL_ORDER else min(labels, key=LABEL_ORDER.index),
            tuple((number, verdict.label) for number, verdict in group),
        )
        cursor = end
    if cursor < stretch.end:
        yield Piece((Run(text[cursor : stretch.end], False),))


def _by_sentence(
    claims: Sequence[tuple[int, Verdict]],
) -> dict[tuple[int, int], list[tuple[int, Verdict]]]:
    groups: dict[tuple[int, int], list[tuple[int, Verdict]]] = {}
    for number, verdict in claims:
        groups.setdefault((verdict.claim.start, verdict.claim.end), []).append((number, verdict))
    return dict(sorted(groups.items()))


def _runs(text: str, stretch: Span, strong: Sequence[Span]) -> Iterator[Run]:
    cursor = stretch.start
    for span in sorted(strong, key=lambda span: (span.start, span.end)):
        start, end = max(span.start, cursor), min(span.end, stretch.end)
        if start >= end:
            continue
        if cursor < start:
            yield Run(text[cursor:start], False)
        yield Run(text[start:end], True)
        cursor = end
    if cursor < stretch.end:
        yield Run(text[cursor : stretch.end], False)
