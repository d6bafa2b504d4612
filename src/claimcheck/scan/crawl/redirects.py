"""Redirects between the pages of a site: how many lead to a page, and where each chain ends.

Each address on the way is a page row of its own, so that what a site links to stays on record.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from claimcheck.scan.crawl.options import MAX_REDIRECTS
from claimcheck.store.models import PageRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["resolve_redirects", "shortest_hops"]

_BATCH = 500


@dataclass(slots=True)
class _Node:
    id: int
    hops: int
    state: str
    is_admitted: bool


def shortest_hops(session: "Session", scan_id: int) -> int:
    """Count redirects along the shortest chain to each page; return how many pages may be fetched now because of it."""
    leads = _leads(session, scan_id)
    nodes = _nodes(session, scan_id, set(leads) | set(leads.values()))
    before = {url: (node.hops, node.is_admitted) for url, node in nodes.items()}
    changed = True
    while changed:
        changed = False
        for url, target in leads.items():
            source, node = nodes[url], nodes.get(target)
            if node is not None and source.hops + 1 < node.hops:
                node.hops = source.hops + 1
                changed = True
    admitted = 0
    for url, node in nodes.items():
        if node.state == "queued" and not node.is_admitted and 0 < node.hops <= MAX_REDIRECTS:
            node.is_admitted = True
            admitted += 1
        if before[url] != (node.hops, node.is_admitted):
            values = {"hops": node.hops, "admitted": node.is_admitted}
            session.execute(update(PageRow).where(PageRow.id == node.id).values(**values))
    return admitted


def resolve_redirects(session: "Session", scan_id: int) -> None:
    """Give every redirect its end: a duplicate address of the page it leads to, or a failure."""
    leads = _leads(session, scan_id)
    nodes = _nodes(session, scan_id, set(leads) | set(leads.values()))
    changes: list[dict[str, Any]] = []
    for url in leads:
        seen = {url}
        target = leads[url]
        while target in leads and target not in seen:
            seen.add(target)
            target = leads[target]
        end = nodes.get(target)
        values: dict[str, Any] = {"id": nodes[url].id, "state": "failed", "duplicate_of": None}
        if target in seen:
            values |= {"reason": "redirect-loop", "detail": "its redirects lead round in a circle"}
        elif end is None or (end.state == "queued" and end.hops > MAX_REDIRECTS):
            values |= {
                "reason": "too-many-redirects",
                "detail": f"it leads to no page within {MAX_REDIRECTS} redirects",
            }
        else:
            values |= {
                "state": "duplicate",
                "reason": "duplicate-address",
                "detail": "it redirects to another page of the site",
                "duplicate_of": end.id,
            }
        changes.append(values)
    if changes:
        session.execute(update(PageRow), changes)


def _leads(session: "Session", scan_id: int) -> dict[str, str]:
    """Return where each redirect leads, by address."""
    query = (
        select(PageRow.url, PageRow.final_url)
        .where(PageRow.scan_id == scan_id, PageRow.state == "captured", PageRow.http_status.between(300, 399))
        .order_by(PageRow.url)
    )
    return {row.url: row.final_url for row in session.execute(query)}


def _nodes(session: "Session", scan_id: int, urls: set[str]) -> dict[str, _Node]:
    found: dict[str, _Node] = {}
    ordered = sorted(urls)
    for start in range(0, len(ordered), _BATCH):
        query = select(PageRow.url, PageRow.id, PageRow.hops, PageRow.state, PageRow.admitted).where(
            PageRow.scan_id == scan_id, PageRow.url.in_(ordered[start : start + _BATCH])
        )
        for row in session.execute(query):
            found[row.url] = _Node(row.id, row.hops, row.state, row.admitted)
    return found
