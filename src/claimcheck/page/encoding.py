"""From bytes to text: which encoding a page is in, and what to do where it is broken.

The order is the HTML standard's: byte order mark, HTTP charset, <meta charset>, then UTF-8, then Windows-1252, the
encoding of pages that say nothing. A statistical detector was left out: what it adds, it adds for languages other than
English, which are refused anyway.
"""

import codecs
import re
from dataclasses import dataclass

from claimcheck.errors import TooLargeError, UnreadableError
from claimcheck.page.limits import Limits

__all__ = ["Decoded", "binary_kind", "decode", "refuse_binary"]

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# Only these names are looked up: Python knows codecs that are no encodings of text (zip, rot13, idna).
_PLAIN_NAMES = re.compile(
    r"(?:utf-?8|windows-?125[0-8]|cp125[0-8]|iso-?8859-?\d{1,2}|koi8-[ru]|macintosh|gbk|gb2312|gb18030|big5|euc-jp|euc-kr"
    r"|shift_jis|iso-2022-jp|utf-?16(?:le|be)?|latin-?1|us-ascii|ascii)",
    re.I,
)
# As browsers do: these labels mean Windows-1252, whose curly quotes are control characters in Latin-1.
_WINDOWS = frozenset(
    {"iso-8859-1", "iso8859-1", "iso88591", "latin1", "latin-1", "ascii", "us-ascii", "windows-1252", "cp1252"}
)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.I)
_META_CHARSET = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.I)
_META_REACH = 4_096
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_MAGIC = (
    (b"PK\x03\x04", "a zip or office file"),
    (b"PK\x05\x06", "a zip file"),
    (b"\x89PNG", "a PNG image"),
    (b"GIF8", "a GIF image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"RIFF", "an image, sound or film"),
    (b"\x1f\x8b", "a gzip file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"7z\xbc\xaf", "a 7z file"),
    (b"Rar!", "a rar file"),
    (b"\xd0\xcf\x11\xe0", "an old office file"),
    (b"\x7fELF", "a program"),
    (b"{\\rtf", "a rich text file"),
    (b"SQLite format 3", "a database"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"OggS", "a sound or film"),
    (b"ID3", "a sound"),
)
_SNIFFED = 8_192


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, the encoding it was in, and how many places could not be decoded (each is U+FFFD in the text)."""

    text: str
    encoding: str
    lost: int


def decode(data: bytes, *, source: str, content_type: str | None, is_html: bool, limits: Limits) -> Decoded:
    """Return the text of a page's or file's bytes, the byte order mark left out.

    Raises TooLargeError above ``limits.max_bytes`` and UnreadableError for what is no text.
    """
    if len(data) > limits.max_bytes:
        raise TooLargeError(
            source, f"{len(data):,} bytes; at most {limits.max_bytes:,} are read; raise the limit or split it"
        )
    for mark, name in _BOMS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], name)
    guess = _utf16_without_mark(data)
    if guess:
        return _decoded(data, guess)
    refuse_binary(data, source=source, allow_nul=is_html)
    declared = _declared(data, content_type, is_html=is_html)
    if declared and declared != "utf-8":
        return _decoded(data, declared)
    try:
        return Decoded(data.decode("utf-8"), "utf-8", 0)
    except UnicodeDecodeError:
        # Not one valid multi-byte sequence: this is no damaged UTF-8, whatever the page says of itself.
        return _decoded(data, "utf-8" if _MULTIBYTE.search(data) else "cp1252")


def refuse_binary(data: bytes, *, source: str, allow_nul: bool = False) -> None:
    """Return when bytes may be text; raise UnreadableError, naming what they are, when they are not."""
    kind = binary_kind(data)
    if not kind and b"\0" in data and (not allow_nul or data.count(b"\0") > len(data) / 100):
        kind = "binary data"
    if kind:
        raise UnreadableError(source, f"this is {kind}; expected HTML, text, Markdown or PDF")


def binary_kind(data: bytes) -> str:
    """Return what a file is by its first bytes, the empty string when nothing speaks against text."""
    for magic, name in _MAGIC:
        if data.startswith(magic) and (magic != b"RIFF" or b"\0" in data[:_SNIFFED]):
            return name
    if data[4:8] == b"ftyp":
        return "a film or image"
    controls = sum(byte < 9 or 13 < byte < 27 for byte in data[:_SNIFFED])
    return "binary data" if controls > len(data[:_SNIFFED]) / 20 and b"\0" in data[:_SNIFFED] else ""


def _declared(data: bytes, content_type: str | None, *, is_html: bool) -> str:
    named = _CHARSET.search(content_type or "")
    if named:
        known = _known(named[1])
        if known:
            return known
    if is_html:
        inside = _META_CHARSET.search(data[:_META_REACH])
        if inside:
            known = _known(inside[1].decode("ascii", "replace"))
            # A <meta> that can be read as ASCII is not in UTF-16, whatever it says (HTML standard).
            return "utf-8" if known.startswith("utf-16") else known
    return ""


def _known(label: str) -> str:
    label = label.lower()
    if not _PLAIN_NAMES.fullmatch(label):
        return ""
    if label in _WINDOWS:
        return "cp1252"
    name = {
        "utf8": "utf-8",
        "utf-16": "utf-16-le",
        "utf16": "utf-16-le",
        "macintosh": "mac-roman",
        "gb2312": "gb18030",
    }.get(label, label)
    try:
        codecs.lookup(name)
    except LookupError:
        return ""
    return name


def _decoded(data: bytes, name: str) -> Decoded:
    text = data.decode(name, "replace")
    lost = text.count("\ufffd") - (data.count(b"\xef\xbf\xbd") if name == "utf-8" else 0)
    return Decoded(text, name, max(0, lost))


def _utf16_without_mark(data: bytes) -> str:
    """Return the byte order of UTF-16 text without a mark: every other byte of English is NUL."""
    head = data[:2_000]
    if len(head) < 8 or _has_magic(head):
        return ""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > half * 0.9 and even == 0:
        return "utf-16-le"
    return "utf-16-be" if even > half * 0.9 and odd == 0 else ""


def _has_magic(head: bytes) -> bool:
    return any(head.startswith(magic) for magic, _ in _MAGIC)
