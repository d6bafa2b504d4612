"""Reading captures back, from claimcheck's own archives and from WARC files of others."""

import hashlib
import http.client
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from claimcheck.capture.decoding import MAX_BODY, decode
from claimcheck.capture.manifest import inside
from claimcheck.capture.records import CapturedPage, Exchange
from claimcheck.errors import DamagedDataError, SourceError, TooLargeError, UnreadableError
from claimcheck.page import Limits, load_bytes
from claimcheck.records import Page

__all__ = ["page_of", "read_capture", "warc_exchanges"]

_KINDS = frozenset({"response", "resource", "conversion"})
# A record's compressed bytes; what they unpack to is bounded again.
_MAX_MEMBER = 60_000_000


def read_capture(archive: Path, warc_file: str, offset: int, length: int, *, max_bytes: int = MAX_BODY) -> CapturedPage:
    """Return the record at a place in the archive, its body decoded.

    :raises DamagedDataError: when there is no such record, or it is not what claimcheck writes.
    :raises SourceError: when the body is larger than ``max_bytes`` or its encoding cannot be undone.
    """
    where = f"{warc_file} at {offset}"
    path = inside(archive, warc_file)
    if not 0 < length <= _MAX_MEMBER or offset < 0:
        raise DamagedDataError(f"{where}: found a record of {length} bytes, expected 1 to {_MAX_MEMBER:,}")
    try:
        with path.open("rb") as stream:
            stream.seek(offset)
            member = stream.read(length)
    except OSError as error:
        raise DamagedDataError(f"{where}: the file cannot be read ({error.strerror}); restore the archive") from error
    if len(member) != length:
        raise DamagedDataError(f"{where}: the file ends before the record does; restore the archive")
    records = _records(BytesIO(member), where)
    try:
        record = next(records)
    except StopIteration:
        raise DamagedDataError(f"{where}: found no record there; the file or the store was changed") from None
    if record.rec_type not in _KINDS:
        raise DamagedDataError(f"{where}: found a {record.rec_type} record, expected a page")
    return _captured(record, hashlib.sha256(member).hexdigest(), where, max_bytes)


def page_of(captured: CapturedPage, *, limits: Limits | None = None) -> Page:
    """Return the text of a captured page, extracted as ``claimcheck check`` extracts it; its time is the capture's.

    :raises SourceError: when there is no text to be had of it.
    """
    from dataclasses import replace

    is_file = captured.kind == "resource" and not captured.url.startswith(("http://", "https://"))
    page = load_bytes(
        captured.body,
        uri=captured.url,
        kind="file" if is_file else "url",
        content_type=captured.content_type,
        limits=limits,
    )
    at = captured.fetched_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return replace(page, source=replace(page.source, retrieved_at=at))


