"""The audit table: of so many advertisers, how many make a false or misleading claim, on what, and with which risks.

The form follows the audit of ketamine advertisers in Maryland: Crane MA, DiStefano MJ, Moore TJ. False or misleading
claims in online direct-to-consumer ketamine advertising in Maryland. JAMA Netw Open 2023;6(11):e2342210. There two
people read 17 advertisers; the unit is the advertiser, here a site, and a claim is false or misleading when it is at
odds with the accumulated evidence or with the FDA's statements, here contradicted or overstated. Shares are of sites
of which at least one page was read, with 95 % Wilson intervals.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claimcheck.scan.followup import FLAGGED
from claimcheck.scan.intervals import Interval, wilson
from claimcheck.store.models import FindingRow, PageRow, ScanRow, SiteRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["AUDIT_COLUMNS", "CATEGORIES", "CITATION", "AuditRow", "AuditTable", "audit_of", "audit_values"]

CITATION = (
    "Crane MA, DiStefano MJ, Moore TJ. False or misleading claims in online direct-to-consumer ketamine advertising in "
    "Maryland. JAMA Netw Open 2023;6(11):e2342210."
)
# The published audit's subjects, each with the topics of claims below it.
CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "FDA approval or off-label use": ("approval_legal",),
    "Addiction": ("addiction",),
    "Safety": ("safety_side_effects", "eligibility"),
    "Efficacy": (
        "efficacy_depression", "efficacy_other_mental", "efficacy_pain", "suicidality", "onset", "durability",
        "response_rate", "comparison",
    ),
}  # fmt: skip
ANY = "Any claim"
NO_RISK, NO_NOTICE = "no_risk_information", "no_off_label_notice"
AUDIT_COLUMNS = ("region", "group", "row", "sites", "of", "percent", "low", "high")
_Test = Callable[["_Site"], bool]


@dataclass(frozen=True, slots=True)
class AuditRow:
    """``sites`` of ``of`` sites; ``share`` is None where there is nothing to divide by."""

    group: str
    name: str
    sites: int
    of: int
    share: Interval | None
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class AuditTable:
    """The rows for all sites ('' as region) or one region; ``unread`` sites are those of which no page was read."""

    region: str
    sites: int
    unread: int
    pages: int
    rows: tuple[AuditRow, ...]


@dataclass(frozen=True, slots=True)
class _Site:
    host: str
    region: str
    pages: int
    labels: Mapping[str, frozenset[str]]
    kinds: frozenset[str]

    def flagged(self, name: str) -> bool:
        return bool(self.labels.get(name, frozenset()) & set(FLAGGED))


def audit_of(session: "Session", scan_ids: Sequence[int]) -> tuple[AuditTable, ...]:
    """Return the table of all sites and, where there are several regions, one a region; sites without one are last."""
    sites = _sites(session, scan_ids)
    regions = sorted({site.region for site in sites}, key=lambda name: (not name, name))
    tables = [_table("", sites)]
    if len(regions) > 1:
        tables += [_table(name or "no region given", [s for s in sites if s.region == name]) for name in regions]
    return tuple(tables)


def _sites(session: "Session", scan_ids: Sequence[int]) -> list[_Site]:
    import sqlalchemy as sa

    sites = []
    category_of = {topic: name for name, topics in CATEGORIES.items() for topic in topics}
    for scan_id in scan_ids:
        row = session.execute(
            sa.select(SiteRow.host, SiteRow.region).join_from(ScanRow, SiteRow).where(ScanRow.id == scan_id)
        ).one()
        labels: dict[str, set[str]] = defaultdict(set)
        query = sa.select(FindingRow.topic, FindingRow.label).where(FindingRow.scan_id == scan_id).distinct()
        for topic, label in session.execute(query):
            labels[ANY].add(label)
            if topic in category_of:
                labels[category_of[topic]].add(label)
        pages, kinds = _page_kinds(session, scan_id)
        sites.append(_Site(row.host, row.region, pages, {k: frozenset(v) for k, v in labels.items()}, kinds))
    return sites


def _page_kinds(session: "Session", scan_id: int) -> tuple[int, frozenset[str]]:
    import sqlalchemy as sa

    query = sa.select(PageRow.findings).where(PageRow.scan_id == scan_id, PageRow.state == "checked")
    pages, kinds = 0, set()
    for found in session.scalars(query.execution_options(yield_per=2000)):
        pages += 1
        kinds |= {str(item.get("kind")) for item in found or ()}
    return pages, frozenset(kinds)


def _table(region: str, sites: Sequence[_Site]) -> AuditTable:
    read = [site for site in sites if site.pages]
    return AuditTable(region, len(sites), len(sites) - len(read), sum(s.pages for s in read), tuple(_rows(read)))


def _rows(sites: Sequence[_Site]) -> Iterator[AuditRow]:
    group = "False or misleading claim on"
    for name in (*CATEGORIES, ANY):
        shown = "Any subject, these or others" if name == ANY else name
        yield _row(group, shown, sites, lambda site, name=name: site.flagged(name))  # type: ignore[misc]  # mypy infers no lambda with a default
        yield _row(
            group,
            "of them contradicted by the evidence or the law",
            sites,
            lambda site, name=name: "contradicted" in site.labels.get(name, ()),  # type: ignore[misc]  # mypy infers no lambda with a default
            is_part=True,
        )
    group = "Risks and off-label use beside benefits"
    yield _row(group, "A page that names benefits and no risk", sites, lambda site: NO_RISK in site.kinds)
    yield _row(group, "A page with off-label uses and no notice of it", sites, lambda site: NO_NOTICE in site.kinds)
    group = "False or misleading claim, by risk information"
    yield _row(
        group,
        "with a page that names benefits and no risk",
        sites,
        lambda site: site.flagged(ANY) and NO_RISK in site.kinds,
    )
    yield _row(
        group, "without such a page", sites,
        lambda site: site.flagged(ANY) and NO_RISK not in site.kinds,
    )  # fmt: skip


def _row(group: str, name: str, sites: Sequence[_Site], test: _Test, *, is_part: bool = False) -> AuditRow:
    count = sum(map(test, sites))
    return AuditRow(group, name, count, len(sites), wilson(count, len(sites)) if sites else None, is_part)


def audit_values(tables: Sequence[AuditTable]) -> Iterator[dict[str, object]]:
    """Yield the tables' rows as values of ``AUDIT_COLUMNS``; shares in per cent with one decimal."""
    for table in tables:
        parent = ""
        for row in table.rows:
            parent = parent if row.is_part else row.name
            share = row.share
            yield {
                "region": table.region or "all",
                "group": row.group,
                "row": f"{parent}: {row.name}" if row.is_part else row.name,
                "sites": row.sites,
                "of": row.of,
                "percent": round(100 * share.share, 1) if share else None,
                "low": round(100 * share.low, 1) if share else None,
                "high": round(100 * share.high, 1) if share else None,
            }
