"""What changed on a site between two scans: claims, verdicts and pages, each change with its cause.

A claim is never called gone on the strength of a page that was not read this time: it is "not seen". A verdict that
changed is laid to the page where the site reworded the claim, and to what judges where the same claim got another
verdict from another version; where both changed, what the store knows of either wording under either version decides.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from claimcheck.scan.reworded import (
    CosineSimilarity,
    Similarity,
    WordChange,
    Wording,
    WordSimilarity,
    match_rewordings,
    word_changes,
)
from claimcheck.scan.seen import ClaimSeen, PageSeen, ScanSeen, read_scan, vectors_of
from claimcheck.scan.selection import ScanRef
from claimcheck.store.models import JudgementRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = [
    "GoneClaim",
    "MovedClaim",
    "NewClaim",
    "PageChange",
    "RewordedClaim",
    "ScanDiff",
    "UnseenClaim",
    "VerdictChange",
    "compare_scans",
    "version_changes",
]

# The reason given for a page that the later scan knows nothing of.
ABSENT = "not-found"
ABSENT_WORDS = "the scan came upon no link to this page"
_VERSION_NAMES = {"settings_sha256": "settings"}


@dataclass(frozen=True, slots=True)
class NewClaim:
    """A claim of the later scan only. ``is_first_read``: no page that makes it had been read before, though known."""

    claim: ClaimSeen
    is_first_read: bool


@dataclass(frozen=True, slots=True)
class GoneClaim:
    """A claim of the earlier scan only; every page that made it was read again, or has vanished (``with_page``)."""

    claim: ClaimSeen
    with_page: bool


@dataclass(frozen=True, slots=True)
class UnseenClaim:
    """A claim that may still be there: ``pages`` made it and could not be read this time."""

    claim: ClaimSeen
    pages: tuple[PageSeen, ...]


@dataclass(frozen=True, slots=True)
class RewordedClaim:
    """A claim in other words. ``cause`` is of a changed verdict: '' (unchanged), page, version, both or either."""

    before: ClaimSeen
    after: ClaimSeen
    score: float
    words: tuple[WordChange, ...]
    cause: str


@dataclass(frozen=True, slots=True)
class MovedClaim:
    """The same claim on other pages. ``kind``: moved (no old page has it), withdrawn (from some of them) or spread."""

    before: ClaimSeen
    after: ClaimSeen
    kind: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """The same claim, judged differently by another version; ``versions`` names what differs."""

    before: ClaimSeen
    after: ClaimSeen
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PageChange:
    """A page whose place changed. ``kind``: new, vanished, unread (was read before) or read (was not)."""

    url: str
    kind: str
    reason: str
    detail: str


_Item = TypeVar("_Item", NewClaim, GoneClaim, UnseenClaim)


@dataclass(frozen=True, slots=True)
class ScanDiff:
    """What changed from one scan to the next; ``versions`` names what differs in what judged them."""

    before: ScanRef
    after: ScanRef
    versions: tuple[str, ...]
    compares_words: bool
    new: tuple[NewClaim, ...]
    gone: tuple[GoneClaim, ...]
    unseen: tuple[UnseenClaim, ...]
    reworded: tuple[RewordedClaim, ...]
    moved: tuple[MovedClaim, ...]
    verdicts: tuple[VerdictChange, ...]
    pages: tuple[PageChange, ...]
    unchanged: int


def compare_scans(session: "Session", before: ScanRef, after: ScanRef) -> ScanDiff:
    """Return what changed from one finished scan of a site to a later one."""
    old, new = read_scan(session, before), read_scan(session, after)
    versions = version_changes(before.versions, after.versions)
    only_old = [claim for key, claim in old.claims.items() if key not in new.claims]
    fresh = [_new(claim, old) for key, claim in new.claims.items() if key not in old.claims]
    unseen = tuple(_serious_first(item for claim in only_old if (item := _unseen(claim, new))))
    hidden = {item.claim.claim_id for item in unseen}
    gone = [_gone(claim, new) for claim in only_old if claim.claim_id not in hidden]
    is_comparable = _encoder(before.versions) == _encoder(after.versions)
    similarity = CosineSimilarity() if is_comparable else WordSimilarity()
    reworded = _reworded(session, [item.claim for item in gone], [item.claim for item in fresh], similarity)
    reworded = [_with_cause(session, item, before, after) for item in reworded]
    paired = {item.before.claim_id for item in reworded} | {item.after.claim_id for item in reworded}
    both = [(old.claims[key], new.claims[key]) for key in old.claims.keys() & new.claims.keys()]
    moved = [move for pair in both if (move := _moved(*pair, old, new))]
    verdicts = [VerdictChange(*pair, versions) for pair in both if pair[0].label != pair[1].label]
    changed = {move.after.claim_id for move in moved} | {change.after.claim_id for change in verdicts}
    return ScanDiff(
        before,
        after,
        versions,
        not is_comparable,
        tuple(_serious_first(item for item in fresh if item.claim.claim_id not in paired)),
        tuple(_serious_first(item for item in gone if item.claim.claim_id not in paired)),
        unseen,
        tuple(sorted(reworded, key=lambda item: _rank(item.before))),
        tuple(sorted(moved, key=lambda item: _rank(item.after))),
        tuple(sorted(verdicts, key=lambda item: _rank(item.after))),
        tuple(_page_changes(old, new)),
        sum(later.claim_id not in changed for _, later in both),
    )


def version_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what differs between two versions: claimcheck, corpus, models, settings."""
    names = sorted(before.keys() | after.keys())
    return tuple(_VERSION_NAMES.get(name, name) for name in names if before.get(name) != after.get(name))


