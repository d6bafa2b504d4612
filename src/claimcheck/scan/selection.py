"""Which scans a report is of: a site by its name, its finished scans, the latest of each site."""

import difflib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from claimcheck.errors import UsageError
from claimcheck.report.shown import one_line
from claimcheck.store.models import ScanRow, SiteRow, VersionRow

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.orm import Session

__all__ = ["FINISHED", "ScanRef", "latest_scan_ids", "newest_scan", "scan_pair", "scan_ref", "scans_of", "site_named"]

FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class ScanRef:
    """A finished scan and what judged it; ``versions`` as ``Report.versions`` has them."""

    scan_id: int
    site_id: int
    host: str
    region: str
    started_at: datetime
    finished_at: datetime
    version_id: int
    versions: dict[str, Any]


def site_named(session: "Session", name: str) -> SiteRow:
    """Return the site of a host name or address.

    :raises UsageError: when the store has no such site; the message names the nearest.
    """
    import sqlalchemy as sa

    text = name.strip().lower()
    host = urlsplit(text if "://" in text else f"//{text}").netloc or text
    # As it stands first: a folder of saved pages is a site too, and its name keeps its capitals.
    spellings = dict.fromkeys((name.strip(), host, host.removeprefix("www.")))
    rows = (session.scalar(sa.select(SiteRow).where(SiteRow.host == spelling)) for spelling in spellings)
    found = next((row for row in rows if row is not None), None)
    if found is None:
        hosts = list(session.scalars(sa.select(SiteRow.host).order_by(SiteRow.host).limit(5000)))
        near = difflib.get_close_matches(host, hosts, 3) or hosts[:3]
        known = f"; it has {', '.join(near)}{' …' * (len(hosts) > len(near))}" if near else "; it has no site yet"
        raise UsageError(f"found no site {one_line(name)!r} in the store{known}")
    return found


def _finished() -> "Select[Any]":
    import sqlalchemy as sa

    columns = (
        ScanRow.id, ScanRow.site_id, SiteRow.host, SiteRow.region, ScanRow.started_at, ScanRow.finished_at,
        ScanRow.version_id, VersionRow.values,
    )  # fmt: skip
    query = sa.select(*columns).join_from(ScanRow, SiteRow).join(VersionRow, VersionRow.id == ScanRow.version_id)
    return query.where(ScanRow.state == FINISHED, ScanRow.finished_at.is_not(None))


def scans_of(session: "Session", site_id: int, *, limit: int = 1000) -> list[ScanRef]:
    """Return the finished scans of a site, the latest first."""
    query = _finished().where(ScanRow.site_id == site_id).order_by(ScanRow.finished_at.desc(), ScanRow.id.desc())
    return [ScanRef(*row) for row in session.execute(query.limit(limit))]


def scan_ref(session: "Session", scan_id: int) -> ScanRef:
    """Return a finished scan by its number.

    :raises UsageError: when there is none, or it is not finished.
    """
    row = session.execute(_finished().where(ScanRow.id == scan_id)).one_or_none()
    if row is None:
        exists = session.get(ScanRow, scan_id) is not None
        found = "is not finished; let `claimcheck scan` finish it" if exists else "is not in the store"
        raise UsageError(f"scan {scan_id} {found}")
    return ScanRef(*row)


def newest_scan(session: "Session", site: SiteRow) -> ScanRef:
    """Return the latest finished scan of a site.

    :raises UsageError: when it has none.
    """
    scans = scans_of(session, site.id, limit=1)
    if not scans:
        raise UsageError(f"{site.host} has no finished scan yet; let `claimcheck scan` finish")
    return scans[0]


def scan_pair(
    session: "Session", site: SiteRow, before: int | None = None, after: int | None = None
) -> tuple[ScanRef, ScanRef]:
    """Return two scans of a site, the earlier first: the last two unless numbers say otherwise.

    :raises UsageError: when there are not two, or a number is of another site's scan.
    """
    scans = scans_of(session, site.id)
    by_id = {scan.scan_id: scan for scan in scans}
    for number in (before, after):
        if number is not None and number not in by_id:
            known = ", ".join(str(scan.scan_id) for scan in scans[:8]) or "none"
            raise UsageError(f"found no finished scan {number} of {site.host}; it has {known}")
    if len(scans) < 2:
        raise UsageError(f"{site.host} has {len(scans)} finished scan(s); a comparison needs two")
    last = by_id[after] if after is not None else scans[0]
    earlier = scans[scans.index(last) + 1 :]
    first = by_id[before] if before is not None else next(iter(earlier), None)
    if first is None or first not in earlier:
        which = f"scan {first.scan_id} is not before scan {last.scan_id}" if first else f"none is before {last.scan_id}"
        raise UsageError(f"of the finished scans of {site.host} {which}; compare an earlier with a later one")
    return first, last


def latest_scan_ids(session: "Session") -> list[int]:
    """Return the latest finished scan of every site, by the sites' names."""
    import sqlalchemy as sa

    rank = sa.func.row_number().over(
        partition_by=ScanRow.site_id, order_by=(ScanRow.finished_at.desc(), ScanRow.id.desc())
    )
    ranked = sa.select(ScanRow.id, ScanRow.site_id, rank.label("rank")).where(ScanRow.state == FINISHED).subquery()
    query = sa.select(ranked.c.id).join(SiteRow, SiteRow.id == ranked.c.site_id).where(ranked.c.rank == 1)
    return list(session.scalars(query.order_by(SiteRow.host)))
