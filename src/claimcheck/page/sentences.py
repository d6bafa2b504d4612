"""Sentences of a page with exact offsets, cut by rules that clinics' pages made necessary.

pysbd 0.3.4 was measured against these rules on the 43 odd cases of the tests (``scripts/bench_extract.py
--sentences``): it cuts 33 as expected, at a quarter of the speed; it knows neither stops without a space nor item
glyphs. Here a sentence is a slice of the page by construction.
"""

import re
from collections.abc import Iterator
from typing import Protocol

from claimcheck.page.lines import BULLET
from claimcheck.records import Block, Page, Sentence

__all__ = ["RuleSplitter", "SentenceSplitter", "split_sentences"]

# After the stop may come closing quotes and brackets and marks of footnotes: "safe.[1]", "safe.1 Many agree".
_STOP = re.compile(
    r"[.!?…。！？]+[\"'”’»)\]*]*(?:\[\d{1,3}(?:[,–-]\s?\d{1,3})*\])*"
    r"(?:(?<=[a-z]{3}[.])\d{1,2}(?:[,–-]\d{1,2})*(?=\s+[A-Z]|\Z))?"
)
_MARKS = re.compile(r"[.!?…。！？]*")
_CLOSING = frozenset("\"'”’»)]*[")
# Glyphs that set off items within one run of text: "✓ Fast ✓ Safe".
_ITEM_GLYPH = re.compile(r"(?<=\S)\s*(?=[•●▪■✓✔☑✅➤►▸‣]\s*\w)|\s+[|·]\s+")
_SPACE = re.compile(r"\s*")
_OPENING = re.compile(r"[\s\"'“‘«(\[*]*")
_WORD_BEFORE = re.compile(r"[^\s(\[\"“‘«]*\Z")
_TRIMMED = re.compile(r"[\s|·]+")
_URL = re.compile(r"://|www\.|@|\w/\w")
_DOTTED = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z]")
_GLUED_NEXT = re.compile(r"[\"“‘(]?(?:[A-Z][a-z’']|(?:I|A)\s)")
_REACH = 60

# Never the end of a sentence: a name, number or example follows.
_OPEN = frozenset(
    "dr mr mrs ms mx prof rev hon gen sgt capt lt messrs vs v eg ie e.g i.e cf viz approx ca est fig"
    " figs eq ref refs vol ed eds"
    " pp dept ave blvd rd ste bldg mt ft mfr incl excl resp esp".split()
)
# Before a number only: "No. 1", "pg. 4".
_BEFORE_NUMBER = frozenset("no nos nr p pg art sec ch apt".split())
# The end of a sentence only when the next word is one that opens sentences.
_EITHER = frozenset(
    "u.s u.k u.n e.u d.c u.s.a a.m p.m am pm inc co corp ltd llc jr sr st ph.d m.d d.o r.n n.p p.a b.s"
    " m.s m.a b.a psy.d"
    " d.n.p crna phd md esq jan feb mar apr jun jul aug sep sept oct nov dec al".split()
)
# The end of a sentence when a capital follows.
_UNITS = frozenset("mg kg ml mcg g lb lbs oz hr hrs min mins sec wk wks mo mos yr yrs etc cm mm in".split())
_OPENERS = frozenset(
    "a all although an and any as at because but by call clinical contact each for from has he her his"
    " how however i if in is it"
    " its many most no not on one or our patients please research results schedule she since so some"
    " studies that the their"
    " there these they this those to today treatment treatments we what when where while who why with"
    " yes you your ketamine"
    " esketamine spravato infusions".split()
)
# A capital after these is a letter, not somebody's initial: "vitamin C. It ...".
_LETTERED = frozenset(
    "vitamin hepatitis type grade class plan part schedule group phase level step stage option tier".split()
)
# 600 characters are about 130 tokens: nearly all sentences of clinics' pages are below half of that, and what is longer
# is a list without stops or a page without them.
_LONGEST = 600
_CLAUSE = re.compile(r"[;:]\s|\s[–—-]\s|,\s")


class SentenceSplitter(Protocol):
    """Cuts a page into sentences."""

    def split(self, page: Page) -> tuple[Sentence, ...]:
        """Return the page's sentences in order, none across blocks, each ``text`` a slice of the page's."""
        ...


class RuleSplitter:
    """Cuts at stops, by rules for abbreviations, numbers, initials, quotes and stops without a space after them."""

    def split(self, page: Page) -> tuple[Sentence, ...]:
        """Return the page's sentences in order; what holds no letter and no digit is left out."""
        return tuple(
            sentence for number, block in enumerate(page.blocks) for sentence in _sentences(page.text, block, number)
        )


def split_sentences(page: Page) -> tuple[Sentence, ...]:
    """Return the page's sentences, headings and list items, as ``RuleSplitter`` cuts them."""
    return RuleSplitter().split(page)


