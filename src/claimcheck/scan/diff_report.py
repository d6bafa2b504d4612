"""What changed, as an HTML page, as rows of a table and as values of JSON; and the same for a letter."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from claimcheck.report.versions import version_rows
from claimcheck.scan.coverage import joined
from claimcheck.scan.diff import MovedClaim, RewordedClaim, ScanDiff
from claimcheck.scan.followup import FLAGGED, CitedClaim, FollowUp
from claimcheck.scan.seen import ClaimSeen
from claimcheck.scan.selection import ScanRef
from claimcheck.scan.site_report import render

__all__ = [
    "CAUSE_WORDS",
    "DIFF_COLUMNS",
    "LETTER_COLUMNS",
    "STATUS_WORDS",
    "clock_words",
    "diff_headline",
    "diff_page",
    "diff_rows",
    "diff_values",
    "letter_headline",
    "letter_page",
    "letter_rows",
    "letter_values",
    "moved_words",
    "version_words",
]

DIFF_COLUMNS = (
    "change", "label_before", "label_after", "cause", "claim_before", "claim_after", "topic", "similarity",
    "finding_before", "finding_after", "pages", "detail",
)  # fmt: skip
LETTER_COLUMNS = (
    "status", "claim", "claim_now", "label", "label_now", "topic", "finding", "finding_now", "pages", "pages_now",
    "detail",
)  # fmt: skip
CAUSE_WORDS: Mapping[str, str] = {
    "": "the verdict is the same",
    "page": "the verdict changed because the site changed the words",
    "version": "the verdict changed because what judges did: the new words alone would not have changed it",
    "both": "the verdict changed because the words and what judges both did",
    "either": "words and what judges both changed, and it cannot be told which of them changed the verdict",
}
STATUS_WORDS: Mapping[str, str] = {
    "still_there": "Still there",
    "moved": "Moved to other pages",
    "reworded": "Reworded",
    "not_seen": "Not seen: its pages could not be read",
    "removed": "Removed",
    "waiting": "Waiting for a re-scan",
}
_FLAGGED = frozenset(FLAGGED)
SCHEMA, LETTER_SCHEMA = "claimcheck.diff/1", "claimcheck.letter/1"


@dataclass(frozen=True, slots=True)
class VersionPair:
    """One version or digest as it was for either scan; '' where there is none."""

    name: str
    before: str
    after: str


def version_words(diff: ScanDiff) -> str:
    """Return what differs in what judged the two scans, as a sentence; '' when nothing does."""
    if not diff.versions:
        return ""
    names = joined([f"the {name}" if name in {"corpus", "models", "settings"} else name for name in diff.versions])
    verb = "differs" if len(diff.versions) == 1 and diff.versions[0] not in {"models", "settings"} else "differ"
    return (
        f"The scans were judged by different versions: {names} {verb}. Verdicts that changed for that are listed apart."
    )


def moved_words(item: MovedClaim) -> str:
    """Return what happened to a claim's pages in a few words."""
    added, removed = (f"{len(urls)} page{'' if len(urls) == 1 else 's'}" for urls in (item.added, item.removed))
    if item.kind == "moved":
        return f"moved from {removed} to {added}"
    return f"withdrawn from {removed}" if item.kind == "withdrawn" else f"spread to {added}"


def diff_headline(diff: ScanDiff) -> str:
    """Return what changed in one plain sentence."""
    by_page = sum(item.cause in {"page", "both"} for item in diff.reworded)
    perhaps = sum(item.cause == "either" for item in diff.reworded)
    parts = [
        (len(diff.new), "new claim", "new claims"),
        (len(diff.gone), "gone", "gone"),
        (len(diff.reworded), "reworded", "reworded"),
        (len(diff.moved), "on other pages", "on other pages"),
        (len(diff.verdicts), "judged differently without having changed", "judged differently without having changed"),
    ]
    said = [f"{count:,} {one if count == 1 else many}" for count, one, many in parts if count]
    if not said and not diff.unseen:
        return f"No claim changed: all {diff.unchanged:,} are as they were."
    text = f"{joined(said)}; {diff.unchanged:,} as before." if said else f"{diff.unchanged:,} claims as before."
    if by_page:
        text += f" The new words of {by_page:,} changed the verdict."
    if perhaps:
        text += f" {perhaps:,} reworded {'has' if perhaps == 1 else 'have'} another verdict, from another version too."
    if diff.unseen:
        is_one = len(diff.unseen) == 1
        text += f" {len(diff.unseen):,} earlier {'claim is' if is_one else 'claims are'} not seen: "
        text += f"pages that made {'it' if is_one else 'them'} could not be read this time."
    return text


