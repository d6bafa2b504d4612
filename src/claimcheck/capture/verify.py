"""Verifying an archive, and a store against it: every problem is one line that says where it is.

What can be told without anyone else's help: whether each record is what the manifest says, whether the manifest is one
unbroken chain, whether each page of the store points to its capture, and whether the chain still holds the heads that
the store noted after each run. Someone who can rewrite archive and store together can make a new history that agrees
with itself; a head deposited elsewhere (``--head``) tells then.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimcheck.capture.manifest import MANIFEST, Entry, inside, read_entries
from claimcheck.capture.reader import read_capture
from claimcheck.capture.records import Head
from claimcheck.errors import ClaimcheckError, DamagedDataError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from claimcheck.store import Store

__all__ = ["record_head", "verify_archive", "verify_store"]

_PIECE = 1 << 20
_BATCH = 200


def record_head(session: "Session", run_id: int, head: Head) -> None:
    """Note in the store how far the manifest reaches after a run's captures."""
    from claimcheck.store.models import RunRow

    run = session.get_one(RunRow, run_id)
    if head.lines > run.manifest_lines:
        run.manifest_lines, run.manifest_head = head.lines, head.sha256


def verify_archive(archive: Path, *, head: str = "") -> Iterator[str]:
    """Yield a line for each thing wrong with an archive; ``head`` is a head digest that the chain must contain."""
    yield from _Verification(archive, {}).archive(head.strip().lower())


def verify_store(store: "Store", *, head: str = "") -> Iterator[str]:
    """Yield a line for each thing wrong with a store's archive, or with what the store says of it."""
    heads = _heads(store)
    check = _Verification(store.archive, {known.lines: known.sha256 for known in heads.values()})
    yield from check.archive(head.strip().lower())
    yield from check.runs(heads)
    yield from check.pages(store)


