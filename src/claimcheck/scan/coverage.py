"""What a scan read and what it did not: a site without flagged claims must differ from one that was not seen.

Of the site's own pages, those that a check could have read count: not other sites' pages, images and archives, nor
addresses at which the server says that there is nothing. A page that reads as another was read with it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claimcheck.scan.seen import VANISHED
from claimcheck.store.models import FindingRow, PageRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = [
    "BLINDNESS",
    "LABELS",
    "LIMITS",
    "REASON_WORDS",
    "Coverage",
    "ReasonCount",
    "blindness_of",
    "coverage_of",
    "coverage_words",
    "joined",
    "reason_words",
]

LABELS = ("contradicted", "overstated", "unverified", "supported")
# Not the site's own pages, or nothing to read there.
OUTSIDE = frozenset({"off-site", "not-a-page", "unsupported-scheme", *VANISHED})
LIMITS = frozenset({"page-limit", "depth-limit"})
EXAMPLES = 3
# From which share of the pages read a scan counts as whole, and under which its headline is about what was not read.
# A choice, not a measurement: one page in twenty may hold a claim that matters, half a site is no view of it.
WHOLE = 0.95
HALF = 0.5
BLINDNESS = ("whole", "partial", "mostly unread", "blind")

REASON_WORDS: Mapping[str, str] = {
    "robots-disallowed": "robots.txt does not allow it",
    "robots-unreachable": "robots.txt could not be fetched, so nothing may be",
    "page-limit": "beyond the limit of pages a site",
    "depth-limit": "beyond the limit of depth",
    "off-site": "another site's page",
    "trap": "endless addresses, such as a calendar's",
    "not-a-page": "no page: an image, archive or the like",
    "timeout": "no answer in time",
    "too-large": "larger than the limit",
    "dns-failed": "the name could not be resolved",
    "connection-failed": "no connection to the server",
    "bad-certificate": "the server's certificate is not valid",
    "blocked-address": "the address is private or otherwise refused",
    "unsupported-language": "not English",
    "empty": "no text in it (a page built by script needs --render)",
    "unreadable": "not a page that can be read",
    "duplicate-body": "the same bytes as another page",
    "duplicate-address": "an address that leads to another page",
    "duplicate-text": "the same text as another page",
    "tls-failed": "no encrypted connection to the server",
    "site-unreachable": "the site could not be reached",
    "gzip-bomb": "compressed to grow without bounds",
    "cut-short": "the answer broke off",
    "broken-response": "the server's answer was not well-formed",
    "bad-encoding": "the compression was damaged",
    "empty-body": "an empty answer",
    "internal-error": "claimcheck failed on it; please report it",
    "reader-crashed": "reading it ended the reader",
    "damaged-capture": "its capture is damaged",
    "unfinished": "not read when the scan ended",
}


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """Why pages were not checked: how many, and some of them."""

    state: str
    reason: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What scans found, read and left unread, in pages, characters and claims.

    ``readable`` are the pages that a check could have read, ``read`` those it did; ``alike`` are duplicates of pages
    that were checked. ``dropped`` maps the reason to characters. ``scans`` is how many are counted together.
    """

    scans: int
    found: int
    fetched: int
    checked: int
    duplicate: int
    alike: int
    readable: int
    rendered: int
    characters_found: int
    characters_kept: int
    images_without_text: int
    dropped: Mapping[str, int]
    reasons: tuple[ReasonCount, ...]
    claims: Mapping[str, int]
    needs_review: int

    @property
    def read(self) -> int:
        """How many of the readable pages were read."""
        return self.checked + self.alike

    @property
    def unread(self) -> int:
        """How many of the readable pages were not read."""
        return self.readable - self.read

    @property
    def share(self) -> float:
        """The share of the readable pages that were read; 0 when there was none."""
        return self.read / self.readable if self.readable else 0.0

    @property
    def total_claims(self) -> int:
        """How many claims were found."""
        return sum(self.claims.values())

    @property
    def flagged(self) -> int:
        """How many claims are contradicted or overstated."""
        return self.claims["contradicted"] + self.claims["overstated"]

    @property
    def limits_reached(self) -> tuple[str, ...]:
        """Which limits of the scan left pages unread."""
        return tuple(sorted({item.reason for item in self.reasons} & LIMITS))


def coverage_of(session: "Session", scan_ids: Sequence[int]) -> Coverage:
    """Return the coverage of scans, counted together."""
    import sqlalchemy as sa

    totals: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    reasons: dict[tuple[str, str], tuple[int, list[str]]] = {}
    for part in _parts(scan_ids):
        totals += _page_totals(session, part)
        for row in session.scalars(
            sa.select(PageRow.reasons_dropped)
            .where(PageRow.scan_id.in_(part), PageRow.state == "checked")
            .execution_options(yield_per=2000)
        ):
            dropped.update({str(name): int(count) for name, count in (row or {}).items()})
        for state, reason, count, examples in _reasons(session, part):
            old = reasons.get((state, reason), (0, []))
            reasons[state, reason] = (old[0] + count, [*old[1], *examples][:EXAMPLES])
        labels = sa.select(FindingRow.label, sa.func.count(), sa.func.sum(sa.cast(FindingRow.needs_review, sa.Integer)))
        for label, count, review in session.execute(
            labels.where(FindingRow.scan_id.in_(part)).group_by(FindingRow.label)
        ):
            totals[f"label {label}"] += count
            totals["review"] += review or 0
    counts = [ReasonCount(*key, count, tuple(examples)) for key, (count, examples) in reasons.items()]
    counts.sort(key=lambda item: (-item.count, item.state, item.reason))
    outside = sum(item.count for item in counts if item.reason in OUTSIDE)
    return Coverage(
        scans=len(scan_ids),
        found=totals["found"],
        fetched=totals["fetched"],
        checked=totals["checked"],
        duplicate=totals["duplicate"],
        alike=totals["alike"],
        readable=totals["found"] - outside,
        rendered=totals["rendered"],
        characters_found=totals["characters_found"],
        characters_kept=totals["characters_kept"],
        images_without_text=totals["images_without_text"],
        dropped=dict(dropped.most_common()),
        reasons=tuple(counts),
        claims={label: totals[f"label {label}"] for label in LABELS},
        needs_review=totals["review"],
    )