def diff_page(diff: ScanDiff) -> str:
    """Return what changed between two scans as a complete HTML document."""
    return render(
        "diff.html.j2",
        diff=diff,
        headline=diff_headline(diff),
        versions=version_words(diff),
        cause_words=CAUSE_WORDS,
        moved_words=moved_words,
        first_reads=sum(item.is_first_read for item in diff.new),
        record=_record(diff.before, diff.after),
    )


def _record(before: ScanRef, after: ScanRef | None) -> list[VersionPair]:
    old, new = dict(version_rows(before.versions)), dict(version_rows(after.versions)) if after else {}
    return [VersionPair(name, old.get(name, ""), new.get(name, "")) for name in dict.fromkeys((*old, *new))]


def diff_rows(diff: ScanDiff) -> Iterator[dict[str, Any]]:
    """Yield a row of ``DIFF_COLUMNS`` for each change of a claim, then of a page."""
    for item in diff.new:
        detail = "first time that its pages were read" if item.is_first_read else ""
        yield _row("new", None, item.claim, detail=detail)
    for gone in diff.gone:
        yield _row("gone", gone.claim, None, detail="its pages have vanished" if gone.with_page else "")
    for unseen in diff.unseen:
        why = "; ".join(f"{page.url}: {page.detail or page.reason or page.state}" for page in unseen.pages)
        yield _row("not seen", unseen.claim, None, detail=why)
    for reworded in diff.reworded:
        row = _row("reworded", reworded.before, reworded.after, cause=reworded.cause)
        yield row | {"similarity": reworded.score}
    for move in diff.moved:
        detail = "; ".join([*(f"+ {url}" for url in move.added), *(f"- {url}" for url in move.removed)])
        yield _row(move.kind, move.before, move.after, detail=detail)
    for change in diff.verdicts:
        yield _row("verdict", change.before, change.after, cause=", ".join(change.versions))
    for page in diff.pages:
        row = dict.fromkeys(DIFF_COLUMNS, "")
        yield row | {"change": f"page {page.kind}", "pages": page.url, "detail": page.detail or page.reason}


def _row(
    change: str, before: ClaimSeen | None, after: ClaimSeen | None, *, cause: str = "", detail: str = ""
) -> dict[str, Any]:
    either = after or before
    return {
        "change": change,
        "label_before": before.label if before else "",
        "label_after": after.label if after else "",
        "cause": cause,
        "claim_before": before.text if before else "",
        "claim_after": after.text if after else "",
        "topic": either.topic if either else "",
        "similarity": None,
        "finding_before": before.finding_id if before else None,
        "finding_after": after.finding_id if after else None,
        "pages": " ".join(sorted(either.pages)) if either else "",
        "detail": detail,
    }


def diff_values(diff: ScanDiff) -> dict[str, Any]:
    """Return what changed as the values of one JSON object, schema "claimcheck.diff/1"."""
    return {
        "schema": SCHEMA,
        "site": diff.after.host,
        "before": _scan_values(diff.before),
        "after": _scan_values(diff.after),
        "versions_changed": list(diff.versions),
        "unchanged": diff.unchanged,
        "new": [_claim_values(item.claim) | {"is_first_read": item.is_first_read} for item in diff.new],
        "gone": [_claim_values(item.claim) | {"with_page": item.with_page} for item in diff.gone],
        "not_seen": [
            _claim_values(item.claim)
            | {"unread": [{"url": page.url, "state": page.state, "reason": page.reason} for page in item.pages]}
            for item in diff.unseen
        ],
        "reworded": [_reworded_values(item) for item in diff.reworded],
        "moved": [
            {"kind": item.kind, "added": list(item.added), "removed": list(item.removed)} | _claim_values(item.after)
            for item in diff.moved
        ],
        "verdict_changed": [
            {"before": item.before.label, "versions": list(item.versions)} | _claim_values(item.after)
            for item in diff.verdicts
        ],
        "pages": [
            {"url": item.url, "change": item.kind, "reason": item.reason, "detail": item.detail} for item in diff.pages
        ],
    }


def _reworded_values(item: RewordedClaim) -> dict[str, Any]:
    return {
        "similarity": item.score,
        "cause": item.cause,
        "before": _claim_values(item.before),
        "after": _claim_values(item.after),
        "words": [{"kind": word.kind, "text": word.text} for word in item.words],
    }


