"""A finding as an exhibit: the sentence in what the page said, from the captured bytes, with what proves it."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from claimcheck.errors import ClaimcheckError, SourceError, UsageError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from claimcheck.store import Store
    from claimcheck.store.models import FindingRow, OccurrenceRow, PageRow

__all__ = ["Exhibit", "Passage", "Place", "exhibit_of"]

# Code points of the page shown before and after the sentence.
CONTEXT = 600
_OTHERS = 20


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence with what stands before and after it; ``is_cut`` says whether the page goes on beyond either end."""

    before: str
    sentence: str
    after: str
    is_cut_before: bool
    is_cut_after: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where else the site says the same."""

    url: str
    heading: str


@dataclass(frozen=True, slots=True)
class Exhibit:
    """Everything that shows what a page said. ``checks`` are (what was compared, whether it agrees)."""

    finding: int
    site: str
    scanned_at: str
    url: str
    title: str
    heading: str
    block: str
    is_visible: bool
    captured_at: str
    http_status: int | None
    content_type: str
    is_rendered: bool
    body_sha256: str
    warc_file: str
    warc_offset: int
    warc_length: int
    capture_sha256: str
    screenshot: str
    screenshot_sha256: str
    passage: Passage
    stored_passage: Passage | None
    checks: tuple[tuple[str, bool], ...]
    claim: str
    topic: str
    verdict: dict[str, Any]
    places: tuple[Place, ...]
    pages: int
    versions: dict[str, Any]

    @property
    def is_intact(self) -> bool:
        """Whether everything compared agrees."""
        return all(agrees for _, agrees in self.checks)


def exhibit_of(store: "Store", finding_id: int) -> Exhibit:
    """Return what a finding rests on, read from the archive and extracted again as it was for the check.

    :raises UsageError: when there is no such finding.
    :raises DamagedDataError: when its capture is missing or damaged.
    """
    from claimcheck.store.models import FindingRow

    with store.session() as session:
        finding = session.get(FindingRow, finding_id)
        if finding is None:
            raise UsageError(f"found no finding {finding_id} in this store; `claimcheck export` lists them")
        return _exhibit(store, session, finding)


def _exhibit(store: "Store", session: "Session", finding: "FindingRow") -> Exhibit:
    from claimcheck.capture import page_of, read_capture

    page = finding.page
    occurrence = _first_occurrence(session, finding)
    if not page.warc_file or page.warc_offset is None or page.warc_length is None:
        raise ClaimcheckError(f"finding {finding.id}: its page {page.url} was not captured; scan the site again")
    captured = read_capture(store.archive, page.warc_file, page.warc_offset, page.warc_length)
    stored = page.page_text.text if page.page_text else ""
    try:
        text = page_of(captured).text
    except SourceError:
        # Nothing to read there any more, says this version: what was stored is shown, and the checks say so.
        text = ""
    passage, is_found = _found(text, finding, occurrence)
    same_text = text == stored
    checks = (
        ("the capture’s bytes have the digest noted when it was made", captured.capture_sha256 == page.capture_sha256),
        ("the page’s body in it has the digest noted for the page", captured.body_sha256 == page.sha256),
        ("its address and time are those noted for the page", _same_place(captured, page)),
        ("the text extracted from it now is the text that was checked", same_text),
        ("the sentence stands there", is_found),
        *_screenshot_check(store, page),
    )
    return Exhibit(
        finding=finding.id,
        site=finding.site.host,
        scanned_at=_stamp(finding.scan.started_at),
        url=page.url,
        title=page.title,
        heading=occurrence.heading if occurrence else "",
        block=occurrence.block if occurrence else "",
        is_visible=occurrence.visible if occurrence else True,
        captured_at=_stamp(captured.fetched_at),
        http_status=captured.status,
        content_type=captured.content_type,
        is_rendered=page.rendered,
        body_sha256=captured.body_sha256,
        warc_file=page.warc_file,
        warc_offset=page.warc_offset,
        warc_length=page.warc_length,
        capture_sha256=captured.capture_sha256,
        screenshot=page.screenshot,
        screenshot_sha256=page.screenshot_sha256,
        passage=passage,
        stored_passage=None if same_text else _found(stored, finding, occurrence)[0],
        checks=checks,
        claim=finding.claim.text,
        topic=finding.topic,
        verdict=_verdict(finding),
        places=_places(session, finding, occurrence),
        pages=finding.pages,
        versions=dict(finding.judgement.version.values),
    )


def _first_occurrence(session: "Session", finding: "FindingRow") -> "OccurrenceRow | None":
    from sqlalchemy import select

    from claimcheck.store.models import OccurrenceRow

    query = select(OccurrenceRow).where(
        OccurrenceRow.finding_id == finding.id, OccurrenceRow.page_id == finding.page_id
    )
    return session.scalars(query.order_by(OccurrenceRow.start).limit(1)).first()


def _places(session: "Session", finding: "FindingRow", shown: "OccurrenceRow | None") -> tuple[Place, ...]:
    from sqlalchemy import select

    from claimcheck.store.models import OccurrenceRow, PageRow

    query = (
        select(PageRow.url, OccurrenceRow.heading)
        .join(PageRow, OccurrenceRow.page_id == PageRow.id)
        .where(OccurrenceRow.finding_id == finding.id, OccurrenceRow.id != (shown.id if shown else -1))
        .order_by(PageRow.depth, PageRow.url, OccurrenceRow.start)
        .limit(_OTHERS)
    )
    return tuple(Place(row.url, row.heading) for row in session.execute(query))


def _found(text: str, finding: "FindingRow", occurrence: "OccurrenceRow | None") -> tuple[Passage, bool]:
    """Return the sentence in a text, at its offsets or wherever it stands now, and whether it was found."""
    sentence = finding.sentence
    start, end = (occurrence.start, occurrence.end) if occurrence else (-1, -1)
    if start < 0 or text[start:end] != sentence:
        start = text.find(sentence)
        end = start + len(sentence)
    if start < 0:
        return Passage("", sentence, "", False, False), False
    first, last = max(0, start - CONTEXT), min(len(text), end + CONTEXT)
    return Passage(text[first:start], text[start:end], text[end:last], first > 0, last < len(text)), True


def _same_place(captured: Any, page: "PageRow") -> bool:  # noqa: ANN401 - CapturedPage, imported late
    return captured.url == page.url and (page.fetched_at is None or captured.fetched_at == page.fetched_at)


def _screenshot_check(store: "Store", page: "PageRow") -> tuple[tuple[str, bool], ...]:
    if not page.screenshot:
        return ()
    from claimcheck.capture.manifest import inside

    try:
        digest = hashlib.sha256(inside(store.archive, page.screenshot).read_bytes()).hexdigest()
    except (OSError, ClaimcheckError):
        digest = ""
    return (("the picture has the digest noted when it was taken", digest == page.screenshot_sha256),)


def _verdict(finding: "FindingRow") -> dict[str, Any]:
    judgement = finding.judgement
    names = ("label", "probabilities", "confidence", "needs_review", "overstates", "explanation", "evidence", "numbers")
    return {name: getattr(judgement, name) for name in names} | {"severity": judgement.severity}


def _stamp(moment: Any) -> str:  # noqa: ANN401 - datetime
    return str(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
