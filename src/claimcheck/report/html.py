"""The report as one HTML file without script, font, image or style from anywhere else: the page beside its evidence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from claimcheck.records import Block, BlockKind, Label, PageFinding, Report, Span, Verdict
from claimcheck.report import words
from claimcheck.report.failure import Failure, Outcome
from claimcheck.report.marking import Piece, pieces_of
from claimcheck.report.rendering import environment_of, style_of
from claimcheck.report.shown import one_line, quoted, safe_link, shown, source_link
from claimcheck.report.versions import version_rows

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["to_html", "to_html_index"]

# Segments of the chart narrower than this per cent have no room for their number inside.
CHART_TEXT_FROM = 6.0
WORST_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Card:
    """A verdict with its number on the page, from 1, which names it and its anchors."""

    number: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Row:
    """A stretch of the page beside the cards of the claims made in it."""

    kind: str
    visible: bool
    pieces: tuple[Piece, ...]
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """One verdict's part of the chart, in per cent of its width."""

    label: Label
    count: int
    left: float
    width: float
    has_text: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """A page finding in words, with the places that show it."""

    name: str
    explanation: str
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A file of a folder of reports and what it holds; ``file`` is '' for a source that failed."""

    file: str
    outcome: Outcome


def to_html(report: Report) -> str:
    """Return the report of one page as a complete HTML document."""
    cards = [Card(number, verdict) for number, verdict in enumerate(report.verdicts, 1)]
    order = {id(verdict): place for place, verdict in enumerate(words.worst_first(report.verdicts))}
    flagged = [card for card in cards if card.verdict.label in {Label.CONTRADICTED, Label.OVERSTATED}]
    flagged.sort(key=lambda card: order[id(card.verdict)])
    source = report.page.source
    return _render(
        "report.html.j2",
        report=report,
        title=one_line(source.title) or one_line(source.uri),
        link=safe_link(source.uri),
        headline=words.headline(report),
        segments=_segments(report),
        findings=[_finding(report, finding) for finding in report.findings],
        worst=flagged[:WORST_SHOWN],
        more_worst=flagged[WORST_SHOWN:],
        rows=list(_rows(report, cards)),
        versions=version_rows(report.versions),
        has_strong_words=any(verdict.strong_words for verdict in report.verdicts),
    )


def to_html_index(entries: Sequence[tuple[str, Outcome]]) -> str:
    """Return the front page of a folder of reports, given the file name ('' where it failed) and outcome of each."""
    return _render("index.html.j2", entries=[IndexEntry(file, outcome) for file, outcome in entries])


def _render(template: str, **values: object) -> str:
    values |= {**style_of("claimcheck.report", "report.css"), "labels": words.LABEL_ORDER, "words": words}
    return _environment().get_template(template).render(values)


@cache
def _environment() -> "Environment":
    environment = environment_of("claimcheck.report")
    environment.filters |= {"shown": shown, "quoted": quoted, "source_link": source_link}
    environment.tests["failure"] = lambda outcome: isinstance(outcome, Failure)
    return environment


def _segments(report: Report) -> list[Segment]:
    number_of: Mapping[Label, int] = words.counts(report)
    total = sum(number_of.values())
    segments, left = [], 0.0
    for label, count in number_of.items():
        width = 100 * count / total if count else 0.0
        segments.append(Segment(label, count, round(left, 3), round(width, 3), width >= CHART_TEXT_FROM))
        left += width
    return segments


def _finding(report: Report, finding: PageFinding) -> Finding:
    quotes = (one_line(report.page.text[span.start : span.end]) for span in finding.spans)
    name = words.FINDING_WORDS.get(finding.kind, finding.kind.replace("_", " ").capitalize())
    return Finding(name, finding.explanation, tuple(quote for quote in quotes if quote))


def _rows(report: Report, cards: Sequence[Card]) -> Iterator[Row]:
    """Yield the page block by block; text between blocks and claims outside them get rows of their own."""
    text, waiting, cursor = report.page.text, sorted(cards, key=lambda card: card.verdict.claim.start), 0
    labels = {
        (sentence.start, sentence.end): label
        for sentence, label in zip(report.sentences, report.sentence_labels, strict=True)
    }
    blocks = sorted(report.page.blocks, key=lambda block: block.start)
    for block in (*blocks, Block(len(text), len(text), BlockKind.PARAGRAPH)):
        for start, end, of in ((cursor, block.start, None), (block.start, block.end, block)):
            is_last = start == len(text)
            here = [card for card in waiting if card.verdict.claim.start < end or is_last]
            if not here and not text[start:end].strip():
                continue
            waiting = waiting[len(here) :]
            pieces = pieces_of(text, Span(start, end), [(card.number, card.verdict) for card in here], labels)
            kind = of.kind if of else BlockKind.PARAGRAPH
            yield Row(kind.value, of.visible if of else True, tuple(pieces), tuple(here))
        cursor = max(cursor, block.end)
