"""Text of an HTML page in reading order: what is shown, what is collapsed or hidden, and nothing lost in silence.

Extractors made for articles take slides, collapsed answers, overlays and footers for clutter, which is where clinics
make their claims. Here everything is kept that is not machinery by the rules of ``rules.py``; what a visitor does not
see at first is marked, and what is left out is counted by reason.
"""

import re
from collections import Counter
from dataclasses import dataclass, field, replace

from claimcheck.page.assemble import Draft, Losses, Origin, build_page, deduplicate
from claimcheck.page.characters import clean, collapse, collapsed_length, without_surrogates
from claimcheck.page.encoding import decode
from claimcheck.page.jsonld import stated_texts
from claimcheck.page.limits import Limits
from claimcheck.page.lines import BULLET, continues, ends_sentence
from claimcheck.page.nesting import check_nesting
from claimcheck.page.rules import drop_reason, is_hidden, is_short_form, region_of
from claimcheck.page.styles import Stylesheet, is_block_style
from claimcheck.page.tree import TEXT, Node, Tree, parse
from claimcheck.records import BlockKind, Page

__all__ = ["page_from_html"]

_INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd mark meter nobr q rb rp rt rtc ruby s samp"
    " small span strike strong sub sup time tt u var wbr label picture img svg g text tspan slot math mi"
    " mo mn mrow msup msub"
    " abbr blink path title desc use image".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_QUOTE_NAMES = frozenset("testimonial testimonials quote pullquote blockquote review reviews".split())
_BUTTON_NAMES = frozenset("btn button cta".split())
_META = {"description": 3, "og:description": 3, "twitter:description": 3, "og:title": 2, "twitter:title": 2}
_BACKGROUND = re.compile(r"background(?:-image)?\s*:[^;]*url\(", re.I)
_FILE_NAME = re.compile(r"\S+\.(?:jpe?g|png|gif|webp|svg|avif)|(?:img|dsc|image|photo|screenshot)[\W_]*\d*", re.I)
# Two inline elements side by side, "<span>24 hours</span><span>Lasting relief</span>", are mostly two boxes.
_GLUED = re.compile(r"(?<=[a-z0-9.!?%)])\x1f+(?=[A-Z])")
_BREAK = "\x1e"
_SEAM = "\x1f"
_QUOTE_LENGTH = 5_000
_NAVIGATION_PROSE_WORDS = 8
_FORM_PROSE_WORDS = 6


def page_from_html(
    data: bytes | str, *, uri: str, kind: str = "file", content_type: str | None = None, limits: Limits | None = None
) -> Page:
    """Return the page an HTML document holds, hidden text included and marked.

    Raises TooLargeError, EmptyPageError, UnreadableError or UnsupportedLanguageError.
    """
    limits = limits or Limits()
    raw = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
    origin = Origin.of(raw, uri=uri, kind=kind)
    lost = 0
    if isinstance(data, bytes):
        decoded = decode(data, source=uri, content_type=content_type, is_html=True, limits=limits)
        text, lost = decoded.text, decoded.lost
    else:
        text = without_surrogates(data)
    return page_of_markup(text, origin, limits=limits, lost=lost)


def page_of_markup(text: str, origin: Origin, *, limits: Limits, lost: int = 0) -> Page:
    """Return the page of decoded HTML; ``lost`` is the number of bytes that could not be decoded.

    Raises TooLargeError, EmptyPageError or UnsupportedLanguageError.
    """
    extraction = _extract(text, origin.uri, limits)
    extraction.dropped["undecodable"] += lost
    drafts = deduplicate(extraction.meta + extraction.drafts, extraction.dropped)
    drafts += _unstated(extraction.scripts, drafts, origin.uri, limits)
    return build_page(
        drafts,
        origin,
        title=extraction.title,
        losses=Losses(extraction.dropped, extraction.images),
        limits=limits,
    )


def _extract(text: str, source: str, limits: Limits) -> "_Extraction":
    check_nesting(text, source=source, limits=limits)
    tree = parse(text, source=source)
    extraction = _Extraction(tree, _styles(tree))
    extraction.run()
    return extraction