def _encoder(versions: Mapping[str, Any]) -> object:
    models = versions.get("models")
    return models.get("encoder") if isinstance(models, Mapping) else None


def _rank(claim: ClaimSeen) -> tuple[int, float, int]:
    return -claim.severity, -claim.confidence, claim.claim_id


def _serious_first(items: Iterable[_Item]) -> list[_Item]:
    return sorted(items, key=lambda item: _rank(item.claim))


def _new(claim: ClaimSeen, old: ScanSeen) -> NewClaim:
    return NewClaim(claim, all(url in old.pages and not old.was_read(url) for url in claim.pages))


def _unseen(claim: ClaimSeen, new: ScanSeen) -> UnseenClaim | None:
    missed = [url for url in sorted(claim.pages) if not _is_answered(url, new)]
    pages = [new.pages.get(url) or PageSeen(url, "absent", ABSENT, ABSENT_WORDS, is_read=False) for url in missed]
    return UnseenClaim(claim, tuple(pages)) if pages else None


def _is_answered(url: str, new: ScanSeen) -> bool:
    """Return whether it is known what the page says now: it was read, or the server says that it is no more."""
    page = new.pages.get(url)
    return page is not None and (page.is_read or page.is_vanished)


def _gone(claim: ClaimSeen, new: ScanSeen) -> GoneClaim:
    return GoneClaim(claim, not any(new.was_read(url) for url in claim.pages))


def _reworded(
    session: "Session", gone: list[ClaimSeen], fresh: list[ClaimSeen], similarity: Similarity
) -> list[RewordedClaim]:
    if not gone or not fresh:
        return []
    vectors = vectors_of(session, [claim.claim_id for claim in (*gone, *fresh)])
    earlier, later = (
        [Wording(claim.claim_id, claim.text, claim.pages, vectors.get(claim.claim_id)) for claim in claims]
        for claims in (gone, fresh)
    )
    of_old, of_new = ({claim.claim_id: claim for claim in claims} for claims in (gone, fresh))
    return [
        RewordedClaim(
            of_old[pair.before],
            of_new[pair.after],
            pair.score,
            word_changes(of_old[pair.before].text, of_new[pair.after].text),
            "",
        )
        for pair in match_rewordings(earlier, later, similarity)
    ]


def _with_cause(session: "Session", item: RewordedClaim, before: ScanRef, after: ScanRef) -> RewordedClaim:
    if item.before.label == item.after.label:
        return item
    if before.version_id == after.version_id:
        cause = "page"
    else:
        # The old words under the new version tell what the version alone does; else the new words under the old one.
        crossed = _label(session, item.before.claim_id, after.version_id)
        if crossed is not None:
            cause = {item.before.label: "page", item.after.label: "version"}.get(crossed, "both")
        else:
            crossed = _label(session, item.after.claim_id, before.version_id)
            cause = {None: "either", item.before.label: "version", item.after.label: "page"}.get(crossed, "both")
    return RewordedClaim(item.before, item.after, item.score, item.words, cause)


def _label(session: "Session", claim_id: int, version_id: int) -> str | None:
    import sqlalchemy as sa

    query = sa.select(JudgementRow.label)
    return session.scalar(query.where(JudgementRow.claim_id == claim_id, JudgementRow.version_id == version_id))


def _moved(before: ClaimSeen, after: ClaimSeen, old: ScanSeen, new: ScanSeen) -> MovedClaim | None:
    removed = [url for url in before.pages - after.pages if _is_answered(url, new)]
    added = [url for url in after.pages - before.pages if url not in old.pages or old.was_read(url)]
    if not before.pages & after.pages and len(removed) == len(before.pages) and added:
        return _move("moved", before, after, added, removed)
    # A claim on every page comes and goes with each page: only pages that both scans read show a change of words.
    removed, added = [url for url in removed if new.was_read(url)], [url for url in added if old.was_read(url)]
    if removed or added:
        return _move("withdrawn" if removed else "spread", before, after, added, removed)
    return None


def _move(
    kind: str, before: ClaimSeen, after: ClaimSeen, added: Collection[str], removed: Collection[str]
) -> MovedClaim:
    return MovedClaim(before, after, kind, tuple(sorted(added)), tuple(sorted(removed)))


def _page_changes(old: ScanSeen, new: ScanSeen) -> Iterator[PageChange]:
    for url in sorted(old.pages.keys() | new.pages.keys()):
        page = new.pages.get(url)
        if page is None:
            if old.was_read(url):
                yield PageChange(url, "unread", ABSENT, ABSENT_WORDS)
        elif old.was_read(url) and not page.is_read:
            yield PageChange(url, "vanished" if page.is_vanished else "unread", page.reason, page.detail)
        elif page.is_read and not old.was_read(url):
            yield PageChange(url, "read" if url in old.pages else "new", "", "")