def warc_exchanges(path: Path, *, max_bytes: int = MAX_BODY) -> Iterator[Exchange | SourceError]:
    """Yield the responses of a WARC file, in order; in place of one that cannot be read, the error that says why.

    Resource records, which hold no answer of a server, are given as answers with status 200. A file that is damaged
    half-way yields what was before the damage, then the error.

    :raises UnreadableError: when the file cannot be opened.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        raise UnreadableError(str(path), f"the file cannot be read ({error.strerror}); check the path") from error
    with stream:
        records = _records(stream, str(path))
        while True:
            try:
                record = next(records)
            except StopIteration:
                return
            except DamagedDataError as error:
                yield UnreadableError(str(path), str(error))
                return
            if record.rec_type in {"response", "resource"} and _is_web(record):
                try:
                    yield _exchange(record, max_bytes)
                except SourceError as error:
                    yield error


def _is_web(record: Any) -> bool:  # noqa: ANN401 - warcio is untyped
    return str(record.rec_headers.get_header("WARC-Target-URI") or "").startswith(("http://", "https://"))


def _exchange(record: Any, max_bytes: int) -> Exchange:  # noqa: ANN401 - warcio is untyped
    url = str(record.rec_headers.get_header("WARC-Target-URI"))
    status, reason, headers = _http(record)
    # The chunked transfer of other archivers is undone here; content encoding stays.
    try:
        stream = record.raw_stream
        if any(name.lower() == "transfer-encoding" and "chunked" in value.lower() for name, value in headers):
            from warcio.bufferedreaders import ChunkedDataReader

            stream = ChunkedDataReader(stream)
        body = _bounded(stream, url, max_bytes)
        _check_whole(record)
    except (OSError, ValueError, EOFError) as error:
        raise UnreadableError(url, f"its record is damaged ({error}); archive it again") from error
    if record.rec_type == "resource":
        content_type = str(record.rec_headers.get_header("Content-Type") or "")
        headers = (("Content-Type", content_type),)
    return Exchange(
        url=url,
        status=status or 200,
        reason=reason,
        headers=headers,
        body=body,
        fetched_at=_time(str(record.rec_headers.get_header("WARC-Date") or ""), url),
        ip=str(record.rec_headers.get_header("WARC-IP-Address") or ""),
        truncated=str(record.rec_headers.get_header("WARC-Truncated") or ""),
    )


def _captured(record: Any, digest: str, where: str, max_bytes: int) -> CapturedPage:  # noqa: ANN401 - warcio is untyped
    url = str(record.rec_headers.get_header("WARC-Target-URI") or "")
    status, _, headers = _http(record)
    try:
        raw = _bounded(record.raw_stream, url, max_bytes)
        _check_whole(record)
    except (OSError, ValueError, EOFError) as error:
        raise DamagedDataError(f"{where}: the record is damaged ({error}); restore the archive") from error
    truncated = str(record.rec_headers.get_header("WARC-Truncated") or "")
    coding = next((value for name, value in headers if name.lower() == "content-encoding"), "")
    body = raw if truncated else decode(raw, coding, source=url, max_bytes=max_bytes)
    content_type = next((value for name, value in headers if name.lower() == "content-type"), "")
    if record.rec_type != "response":
        content_type = str(record.rec_headers.get_header("Content-Type") or "")
    try:
        at = _time(str(record.rec_headers.get_header("WARC-Date") or ""), url)
    except UnreadableError as error:
        raise DamagedDataError(f"{where}: {error}") from error
    return CapturedPage(
        url=url,
        kind=str(record.rec_type),
        status=status,
        content_type=content_type,
        headers=headers,
        body=body,
        fetched_at=at,
        body_sha256="" if truncated else hashlib.sha256(body).hexdigest(),
        capture_sha256=digest,
        record_id=str(record.rec_headers.get_header("WARC-Record-ID") or ""),
        refers_to=str(record.rec_headers.get_header("WARC-Refers-To") or ""),
        truncated=truncated,
    )


def _http(record: Any) -> tuple[int | None, str, tuple[tuple[str, str], ...]]:  # noqa: ANN401 - warcio is untyped
    if record.http_headers is None:
        return None, "", ()
    code = str(record.http_headers.get_statuscode() or "")
    status = int(code) if code.isascii() and code.isdigit() and len(code) == 3 else 0
    reason = str(record.http_headers.statusline or "").partition(" ")[2]
    headers = tuple((str(name), str(value)) for name, value in record.http_headers.headers)
    return status, reason or http.client.responses.get(status, ""), headers


def _records(stream: Any, where: str) -> Iterator[Any]:  # noqa: ANN401 - warcio is untyped
    import zlib

    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed

    try:
        yield from ArchiveIterator(stream)
    except (ArchiveLoadFailed, ValueError, EOFError, OSError, zlib.error, AttributeError, TypeError) as error:
        # warcio meets damage with whatever its parts raise.
        raise DamagedDataError(f"{where}: the WARC record is damaged ({error}); restore the archive") from error


def _bounded(stream: Any, url: str, max_bytes: int) -> bytes:  # noqa: ANN401 - warcio is untyped
    pieces, size = [], 0
    while piece := stream.read(65_536):
        size += len(piece)
        if size > max_bytes:
            raise TooLargeError(url, f"more than {max_bytes:,} bytes of page; the limit was reached")
        pieces.append(piece)
    return b"".join(pieces)


def _check_whole(record: Any) -> None:  # noqa: ANN401 - warcio is untyped
    """Raise EOFError when the file ended before the record did, which warcio passes over."""
    if getattr(record.raw_stream, "limit", 0) > 0:
        raise EOFError("it ends early")


def _time(text: str, url: str) -> datetime:
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise UnreadableError(url, f"its record has the date {text[:40]!r}; expected one in ISO 8601") from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
