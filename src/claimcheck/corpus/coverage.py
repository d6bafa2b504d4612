"""What a pack covers: records and examples counted by topic, and the same as an accessible SVG chart."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from claimcheck.corpus.reader import Corpus
from claimcheck.records import Certainty, EvidenceRecord, Label

__all__ = ["TopicCoverage", "coverage", "coverage_svg", "total_coverage"]

VERDICTS = (Label.SUPPORTED, Label.OVERSTATED, Label.CONTRADICTED)


@dataclass(frozen=True, slots=True)
class TopicCoverage:
    """How many records a topic has, by certainty and by how they were verified, and its examples by verdict."""

    topic: str
    records: int
    examples: Mapping[Label, int]
    certainty: Mapping[Certainty, int]
    verified: Mapping[str, int]
    benchmark_records: int

    @property
    def example_count(self) -> int:
        """Return the number of examples of all verdicts."""
        return sum(self.examples.values())

    def to_mapping(self) -> dict[str, object]:
        """Return the counts as JSON holds them."""
        return {
            "topic": self.topic,
            "records": self.records,
            "benchmark_records": self.benchmark_records,
            "examples": {verdict.value: self.examples[verdict] for verdict in VERDICTS},
            "certainty": {level.value: self.certainty[level] for level in Certainty},
            "verified": dict(sorted(self.verified.items())),
        }


def coverage(corpus: Corpus, *, claim_topics: bool = False) -> tuple[TopicCoverage, ...]:
    """Return the coverage of each topic, by name; ``claim_topics`` joins record topics as the manifest groups them.

    A record topic that the manifest does not group stands for itself.
    """
    group: Callable[[EvidenceRecord], str] = lambda record: (  # noqa: E731 - one of two keys, used once
        corpus.manifest.topics.get(record.topic, record.topic) if claim_topics else record.topic
    )
    records: dict[str, list[EvidenceRecord]] = defaultdict(list)
    for record in corpus.records:
        records[group(record)].append(record)
    return tuple(_count(topic, records[topic]) for topic in sorted(records))


def total_coverage(corpus: Corpus) -> TopicCoverage:
    """Return the coverage of the whole pack, under the topic ``total``."""
    return _count("total", corpus.records)


def _count(topic: str, records: Iterable[EvidenceRecord]) -> TopicCoverage:
    records = list(records)
    return TopicCoverage(
        topic=topic,
        records=len(records),
        examples=Counter(example.verdict for record in records for example in record.examples),
        certainty=Counter(record.certainty for record in records),
        verified=Counter(record.verified for record in records),
        benchmark_records=sum(record.fold == "benchmark" for record in records),
    )


# The patterns, and the counts in words beside each bar, say the same without any colour.
_FILLS = {Label.SUPPORTED: "#2a7f62", Label.OVERSTATED: "#c98500", Label.CONTRADICTED: "#a4243b"}
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1b1b1b; }
  .title { font-size: 17px; font-weight: 600; }
  .count, .axis { font-size: 12px; fill: #4a4a4a; }
  .ground { fill: #ffffff; } .rule { stroke: #c8c8c8; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f2f2f2; } .count, .axis { fill: #c9c9c9; } .ground { fill: #16181c; } .rule { stroke: #4a4d55; }
  }
"""
_PATTERNS = """
  <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
    <rect width="6" height="6" fill="#c98500"/><rect width="2" height="6" fill="#7a4f00"/>
  </pattern>
  <pattern id="dots" width="6" height="6" patternUnits="userSpaceOnUse">
    <rect width="6" height="6" fill="#a4243b"/><circle cx="3" cy="3" r="1.2" fill="#ffffff"/>
  </pattern>
"""
_PAINT = {Label.SUPPORTED: _FILLS[Label.SUPPORTED], Label.OVERSTATED: "url(#hatch)", Label.CONTRADICTED: "url(#dots)"}
_WIDTH, _ROW, _TOP, _CHARACTER = 960, 24, 92, 7.2
_COUNT_SPACE = 190


def coverage_svg(topics: Sequence[TopicCoverage], title: str) -> str:
    """Return a bar chart of examples by topic and verdict as SVG that screen readers can read bar by bar."""
    left = max(120.0, 24 + _CHARACTER * max((len(_words(item.topic)) for item in topics), default=0))
    scale = (_WIDTH - left - _COUNT_SPACE) / max((item.example_count for item in topics), default=1)
    height = _TOP + _ROW * len(topics) + 20
    examples = sum(item.example_count for item in topics)
    records = sum(item.records for item in topics)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        'aria-labelledby="chart-title chart-description">',
        f'<title id="chart-title">{escape(title)}</title>',
        f'<desc id="chart-description">Bar chart: {examples} labelled examples of {records} records in {len(topics)} '
        "topics, each bar split into supported, overstated and contradicted. The counts stand beside the bars.</desc>",
        f"<style>{_STYLE}</style>",
        f"<defs>{_PATTERNS}</defs>",
        f'<rect class="ground" width="{_WIDTH}" height="{height}"/>',
        f'<text class="title" x="16" y="30">{escape(title)}</text>',
        *_legend(),
        f'<line class="rule" x1="{left:.1f}" x2="{left:.1f}" y1="{_TOP - 6}" y2="{height - 14}"/>',
    ]
    for number, item in enumerate(topics):
        parts += _bar(item, _TOP + _ROW * number, left, scale)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _legend() -> list[str]:
    parts: list[str] = []
    for number, verdict in enumerate(VERDICTS):
        x = 16 + 130 * number
        parts.append(f'<rect x="{x}" y="48" width="16" height="16" fill="{_PAINT[verdict]}"/>')
        parts.append(f'<text class="axis" x="{x + 22}" y="61">{verdict.value}</text>')
    x = 16 + 130 * len(VERDICTS)
    parts.append(f'<text class="axis" x="{x}" y="61">beside each bar: records, and examples of each verdict</text>')
    return parts


def _bar(item: TopicCoverage, y: int, left: float, scale: float) -> list[str]:
    counts = [item.examples[verdict] for verdict in VERDICTS]
    label = f"{_words(item.topic)}: {item.records} records; " + ", ".join(
        f"{count} {verdict.value}" for count, verdict in zip(counts, VERDICTS, strict=True)
    )
    parts = [
        f'<g role="img" aria-label="{escape(label)}"><title>{escape(label)}</title>',
        f'<text x="{left - 8:.1f}" y="{y + 13}" text-anchor="end">{escape(_words(item.topic))}</text>',
    ]
    x = left
    for count, verdict in zip(counts, VERDICTS, strict=True):
        if count:
            width = count * scale
            parts.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="17" fill="{_PAINT[verdict]}"/>')
            x += width
    numbers = f"{item.records} rec. · {' / '.join(map(str, counts))}"
    parts.append(f'<text class="count" x="{x + 8:.1f}" y="{y + 13}">{numbers}</text></g>')
    return parts


def _words(topic: str) -> str:
    return topic.replace("_", " ")
