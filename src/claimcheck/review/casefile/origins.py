"""What the server sent for pages that were read as a browser shows them: the records that their captures refer to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from claimcheck.capture import read_capture
from claimcheck.capture.manifest import Entry, read_entries
from claimcheck.errors import DamagedDataError
from claimcheck.review.casefile.records import CasePage

__all__ = ["Origin", "Place", "with_origins"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record lies in the archive."""

    warc_file: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Origin:
    """The server's own answer for a page that was rendered."""

    place: Place
    sha256: str


def with_origins(
    archive: Path, pages: Sequence[CasePage], places: Mapping[int, Place]
) -> tuple[tuple[CasePage, ...], dict[int, Origin]]:
    """Return the pages, the rendered ones with the file of what the server sent, and where that lies by page number.

    ``places`` are the captures of the pages by their numbers.

    :raises DamagedDataError: when a capture or the archive's manifest cannot be read.
    """
    rendered = [page for page in pages if page.rendered and page.capture]
    if not rendered:
        return tuple(pages), {}
    wanted: dict[str, int] = {}
    for page in rendered:
        place = places[page.number]
        captured = read_capture(archive, place.warc_file, place.offset, place.length)
        if captured.refers_to:
            wanted[captured.refers_to] = page.number
    found = _found(archive, wanted, {page.url for page in rendered})
    named = tuple(
        replace(page, served=f"captures/page-{page.number:03d}-served.warc.gz", served_sha256=found[page.number].sha256)
        if page.number in found
        else page
        for page in pages
    )
    return named, found


def _found(archive: Path, wanted: Mapping[str, int], urls: set[str]) -> dict[int, Origin]:
    found: dict[int, Origin] = {}
    for entry in read_entries(archive):
        if not isinstance(entry, Entry):
            raise DamagedDataError(f"{entry}; run `claimcheck verify`")
        if entry.kind != "response" or entry.url not in urls:
            continue
        record = read_capture(archive, entry.file, entry.offset, entry.length).record_id
        if record in wanted:
            found[wanted[record]] = Origin(Place(entry.file, entry.offset, entry.length), entry.sha256)
            if len(found) == len(wanted):
                break
    return found
