"""What a report of scans shows, gathered from the store: sites ranked, verdicts by topic, worst claims, trend.

Everything is counted by the database; no query returns more rows than a page shows, whatever the number of findings.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from claimcheck.scan.coverage import LABELS, Coverage, coverage_of
from claimcheck.scan.followup import FLAGGED
from claimcheck.scan.selection import FINISHED, ScanRef, scan_ref
from claimcheck.store.models import (
    ClaimRow,
    FindingRow,
    JudgementRow,
    OccurrenceRow,
    PageRow,
    ScanRow,
    SiteRow,
)

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.orm import Session

__all__ = [
    "PageNote",
    "SiteSummary",
    "TopicCount",
    "TrendPoint",
    "WorstClaim",
    "flagged_claims",
    "page_notes",
    "rank_sites",
    "site_trend",
    "topic_counts",
    "topic_words",
    "whole_trend",
    "worst_claims",
]

TREND_POINTS = 12
# Findings read to find the worst claims that are worded differently: the same claim stands on many sites.
WORST_READ = 400
_TOPIC_WORDS: Mapping[str, str] = {
    "approval_legal": "Approval and law",
    "safety_side_effects": "Safety and side effects",
    "addiction": "Addiction",
    "efficacy_depression": "Efficacy in depression",
    "efficacy_other_mental": "Efficacy in other mental conditions",
    "efficacy_pain": "Efficacy in pain",
    "suicidality": "Suicidality",
    "onset": "Speed of effect",
    "durability": "Duration of effect",
    "response_rate": "Response rates",
    "comparison": "Comparison with other treatments",
    "mechanism": "How it works",
    "protocol_dose_route": "Dose, route and procedure",
    "eligibility": "Who can have it",
    "cost_insurance": "Cost and insurance",
    "history": "History",
    "condition_statistics": "Facts on conditions",
    "clinic_specific": "The clinic itself",
    "other": "Other",
}


@dataclass(frozen=True, slots=True)
class SiteSummary:
    """A site's latest scan and what it covered."""

    scan: ScanRef
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class TopicCount:
    """Claims on one topic by label, every label of ``LABELS`` there."""

    topic: str
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many claims are on this topic."""
        return sum(self.counts.values())

    @property
    def flagged(self) -> int:
        """How many of them are contradicted or overstated."""
        return sum(self.counts[label] for label in FLAGGED)


@dataclass(frozen=True, slots=True)
class WorstClaim:
    """A flagged claim, where it stands and what was captured; ``sites`` is how many say it in much the same words."""

    finding_id: int
    host: str
    label: str
    severity: int
    confidence: float
    needs_review: bool
    topic: str
    claim: str
    sentence: str
    explanation: str
    evidence: Mapping[str, object] | None
    url: str
    title: str
    heading: str
    fetched_at: datetime | None
    sha256: str
    warc_file: str
    warc_offset: int | None
    screenshot: str
    pages: int
    is_new: bool
    sites: int = 1


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """Claims by label at one time; ``name`` is that of its column."""

    name: str
    sites: int
    pages: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PageNote:
    """What pages do as a whole: the kind of finding, how many pages, and some of them."""

    kind: str
    pages: int
    examples: tuple[str, ...]


def topic_words(topic: str) -> str:
    """Return a topic's name for readers."""
    return _TOPIC_WORDS.get(topic, topic.replace("_", " ").capitalize())


def rank_sites(session: "Session", scan_ids: Iterable[int]) -> list[SiteSummary]:
    """Return the sites by contradicted, then overstated claims, most first."""
    found = [SiteSummary(scan_ref(session, scan_id), coverage_of(session, [scan_id])) for scan_id in scan_ids]
    return sorted(
        found,
        key=lambda item: (
            -item.coverage.claims["contradicted"], -item.coverage.claims["overstated"], item.scan.host,
        ),
    )  # fmt: skip


