"""The cited WARC records, byte for byte as the archive has them, each checked against the digest that the store kept.

A record is one gzip member, and a file of one member is a WARC file: so a capture's file in the case has the very
digest that the archive's manifest, the store and the document give.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from claimcheck.capture.manifest import inside
from claimcheck.errors import DamagedDataError
from claimcheck.review.casefile.origins import Origin, Place, with_origins
from claimcheck.review.casefile.records import CasePage
from claimcheck.store.models import PageRow

__all__ = ["CaptureFile", "Captures", "capture_files", "find_captures"]

# The same bound as reading a capture back has.
_MAX_MEMBER = 60_000_000


@dataclass(frozen=True, slots=True)
class CaptureFile:
    """A file to be put into the case, by its name there."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Captures:
    """The cited pages with all their files, and where these lie in the archive."""

    pages: tuple[CasePage, ...]
    places: Mapping[int, Place]
    origins: Mapping[int, Origin]
    screenshots: Mapping[int, str]


def find_captures(session: Session, archive: Path, pages: Sequence[CasePage]) -> Captures:
    """Return where the captures of pages lie, with what the server sent for those that were rendered.

    :raises DamagedDataError: when a rendered page's capture or the archive's manifest cannot be read.
    """
    places, screenshots = {}, {}
    for page in pages:
        row = session.execute(
            select(PageRow.warc_file, PageRow.warc_offset, PageRow.warc_length, PageRow.screenshot).where(
                PageRow.id == page.page_id
            )
        ).one()
        places[page.number] = Place(row.warc_file, row.warc_offset or 0, row.warc_length or 0)
        screenshots[page.number] = row.screenshot
        if page.rendered and page.capture:
            # It is read for what it refers to, so it has to be whole first.
            _checked(page.capture, _stretch(archive, places[page.number]), page.capture_sha256, page)
    named, origins = with_origins(archive, pages, places)
    return Captures(named, places, origins, screenshots)


def capture_files(archive: Path, captures: Captures) -> Iterator[CaptureFile]:
    """Yield each page's WARC records and screenshot, one at a time.

    :raises DamagedDataError: when one is missing from the archive, or is not what was captured.
    """
    for page in captures.pages:
        if page.capture:
            data = _stretch(archive, captures.places[page.number])
            yield _checked(page.capture, data, page.capture_sha256, page)
        if page.served:
            data = _stretch(archive, captures.origins[page.number].place)
            yield _checked(page.served, data, page.served_sha256, page)
        if page.screenshot:
            data = _stretch(archive, Place(captures.screenshots[page.number], 0, _MAX_MEMBER))
            yield _checked(page.screenshot, data, page.screenshot_sha256, page)


def _stretch(archive: Path, place: Place) -> bytes:
    name, offset, length = place.warc_file, place.offset, place.length
    path = inside(archive, name)
    if not 0 < length <= _MAX_MEMBER:
        raise DamagedDataError(f"{name} at {offset}: found a record of {length} bytes, expected 1 to {_MAX_MEMBER:,}")
    try:
        with path.open("rb") as stream:
            stream.seek(offset)
            return stream.read(length)
    except OSError as error:
        raise DamagedDataError(
            f"{name}: the capture cannot be read ({error.strerror}); name its folder with --archive, or restore it"
        ) from error


def _checked(name: str, data: bytes, digest: str, page: CasePage) -> CaptureFile:
    if hashlib.sha256(data).hexdigest() != digest:
        raise DamagedDataError(
            f"page {page.page_id}: its capture is not what was captured (the digest differs); run `claimcheck verify`"
        )
    return CaptureFile(name, data)