def _scan_values(scan: ScanRef) -> dict[str, Any]:
    return {
        "scan_id": scan.scan_id,
        "started_at": scan.started_at.isoformat(),
        "finished_at": scan.finished_at.isoformat(),
        "versions": scan.versions,
    }


def _claim_values(claim: ClaimSeen) -> dict[str, Any]:
    return {
        "finding_id": claim.finding_id,
        "claim": claim.text,
        "sentence": claim.sentence,
        "topic": claim.topic,
        "label": claim.label,
        "confidence": claim.confidence,
        "needs_review": claim.needs_review,
        "pages": sorted(claim.pages),
    }


def letter_headline(item: FollowUp) -> str:
    """Return where a letter stands in one or two plain sentences."""
    if item.after is None:
        return f"The site has not been scanned since the letter; {len(item.claims):,} cited claims wait for it."
    names = [
        ("still_there", "still there"), ("moved", "moved to other pages"), ("reworded", "reworded"),
        ("removed", "removed"), ("not_seen", "not seen"),
    ]  # fmt: skip
    said = [f"{item.count(status):,} {words}" for status, words in names if item.count(status)]
    flagged = sum(c.now is not None and c.status == "reworded" and c.now.label in _FLAGGED for c in item.claims)
    text = f"Of {len(item.claims):,} cited claims: {joined(said)}."
    if item.count("reworded"):
        text += f" Of those reworded, {flagged:,} {'is' if flagged == 1 else 'are'} still flagged."
    return text


def clock_words(item: FollowUp) -> str:
    """Return how long is left, and whether the site was scanned again after that, in plain words."""
    kind = "working day" if item.letter.terms.calendar == "working" else "day"
    count = abs(item.days_left)
    days = f"{count} {kind}{'' if count == 1 else 's'}"
    if item.is_rescanned:
        return f"the due date was {days} ago, and the site was scanned again after it"
    if item.is_overdue:
        return f"{days} overdue; a re-scan is due"
    return f"{'due today' if not count else f'{days} left'}; re-scan due after {item.letter.due_on}"


def letter_page(item: FollowUp) -> str:
    """Return where a letter stands as a complete HTML document."""
    return render(
        "letter.html.j2",
        item=item,
        headline=letter_headline(item),
        clock=clock_words(item),
        status_words=STATUS_WORDS,
        record=_record(item.before, item.after),
    )


def letter_rows(item: FollowUp) -> Iterator[dict[str, Any]]:
    """Yield a row of ``LETTER_COLUMNS`` for each cited claim."""
    for cited in item.claims:
        now = cited.now
        yield {
            "status": cited.status,
            "claim": cited.claim.text,
            "claim_now": now.text if now else "",
            "label": cited.claim.label,
            "label_now": now.label if now else "",
            "topic": cited.claim.topic,
            "finding": cited.claim.finding_id,
            "finding_now": now.finding_id if now else None,
            "pages": " ".join(sorted(cited.claim.pages)),
            "pages_now": " ".join(sorted(now.pages)) if now else "",
            "detail": "; ".join(_notes(cited)),
        }


def _notes(cited: CitedClaim) -> Sequence[str]:
    return ("its pages have vanished", *cited.notes) if cited.with_page else cited.notes


def letter_values(item: FollowUp) -> dict[str, Any]:
    """Return where a letter stands as the values of one JSON object, schema "claimcheck.letter/1"."""
    letter = item.letter
    return {
        "schema": LETTER_SCHEMA,
        "letter_id": letter.letter_id,
        "site": letter.host,
        "reference": letter.terms.reference,
        "sent_on": letter.terms.sent_on.isoformat(),
        "days": letter.terms.days,
        "calendar": letter.terms.calendar,
        "due_on": letter.due_on.isoformat(),
        "today": item.today.isoformat(),
        "days_left": item.days_left,
        "is_overdue": item.is_overdue,
        "is_rescanned_after_due": item.is_rescanned,
        "before": _scan_values(item.before),
        "after": _scan_values(item.after) if item.after else None,
        "claims": [
            {
                "status": cited.status,
                "with_page": cited.with_page,
                "cited": _claim_values(cited.claim),
                "now": _claim_values(cited.now) if cited.now else None,
                "words": [{"kind": word.kind, "text": word.text} for word in cited.words],
                "notes": list(cited.notes),
            }
            for cited in item.claims
        ],
    }