def topic_counts(session: "Session", scan_ids: Sequence[int]) -> list[TopicCount]:
    """Return claims by topic and label, the topics with most flagged claims first."""
    import sqlalchemy as sa

    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for part in _parts(scan_ids):
        query = sa.select(FindingRow.topic, FindingRow.label, sa.func.count()).where(FindingRow.scan_id.in_(part))
        for topic, label, count in session.execute(query.group_by(FindingRow.topic, FindingRow.label)):
            counts[topic][label] += count
    found = [TopicCount(topic, {label: of[label] for label in LABELS}) for topic, of in counts.items()]
    return sorted(found, key=lambda item: (-item.flagged, -item.total, item.topic))


def flagged_claims(session: "Session", scan_ids: Sequence[int], limit: int) -> list[WorstClaim]:
    """Return the flagged claims of scans, the most serious first."""
    import sqlalchemy as sa

    order = (FindingRow.severity.desc(), FindingRow.confidence.desc(), FindingRow.id.desc())
    # The numbers first, from narrow columns; the long texts of those few after.
    ranked: list[tuple[int, float, int]] = []
    for part in _parts(scan_ids):
        query = sa.select(FindingRow.severity, FindingRow.confidence, FindingRow.id)
        query = query.where(FindingRow.scan_id.in_(part), FindingRow.label.in_(FLAGGED)).order_by(*order).limit(limit)
        ranked += [(row[0], row[1], row[2]) for row in session.execute(query)]
    numbers = [number for _, _, number in sorted(ranked, reverse=True)[:limit]]
    found: dict[int, WorstClaim] = {}
    for part in _parts(numbers):
        for row in session.execute(_worst_query().where(FindingRow.id.in_(part))):
            values = row._asdict()
            values["evidence"] = _decisive(row.label, row.evidence)
            values["heading"] = row.heading or ""
            found[row.finding_id] = WorstClaim(**values)
    return [found[number] for number in numbers]


def _worst_query() -> "Select[*tuple[Any, ...]]":
    import sqlalchemy as sa
    from sqlalchemy.orm import aliased

    other = aliased(OccurrenceRow)
    heading = sa.select(other.heading).where(other.finding_id == FindingRow.id, other.page_id == FindingRow.page_id)
    first = heading.order_by(other.start).limit(1).scalar_subquery()
    columns = (
        FindingRow.id.label("finding_id"), SiteRow.host, FindingRow.label, FindingRow.severity, FindingRow.confidence,
        FindingRow.needs_review, FindingRow.topic, ClaimRow.text.label("claim"), FindingRow.sentence,
        JudgementRow.explanation, JudgementRow.evidence, PageRow.url, PageRow.title, first.label("heading"),
        PageRow.fetched_at, PageRow.sha256, PageRow.warc_file, PageRow.warc_offset, PageRow.screenshot,
        FindingRow.pages, FindingRow.is_new,
    )  # fmt: skip
    return (
        sa.select(*columns)
        .join_from(FindingRow, SiteRow, SiteRow.id == FindingRow.site_id)
        .join(ClaimRow, ClaimRow.id == FindingRow.claim_id)
        .join(JudgementRow, JudgementRow.id == FindingRow.judgement_id)
        .join(PageRow, PageRow.id == FindingRow.page_id)
    )


def _decisive(label: str, evidence: Sequence[Mapping[str, object]]) -> Mapping[str, object] | None:
    stance = {"contradicted": "contradicts", "overstated": "limits"}.get(label)
    return next((item for item in evidence if item.get("stance") == stance), next(iter(evidence), None))


def worst_claims(session: "Session", scan_ids: Sequence[int], limit: int) -> list[WorstClaim]:
    """Return the most serious claims that are worded differently, each with how many sites say it."""
    import sqlalchemy as sa

    found = flagged_claims(session, scan_ids, WORST_READ)
    query = sa.select(FindingRow.id, sa.func.coalesce(ClaimRow.group_id, ClaimRow.id)).join_from(FindingRow, ClaimRow)
    group_of = {
        finding_id: group
        for part in _parts([item.finding_id for item in found])
        for finding_id, group in session.execute(query.where(FindingRow.id.in_(part)))
    }
    first: dict[int, WorstClaim] = {}
    for item in found:
        first.setdefault(group_of[item.finding_id], item)
    chosen = dict(list(first.items())[:limit])
    sites = _sites_saying(session, scan_ids, list(chosen))
    return [replace(item, sites=sites.get(group, 1)) for group, item in chosen.items()]


