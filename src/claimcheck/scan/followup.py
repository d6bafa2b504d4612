"""Letters and what became of the claims they cite: removed, reworded, moved, still there, or not seen.

A letter is answered by what the site says in a scan begun on the day it was sent or later. The clock runs on the day
given by the caller, so that the same question gets the same answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from claimcheck.errors import UsageError
from claimcheck.scan.clock import calendar_named, days_between, due_date
from claimcheck.scan.diff import ScanDiff, compare_scans
from claimcheck.scan.reworded import WordChange
from claimcheck.scan.seen import ClaimSeen, ScanSeen, read_scan
from claimcheck.scan.selection import ScanRef, newest_scan, scan_ref, scans_of, site_named
from claimcheck.store.models import FindingRow, LetterClaimRow, LetterRow, SiteRow, utc_now

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = [
    "FLAGGED",
    "STATUSES",
    "CitedClaim",
    "FollowUp",
    "Letter",
    "LetterTerms",
    "follow_up",
    "list_letters",
    "record_letter",
]

FLAGGED = ("contradicted", "overstated")
# The most that needs doing first.
STATUSES = ("still_there", "moved", "reworded", "not_seen", "removed", "waiting")
MAX_DAYS = 3660


@dataclass(frozen=True, slots=True)
class LetterTerms:
    """What a letter grants: so many days, counted as ``calendar`` says, from the day it was sent."""

    sent_on: date
    days: int = 15
    calendar: str = "working"
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as the store has it. ``scan_id`` is the scan whose findings it cites."""

    letter_id: int
    host: str
    scan_id: int
    terms: LetterTerms
    due_on: date
    cited: int


