"""The manifest of an archive: a line of JSON for each record, each line holding the SHA-256 of the line before it.

A changed, removed, inserted or reordered line breaks the chain at the line after it. A manifest that was cut short at
its end is still a whole chain: only a head that was noted elsewhere tells (the store's runs keep theirs; an analyst
may deposit one with someone else, which also stands against a forger who rewrites archive and store alike).
"""

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claimcheck.capture.records import Head
from claimcheck.errors import DamagedDataError

__all__ = ["FIRST", "KINDS", "MANIFEST", "Entry", "Manifest", "head_of", "inside", "read_entries"]

MANIFEST = "manifest.jsonl"
LOCK = "manifest.lock"
# What the first line says of the line before it.
FIRST = "0" * 64
KINDS = frozenset({"warcinfo", "request", "response", "resource", "conversion", "screenshot", "torn"})
# No line of ours is longer: addresses are cut well before.
MAX_LINE = 65_536
# What a file can hold and a seek can reach, with room to add two of them.
MAX_SIZE = 1 << 60
_SAFE = re.compile(r"(?:warc/[A-Za-z0-9._-]+\.warc\.gz|screenshots/[A-Za-z0-9._-]+\.png|manifest\.jsonl)")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the manifest: a stretch of a file, its digest, and the digest of the line before."""

    seq: int
    time: str
    kind: str
    file: str
    offset: int
    length: int
    sha256: str
    url: str
    previous: str

    def line(self) -> bytes:
        """Return the line as it stands in the file, without its line feed."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(values, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()


def inside(archive: Path, name: str) -> Path:
    """Return the path of a file of the archive.

    :raises DamagedDataError: when the name, which a database or manifest handed over, is none that captures have.
    """
    path = archive / name
    if not _SAFE.fullmatch(name) or path.is_symlink() or path.parent.is_symlink():
        raise DamagedDataError(f"found the file name {name[:80]!r}, expected one inside the archive, such as warc/…")
    return path


def parse_line(line: bytes, number: int) -> Entry:
    """Return the entry of a line.

    :raises DamagedDataError: when it is not one that claimcheck writes.
    """
    try:
        values: Any = json.loads(line)
        entry = Entry(**values)
    except (ValueError, TypeError, RecursionError) as error:
        raise DamagedDataError(f"{MANIFEST} line {number}: found no entry, expected JSON with nine keys") from error
    numbers = (entry.seq, entry.offset, entry.length)
    texts = (entry.time, entry.file, entry.sha256, entry.url, entry.previous)
    well_formed = all(type(value) is int and 0 <= value < MAX_SIZE for value in numbers) and all(
        isinstance(t, str) for t in texts
    )
    if not well_formed or entry.kind not in KINDS or entry.line() != line:
        raise DamagedDataError(f"{MANIFEST} line {number}: claimcheck writes no such entry; the line was altered")
    return entry


def read_entries(archive: Path) -> Iterator[Entry | str]:
    """Yield the manifest's entries in order, each after what is wrong with it or with the chain before it."""
    previous, number = FIRST, 0
    with (archive / MANIFEST).open("rb") as stream:
        while raw := stream.readline(MAX_LINE):
            number += 1
            line = raw.removesuffix(b"\n")
            if line == raw:
                yield f"{MANIFEST} line {number}: the line is cut off; resume the scan to note it, or ask who cut it"
                return
            try:
                entry = parse_line(line, number)
            except DamagedDataError as error:
                yield str(error)
                previous = hashlib.sha256(line).hexdigest()
                continue
            if entry.previous != previous:
                yield f"{MANIFEST} line {number}: the chain is broken; a line before it was changed, moved or removed"
            elif entry.seq != number:
                yield f"{MANIFEST} line {number}: found number {entry.seq}; lines were removed or inserted"
            previous = hashlib.sha256(line).hexdigest()
            yield entry


def head_of(archive: Path) -> Head:
    """Return the length of an archive's manifest and the digest of its last line; writes nothing.

    :raises DamagedDataError: when the manifest's end is unreadable.
    """
    return _head_in(archive / MANIFEST)


class Manifest:
    """Appends to the manifest of an archive; several processes may, one after the other."""

    def __init__(self, archive: Path) -> None:
        self._archive = archive
        self._path = archive / MANIFEST
        self._size = -1
        self._head = Head(0, FIRST)

    def append(self, entries: Sequence[Entry]) -> Head:
        """Add entries, numbered and chained here, and have them on disk; return the new head.

        :raises DamagedDataError: when the manifest cannot be continued.
        """
        with self._locked():
            head = self._tail()
            lines = []
            for entry in entries:
                line = self._chained(entry, head).line()
                head = Head(head.lines + 1, hashlib.sha256(line).hexdigest())
                lines.append(line + b"\n")
            with self._path.open("ab") as stream:
                stream.write(b"".join(lines))
                stream.flush()
                os.fsync(stream.fileno())
                self._size = stream.tell()
            self._head = head
            return head

    def head(self) -> Head:
        """Return the number of lines and the digest of the last one.

        :raises DamagedDataError: when the manifest's end is unreadable.
        """
        with self._locked():
            return self._tail()

    def mend(self) -> None:
        """Cut off a last line that a killed process left unfinished, and note what was cut off.

        :raises DamagedDataError: when the manifest's end is unreadable.
        """
        with self._locked():
            data = _last_bytes(self._path)
            rest = data[data.rfind(b"\n") + 1 :]
            if not rest:
                return
            size = self._path.stat().st_size
            os.truncate(self._path, size - len(rest))
            self._size = -1
        digest = hashlib.sha256(rest).hexdigest()
        self.append([Entry(0, _now(), "torn", MANIFEST, size - len(rest), len(rest), digest, "", "")])

    def _chained(self, entry: Entry, head: Head) -> Entry:
        return Entry(
            head.lines + 1, entry.time, entry.kind, entry.file, entry.offset, entry.length, entry.sha256, entry.url,
            head.sha256,
        )  # fmt: skip

    def _tail(self) -> Head:
        """Return the head, read again only when another process has written since."""
        size = self._path.stat().st_size if self._path.exists() else 0
        if size != self._size:
            self._head = _head_in(self._path)
            self._size = size
        return self._head

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._archive / LOCK).open("wb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield


def _head_in(path: Path) -> Head:
    data = _last_bytes(path)
    if not data:
        return Head(0, FIRST)
    if not data.endswith(b"\n"):
        raise DamagedDataError(f"{path}: the last line is cut off; `claimcheck verify` says more")
    line = data[:-1].rpartition(b"\n")[2]
    return Head(parse_line(line, 0).seq, hashlib.sha256(line).hexdigest())


def _last_bytes(path: Path) -> bytes:
    if not path.exists():
        return b""
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - 2 * MAX_LINE))
        return stream.read()


def _now() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