def _sites_saying(session: "Session", scan_ids: Sequence[int], groups: Sequence[int]) -> dict[int, int]:
    import sqlalchemy as sa

    in_group = sa.or_(ClaimRow.group_id.in_(groups), ClaimRow.id.in_(groups))
    group = sa.func.coalesce(ClaimRow.group_id, ClaimRow.id)
    sites: dict[int, set[int]] = defaultdict(set)
    for part in _parts(scan_ids):
        query = sa.select(group, FindingRow.site_id).join_from(ClaimRow, FindingRow).where(in_group)
        for number, site_id in session.execute(query.where(FindingRow.scan_id.in_(part)).distinct()):
            sites[number].add(site_id)
    return {number: len(found) for number, found in sites.items()}


def page_notes(session: "Session", scan_id: int) -> list[PageNote]:
    """Return what the pages of a scan do as a whole, the commonest first."""
    import sqlalchemy as sa

    pages: dict[str, list[str]] = defaultdict(list)
    counts: Counter[str] = Counter()
    query = sa.select(PageRow.url, PageRow.findings).where(PageRow.scan_id == scan_id, PageRow.state == "checked")
    query = query.order_by(PageRow.depth, PageRow.url)
    for url, findings in session.execute(query.execution_options(yield_per=2000)):
        for kind in {str(item.get("kind")) for item in findings or ()}:
            counts[kind] += 1
            if len(pages[kind]) < 3:
                pages[kind].append(url)
    return [
        PageNote(kind, count, tuple(pages[kind])) for kind, count in sorted(counts.items(), key=lambda i: (-i[1], i[0]))
    ]


def site_trend(session: "Session", site_id: int) -> list[TrendPoint]:
    """Return a site's last scans, the oldest first."""
    import sqlalchemy as sa

    query = sa.select(ScanRow.id, ScanRow.finished_at).where(ScanRow.site_id == site_id, ScanRow.state == FINISHED)
    query = query.order_by(ScanRow.finished_at.desc(), ScanRow.id.desc()).limit(TREND_POINTS)
    scans = [(row[0], row[1]) for row in session.execute(query) if row[1]]
    return [_point(session, f"{at.day} {at:%b %Y}", [scan_id]) for scan_id, at in reversed(scans)]


def whole_trend(session: "Session") -> list[TrendPoint]:
    """Return the last months, each with every site's last scan of that month, the oldest first."""
    import sqlalchemy as sa

    last: dict[tuple[str, int], tuple[datetime, int]] = {}
    query = sa.select(ScanRow.id, ScanRow.site_id, ScanRow.finished_at).where(ScanRow.state == FINISHED)
    for scan_id, site_id, at in session.execute(query):
        if at:
            key = (f"{at:%Y-%m}", site_id)
            last[key] = max(last.get(key, (at, scan_id)), (at, scan_id))
    months: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for (month, _), scan in last.items():
        months[month].append(scan)
    return [
        _point(session, f"{months[month][0][0]:%b %Y}", [scan_id for _, scan_id in months[month]])
        for month in sorted(months)[-TREND_POINTS:]
    ]


def _point(session: "Session", name: str, scan_ids: Sequence[int]) -> TrendPoint:
    import sqlalchemy as sa

    counts: Counter[str] = Counter()
    pages = 0
    for part in _parts(scan_ids):
        labels = sa.select(FindingRow.label, sa.func.count()).where(FindingRow.scan_id.in_(part))
        counts.update({label: count for label, count in session.execute(labels.group_by(FindingRow.label))})
        checked = sa.select(sa.func.count()).where(PageRow.scan_id.in_(part), PageRow.state == "checked")
        pages += session.scalar(checked) or 0
    return TrendPoint(name, len(scan_ids), pages, {label: counts[label] for label in LABELS})


def _parts(items: Sequence[int]) -> Iterable[Sequence[int]]:
    for start in range(0, len(items), 500):
        yield items[start : start + 500]
