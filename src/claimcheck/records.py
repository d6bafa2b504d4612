"""The frozen records that cross modules: page, sentence, claim, match, verdict, report.

Offsets are Unicode code points into ``Page.text``. Each stage returns new records and leaves its input alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = [
    "Block",
    "BlockKind",
    "Certainty",
    "Claim",
    "Coverage",
    "Evidence",
    "EvidenceRecord",
    "Example",
    "Label",
    "Match",
    "NumberCheck",
    "Overstatement",
    "Page",
    "PageFinding",
    "Report",
    "Sentence",
    "Severity",
    "Source",
    "SourceRef",
    "Span",
    "Stance",
    "Verdict",
]


class Label(StrEnum):
    """A verdict. ``NOT_A_CLAIM`` labels sentences only."""

    SUPPORTED = "supported"
    OVERSTATED = "overstated"
    CONTRADICTED = "contradicted"
    UNVERIFIED = "unverified"
    NOT_A_CLAIM = "not_a_claim"


class Stance(StrEnum):
    """What one evidence record does to a claim in a report."""

    SUPPORTS = "supports"
    LIMITS = "limits"
    CONTRADICTS = "contradicts"
    CONTEXT = "context"


class Certainty(StrEnum):
    """Certainty of the evidence, after GRADE (Guyatt et al., BMJ 2008;336:924)."""

    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"
    VERY_LOW = "very_low"


class Severity(StrEnum):
    """Place in a reviewer's queue."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NONE = "none"


class Overstatement(StrEnum):
    """A way in which a claim goes further than its evidence."""

    CERTAINTY = "certainty"
    MAGNITUDE = "magnitude"
    SPEED = "speed"
    DURATION = "duration"
    SCOPE = "scope"
    MECHANISM = "mechanism"
    COMPARISON = "comparison"
    SAFETY = "safety"
    OMISSION = "omission"


class BlockKind(StrEnum):
    """What kind of element a stretch of page text came from."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    QUOTE = "quote"
    TABLE_CELL = "table_cell"
    CAPTION = "caption"
    META = "meta"


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of code points of ``Page.text``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SourceRef:
    """Where a page came from. ``kind`` is url, file, stdin or claims; ``retrieved_at`` is ISO 8601 in UTC."""

    kind: str
    uri: str
    title: str
    retrieved_at: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of page text from one element; ``level`` is 1 to 6 for headings and 0 elsewhere.

    ``region`` is the landmark it stands in: head, header, main, footer or aside.
    """

    start: int
    end: int
    kind: BlockKind
    visible: bool = True
    level: int = 0
    region: str = "main"


@dataclass(frozen=True, slots=True)
class Coverage:
    """What extraction found, kept and dropped, in characters; ``reasons_dropped`` maps a reason to characters."""

    characters_found: int
    characters_kept: int
    images_without_text: int = 0
    reasons_dropped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """Extracted text with its blocks, in reading order and never overlapping."""

    text: str
    blocks: tuple[Block, ...]
    source: SourceRef
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, heading or list item: ``text`` is exactly ``page.text[start:end]``; ``block`` indexes page.blocks."""

    start: int
    end: int
    text: str
    block: int
    kind: BlockKind
    visible: bool = True


@dataclass(frozen=True, slots=True)
class Claim:
    """One self-contained assertion; ``start`` and ``end`` are those of the sentence it came from.

    ``worthiness`` is the probability that the sentence is check-worthy, 0 to 1.
    """

    id: str
    text: str
    start: int
    end: int
    sentence: str
    topic: str
    worthiness: float = 1.0


@dataclass(frozen=True, slots=True)
class Source:
    """The publication an evidence record cites. ``type`` is a kind of study or document (rct, label, law ...)."""

    type: str
    title: str
    authors: str
    year: int | None
    journal: str
    url: str
    pmid: str | None = None
    doi: str | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A claim as clinics word it, with the verdict that its record gives it."""

    text: str
    verdict: Label
    overstates: tuple[Overstatement, ...] = ()
    register: str = ""
    triple: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceRecord:
    """One finding of the curated corpus with its source, certainty and limits.

    ``checked`` is the day a curator last read the record, ``verified`` how its source was confirmed (search or memory)
    and ``verified_url`` what was read for it. Examples of a record whose ``fold`` is ``benchmark`` are for measuring:
    no model is trained on them and the index holds none of them.
    """

    id: str
    topic: str
    statement: str
    population: str
    intervention: str
    comparator: str
    outcome: str
    timeframe: str
    figures: Mapping[str, float | str]
    direction: str
    certainty: Certainty
    certainty_reason: str
    limits: str
    source: Source
    status: str
    checked: str
    verified: str
    verified_url: str = ""
    fold: str = "train"
    hard_negatives: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    conflicts_with: tuple[str, ...] = ()
    conflict_note: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """An evidence record retrieved for a claim: cosine similarity, BM25 score and the fused score that ranks it."""

    record: EvidenceRecord
    score: float
    cosine: float
    bm25: float
    rank: int


@dataclass(frozen=True, slots=True)
class NumberCheck:
    """A number in a claim set against a record's figure: plain arithmetic, shown in the report."""

    claim_text: str
    claim_value: float
    unit: str
    record_id: str
    figure: str
    low: float
    high: float
    relation: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A record as cited beside a verdict: its stance and the probability of that stance."""

    record: EvidenceRecord
    stance: Stance
    score: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """A label for one claim with calibrated probabilities and the evidence it rests on.

    ``needs_review`` is abstention (the model is unsure); ``Label.UNVERIFIED`` is absence of evidence.
    """

    claim: Claim
    label: Label
    probabilities: Mapping[Label, float]
    confidence: float
    needs_review: bool
    severity: Severity
    overstates: tuple[Overstatement, ...]
    explanation: str
    evidence: tuple[Evidence, ...]
    numbers: tuple[NumberCheck, ...] = ()
    strong_words: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class PageFinding:
    """Something the page does as a whole, with the spans that show it."""

    kind: str
    explanation: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A checked page: its sentences with labels, verdicts in page order, findings and the versions that made it."""

    page: Page
    sentences: tuple[Sentence, ...]
    sentence_labels: tuple[Label, ...]
    check_worthy: tuple[bool, ...]
    verdicts: tuple[Verdict, ...]
    findings: tuple[PageFinding, ...]
    versions: Mapping[str, object]
