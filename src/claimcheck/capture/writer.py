"""Writing to an archive: each record a gzip member of a WARC 1.1 file, on disk before anyone is told of it."""

import fcntl
import hashlib
import os
import uuid
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from claimcheck.capture.decoding import decoded_body
from claimcheck.capture.manifest import MANIFEST, Entry, Manifest, read_entries
from claimcheck.capture.records import Capture, Exchange, Head, Screenshot
from claimcheck.errors import UsageError

__all__ = ["ArchiveWriter"]

ROLL_BYTES = 500_000_000
# A WARC file is opened anew with each start of a process, so none is ever written to by two.
_MAX_URL = 8_000
# The bytes of a torn record are read in pieces of this size.
_PIECE = 1 << 20


class ArchiveWriter:
    """Adds captures to an archive: ``warc/RUN-SESSION.warc.gz``, ``screenshots/`` and ``manifest.jsonl``.

    What a killed process left half written is kept and noted in the manifest as torn. Several processes may write to
    one archive, each to WARC files of its own.

    :raises UsageError: when the extra for scanning is not installed or the folder cannot be written.
    :raises DamagedDataError: when the manifest there cannot be continued.
    """

    def __init__(self, folder: Path, run_id: int, *, roll_bytes: int = ROLL_BYTES) -> None:
        try:
            import warcio  # noqa: F401 - one door for the extra
        except ImportError as error:
            raise UsageError("an archive needs `pip install 'claimcheck[scan]'`") from error
        self._folder = folder
        self._run_id = run_id
        self._roll_bytes = roll_bytes
        self._stream: BinaryIO | None = None
        self._name = ""
        try:
            for part in (folder, folder / "warc", folder / "screenshots"):
                part.mkdir(parents=True, exist_ok=True)
            self._manifest = Manifest(folder)
            self._manifest.mend()
            self._note_torn()
        except OSError as error:
            raise UsageError(f"{folder}: the archive cannot be written ({error.strerror}); check the folder") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def capture(self, exchange: Exchange) -> Capture:
        """Write a response and its request; both are on disk, and in the manifest, when this returns.

        :raises SourceError: when the body's content encoding cannot be undone.
        """
        body_sha256 = "" if exchange.truncated else _sha256(decoded_body(exchange))
        record_id = f"<urn:uuid:{uuid.uuid4()}>"
        headers = {
            "WARC-Record-ID": record_id,
            "WARC-Date": _stamp(exchange.fetched_at),
            "WARC-Payload-Digest": _digest_header(exchange.body),
        }
        if exchange.ip:
            headers["WARC-IP-Address"] = exchange.ip
        if exchange.truncated:
            headers["WARC-Truncated"] = exchange.truncated
        block = _response_head(exchange) + exchange.body
        response = _member("response", exchange.url, block, headers, "application/http;msgtype=response")
        related = {"WARC-Concurrent-To": record_id, "WARC-Date": _stamp(exchange.fetched_at)}
        request = _member("request", exchange.url, _request_head(exchange), related, "application/http;msgtype=request")
        return self._write(
            [("response", response), ("request", request)], exchange.url, exchange.fetched_at, body_sha256
        )

    def resource(self, url: str, body: bytes, *, content_type: str, at: datetime) -> Capture:
        """Write bytes that came from no server, such as a file's, as a resource record."""
        headers = {"WARC-Date": _stamp(at), "WARC-Payload-Digest": _digest_header(body)}
        member = _member("resource", url, body, headers, content_type)
        return self._write([("resource", member)], url, at, _sha256(body))

    def conversion(self, url: str, body: bytes, *, content_type: str, at: datetime, source: Capture) -> Capture:
        """Write what a browser made of a captured response, as a conversion record that refers to it."""
        from claimcheck.capture.reader import read_capture

        origin = read_capture(self._folder, source.warc_file, source.offset, source.length)
        headers = {
            "WARC-Date": _stamp(at),
            "WARC-Payload-Digest": _digest_header(body),
            "WARC-Refers-To": origin.record_id,
        }
        member = _member("conversion", url, body, headers, content_type)
        return self._write([("conversion", member)], url, at, _sha256(body))

    def screenshot(self, url: str, png: bytes) -> Screenshot:
        """Write the picture of a page; its name is its digest."""
        digest = _sha256(png)
        name = f"screenshots/{digest}.png"
        path = self._folder / name
        if not path.exists():
            part = path.with_name(f"{digest}.{os.getpid()}.part")
            with part.open("wb") as stream:
                stream.write(png)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
        self._manifest.append([_entry("screenshot", name, 0, len(png), digest, url, datetime.now(UTC))])
        return Screenshot(name, digest)

    def head(self) -> Head:
        """Return the manifest's length and the digest of its last line."""
        return self._manifest.head()

    def close(self) -> None:
        """Close the WARC file; what was captured is on disk already."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _write(self, members: list[tuple[str, bytes]], url: str, at: datetime, body_sha256: str) -> Capture:
        stream = self._open_file()
        entries = []
        start = stream.tell()
        for kind, member in members:
            digest = _sha256(member)
            entries.append(_entry(kind, self._name, stream.tell(), len(member), digest, url, at))
            stream.write(member)
        stream.flush()
        os.fsync(stream.fileno())
        self._manifest.append(entries)
        if stream.tell() >= self._roll_bytes:
            self.close()
        first = entries[0]
        return Capture(first.file, start, first.length, first.sha256, body_sha256)

    def _open_file(self) -> BinaryIO:
        if self._stream is not None:
            return self._stream
        session = 1
        while True:
            name = f"warc/{self._run_id:06d}-{session:04d}.warc.gz"
            try:
                stream = (self._folder / name).open("xb")
                break
            except FileExistsError:
                session += 1
        # Held until the file is closed or the process ends: whoever can take it knows that nobody writes here now.
        fcntl.flock(stream, fcntl.LOCK_EX)
        self._name, self._stream = name, stream
        member = _warcinfo(name)
        stream.write(member)
        stream.flush()
        os.fsync(stream.fileno())
        digest = _sha256(member)
        self._manifest.append([_entry("warcinfo", name, 0, len(member), digest, "", datetime.now(UTC))])
        return stream

    def _note_torn(self) -> None:
        """Note the bytes that no line of the manifest accounts for: a killed process wrote them."""
        ends: dict[str, int] = {}
        if (self._folder / MANIFEST).exists():
            for entry in read_entries(self._folder):
                if isinstance(entry, Entry):
                    ends[entry.file] = max(ends.get(entry.file, 0), entry.offset + entry.length)
        for path in sorted((self._folder / "warc").glob("*.warc.gz")):
            name = f"warc/{path.name}"
            start = ends.get(name, 0)
            with path.open("rb") as stream:
                try:
                    fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                length, digest = _rest(stream, start)
            if length:
                self._manifest.append([_entry("torn", name, start, length, digest, "", datetime.now(UTC))])
            elif not start:
                path.unlink()
        for path in (self._folder / "screenshots").glob("*.part"):
            if not _is_alive(path.name.split(".")[1]):
                path.unlink(missing_ok=True)


def _rest(stream: BinaryIO, start: int) -> tuple[int, str]:
    stream.seek(start)
    digest, length = hashlib.sha256(), 0
    while piece := stream.read(_PIECE):
        digest.update(piece)
        length += len(piece)
    return length, digest.hexdigest()


def _is_alive(number: str) -> bool:
    try:
        os.kill(int(number), 0)
    except (ValueError, ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _entry(kind: str, file: str, offset: int, length: int, digest: str, url: str, at: datetime) -> Entry:
    # Number and chain are given by the manifest.
    return Entry(0, _stamp(at), kind, file, offset, length, digest, url[:_MAX_URL], "")


def _member(kind: str, url: str, block: bytes, headers: dict[str, str], content_type: str) -> bytes:
    """Return a record as the bytes of one gzip member. The block is put in whole: warcio would rewrite odd headers."""
    from warcio.warcwriter import WARCWriter

    out = BytesIO()
    writer = WARCWriter(out, gzip=True, warc_version="1.1")
    with_digest = headers | {"WARC-Block-Digest": _digest_header(block)}
    # A record without a payload digest would be given one in SHA-1.
    with_digest.setdefault("WARC-Payload-Digest", _digest_header(b""))
    record = writer.create_warc_record(
        _one_line(url), kind, warc_content_type=_one_line(content_type), warc_headers_dict=with_digest
    )
    record.raw_stream = BytesIO(block)
    record.length = record.payload_length = len(block)
    writer.write_record(record)
    return out.getvalue()


def _warcinfo(name: str) -> bytes:
    from warcio.warcwriter import WARCWriter

    from claimcheck.version import __version__

    out = BytesIO()
    writer = WARCWriter(out, gzip=True, warc_version="1.1")
    info = {
        "software": f"claimcheck/{__version__}",
        "format": "WARC File Format 1.1",
        "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "description": "HTTP bodies after transfer decoding; content encoding as served; digests are SHA-256",
    }
    writer.write_record(writer.create_warcinfo_record(name.partition("/")[2], info))
    return out.getvalue()


def _response_head(exchange: Exchange) -> bytes:
    lines = [f"HTTP/{exchange.http_version} {exchange.status} {_one_line(exchange.reason)}".rstrip()]
    for name, value in exchange.headers:
        # The chunks are gone from the body: whoever reads the record must not look for them.
        prefix = "X-Archive-Orig-" if name.lower() == "transfer-encoding" else ""
        lines.append(f"{prefix}{_one_line(name)}: {_one_line(value)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def _request_head(exchange: Exchange) -> bytes:
    from urllib.parse import urlsplit

    parts = urlsplit(exchange.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"GET {_one_line(target)} HTTP/1.1", *(f"{name}: {value}" for name, value in exchange.request_headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def _one_line(text: str) -> str:
    return " ".join(text.replace("\0", "").splitlines())


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _digest_header(data: bytes) -> str:
    return f"sha256:{_sha256(data)}"


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