def _styles(tree: Tree) -> Stylesheet:
    sheet = Stylesheet()
    for index, node in enumerate(tree.nodes):
        if node.tag == TEXT and node.parent >= 0 and tree.nodes[node.parent].tag == "style":
            sheet.add(tree.nodes[index].text)
    return sheet


def _unstated(scripts: list[str], drafts: list[Draft], source: str, limits: Limits) -> list[Draft]:
    """Return what JSON-LD says and the text does not."""
    letters = re.compile(r"[\W_]+")
    known = letters.sub("", " ".join(draft.text for draft in drafts)).casefold() if scripts else ""
    found: list[Draft] = []
    for script in scripts:
        for markup in stated_texts(script):
            fragment = _extract(without_surrogates(markup), source, limits)
            text = " ".join(draft.text for draft in fragment.drafts)
            key = letters.sub("", text).casefold()
            if key and key not in known:
                found.append(Draft(text, BlockKind.META, visible=False, region="head"))
                known += key
    return found


@dataclass(frozen=True, slots=True)
class _Frame:
    """What an open element hands down to its contents."""

    end: int
    is_block: bool = True
    kind: BlockKind = BlockKind.PARAGRAPH
    level: int = 0
    region: str = "main"
    hidden: bool = False
    block_hidden: bool = False
    summary_hidden: bool = False
    drop: str = ""
    in_form: bool = False
    in_content: bool = False
    is_quote: bool = False
    is_layout: bool = False
    is_pre: bool = False
    is_details: bool = False


