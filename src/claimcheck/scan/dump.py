"""A store as lines of JSON in a fixed order, without ids and times: two scans that found the same are equal."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from claimcheck.store.models import (
    ClaimRow,
    FindingRow,
    JudgementRow,
    OccurrenceRow,
    PageRow,
    ScanRow,
    SiteRow,
    VersionRow,
)
from claimcheck.store.open import Store

__all__ = ["dump", "write_dump"]

_PAGE = (
    "url final_url depth state reason detail http_status content_type sha256 rendered title text_sha256 sentences "
    "characters_found characters_kept images_without_text reasons_dropped findings"
).split()
_FINDING = "sentence topic label confidence needs_review severity pages is_new".split()
_JUDGEMENT = (
    "label probabilities confidence needs_review severity overstates explanation evidence numbers strong_words"
).split()


def dump(store: Store) -> Iterator[str]:
    """Yield the store's lines: scans, pages, findings with their occurrences, and judged claims with their groups."""
    yield from _lines("scan", _scans(store))
    yield from _lines("page", _pages(store))
    yield from _lines("finding", _findings(store))
    yield from _lines("claim", _claims(store))


def write_dump(store: Store, path: Path) -> None:
    """Write the dump to a file, a line at a time."""
    with path.open("w", encoding="utf-8") as stream:
        for line in dump(store):
            stream.write(line + "\n")


def _lines(kind: str, rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        yield json.dumps({"kind": kind} | row, sort_keys=True, ensure_ascii=True)


def _scans(store: Store) -> Iterator[dict[str, Any]]:
    import sqlalchemy as sa

    with store.session() as session:
        query = sa.select(SiteRow.host, SiteRow.region, ScanRow.state, VersionRow.sha256)
        query = query.select_from(ScanRow).join(SiteRow).outerjoin(VersionRow).order_by(SiteRow.host, ScanRow.id)
        for host, region, state, version in session.execute(query):
            yield {"site": host, "region": region, "state": state, "version": version}


def _pages(store: Store) -> Iterator[dict[str, Any]]:
    import sqlalchemy as sa

    twin = sa.orm.aliased(PageRow)
    with store.session() as session:
        query = sa.select(SiteRow.host, PageRow, twin.url).select_from(PageRow).join(ScanRow).join(SiteRow)
        query = query.outerjoin(twin, PageRow.duplicate_of == twin.id).order_by(
            SiteRow.host, PageRow.scan_id, PageRow.url
        )
        for host, page, duplicate_of in session.execute(query.execution_options(yield_per=500)):
            yield {"site": host, "duplicate_of": duplicate_of} | {name: getattr(page, name) for name in _PAGE}


def _findings(store: Store) -> Iterator[dict[str, Any]]:
    import sqlalchemy as sa

    with store.session() as session:
        query = sa.select(SiteRow.host, FindingRow, ClaimRow.key, PageRow.url).select_from(FindingRow)
        query = query.join(SiteRow, FindingRow.site_id == SiteRow.id).join(ClaimRow, FindingRow.claim_id == ClaimRow.id)
        query = query.join(PageRow, FindingRow.page_id == PageRow.id)
        query = query.order_by(SiteRow.host, FindingRow.scan_id, ClaimRow.key)
        places = sa.select(PageRow.url, OccurrenceRow.start, OccurrenceRow.end, OccurrenceRow.block,
                           OccurrenceRow.visible, OccurrenceRow.heading).join_from(OccurrenceRow, PageRow)  # fmt: skip
        for host, finding, key, url in session.execute(query.execution_options(yield_per=500)):
            found = session.execute(places.where(OccurrenceRow.finding_id == finding.id))
            values = {name: getattr(finding, name) for name in _FINDING}
            yield {"site": host, "claim": key, "page": url, "occurrences": sorted(map(list, found)), **values}


def _claims(store: Store) -> Iterator[dict[str, Any]]:
    import sqlalchemy as sa

    leader = sa.orm.aliased(ClaimRow)
    with store.session() as session:
        query = sa.select(ClaimRow, JudgementRow, VersionRow.sha256, leader.key).select_from(JudgementRow)
        query = query.join(ClaimRow, JudgementRow.claim_id == ClaimRow.id).join(VersionRow)
        query = query.outerjoin(leader, ClaimRow.group_id == leader.id).order_by(ClaimRow.key, VersionRow.sha256)
        for claim, judgement, version, group in session.execute(query.execution_options(yield_per=500)):
            values = {name: getattr(judgement, name) for name in _JUDGEMENT}
            yield {
                "key": claim.key,
                "text": claim.text,
                "topic": claim.topic,
                "group": group,
                "version": version,
                **values,
            }