def _page_totals(session: "Session", scan_ids: Sequence[int]) -> Counter[str]:
    import sqlalchemy as sa
    from sqlalchemy.orm import aliased

    # An address may lead to a page that is itself the same bytes as another: two steps at most.
    first, second = aliased(PageRow), aliased(PageRow)
    is_read = sa.or_(first.state == "checked", second.state == "checked")

    def number(condition: "sa.ColumnElement[bool]") -> "sa.Label[int]":
        return sa.func.sum(sa.case((condition, 1), else_=0)).label(None)

    query = sa.select(
        sa.func.count(),
        number(PageRow.fetched_at.is_not(None)),
        number(PageRow.state == "checked"),
        number(PageRow.state == "duplicate"),
        number(sa.and_(PageRow.state == "duplicate", is_read)),
        number(sa.and_(PageRow.state == "checked", PageRow.rendered)),
        sa.func.sum(PageRow.characters_found),
        sa.func.sum(PageRow.characters_kept),
        sa.func.sum(PageRow.images_without_text),
    )
    query = query.select_from(PageRow).outerjoin(first, first.id == PageRow.duplicate_of)
    query = query.outerjoin(second, second.id == first.duplicate_of).where(PageRow.scan_id.in_(scan_ids))
    names = (
        "found", "fetched", "checked", "duplicate", "alike", "rendered", "characters_found", "characters_kept",
        "images_without_text",
    )  # fmt: skip
    return Counter(dict(zip(names, (int(value or 0) for value in session.execute(query).one()), strict=True)))


def _reasons(session: "Session", scan_ids: Sequence[int]) -> Iterable[tuple[str, str, int, list[str]]]:
    """Yield why pages were not checked; a page that the scan left in the middle of its way is unfinished."""
    import sqlalchemy as sa

    not_checked = (PageRow.scan_id.in_(scan_ids), PageRow.state != "checked")
    query = sa.select(PageRow.state, PageRow.reason, sa.func.count()).where(*not_checked)
    for state, reason, count in session.execute(query.group_by(PageRow.state, PageRow.reason)).all():
        examples = sa.select(PageRow.url).where(*not_checked, PageRow.state == state, PageRow.reason == reason)
        urls = list(session.scalars(examples.order_by(PageRow.id).limit(EXAMPLES)))
        ended = state in {"failed", "refused", "duplicate"}
        yield (state, reason or state, count, urls) if ended else ("unfinished", "unfinished", count, urls)


def _parts(scan_ids: Sequence[int]) -> Iterable[Sequence[int]]:
    for start in range(0, len(scan_ids), 500):
        yield scan_ids[start : start + 500]


def reason_words(reason: str) -> str:
    """Return a reason's code as words."""
    if reason.startswith("http-"):
        number = reason.removeprefix("http-")
        return f"the server has no such page ({number})" if reason in VANISHED else f"the server answered {number}"
    return REASON_WORDS.get(reason, reason.replace("-", " "))


def blindness_of(coverage: Coverage) -> str:
    """Return how blind the scan was: whole, partial, mostly unread or blind."""
    if not coverage.read:
        return "blind"
    if coverage.share < HALF:
        return "mostly unread"
    return "whole" if coverage.share >= WHOLE and not coverage.limits_reached else "partial"


def coverage_words(coverage: Coverage) -> str:
    """Return what was read, or was not, and what was flagged in it, in plain sentences."""
    site = "the site" if coverage.scans == 1 else f"{coverage.scans} sites"
    grade = blindness_of(coverage)
    if grade == "blind":
        return f"No page of {site} could be read, so this says nothing about its claims."
    pages = _counted(coverage.readable, "page")
    if grade == "mostly unread":
        opening = f"Only {coverage.read:,} of {pages} could be read, so most of {site} was not seen."
    elif coverage.unread:
        opening = f"{coverage.unread:,} of {pages} could not be read."
    else:
        opening = "The one page found was read." if coverage.readable == 1 else f"All {pages} found were read."
    claims = _counted(coverage.total_claims, "claim")
    if not coverage.total_claims:
        return f"{opening} No checkable claim was found on the pages read."
    on_pages = f"on the {_counted(coverage.read, 'page')} read"
    if coverage.total_claims == 1:
        what = "was flagged as contradicted or overstated" if coverage.flagged else "was not flagged"
        return f"{opening} The one claim {on_pages} {what}."
    where = f"of the {claims} {on_pages}"
    if not coverage.flagged:
        return f"{opening} None {where} was flagged."
    verb = "was" if coverage.flagged == 1 else "were"
    return f"{opening} {coverage.flagged:,} {where} {verb} flagged as contradicted or overstated."


def joined(items: Sequence[str]) -> str:
    """Return items as a list in a sentence: "a, b and c"."""
    return f"{', '.join(items[:-1])} and {items[-1]}" if len(items) > 1 else "".join(items)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