@dataclass(slots=True)
class _Extraction:
    tree: Tree
    styles: Stylesheet
    drafts: list[Draft] = field(default_factory=list)
    meta: list[Draft] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    title: str = ""
    images: int = 0
    _shown: list[str] = field(default_factory=list)
    _concealed: list[str] = field(default_factory=list)
    _captions: list[Draft] = field(default_factory=list)
    _linked: bool = False

    def run(self) -> None:
        """Walk the tree once, in document order."""
        nodes = self.tree.nodes
        frames = [_Frame(len(nodes))]
        index = 0
        while index < len(nodes):
            while index >= frames[-1].end:
                self._leave(frames.pop())
            node = nodes[index]
            if node.tag == TEXT:
                self._add_text(node, frames[-1])
                index += 1
                continue
            frame = self._enter(index, node, frames[-1])
            if frame is None:
                index = node.end
            else:
                frames.append(frame)
                index += 1
        while frames:
            self._leave(frames.pop())

    def _leave(self, frame: _Frame) -> None:
        if frame.is_block:
            self._flush(frame)

    def _enter(self, index: int, node: Node, outer: _Frame) -> _Frame | None:
        """Return the frame of an element, or None when it has been dealt with, contents and all."""
        if node.tag in {"br", "hr", "img", "title", "meta", "image"} and self._take_single(index, node, outer):
            return None
        region = region_of(node, outer.region, in_content=outer.in_content)
        short_form = outer.in_form or is_short_form(self.tree, index)
        reason = drop_reason(self.tree, index, region, in_form=short_form)
        if reason and reason != "navigation":
            self._drop(index, reason)
            return None
        is_block = bool(reason) or self._is_block(node, outer)
        if is_block:
            self._flush(outer)
        elif self._follows_element(index):
            self._seam(outer)
        if node.attributes and _BACKGROUND.search(node.attributes.get("style") or "") and not node.get("aria-label"):
            self.images += 1
        # The contents of closed <details> are collapsed, bare text too; its summary is as visible as the element.
        is_summary = node.tag == "summary" and outer.is_details
        hidden = (outer.summary_hidden if is_summary else outer.hidden) or is_hidden(self.tree, index, self.styles)
        is_closed = node.tag == "details" and "open" not in node.attributes
        summary_hidden, hidden = hidden, hidden or is_closed
        frame = replace(
            outer,
            end=node.end,
            is_block=is_block,
            region=region,
            hidden=hidden,
            summary_hidden=summary_hidden,
            is_details=node.tag == "details",
            block_hidden=hidden if is_block else outer.block_hidden,
            drop=outer.drop or reason,
            in_form=short_form,
            in_content=outer.in_content or node.tag in {"main", "article", "section"},
            is_pre=outer.is_pre or node.tag == "pre",
        )
        return self._with_kind(index, node, frame) if is_block else frame

    def _with_kind(self, index: int, node: Node, frame: _Frame) -> _Frame:
        role = node.get("role") if node.attributes else ""
        if node.tag in _HEADINGS or role == "heading":
            level = node.get("aria-level")
            given = int(level) if level in {"1", "2", "3", "4", "5", "6"} else 2
            return replace(frame, kind=BlockKind.HEADING, level=_HEADINGS.get(node.tag, given))
        if node.tag == "blockquote" or self._is_testimonial(index, node):
            return replace(frame, kind=BlockKind.QUOTE, level=0, is_quote=True)
        if node.tag == "table":
            return replace(frame, is_layout=self._is_layout(index, role))
        if node.tag in {"td", "th"} or role in {"cell", "gridcell", "columnheader", "rowheader"}:
            return frame if frame.is_layout else replace(frame, kind=BlockKind.TABLE_CELL, level=0)
        if node.tag in {"figcaption", "caption"}:
            return replace(frame, kind=BlockKind.CAPTION, level=0)
        if node.tag == "li" or role == "listitem":
            return replace(frame, kind=BlockKind.QUOTE if frame.is_quote else BlockKind.LIST_ITEM, level=0)
        if node.tag in {"dd", "dt", "summary"}:
            return replace(frame, kind=BlockKind.QUOTE if frame.is_quote else BlockKind.PARAGRAPH, level=0)
        return frame

    def _is_testimonial(self, index: int, node: Node) -> bool:
        if not node.attributes or node.tag in {"body", "main", "html"}:
            return False
        return bool(node.tokens() & _QUOTE_NAMES) and self.tree.text_length(index) <= _QUOTE_LENGTH

    def _is_layout(self, index: int, role: str) -> bool:
        """Say whether a table only places things: it holds headings or other tables, or says so."""
        if role in {"presentation", "none"}:
            return True
        inside = self.tree.nodes[index + 1 : self.tree.nodes[index].end]
        return any(each.tag in _HEADINGS or each.tag == "table" for each in inside)

    def _is_block(self, node: Node, outer: _Frame) -> bool:
        if node.tag not in _INLINE:
            # Custom elements are boxes, unless they stand in running text as tooltips do.
            return "-" not in node.tag or (outer.is_block and outer.kind is BlockKind.PARAGRAPH and not self._shown)
        if not node.attributes:
            return False
        if is_block_style(node.get("style")):
            return True
        return node.tag == "a" and bool(node.tokens() & _BUTTON_NAMES)

    def _follows_element(self, index: int) -> bool:
        """Say whether an element starts right where its elder sibling ended, with no text or space between."""
        before = self.tree.nodes[index - 1] if index else None
        return before is not None and before.tag == TEXT and before.parent != self.tree.nodes[index].parent

    def _seam(self, frame: _Frame) -> None:
        parts = self._concealed if frame.hidden and not frame.block_hidden else self._shown
        if parts:
            parts.append(_SEAM)

    def _take_single(self, index: int, node: Node, outer: _Frame) -> bool:
        """Deal with an element that holds no blocks; return whether it was one."""
        if node.tag == "br":
            (self._concealed if outer.hidden and not outer.block_hidden else self._shown).append(_BREAK)
        elif node.tag == "hr":
            self._flush(outer)
        elif node.tag == "meta":
            self._add_meta(node)
        elif node.tag == "title":
            return self._add_title(index, outer)
        else:
            self._add_image(index, node, outer)
        return True

    def _add_title(self, index: int, outer: _Frame) -> bool:
        text = self.tree.text(index)
        if outer.region != "head":
            # The title of an <svg> is the drawing's alternative text.
            if text:
                self._captions.append(Draft(text, BlockKind.CAPTION, not outer.hidden, region=outer.region, rank=1))
            return True
        if text and not self.title:
            self.title = text
            self.meta.append(Draft(text, BlockKind.META, region="head", rank=2))
        return True

    def _add_meta(self, node: Node) -> None:
        rank = _META.get(node.get("name") or node.get("property"))
        text = collapse(node.attributes.get("content") or "")
        if rank is not None and text:
            self.meta.append(Draft(text, BlockKind.META, visible=False, region="head", rank=rank))

    def _add_image(self, index: int, node: Node, outer: _Frame) -> None:
        alt = collapse(node.attributes.get("alt") or node.attributes.get("aria-label") or "")
        tiny = node.get("width") in {"0", "1", "2"} or node.get("height") in {"0", "1", "2"}
        if outer.drop:
            self.dropped[outer.drop] += len(alt)
        elif alt and not _FILE_NAME.fullmatch(alt):
            hidden = outer.hidden or is_hidden(self.tree, index, self.styles)
            self._captions.append(Draft(alt, BlockKind.CAPTION, not hidden, region=outer.region, rank=1))
        elif not tiny:
            self.images += 1
            self.dropped["file_name"] += len(alt)

    def _add_text(self, node: Node, frame: _Frame) -> None:
        text = clean(node.text)
        if frame.is_pre:
            text = text.replace("\n", _BREAK)
        (self._concealed if frame.hidden and not frame.block_hidden else self._shown).append(text)
        self._linked = self._linked or (node.in_link and not text.isspace())

    def _drop(self, index: int, reason: str) -> None:
        tree = self.tree
        for node in tree.nodes[index : tree.nodes[index].end]:
            if node.tag == TEXT:
                self.dropped[reason] += collapsed_length(node.text)
        node = tree.nodes[index]
        if reason == "script" and node.get("type").startswith("application/ld+json"):
            self.scripts.append("".join(each.text for each in tree.nodes[index : node.end]))

    def _flush(self, frame: _Frame) -> None:
        """End a block: what was gathered becomes drafts of the frame's kind, or is counted as dropped."""
        if self._shown or self._concealed:
            for text in _split("".join(self._shown), frame.kind):
                self._keep(text, frame, visible=not frame.block_hidden)
            for text in _split("".join(self._concealed), frame.kind):
                self._keep(text, frame, visible=False)
            self._shown.clear()
            self._concealed.clear()
        self._linked = False
        if self._captions:
            self.drafts += self._captions
            self._captions.clear()

    def _keep(self, text: str, frame: _Frame, *, visible: bool) -> None:
        words = len(text.split())
        if frame.drop and (self._linked or words < _NAVIGATION_PROSE_WORDS or not ends_sentence(text)):
            self.dropped[frame.drop] += len(text)
            return
        if frame.in_form and frame.kind is not BlockKind.HEADING and words < _FORM_PROSE_WORDS:
            self.dropped["form"] += len(text)
            return
        kind = frame.kind
        # An asterisk marks a footnote here: "* Individual results vary."
        mark = None if text.startswith("*") else BULLET.match(text)
        if kind is BlockKind.PARAGRAPH and mark and len(text) > mark.end():
            # A line that opens with a typed bullet is a list item, whatever it is made of.
            self.dropped["list_mark"] += mark.end()
            text, kind = text[mark.end() :], BlockKind.LIST_ITEM
        if text:
            self.drafts.append(Draft(text, kind, visible, frame.level, frame.region))


def _split(text: str, kind: BlockKind) -> list[str]:
    """Return a block's text at its line breaks: those that end something, not those that only set a line."""
    text = _GLUED.sub(" ", text).replace(_SEAM, "")
    if _BREAK not in text:
        collapsed = collapse(text)
        return [collapsed] if collapsed else []
    pieces: list[list[str]] = []
    blank = True
    for raw in text.split(_BREAK):
        line = collapse(raw)
        if not line:
            blank = True
            continue
        last = pieces[-1][-1] if pieces else ""
        joins = kind is BlockKind.HEADING or ends_sentence(last) or continues(last, line)
        if joins and not blank and not BULLET.match(line):
            pieces[-1].append(line)
        else:
            pieces.append([line])
        blank = False
    return [" ".join(piece) for piece in pieces]
