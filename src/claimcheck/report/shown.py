"""Hostile text made fit to show: control characters, direction overrides and unsafe links never reach a reader raw."""

import re
import unicodedata
from urllib.parse import quote, urlsplit

from claimcheck.records import Source

__all__ = ["clipped", "one_line", "quoted", "safe_link", "shown", "source_link"]

# Whole terminal sequences go first, so that "\x1b[31m" does not leave a stray "[31m" behind.
_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x9b[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f]).*?(?:\x07|\x1b\\|\x9c|$)"
    r"|\x1b[ -/]*[0-~]",
    re.DOTALL,
)
_SPACE = re.compile(r"\s+")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# Format characters that only join or split glyphs of an emoji or a script; the others reorder or hide text.
_HARMLESS_FORMAT = {"\u200c", "\u200d"}


def _shown_character(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Zl", "Zp"}:
        return "\n"
    if character in "\n\t" or category[0] != "C" or character in _HARMLESS_FORMAT:
        return character
    if character == "\r":
        return "\n"
    return "" if category == "Cf" else _REPLACEMENT


def shown(text: str) -> str:
    """Return the text without terminal sequences and direction overrides; other control characters become U+FFFD.

    Line feeds and tabs stay. Private-use and unassigned characters become U+FFFD too, since a font may show anything.
    """
    text = _SEQUENCE.sub(_REPLACEMENT, text.replace("\r\n", "\n"))
    return text if text.isascii() and text.isprintable() else "".join(map(_shown_character, text))


def one_line(text: str) -> str:
    """Return ``shown(text)`` with every run of white space one space, trimmed."""
    return _SPACE.sub(" ", shown(text)).strip()


def clipped(text: str, length: int) -> str:
    """Return ``one_line(text)`` cut at a word to at most ``length`` characters, with an ellipsis where it was cut."""
    text = one_line(text)
    if len(text) <= length:
        return text
    head, space, _ = text[: length - 1].rpartition(" ")
    # A "word" longer than half the room (a URL, a script without spaces) is cut in its middle instead.
    return (head if space and len(head) > length // 2 else text[: length - 1]) + "…"


def quoted(text: str) -> str:
    """Return ``one_line(text)`` in quotation marks, unless it brings its own."""
    text = one_line(text)
    return text if text[:1] in {"“", '"'} and text[-1:] in {"”", '"'} and len(text) > 1 else f"“{text}”"


def safe_link(url: str) -> str:
    """Return the URL when it is plain http or https with a host, percent-encoded where needed; otherwise ''."""
    if not url or url != url.strip() or any(ord(c) < 0x21 or c in '<>"`\\' or 0x7F <= ord(c) <= 0x9F for c in url):
        return ""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not host:
        return ""
    return quote(url, safe=":/?#[]@!$&'()*+,;=%~", errors="replace")


def source_link(source: Source) -> str:
    """Return a link to the cited publication: by DOI, else PubMed, else its own URL; '' when none is safe."""
    if source.doi and source.doi.startswith("10."):
        return safe_link("https://doi.org/" + quote(source.doi, safe="/().;:-_"))
    if source.pmid and source.pmid.isascii() and source.pmid.isdigit():
        return f"https://pubmed.ncbi.nlm.nih.gov/{source.pmid}/"
    return safe_link(source.url)
