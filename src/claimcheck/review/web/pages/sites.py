"""The pages of sites: all of them with what is left to decide, and one with its scans, their coverage and case file."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from claimcheck.errors import ClaimcheckError
from claimcheck.report.words import FINDING_WORDS
from claimcheck.review.casefile import CaseOptions, case_name, write_case_zip
from claimcheck.review.counting import counts
from claimcheck.review.errors import InvalidError, MissingError, ReviewError
from claimcheck.review.filters import Filters
from claimcheck.review.projection import sync
from claimcheck.review.web.deps import store_of
from claimcheck.review.web.pages.addresses import View, address_of
from claimcheck.review.web.pages.door import Visit, show
from claimcheck.scan.coverage import coverage_of, reason_words
from claimcheck.store.models import LetterRow, PageRow, ScanRow, SiteRow
from claimcheck.store.review_models import ReviewStateRow

__all__ = ["case_file", "site_page", "sites_page"]

SITES_SHOWN = 500
SCANS_SHOWN = 50
_NONE = (0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Site:
    """A site with its current findings: how many, flagged, not decided yet, flagged and not decided, confirmed."""

    host: str
    region: str
    scanned_at: datetime | None
    findings: int
    flagged: int
    left: int
    flags_left: int
    confirmed: int


def sites_page(visit: Visit) -> Response:
    """Return the sites that have been scanned, those with most flags to decide first."""
    sync(visit.session)
    words = visit.query.get("q", "").strip().lower()[:200]
    sites = [site for site in _sites(visit.session) if not words or words in f"{site.host} {site.region}".lower()]
    sites.sort(key=lambda site: (-site.flags_left, -site.left, site.host))
    values = {"sites": sites[:SITES_SHOWN], "more": max(0, len(sites) - SITES_SHOWN), "q": visit.query.get("q", "")}
    return show(visit, "sites.html", values)


def site_page(visit: Visit) -> Response:
    """Return a site's scans, what the latest read and did not, and its case file."""
    sync(visit.session)
    row = _site_row(visit)
    site = next((site for site in _sites(visit.session, row.id)), None)
    scans = visit.session.scalars(
        select(ScanRow).where(ScanRow.site_id == row.id).order_by(ScanRow.id.desc()).limit(SCANS_SHOWN)
    ).all()
    latest = next((scan for scan in scans if scan.state == "finished"), None)
    numbers = _finding_numbers(visit.session, [scan.id for scan in scans])
    letters = visit.session.scalars(select(LetterRow).where(LetterRow.site_id == row.id).order_by(LetterRow.id.desc()))
    values = {
        "site": site or Site(row.host, row.region, None, *_NONE),
        "start_url": row.start_url,
        "scans": [(scan, coverage_of(visit.session, [scan.id]), numbers.get(scan.id, 0)) for scan in scans[:10]],
        "more_scans": max(0, len(scans) - 10),
        "coverage": coverage_of(visit.session, [latest.id]) if latest else None,
        "new": counts(visit.session, visit.account, Filters(site=row.host)).new,
        "page_findings": _page_findings(visit.session, latest.id) if latest else [],
        "letters": letters.all(),
        "reason_words": reason_words,
        "queue": lambda **filters: address_of("/queue", View(Filters(site=row.host, **filters))),
    }
    return show(visit, "site.html", values)


def case_file(visit: Visit) -> Response:
    """Return the site's case file as one zip, made now; who asked for it is in the trail."""
    row = _site_row(visit)
    options = CaseOptions(
        reference=visit.form.text("reference")[:200],
        anonymous=visit.form.text("anonymous") == "1",
        pdf=visit.form.text("pdf") == "1",
    )
    folder = tempfile.TemporaryDirectory(prefix="claimcheck-download-")
    name = f"{case_name(row.host)}.zip"
    try:
        made = write_case_zip(store_of(visit.request), row.host, Path(folder.name) / name, options, by=visit.account)
    except ReviewError:
        folder.cleanup()
        raise
    except ClaimcheckError as error:
        folder.cleanup()
        raise InvalidError(str(error)) from error
    headers = {"X-Manifest-SHA256": made.manifest_sha256}
    clean = BackgroundTask(folder.cleanup)
    return FileResponse(made.path, media_type="application/zip", filename=name, headers=headers, background=clean)


def _site_row(visit: Visit) -> SiteRow:
    host = visit.path_text("site")[:300].lower()
    row = visit.session.scalar(select(SiteRow).where(SiteRow.host == host))
    if row is None:
        raise MissingError(f"found no site {host[:80]!r}; look it up in the list of sites")
    return row


def _sites(session: Session, site_id: int | None = None) -> list[Site]:
    row = ReviewStateRow
    flagged, done = row.verdict.in_(["overstated", "contradicted"]), row.done.is_(True)
    confirmed = row.label.in_(["overstated", "contradicted"])
    grouped = (
        select(row.site_id, flagged, done, confirmed, func.count())
        .where(row.current.is_(True))
        .group_by(row.site_id, flagged, done, confirmed)
    )
    scanned = select(ScanRow.site_id, func.max(ScanRow.finished_at)).where(ScanRow.state == "finished")
    hosts = select(SiteRow.id, SiteRow.host, SiteRow.region)
    if site_id is not None:
        grouped, scanned, hosts = (
            grouped.where(row.site_id == site_id),
            scanned.where(ScanRow.site_id == site_id),
            hosts.where(SiteRow.id == site_id),
        )
    numbers: dict[int, list[int]] = {}
    for number, is_flagged, is_done, is_confirmed, count in session.execute(grouped):
        sums = numbers.setdefault(number, [*_NONE])
        sums[0] += count
        sums[1] += count * bool(is_flagged)
        sums[2] += count * (not is_done)
        sums[3] += count * (bool(is_flagged) and not is_done)
        sums[4] += count * (bool(is_done) and bool(is_confirmed))
    times: Mapping[int, datetime | None] = {
        one: time for one, time in session.execute(scanned.group_by(ScanRow.site_id))
    }
    return [
        Site(host, region, times.get(number), *numbers.get(number, _NONE))
        for number, host, region in session.execute(hosts)
    ]


def _finding_numbers(session: Session, scan_ids: list[int]) -> dict[int, int]:
    query = (
        select(ReviewStateRow.scan_id, func.count())
        .where(ReviewStateRow.scan_id.in_(scan_ids))
        .group_by(ReviewStateRow.scan_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _page_findings(session: Session, scan_id: int) -> list[tuple[str, str, int]]:
    """Return what pages do as a whole: in words, with an example's address and how many pages do it."""
    query = select(PageRow.url, PageRow.findings).where(PageRow.scan_id == scan_id, PageRow.state == "checked")
    found: dict[str, list[str]] = {}
    for url, findings in session.execute(query.limit(5_000)):
        for kind in {str(one.get("kind")) for one in findings if isinstance(one, dict)}:
            found.setdefault(kind, []).append(url)
    return [(FINDING_WORDS.get(kind, kind), urls[0], len(urls)) for kind, urls in sorted(found.items())]