def _sentences(text: str, block: Block, number: int) -> Iterator[Sentence]:
    content = text[block.start : block.end]
    start = 0
    for end in _ends(content):
        for first, last in _pieces(content, start, end):
            begin, finish = block.start + first, block.start + last
            yield Sentence(begin, finish, text[begin:finish], number, block.kind, block.visible)
        start = end


def _pieces(content: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the trimmed ranges of one stretch between two ends: one, or several when it is very long."""
    start, end = _trim(content, start, end)
    while end - start > _LONGEST:
        cut = _long_cut(content, start)
        first, last = _trim(content, start, cut)
        if any(character.isalnum() for character in content[first:last]):
            yield first, last
        start, end = _trim(content, cut, end)
    if any(character.isalnum() for character in content[start:end]):
        yield start, end


def _trim(content: str, start: int, end: int) -> tuple[int, int]:
    while start < end:
        blank = _TRIMMED.match(content, start, end)
        mark = blank or BULLET.match(content, start, end)
        if mark is None:
            break
        start = mark.end()
    while start < end and (content[end - 1].isspace() or content[end - 1] in "|·•"):
        end -= 1
    return start, end


def _long_cut(content: str, start: int) -> int:
    """Return where to cut a stretch that is too long: after a clause, else at a space, else at the limit."""
    middle, limit = start + _LONGEST // 2, start + _LONGEST
    clause = 0
    for match in _CLAUSE.finditer(content, middle, limit):
        clause = match.end()
    space = content.rfind(" ", middle, limit) + 1
    return clause or space or limit


def _ends(content: str) -> Iterator[int]:
    """Yield the ends of a block's sentences, the last one being the block's."""
    cuts = sorted(
        {match.end() for match in _ITEM_GLYPH.finditer(content)}
        | {match.end() for match in _STOP.finditer(content) if _is_end(content, match)}
    )
    yield from cuts
    if not cuts or cuts[-1] < len(content):
        yield len(content)


def _is_end(content: str, stop: re.Match[str]) -> bool:
    end = stop.end()
    if end == len(content):
        return True
    before = content[max(0, stop.start() - _REACH) : stop.start()]
    word_match = _WORD_BEFORE.search(before)
    word = word_match[0] if word_match else ""
    if not content[end].isspace():
        return _is_glued_end(content, stop, word)
    following = _OPENING.match(content, end)
    position = following.end() if following else end
    if position >= len(content):
        return True
    opening = _MARKS.match(stop[0])
    marks = opening[0] if opening else ""
    is_closed = stop[0][len(marks) :][:1] in _CLOSING
    upcoming = content[position]
    if marks != ".":
        if "…" in marks or ".." in marks:
            return upcoming.isupper() or upcoming.isdigit()
        return not upcoming.islower() or not is_closed
    if upcoming.islower():
        return False
    return is_closed or _is_full_stop(content, word, before, position)


def _is_full_stop(content: str, word: str, before: str, position: int) -> bool:
    """Say whether a single "." after a word and before white space and no small letter ends a sentence."""
    upcoming = re.compile(r"[\w'’]*").match(content, position)
    next_word = upcoming[0] if upcoming else ""
    bare = word.lower().lstrip("'’*-–—/")
    previous = before[: len(before) - len(word)].rstrip()
    if bare in _OPEN or (bare in _BEFORE_NUMBER and next_word[:1].isdigit()):
        return False
    if bare.isdigit() and len(bare) <= 2 and (not previous or previous[-1] in ":;.!?"):
        return False
    if bare in _EITHER or _DOTTED.fullmatch(bare):
        return next_word.lower() in _OPENERS and next_word[:1].isupper()
    if bare in _UNITS:
        return next_word[:1].isupper()
    if len(word) == 1 and word.isupper() and word != "I":
        last = previous.rpartition(" ")[2].lower()
        return last in _LETTERED or next_word.lower() in _OPENERS
    return True


def _is_glued_end(content: str, stop: re.Match[str], word: str) -> bool:
    """Say whether a stop with no space after it ends a sentence: "relief.Ketamine is", but not "Node.Js" or a URL."""
    end = stop.end()
    rest = re.compile(r"\S{0,60}").match(content, end)
    token = word + stop[0] + (rest[0] if rest else "")
    if _URL.search(token) or not _GLUED_NEXT.match(content, end):
        return False
    if stop[0][0] in "!?…":
        return True
    plain = word.rstrip(")%”\"’'")
    long_word = len(plain) >= 3 and plain[-2:].isalpha() and plain[-1].islower() and plain.lower() not in _OPEN
    return (long_word or plain[-1:].isdigit() or word.endswith((")", "%"))) and _DOTTED.fullmatch(plain) is None
