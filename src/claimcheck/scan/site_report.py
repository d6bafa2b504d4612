"""Reports of scans as HTML files without script, font, image or style from anywhere else: a site's, and that of all."""

import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from claimcheck.records import Source
from claimcheck.report import words
from claimcheck.report.rendering import environment_of, style_of
from claimcheck.report.shown import one_line, quoted, safe_link, shown, source_link
from claimcheck.report.versions import version_rows
from claimcheck.scan.audit import CITATION, AuditRow, audit_of
from claimcheck.scan.charts import TREND_HEIGHT, segments, trend
from claimcheck.scan.coverage import blindness_of, coverage_of, coverage_words, reason_words
from claimcheck.scan.export import SEVERITY_NAMES
from claimcheck.scan.overview import (
    flagged_claims,
    page_notes,
    rank_sites,
    site_trend,
    topic_counts,
    topic_words,
    whole_trend,
    worst_claims,
)
from claimcheck.scan.sampling import MissEstimate
from claimcheck.scan.selection import ScanRef, scans_of

if TYPE_CHECKING:
    from jinja2 import Environment
    from sqlalchemy.orm import Session

__all__ = ["ArchiveLinks", "overview_page", "render", "site_page"]

# A page of 300 claims is some 400 KB and prints on about 60 sheets; the rest is in the export.
FLAGGED_SHOWN = 300
WORST_SHOWN = 25


class ArchiveLinks:
    """Links from a report's folder to files of the archive; '' for what is not there or would lead out of it."""

    def __init__(self, archive: Path | None, folder: Path | None) -> None:
        self._archive = archive
        self._folder = folder

    def link(self, name: str) -> str:
        """Return a relative link to a file of the archive, as the store names it."""
        path = PurePosixPath(name)
        if not name or self._archive is None or self._folder is None or path.is_absolute() or ".." in path.parts:
            return ""
        file = self._archive / path
        if not file.is_file():
            return ""
        return quote(Path(os.path.relpath(file.resolve(), self._folder.resolve())).as_posix())


def site_page(session: "Session", scan: ScanRef, links: ArchiveLinks | None = None) -> str:
    """Return the report of one site's scan as a complete HTML document."""
    coverage = coverage_of(session, [scan.scan_id])
    scans = scans_of(session, scan.site_id, limit=12)
    return render(
        "site.html.j2",
        links,
        scan=scan,
        coverage=coverage,
        grade=blindness_of(coverage),
        headline=coverage_words(coverage),
        parts=segments(coverage.claims),
        notes=page_notes(session, scan.scan_id),
        topics=topic_counts(session, [scan.scan_id]),
        flagged=flagged_claims(session, [scan.scan_id], FLAGGED_SHOWN),
        trend=trend(site_trend(session, scan.site_id)),
        versions_differ=len({item.version_id for item in scans}) > 1,
        record=[("site", scan.host), ("scan", str(scan.scan_id)), *version_rows(scan.versions)],
    )


def overview_page(
    session: "Session",
    scan_ids: Sequence[int],
    links: ArchiveLinks | None = None,
    *,
    files: Mapping[int, str] | None = None,
    misses: MissEstimate | None = None,
) -> str:
    """Return the report over several sites; ``files`` names the report of each scan that has one.

    :raises ValueError: when there is no scan.
    """
    if not scan_ids:
        raise ValueError("a report needs at least one scan")
    coverage = coverage_of(session, scan_ids)
    sites = rank_sites(session, scan_ids)
    versions = {item.scan.version_id: item.scan.versions for item in sites}
    record = [("scans", ", ".join(str(number) for number in sorted(scan_ids)))]
    for number, values in sorted(versions.items()):
        prefix = f"version {number}: " if len(versions) > 1 else ""
        record += [(f"{prefix}{name}", value) for name, value in version_rows(values)]
    return render(
        "overview.html.j2",
        links,
        sites=sites,
        files=files or {},
        first=min(item.scan.started_at for item in sites),
        last=max(item.scan.finished_at for item in sites),
        coverage=coverage,
        grade=blindness_of(coverage),
        headline=coverage_words(coverage),
        poorly_seen=[item for item in sites if blindness_of(item.coverage) in {"blind", "mostly unread"}],
        parts=segments(coverage.claims),
        audit=audit_of(session, scan_ids),
        citation=CITATION,
        topics=topic_counts(session, scan_ids),
        worst=worst_claims(session, scan_ids, WORST_SHOWN),
        trend=trend(whole_trend(session)),
        misses=misses,
        record=record,
    )


def render(template: str, links: ArchiveLinks | None = None, **values: object) -> str:
    """Return a template of this package filled in, everything escaped."""
    values["links"] = links or ArchiveLinks(None, None)
    values |= {
        **style_of("claimcheck.scan", "scan.css", base="report.css"),
        "words": words,
        "trend_height": TREND_HEIGHT,
    }
    return _environment().get_template(template).render(values)


@cache
def _environment() -> "Environment":
    environment = environment_of("claimcheck.scan")
    filters: dict[str, Callable[..., Any]] = {
        "blindness": blindness_of,
        "capitalize_first": lambda text: text[:1].upper() + text[1:],
        "cited": _cited,
        "groupby_order": _by_group,
        "quoted": quoted,
        "reason": reason_words,
        "safe_link": safe_link,
        "segments": lambda counts, whole=None: segments(counts, whole=whole),
        "severity": lambda number: SEVERITY_NAMES[number],
        "shown": shown,
        "source_link": source_link,
        "time": _time,
        "topic": lambda topic: one_line(topic_words(topic)),
    }
    environment.filters |= filters
    return environment


def _by_group(rows: Sequence[AuditRow]) -> list[list[AuditRow]]:
    return [list(group) for _, group in itertools.groupby(rows, key=lambda row: row.group)]


def _time(value: datetime | None) -> str:
    return f"{value:%Y-%m-%d %H:%M} UTC" if value else "at an unknown time"


def _cited(evidence: Mapping[str, Any]) -> str:
    """Return the citation of a stored piece of evidence, with its certainty."""
    source = evidence.get("source") or {}
    made = Source(
        type=str(source.get("type", "")),
        title=str(source.get("title", "")),
        authors=str(source.get("authors", "")),
        year=source.get("year"),
        journal=str(source.get("journal", "")),
        url=str(source.get("url", "")),
    )
    certainty = str(evidence.get("certainty", "")).replace("_", " ")
    return f"({certainty} certainty) {words.citation(made)}" if certainty else words.citation(made)