class _Verification:
    """One pass over an archive, and what it remembers for the store's turn: digests by place."""

    def __init__(self, archive: Path, heads: Mapping[int, str]) -> None:
        self._archive = archive
        self._wanted = dict(heads)
        self._found: dict[int, str] = {}
        self._places: dict[tuple[str, int, int], str] = {}
        self._ends: dict[str, int] = {}

    def archive(self, head: str) -> Iterator[str]:
        if not (self._archive / MANIFEST).exists():
            yield f"{self._archive}: there is no {MANIFEST}; name the archive with --archive, or restore it"
            return
        is_found = not head
        for entry in read_entries(self._archive):
            if isinstance(entry, str):
                yield entry
                continue
            digest = hashlib.sha256(entry.line()).hexdigest()
            is_found = is_found or digest == head
            if entry.seq in self._wanted:
                self._found[entry.seq] = digest
            yield from self._entry(entry)
        yield from self._uncovered()
        if not is_found:
            yield f"{MANIFEST}: the head {head[:16]}… is not in the chain; lines were changed, or cut off at the end"

    def _entry(self, entry: Entry) -> Iterator[str]:
        where = f"{MANIFEST} line {entry.seq}"
        if entry.kind == "torn" and entry.file == MANIFEST:
            return
        try:
            path = inside(self._archive, entry.file)
        except DamagedDataError as error:
            yield f"{where}: {error}"
            return
        if entry.kind != "screenshot":
            if self._ends.get(entry.file, 0) != entry.offset:
                yield f"{where}: {entry.file} has a gap or overlap at {entry.offset}; an entry was removed or changed"
            self._ends[entry.file] = entry.offset + entry.length
        else:
            self._ends[entry.file] = entry.length
        digest = _digest(path, entry.offset, entry.length)
        if digest != entry.sha256:
            found = "is missing or cut short" if not digest else "was changed"
            yield f"{entry.file} at {entry.offset}: the {entry.kind} {found} ({_shown(entry.url)})"
        if entry.kind != "torn":
            self._places[entry.file, entry.offset, entry.length] = entry.sha256

    def _uncovered(self) -> Iterator[str]:
        for folder, pattern in (("warc", "*"), ("screenshots", "*")):
            for path in sorted((self._archive / folder).glob(pattern)):
                name = f"{folder}/{path.name}"
                end = self._ends.get(name)
                if end is None:
                    yield f"{_shown(name)}: the manifest does not know this file; a killed scan, or someone, left it"
                elif path.is_file() and path.stat().st_size > end:
                    extra = path.stat().st_size - end
                    yield f"{name}: {extra:,} bytes at its end are not in the manifest; if a scan was killed, resume it"

    def runs(self, heads: Mapping[int, Head]) -> Iterator[str]:
        for run_id, head in heads.items():
            if self._found.get(head.lines) != head.sha256:
                yield (
                    f"run {run_id}: the manifest no longer holds line {head.lines:,} as it was after the run; "
                    "it was rewritten or cut short"
                )

    def pages(self, store: "Store") -> Iterator[str]:
        from sqlalchemy import select

        from claimcheck.store.models import PageRow

        last = 0
        while True:
            with store.session() as session:
                query = select(PageRow).where(PageRow.id > last).order_by(PageRow.id).limit(_BATCH)
                rows = list(session.scalars(query))
                problems = [problem for row in rows for problem in self._page(row)]
            yield from problems
            if not rows:
                return
            last = rows[-1].id

    def _page(self, row: Any) -> Iterator[str]:  # noqa: ANN401 - PageRow, imported late
        where = f"page {row.id} ({_shown(row.url)})"
        if row.screenshot:
            yield from self._screenshot(row, where)
        if not row.warc_file:
            if row.state in {"captured", "fetched", "checked"}:
                yield f"{where}: it is {row.state}, yet the store names no capture; the row was changed"
            return
        place = (row.warc_file, row.warc_offset, row.warc_length)
        digest = self._places.get(place)
        if digest is None:
            yield f"{where}: its capture is not in the manifest; the row, or the end of the manifest, was changed"
            return
        if digest != row.capture_sha256:
            yield f"{where}: the store's digest of the capture is not the manifest's; the row was changed"
        try:
            captured = read_capture(self._archive, *place)
        except ClaimcheckError as error:
            yield f"{where}: {error}"
            return
        if captured.body_sha256 != row.sha256:
            yield f"{where}: the store's digest of the body is not the capture's; the row was changed"
        if captured.url != row.url:
            yield f"{where}: its capture is of another address ({_shown(captured.url)}); the row was changed"
        if row.fetched_at and captured.fetched_at != row.fetched_at:
            yield f"{where}: the store's time of capture is not the capture's; the row was changed"
        yield from _text(row, where)

    def _screenshot(self, row: Any, where: str) -> Iterator[str]:  # noqa: ANN401 - PageRow, imported late
        digests = {digest for (file, _, _), digest in self._places.items() if file == row.screenshot}
        if digests != {row.screenshot_sha256}:
            yield f"{where}: its screenshot is not the one in the manifest; the row was changed"


def _heads(store: "Store") -> dict[int, Head]:
    from sqlalchemy import select

    from claimcheck.store.models import RunRow

    with store.session() as session:
        query = select(RunRow.id, RunRow.manifest_lines, RunRow.manifest_head).where(RunRow.manifest_lines > 0)
        return {
            row.id: Head(row.manifest_lines, row.manifest_head) for row in session.execute(query.order_by(RunRow.id))
        }


def _text(row: Any, where: str) -> Iterator[str]:  # noqa: ANN401 - PageRow, imported late
    stored = row.page_text
    if stored is not None and hashlib.sha256(stored.text.encode()).hexdigest() != stored.sha256:
        yield f"{where}: the stored text is not what its digest says; it was changed"


def _digest(path: Path, offset: int, length: int) -> str:
    """Return the SHA-256 of a stretch of a file, empty when the file does not reach that far."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            stream.seek(offset)
            while length:
                piece = stream.read(min(length, _PIECE))
                if not piece:
                    return ""
                digest.update(piece)
                length -= len(piece)
    except OSError:
        return ""
    return digest.hexdigest()


def _shown(text: str) -> str:
    return text[:200].encode("ascii", "backslashreplace").decode() if text.isprintable() else repr(text[:200])
