"""Text files, whose text stays as it is, and Markdown, which is rendered and read as HTML.

A text file's offsets are those of the file (contract of the JSON report). A Markdown file's are those of the text it
renders to: its marks (``**``, ``[](…)``, ``|``) would otherwise stand in the middle of claims.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from claimcheck.errors import TooLargeError, UnreadableError
from claimcheck.page.assemble import Losses, Origin, page_of_blocks
from claimcheck.page.characters import without_surrogates
from claimcheck.page.encoding import decode
from claimcheck.page.html import page_of_markup
from claimcheck.page.limits import Limits
from claimcheck.page.lines import BULLET, continues, looks_like_heading
from claimcheck.records import Block, BlockKind, Page

__all__ = ["blocks_of_text", "page_from_markdown", "page_from_text"]

_LINE = re.compile(r"[^\r\n\v\f\x85\u2028\u2029]+|\r\n|[\r\n\v\f\x85\u2028\u2029]")
# Text is taken as set to a width when its lines are this long at most ...
_MAX_WIDTH = 110
_MIN_WIDTH = 50
# ... and this share of its line breaks stands where the next word would not have fitted.
_WRAPPED_SHARE = 0.7
_MIN_WRAPPED = 3
# A line this long that goes on in lower case is a wrapped one, in any file.
_LONG_LINE = 40


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def page_from_text(
    data: bytes | str, *, uri: str, kind: str = "file", content_type: str | None = None, limits: Limits | None = None
) -> Page:
    """Return the page of plain text, its text unchanged: line ends, NBSP and all (only a byte order mark is left out).

    Raises TooLargeError, EmptyPageError, UnreadableError or UnsupportedLanguageError.
    """
    limits = limits or Limits()
    text, lost, origin = _read(data, uri, kind, content_type, limits)
    return page_of_blocks(text, blocks_of_text(text), origin, losses=Losses({"undecodable": lost}), limits=limits)


def page_from_markdown(
    data: bytes | str, *, uri: str, kind: str = "file", content_type: str | None = None, limits: Limits | None = None
) -> Page:
    """Return the page that Markdown renders to, HTML within it included.

    Raises TooLargeError, EmptyPageError, UnreadableError or UnsupportedLanguageError.
    """
    from markdown_it import MarkdownIt

    limits = limits or Limits()
    text, lost, origin = _read(data, uri, kind, content_type, limits)
    try:
        markup = (
            MarkdownIt("commonmark", {"html": True, "maxNesting": 200})
            .enable("table")
            .render(_without_front_matter(text))
        )
    except (RecursionError, ValueError, IndexError, KeyError) as error:
        raise UnreadableError(
            uri, f"this Markdown cannot be read ({type(error).__name__}); give it as HTML or text"
        ) from error
    return page_of_markup(markup, origin, limits=limits, lost=lost)


def _read(data: bytes | str, uri: str, kind: str, content_type: str | None, limits: Limits) -> tuple[str, int, Origin]:
    """Return the text, how many of its characters were lost, and where it comes from.

    Raises TooLargeError when it has more characters than are read.
    """
    if isinstance(data, str):
        text, lost = without_surrogates(data), 0
        data = data.encode("utf-8", "surrogatepass")
    else:
        decoded = decode(data, source=uri, content_type=content_type, is_html=False, limits=limits)
        text, lost = decoded.text, decoded.lost
    if len(text) > limits.max_text:
        raise TooLargeError(uri, f"{len(text):,} characters of text; at most {limits.max_text:,} are read; split it")
    return text, lost, Origin.of(data, uri=uri, kind=kind)


def _without_front_matter(text: str) -> str:
    return re.sub(r"\A---\r?\n.{0,5000}?\n---\r?\n", "", text, count=1, flags=re.S)


def blocks_of_text(text: str) -> list[Block]:
    """Return the blocks of plain text: list items, headings and paragraphs, wrapped lines joined to one paragraph."""
    blocks: list[Block] = []
    groups = _groups(text)
    width = _width(groups)
    for group in groups:
        joined = _join(group, width)
        for number, (first, last) in enumerate(joined):
            block = _block(first, last, text, is_last=number == len(joined) - 1)
            if block is not None:
                blocks.append(block)
    return blocks


def _groups(text: str) -> list[list[_Line]]:
    """Return the lines between blank lines, each without its white space."""
    groups: list[list[_Line]] = [[]]
    has_text = True
    for match in _LINE.finditer(text):
        line = match[0]
        if line[0] in "\r\n\v\f\x85\u2028\u2029":
            if not has_text and groups[-1]:
                groups.append([])
            has_text = False
            continue
        stripped = line.strip()
        has_text = bool(stripped)
        if stripped:
            groups[-1].append(_Line(match.start() + len(line) - len(line.lstrip()), stripped))
    return [group for group in groups if group]


def _width(groups: list[list[_Line]]) -> int:
    """Return the width that the text was set to, 0 when its lines end where their authors ended them."""
    pairs = [pair for group in groups for pair in pairwise(group)]
    widest = max((len(line.text) for group in groups for line in group), default=0)
    if len(pairs) < _MIN_WRAPPED or not _MIN_WIDTH <= widest <= _MAX_WIDTH:
        return 0
    full = sum(_is_full(line, following, widest) for line, following in pairs)
    return widest if full >= _WRAPPED_SHARE * len(pairs) else 0


def _is_full(line: _Line, following: _Line, width: int) -> bool:
    return len(line.text) + 1 + len(following.text.split(maxsplit=1)[0]) > width


def _join(group: list[_Line], width: int) -> list[tuple[_Line, _Line]]:
    """Return (first, last) lines of each block in a group."""
    joined = [(group[0], group[0])]
    for line in group[1:]:
        first, last = joined[-1]
        wrapped = width and _is_full(last, line, width) and not BULLET.match(line.text)
        goes_on = continues(last.text, line.text) and len(last.text) >= _LONG_LINE
        if wrapped or goes_on:
            joined[-1] = (first, line)
        else:
            joined.append((line, line))
    return joined


def _block(first: _Line, last: _Line, text: str, *, is_last: bool) -> Block | None:
    start, end = first.start, last.end
    mark = BULLET.match(text, start, end)
    if mark and mark.end() < end:
        return Block(mark.end(), end, BlockKind.LIST_ITEM)
    if mark or not any(character.isalnum() for character in text[start:end]):
        return None
    # A heading stands on one line with a blank line after it; the end of the file is no blank line.
    heading = first is last and is_last and looks_like_heading(first.text) and text[end:].strip()
    if heading:
        return Block(start, end, BlockKind.HEADING, level=2)
    return Block(start, end, BlockKind.PARAGRAPH)
