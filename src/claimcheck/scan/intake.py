"""Saved pages taken into the archive: a folder of files, or WARC files of others; each becomes a page with a capture.

An intake that was killed goes on where it was: pages that are in the store are passed over.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from claimcheck.capture import ArchiveWriter, Exchange, record_head, warc_exchanges
from claimcheck.errors import SourceError, UsageError
from claimcheck.page import Limits
from claimcheck.scan.inputs import ScanInputs
from claimcheck.scan.record import insert_missing
from claimcheck.scan.runs import scan_of
from claimcheck.store.models import PageRow, ScanRow, utc_now
from claimcheck.store.open import Store

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["take_in"]

PAGES_AT_A_TIME = 25
_TYPES = {
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "application/xhtml+xml",
    ".txt": "text/plain",
    ".text": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".pdf": "application/pdf",
}
_READABLE = frozenset({"", "application/octet-stream", *_TYPES.values()})


@dataclass(frozen=True, slots=True)
class _Saved:
    """A saved page before it is captured: a file of a folder, or an answer from a WARC file."""

    host: str
    start_url: str
    url: str
    source: Path | Exchange


def take_in(
    store: Store,
    run_id: int,
    inputs: ScanInputs,
    *,
    tell: Callable[[int], None] = lambda _count: None,
    stopping: Callable[[], bool] = lambda: False,
) -> list[str]:
    """Bring the pages of a folder or of WARC files into the store as fetched; return a line for each unnamed failure.

    ``tell`` is told how many pages have been taken in; when ``stopping`` says so the rest is left for a resumed run.

    :raises UsageError: when the archive cannot be written.
    :raises UnreadableError: when a WARC file cannot be opened.
    """
    import sqlalchemy as sa

    with store.session() as session:
        not_done = sa.select(ScanRow.id).where(ScanRow.run_id == run_id, ScanRow.crawled_at.is_not(None)).limit(1)
        if session.scalars(not_done).first() is not None:
            return []
    troubles: list[str] = []
    count = 0
    saved = _files(inputs.folder) if inputs.folder is not None else _answers(inputs.warcs, troubles)
    with ArchiveWriter(store.archive, run_id) as writer:
        while part := list(islice(saved, PAGES_AT_A_TIME)):
            if stopping():
                return troubles
            with store.session() as session:
                count += _take(session, writer, run_id, part)
                record_head(session, run_id, writer.head())
            tell(count)
    with store.session() as session:
        session.execute(sa.update(ScanRow).where(ScanRow.run_id == run_id).values(crawled_at=utc_now()))
    return troubles


def _take(session: "Session", writer: ArchiveWriter, run_id: int, part: list[_Saved]) -> int:
    import sqlalchemy as sa

    scans: dict[str, int] = {}
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for saved in part:
        if saved.host not in scans:
            scans[saved.host] = scan_of(session, run_id, saved.host, saved.start_url).id
        scan_id = scans[saved.host]
        there = sa.select(PageRow.id).where(PageRow.scan_id == scan_id, PageRow.url == saved.url)
        if (scan_id, saved.url) in rows or session.scalars(there).first() is not None:
            continue
        rows[scan_id, saved.url] = {"scan_id": scan_id, "url": saved.url, **_captured(writer, saved)}
    # One insert a row: those that failed have other columns than those that were captured.
    for row in rows.values():
        insert_missing(session, PageRow, [row])
    return len(rows)


def _captured(writer: ArchiveWriter, saved: _Saved) -> dict[str, Any]:
    try:
        if isinstance(saved.source, Exchange):
            return _from_exchange(writer, saved.source)
        return _from_file(writer, saved.url, saved.source)
    except SourceError as error:
        return {"state": "failed", "reason": error.reason, "detail": str(error)}
    except OSError as error:
        return {"state": "failed", "reason": "unreadable", "detail": f"the file cannot be read ({error.strerror})"}


def _from_file(writer: ArchiveWriter, url: str, path: Path) -> dict[str, Any]:
    content_type = _TYPES.get(path.suffix.lower())
    if content_type is None:
        detail = f"a file of kind {path.suffix or 'unknown'}; .html .txt .md and .pdf are read"
        return {"state": "refused", "reason": "not-a-page", "detail": detail}
    size, limit = path.stat().st_size, Limits().max_bytes
    if size > limit:
        detail = f"{size:,} bytes; at most {limit:,} are read"
        return {"state": "failed", "reason": "too-large", "detail": detail}
    body, at = path.read_bytes(), datetime.now(UTC).replace(microsecond=0)
    capture = writer.resource(url, body, content_type=content_type, at=at)
    return _fetched(capture, url, content_type, at)


def _from_exchange(writer: ArchiveWriter, exchange: Exchange) -> dict[str, Any]:
    content_type = exchange.header("content-type")
    if not 200 <= exchange.status < 300:
        detail = f"the server answered {exchange.status} when the page was archived"
        return {"state": "failed", "reason": f"http-{exchange.status}", "detail": detail}
    if content_type.partition(";")[0].strip().lower() not in _READABLE:
        detail = f"the content type is {content_type[:60]!r}; HTML, text and PDF are read"
        return {"state": "refused", "reason": "not-a-page", "detail": detail, "content_type": content_type}
    fetched = _fetched(writer.capture(exchange), exchange.url, content_type, exchange.fetched_at)
    return fetched | {"http_status": exchange.status}


def _fetched(capture: Any, url: str, content_type: str, at: datetime) -> dict[str, Any]:  # noqa: ANN401 - a Capture, imported late
    return {
        "state": "fetched",
        "final_url": url,
        "content_type": content_type,
        "fetched_at": at,
        "sha256": capture.body_sha256,
        "warc_file": capture.warc_file,
        "warc_offset": capture.offset,
        "warc_length": capture.length,
        "capture_sha256": capture.capture_sha256,
        "attempts": 1,
    }


def _files(folder: Path) -> Iterator[_Saved]:
    """Yield the files below a folder in the order of their paths; links are not followed, they may lead anywhere."""
    name = quote(os.fsencode(folder.resolve().name), safe="")
    found = False
    for place, folders, files in os.walk(folder):
        folders.sort()
        for file in sorted(files):
            path = Path(place, file)
            if file.startswith(".") or path.is_symlink() or not path.is_file():
                continue
            found = True
            relative = quote(os.fsencode(path.relative_to(folder).as_posix()))
            yield _Saved(f"folder:{name}"[:300], f"file:{name}", f"file:{relative}", path)
    if not found:
        raise UsageError(f"{folder}: holds no file; expected saved pages (.html .txt .md .pdf)")


def _answers(paths: tuple[Path, ...], troubles: list[str]) -> Iterator[_Saved]:
    """Yield the answers in WARC files, redirects left out: what they lead to is a page of its own."""
    from claimcheck.scan.crawl import site_of

    for path in paths:
        for exchange in warc_exchanges(path):
            if isinstance(exchange, SourceError):
                troubles.append(f"{path.name}: {exchange}")
                continue
            if 300 <= exchange.status < 400:
                continue
            try:
                site = site_of(exchange.url)
            except UsageError as error:
                troubles.append(f"{path.name}: {error}")
                continue
            scheme = exchange.url.partition(":")[0]
            yield _Saved(site.host, f"{scheme}://{site.host}/", exchange.url, exchange)
