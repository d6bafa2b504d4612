"""What a case file holds, as frozen records: everything is gathered into these first, and rendered from them alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from claimcheck.records import Evidence, Label, NumberCheck, Overstatement
from claimcheck.review.acts import TrailEntry, TrailHead
from claimcheck.review.casefile.rates import KnownRates, ReviewedKind
from claimcheck.scan.coverage import Coverage

__all__ = [
    "FLAGGED",
    "CaseDecision",
    "CaseEvidence",
    "CaseFile",
    "CaseFinding",
    "CasePage",
    "CasePlace",
    "CaseScan",
    "Judged",
    "LeftOut",
]

# The verdicts that a case file is about, the graver one first.
FLAGGED = (Label.CONTRADICTED, Label.OVERSTATED)


@dataclass(frozen=True, slots=True)
class CasePage:
    """A cited page. ``number`` names it in the document and its files; ``capture`` is '' when none was kept.

    ``sha256`` is of the body as read, ``capture_sha256`` of the WARC record, which is the whole of the capture's file.
    ``served`` is the file of what the server sent, where the page was read as a browser shows it.
    """

    number: int
    page_id: int
    title: str
    url: str
    final_url: str
    visited_at: datetime | None
    http_status: int | None
    content_type: str
    rendered: bool
    sha256: str
    text_sha256: str
    capture: str
    capture_sha256: str
    screenshot: str
    screenshot_sha256: str
    served: str = ""
    served_sha256: str = ""


@dataclass(frozen=True, slots=True)
class CasePlace:
    """Where a claim stands: the page by its number, the heading above it, and the code points of the page's text."""

    page: int
    heading: str
    block: str
    visible: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Judged:
    """What claimcheck itself said of a claim."""

    label: Label
    probabilities: Mapping[Label, float]
    confidence: float
    needs_review: bool
    overstates: tuple[Overstatement, ...]
    explanation: str
    numbers: tuple[NumberCheck, ...]


@dataclass(frozen=True, slots=True)
class CaseEvidence:
    """A piece of evidence; ``status`` is cited, added or struck (the last two by a reviewer)."""

    evidence: Evidence
    status: str = "cited"


@dataclass(frozen=True, slots=True)
class CaseDecision:
    """One decision as recorded. ``stands`` is False when a later row took it back or replaced it.

    ``role`` is the person's role when they decided, ``trail_seq`` the trail's row of the act (0 when it has none).
    """

    id: int
    at: datetime
    person: str
    role: str
    round: str
    kind: str
    label: str
    reason: str
    note: str
    evidence_added: tuple[str, ...]
    evidence_struck: tuple[str, ...]
    blind: bool
    stands: bool
    trail_seq: int


@dataclass(frozen=True, slots=True)
class CaseFinding:
    """A confirmed finding; ``number`` is its place in the schedule and ``quote`` the sentence as captured.

    ``label`` is the verdict as people decided it. ``pages`` counts every page that makes the claim, ``places``
    holds the first of them.
    """

    number: int
    finding_id: int
    quote: str
    claim: str
    topic: str
    label: Label
    judged: Judged
    pages: int
    places: tuple[CasePlace, ...]
    evidence: tuple[CaseEvidence, ...]
    decisions: tuple[CaseDecision, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The scan's findings that are not in the file, by why not; ``unflagged`` were neither flagged nor decided."""

    undecided: int
    waiting: int
    conflict: int
    supported: int
    unverified: int
    not_a_claim: int
    unflagged: int

    @property
    def open_flags(self) -> int:
        """Findings that are flagged, or under review, and not decided to the end."""
        return self.undecided + self.waiting + self.conflict


@dataclass(frozen=True, slots=True)
class CaseScan:
    """The scan that the file rests on; ``archive_lines`` and ``archive_head`` are of its archive's manifest."""

    id: int
    started_at: datetime
    finished_at: datetime | None
    archive_lines: int
    archive_head: str


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One clinic's case, complete. ``versions`` is what judged, ``made_with`` the claimcheck that made the file."""

    host: str
    start_url: str
    reference: str
    made_at: datetime
    made_with: str
    anonymous: bool
    scan: CaseScan
    versions: Mapping[str, Any]
    pages: tuple[CasePage, ...]
    findings: tuple[CaseFinding, ...]
    left_out: LeftOut
    coverage: Coverage
    known_rates: KnownRates | None
    reviewed: tuple[ReviewedKind, ...]
    trail: tuple[TrailEntry, ...]
    trail_head: TrailHead

    def page(self, number: int) -> CasePage:
        """Return a page by its number."""
        return self.pages[number - 1]

    def count(self, label: Label) -> int:
        """Return how many findings were decided to be this."""
        return sum(finding.label is label for finding in self.findings)
