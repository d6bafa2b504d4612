"""PDF files: lines as they are set become paragraphs, headings and list items."""

import re
import threading
from collections import Counter
from statistics import median

from claimcheck.errors import TooLargeError, UnreadableError
from claimcheck.page.assemble import Draft, Losses, Origin, build_page, deduplicate
from claimcheck.page.characters import collapse, without_surrogates
from claimcheck.page.limits import Limits
from claimcheck.page.lines import BULLET, continues, ends_sentence, looks_like_heading
from claimcheck.records import BlockKind, Page

__all__ = ["page_from_pdf"]

# pdfium joins lines at a hyphen itself, with one of these in its place.
_SOFT_HYPHEN = re.compile("([^\\W\\d_]{0,20})[\x02\u00ad\ufffe](?:\r?\n)?")
_HYPHEN = re.compile(r"(?<=[a-z]{2})[-‐]$")
# "long-" before "term" keeps its hyphen: the likelier reading when the first half is a word of such compounds.
_KEEPS_HYPHEN = frozenset(
    "long short self well non evidence fast high low treatment rapid side follow two co double placebo life mood drug"
    " dose cost day week month year first second third late early full half".split()
)
# A line shorter than this share of the usual one ends its paragraph when a sentence ends on it.
_SHORT_LINE = 0.8
# Lines below this length say nothing of the width a page is set to.
_MIN_USUAL = 40
# pdfium is not safe to call from several threads at once.
_PDFIUM = threading.Lock()


def page_from_pdf(data: bytes, *, uri: str, kind: str = "file", limits: Limits | None = None) -> Page:
    """Return the page that a PDF's text layer holds.

    Raises TooLargeError, UnreadableError (damaged, locked, or a scan without text) or UnsupportedLanguageError.
    """
    limits = limits or Limits()
    if len(data) > limits.max_bytes:
        raise TooLargeError(
            uri, f"{len(data):,} bytes; at most {limits.max_bytes:,} are read; raise the limit or split it"
        )
    drafts: list[Draft] = []
    with _PDFIUM:
        title, sheets = _read(data, uri, limits)
    for sheet in sheets:
        drafts += _drafts(sheet)
    if not drafts:
        pages = "1 page" if len(sheets) == 1 else f"{len(sheets)} pages"
        raise UnreadableError(
            uri, f"no text in this PDF of {pages}; it may be a scan: run text recognition (OCR) on it first"
        )
    dropped: Counter[str] = Counter()
    kept = deduplicate(drafts, dropped)
    return build_page(kept, Origin.of(data, uri=uri, kind=kind), title=title, losses=Losses(dropped), limits=limits)


def _read(data: bytes, uri: str, limits: Limits) -> tuple[str, list[str]]:
    import pypdfium2

    sheets: list[str] = []
    total = 0
    document = None
    try:
        document = pypdfium2.PdfDocument(data)
        title = collapse(without_surrogates(document.get_metadata_dict().get("Title", "")))
        for number in range(len(document)):
            sheet = document[number]
            try:
                words = sheet.get_textpage()
                try:
                    text = without_surrogates(words.get_text_bounded())
                finally:
                    words.close()
            finally:
                sheet.close()
            total += len(text)
            if total > limits.max_text:
                raise TooLargeError(uri, f"more than {limits.max_text:,} characters of text; split the PDF")
            sheets.append(text)
    except (pypdfium2.PdfiumError, ValueError, TypeError, UnicodeError, OverflowError) as error:
        reason = " ".join(str(error).split())[:120].rstrip(".")
        raise UnreadableError(
            uri, f"the PDF cannot be opened ({reason}); it may be damaged or locked; save it anew"
        ) from error
    finally:
        if document is not None:
            document.close()
    return title, sheets


def _drafts(sheet: str) -> list[Draft]:
    """Return the paragraphs, headings and list items of one sheet of paper."""
    lines = [collapse(line) for line in _SOFT_HYPHEN.sub(_rejoined, sheet).splitlines()]
    usual = median([len(line) for line in lines if len(line) > _MIN_USUAL] or [2 * _MIN_USUAL])
    groups: list[list[str]] = [[]]
    for line in lines:
        group = groups[-1]
        if not line:
            groups.append([])
        elif group and _goes_on(group, line, usual):
            group.append(line)
        else:
            groups.append([line])
    return [draft for group in groups if group for draft in _draft(group)]


def _rejoined(match: re.Match[str]) -> str:
    return match[1] + _hyphen_after(match[1])


def _hyphen_after(half: str) -> str:
    return "-" if half.lower() in _KEEPS_HYPHEN else ""


def _goes_on(group: list[str], line: str, usual: float) -> bool:
    """Say whether a line belongs to the paragraph begun before it."""
    last = group[-1]
    if BULLET.match(line):
        return False
    if continues(last, line) or _HYPHEN.search(last):
        return True
    if len(last) < _SHORT_LINE * usual:
        return False
    return len(group) > 1 or not looks_like_heading(last) or len(last) >= usual


def _draft(group: list[str]) -> list[Draft]:
    text = ""
    for line in group:
        if _HYPHEN.search(text) and line[0].islower():
            text = text[:-1] + _hyphen_after(text[:-1].rpartition(" ")[2]) + line
        else:
            text = f"{text} {line}" if text else line
    mark = BULLET.match(text)
    if mark and mark.end() < len(text):
        return [Draft(text[mark.end() :], BlockKind.LIST_ITEM)]
    if not any(character.isalnum() for character in text):
        return []
    if len(group) == 1 and looks_like_heading(text) and not ends_sentence(text.rstrip("?")):
        return [Draft(text, BlockKind.HEADING, level=2)]
    return [Draft(text, BlockKind.PARAGRAPH)]
