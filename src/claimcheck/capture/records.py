"""The records of capture: an exchange with a server, where it lies in the archive, and what is read back from there."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Capture", "CapturedPage", "Exchange", "Head", "Screenshot"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One answer of a server. ``body`` is as served: transfer encoding undone, content encoding kept.

    ``truncated`` says why the body ends early, in the words of WARC: length, time, disconnect or unspecified; empty
    when it is whole.
    """

    url: str
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    fetched_at: datetime
    http_version: str = "1.1"
    request_headers: tuple[tuple[str, str], ...] = ()
    ip: str = ""
    truncated: str = ""

    def header(self, name: str) -> str:
        """Return the first header of that name, empty when there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


@dataclass(frozen=True, slots=True)
class Capture:
    """Where a record lies: file, offset and length of its gzip member in the archive, with two digests.

    ``capture_sha256`` is of the member's bytes, ``body_sha256`` of the body after its content encoding was undone. That
    is empty when the body broke off: how much of it came is chance, and the digest would be that of no page.
    """

    warc_file: str
    offset: int
    length: int
    capture_sha256: str
    body_sha256: str


@dataclass(frozen=True, slots=True)
class Screenshot:
    """A picture of a page in the archive, by its path there."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Head:
    """The state of a manifest: how many lines it has, and the SHA-256 of the last one."""

    lines: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CapturedPage:
    """A record read back: ``kind`` is response, resource or conversion; ``body`` is decoded.

    ``record_id`` is the WARC record's own name and ``refers_to`` that of the record it was made from. ``truncated`` is
    as in an exchange; ``body_sha256`` is empty then.
    """

    url: str
    kind: str
    status: int | None
    content_type: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    fetched_at: datetime
    body_sha256: str
    capture_sha256: str
    record_id: str = ""
    refers_to: str = ""
    truncated: str = ""