@dataclass(frozen=True, slots=True)
class CitedClaim:
    """A cited claim and what became of it. ``now`` is the claim as the later scan has it, reworded or not.

    ``status``: still_there, moved, reworded, removed (``with_page``: its pages have vanished), not_seen (pages that
    made it could not be read) or waiting (no scan since the letter). ``notes`` are sentences for people.
    """

    claim: ClaimSeen
    status: str
    now: ClaimSeen | None = None
    words: tuple[WordChange, ...] = ()
    with_page: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Where a letter stands on a day. ``days_left`` counts as the letter does, and is negative once overdue.

    ``after`` is the latest scan since the letter, None when there is none; ``is_rescanned`` says that it was begun
    after the due date, so that the site had all its time.
    """

    letter: Letter
    today: date
    days_left: int
    before: ScanRef
    after: ScanRef | None
    is_rescanned: bool
    claims: tuple[CitedClaim, ...]

    @property
    def is_overdue(self) -> bool:
        """Whether the due date is past."""
        return self.today > self.letter.due_on

    def count(self, status: str) -> int:
        """Return how many cited claims have this status."""
        return sum(item.status == status for item in self.claims)


def record_letter(
    session: "Session", site: str, terms: LetterTerms, findings: Sequence[int], *, flagged: bool = False
) -> Letter:
    """Return the letter, recorded with the findings that it cites; ``flagged`` cites all of the latest scan's.

    :raises UsageError: when the terms make no sense, nothing is cited, or a finding is not of one scan of the site.
    """
    import sqlalchemy as sa

    if not 1 <= terms.days <= MAX_DAYS:
        raise UsageError(f"found {terms.days} days, expected 1 to {MAX_DAYS}")
    row = site_named(session, site)
    if flagged:
        scan_id = newest_scan(session, row).scan_id
        query = sa.select(FindingRow.id).where(FindingRow.scan_id == scan_id, FindingRow.label.in_(FLAGGED))
        findings = list(session.scalars(query.order_by(FindingRow.id)))
        if not findings:
            raise UsageError(f"the latest scan of {row.host} has no flagged claim; a letter cites at least one")
    else:
        scan_id = _scan_cited(session, row, findings)
    due_on = due_date(terms.sent_on, terms.days, calendar_named(terms.calendar))
    letter = LetterRow(
        site_id=row.id, scan_id=scan_id, sent_on=terms.sent_on.isoformat(), days=terms.days, calendar=terms.calendar,
        due_on=due_on.isoformat(), reference=terms.reference, created_at=utc_now(),
    )  # fmt: skip
    session.add(letter)
    session.flush()
    session.add_all(
        LetterClaimRow(letter_id=letter.id, finding_id=finding_id) for finding_id in dict.fromkeys(findings)
    )
    session.flush()
    return Letter(letter.id, row.host, scan_id, terms, due_on, len(set(findings)))


def _scan_cited(session: "Session", site: SiteRow, findings: Sequence[int]) -> int:
    import sqlalchemy as sa

    if not findings:
        raise UsageError("a letter cites claims: give --claims with the numbers of findings, or --flagged")
    columns = (FindingRow.id, FindingRow.site_id, FindingRow.scan_id)
    rows = session.execute(sa.select(*columns).where(FindingRow.id.in_(findings))).all()
    of_site = {row.id: row.scan_id for row in rows if row.site_id == site.id}
    wrong = sorted(set(findings) - of_site.keys())
    if wrong:
        raise UsageError(f"found no finding {', '.join(map(str, wrong[:8]))} of {site.host}; see `claimcheck export`")
    scans = sorted(set(of_site.values()))
    if len(scans) > 1:
        raise UsageError(f"the findings are of scans {', '.join(map(str, scans))}; a letter cites those of one scan")
    return scan_ref(session, scans[0]).scan_id


def list_letters(session: "Session", site: str | None = None) -> list[Letter]:
    """Return the letters, the latest first, of one site or of all.

    :raises UsageError: when there is no such site.
    """
    import sqlalchemy as sa

    cited = sa.select(sa.func.count()).where(LetterClaimRow.letter_id == LetterRow.id).scalar_subquery()
    query = sa.select(LetterRow, SiteRow.host, cited).join(SiteRow, SiteRow.id == LetterRow.site_id)
    if site is not None:
        query = query.where(LetterRow.site_id == site_named(session, site).id)
    rows = session.execute(query.order_by(LetterRow.sent_on.desc(), LetterRow.id.desc()))
    return [_letter(row, host, count) for row, host, count in rows]


def _letter(row: LetterRow, host: str, cited: int) -> Letter:
    terms = LetterTerms(date.fromisoformat(row.sent_on), row.days, row.calendar, row.reference)
    return Letter(row.id, host, row.scan_id, terms, date.fromisoformat(row.due_on), cited)


def follow_up(
    session: "Session", letter_id: int, today: date, *, site: str | None = None, after: int | None = None
) -> FollowUp:
    """Return where a letter stands, by the latest scan since it was sent unless ``after`` names one.

    :raises UsageError: when there is no such letter (of the site, where one is named) or scan.
    """
    import sqlalchemy as sa

    row = session.get(LetterRow, letter_id)
    if row is None or (site is not None and row.site_id != site_named(session, site).id):
        known = ", ".join(str(item.letter_id) for item in list_letters(session, site)[:8]) or "none"
        raise UsageError(f"found no letter {letter_id}{f' to {site}' if site else ''}; there is {known}")
    cited = list(session.scalars(sa.select(LetterClaimRow.finding_id).where(LetterClaimRow.letter_id == letter_id)))
    letter = _letter(row, row.site.host, len(cited))
    before = scan_ref(session, letter.scan_id)
    later = _scan_since(session, row, letter, after)
    seen = read_scan(session, before)
    of_finding = {claim.finding_id: claim for claim in seen.claims.values()}
    claims = [of_finding[number] for number in cited if number in of_finding]
    if later is None:
        items = [CitedClaim(claim, "waiting") for claim in claims]
    else:
        items = _statuses(claims, compare_scans(session, before, later), read_scan(session, later))
    items.sort(key=lambda item: (STATUSES.index(item.status), -item.claim.severity, item.claim.finding_id))
    days_left = days_between(today, letter.due_on, calendar_named(letter.terms.calendar))
    is_rescanned = later is not None and later.started_at.date() > letter.due_on
    return FollowUp(letter, today, days_left, before, later, is_rescanned, tuple(items))


def _scan_since(session: "Session", row: LetterRow, letter: Letter, after: int | None) -> ScanRef | None:
    scans = [scan for scan in scans_of(session, row.site_id) if scan.scan_id != letter.scan_id]
    since = [scan for scan in scans if scan.started_at.date() >= letter.terms.sent_on]
    if after is None:
        return since[0] if since else None
    found = next((scan for scan in since if scan.scan_id == after), None)
    if found is None:
        raise UsageError(f"found no finished scan {after} of {letter.host} since the letter was sent")
    return found


def _statuses(claims: Sequence[ClaimSeen], diff: ScanDiff, now: ScanSeen) -> list[CitedClaim]:
    gone = {item.claim.claim_id: item for item in diff.gone}
    unseen = {item.claim.claim_id: item for item in diff.unseen}
    reworded = {item.before.claim_id: item for item in diff.reworded}
    moved = {item.before.claim_id: item for item in diff.moved}
    items = []
    for claim in claims:
        key = claim.claim_id
        if key in now.claims:
            move = moved.get(key)
            notes = []
            if move and move.removed:
                notes.append(f"No longer on {', '.join(move.removed)}")
            if now.claims[key].label != claim.label:
                notes.append(f"Now judged {now.claims[key].label}: {', '.join(diff.versions)} changed, not the claim")
            status = "moved" if move and move.kind == "moved" else "still_there"
            items.append(CitedClaim(claim, status, now.claims[key], notes=tuple(notes)))
        elif key in reworded:
            item = reworded[key]
            items.append(CitedClaim(claim, "reworded", item.after, item.words))
        elif key in unseen:
            notes = [f"{page.url}: {page.detail or page.reason or page.state}" for page in unseen[key].pages]
            items.append(CitedClaim(claim, "not_seen", notes=tuple(notes)))
        else:
            items.append(CitedClaim(claim, "removed", with_page=gone[key].with_page))
    return items
