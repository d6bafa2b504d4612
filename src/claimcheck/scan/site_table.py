"""Sites as rows of a table: each one's latest scan, what it covered and what was flagged."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from claimcheck.scan.coverage import LABELS, blindness_of, coverage_words
from claimcheck.scan.overview import SiteSummary

__all__ = ["SITE_COLUMNS", "site_values"]

# Column: what Arrow calls its type.
SITE_COLUMNS: Mapping[str, str] = {
    "site": "string", "region": "string", "scan_id": "int64", "scan_started_at": "timestamp",
    "scan_finished_at": "timestamp", "view": "string", "summary": "string", "claims": "int64", "flagged": "int64",
    "contradicted": "int64", "overstated": "int64", "unverified": "int64", "supported": "int64",
    "needs_review": "int64", "addresses_found": "int64", "fetched": "int64", "checked": "int64", "alike": "int64",
    "pages_read": "int64", "pages_readable": "int64", "pages_unread": "int64", "rendered": "int64",
    "limits_reached": "list", "not_checked": "json", "characters_found": "int64", "characters_kept": "int64",
    "characters_dropped": "json", "images_without_text": "int64", "claimcheck": "string", "versions": "json",
}  # fmt: skip


def site_values(summaries: Iterable[SiteSummary]) -> Iterator[dict[str, Any]]:
    """Yield a row of ``SITE_COLUMNS`` for each site."""
    for item in summaries:
        scan, coverage = item.scan, item.coverage
        yield {
            "site": scan.host,
            "region": scan.region,
            "scan_id": scan.scan_id,
            "scan_started_at": scan.started_at,
            "scan_finished_at": scan.finished_at,
            "view": blindness_of(coverage),
            "summary": coverage_words(coverage),
            "claims": coverage.total_claims,
            "flagged": coverage.flagged,
            **{label: coverage.claims[label] for label in LABELS},
            "needs_review": coverage.needs_review,
            "addresses_found": coverage.found,
            "fetched": coverage.fetched,
            "checked": coverage.checked,
            "alike": coverage.alike,
            "pages_read": coverage.read,
            "pages_readable": coverage.readable,
            "pages_unread": coverage.unread,
            "rendered": coverage.rendered,
            "limits_reached": list(coverage.limits_reached),
            "not_checked": {f"{reason.state}: {reason.reason}": reason.count for reason in coverage.reasons},
            "characters_found": coverage.characters_found,
            "characters_kept": coverage.characters_kept,
            "characters_dropped": dict(coverage.dropped),
            "images_without_text": coverage.images_without_text,
            "claimcheck": str(scan.versions.get("claimcheck", "")),
            "versions": scan.versions,
        }
