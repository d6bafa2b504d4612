"""From what a user names (a URL, a file, "-") to a page."""

import os
import re
import sys
from pathlib import Path
from typing import BinaryIO, Protocol

from claimcheck.errors import BlockedAddressError, EmptyPageError, TooLargeError, UnreadableError, UsageError
from claimcheck.page.encoding import binary_kind
from claimcheck.page.html import page_from_html
from claimcheck.page.limits import Limits
from claimcheck.page.pdf import page_from_pdf
from claimcheck.page.text import page_from_markdown, page_from_text
from claimcheck.records import Page

__all__ = ["PageLoader", "load_bytes", "load_source"]

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):(?://|(?=\S+$)(?!\\))", re.I)
# Atomic, since comments in a row could otherwise be divided in ever more ways.
_LOOKS_HTML = re.compile(
    r"(?>(?:<\?xml[^>]*+>|<!--.*?-->|\s+)*+)<(?:!doctype\s+html|html|head|body|title|meta|script|style|div|p|h[1-6]|table|main"
    r"|article|section|ul|ol|span|header|nav|a|br)\b",
    re.I | re.S,
)
_FORMATS = {
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".txt": "text",
    ".text": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".pdf": "pdf",
}
_TYPES = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/plain": "text",
    "text/markdown": "markdown",
    "application/pdf": "pdf",
}
_SNIFFED = 2_048
# Schemes without "//" that are no file names on any system.
_OTHER_SCHEMES = frozenset({"javascript", "data", "mailto", "tel", "about", "file", "ftp", "gopher", "http", "https"})


class PageLoader(Protocol):
    """Turns a source that a user names into a page."""

    def __call__(self, spec: str, *, limits: Limits = ..., allow_private: bool = ...) -> Page:
        """Return the page, or raise a SourceError that names the source."""
        ...


def load_source(
    spec: str, *, limits: Limits | None = None, allow_private: bool = False, stdin: BinaryIO | None = None
) -> Page:
    """Return the page behind a URL, a file's path, or "-" for standard input.

    Files are read by their extension, everything else by content type and first bytes. Raises UsageError when nothing
    is named, and SourceError (its subclasses say why) when the source cannot be read.
    """
    limits = limits or Limits()
    if not spec.strip():
        raise UsageError("the source is empty; expected a URL, a file or - for standard input")
    if spec == "-":
        data = _read(stdin or sys.stdin.buffer, spec, limits)
        return load_bytes(data, uri="-", kind="stdin", limits=limits)
    scheme = _scheme(spec)
    if scheme in {"http", "https"}:
        from claimcheck.page.fetch import fetch

        fetched = fetch(spec.strip(), limits=limits, allow_private=allow_private)
        return load_bytes(fetched.data, uri=fetched.uri, kind="url", content_type=fetched.content_type, limits=limits)
    if scheme:
        raise BlockedAddressError(
            spec, f"the address scheme is {scheme!r}; only http and https are read, and files by path"
        )
    data = _read_file(spec, limits)
    return load_bytes(data, uri=spec, kind="file", form=_FORMATS.get(Path(spec).suffix.lower(), ""), limits=limits)


def load_bytes(
    data: bytes,
    *,
    uri: str,
    kind: str = "file",
    form: str = "",
    content_type: str | None = None,
    limits: Limits | None = None,
) -> Page:
    """Return the page of bytes already at hand; ``form`` is html, text, markdown or pdf, found out when empty.

    Raises SourceError, as ``load_source`` does.
    """
    limits = limits or Limits()
    if not data.strip():
        raise EmptyPageError(uri, "there are no bytes in it; expected HTML, text, Markdown or PDF")
    form = _form(data, form, content_type)
    if form == "pdf":
        return page_from_pdf(data, uri=uri, kind=kind, limits=limits)
    reader = {"html": page_from_html, "markdown": page_from_markdown}.get(form, page_from_text)
    return reader(data, uri=uri, kind=kind, content_type=content_type, limits=limits)


def _scheme(spec: str) -> str:
    """Return the URL scheme of a source, empty for a path (also for one with a drive letter)."""
    match = _SCHEME.match(spec.strip())
    if match is None:
        return ""
    scheme = match[1].lower()
    return scheme if match[0].endswith("//") or scheme in _OTHER_SCHEMES else ""


def _form(data: bytes, form: str, content_type: str | None) -> str:
    """Return what to read bytes as; PDF and binary files are known by their first bytes, whatever they are called."""
    if data[:1_024].lstrip().startswith(b"%PDF-"):
        return "pdf"
    if form and form != "pdf":
        return form
    named = _TYPES.get((content_type or "").partition(";")[0].strip().lower(), "")
    if named and named != "pdf":
        return named
    if form == "pdf" or named == "pdf":
        # Something else under a PDF's name: read it as one, so that the message says what is wrong.
        return "pdf"
    head = data[:_SNIFFED].replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe")
    is_html = not binary_kind(data) and _LOOKS_HTML.match(head.decode("latin-1"))
    return "html" if is_html else "text"


def _read_file(spec: str, limits: Limits) -> bytes:
    try:
        path = Path(spec)
        size = path.stat().st_size
        if path.is_dir():
            raise UnreadableError(spec, "this is a folder; name the files in it")
        if size > limits.max_bytes:
            raise TooLargeError(
                spec, f"{size:,} bytes; at most {limits.max_bytes:,} are read; raise the limit or split it"
            )
        with path.open("rb") as stream:
            return _read(stream, spec, limits)
    except (OSError, ValueError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise UnreadableError(spec, f"the file cannot be read ({reason.lower()}); check the path") from error


def _read(stream: BinaryIO, spec: str, limits: Limits) -> bytes:
    """Return a stream's bytes, and stop one byte above the limit, since a pipe or device may never end."""
    chunks: list[bytes] = []
    size = 0
    try:
        while size <= limits.max_bytes:
            chunk = stream.read(min(1 << 20, limits.max_bytes + 1 - size))
            if not chunk:
                return b"".join(chunks)
            chunks.append(chunk)
            size += len(chunk)
    except (OSError, ValueError) as error:
        raise UnreadableError(spec, f"reading failed ({error}); check the source") from error
    raise TooLargeError(spec, f"more than {limits.max_bytes:,} bytes; raise the limit or split it")
