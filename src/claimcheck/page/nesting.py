"""A cheap look at an HTML page's tags before it is parsed, to refuse pages made to stall the parser.

HTML parsers follow the standard, and the standard is quadratic: each <li> or <p> looks through all open elements, and
each paragraph copies every formatting element left open. Measured with selectolax 1.0 (lexbor): 50,000 nested <div>
take 3 s, 50,000 nested <ul><li> 17 s, 100,000 of those over a minute; nothing can interrupt the C code. The estimate
here errs on the side of depth: an end tag only closes what it could close in a browser.
"""

import re

from claimcheck.errors import TooLargeError
from claimcheck.page.limits import Limits

__all__ = ["check_nesting"]

# Comments, raw text and start and end tags, by the standard's tokeniser; possessive, so that no input backtracks.
_TAG = re.compile(
    r"<!--(?:>|->|.*?(?:--!?>|\Z))"
    r"|<(script|style|textarea|title|xmp|iframe|noembed|noframes)(?=[\s/>]).*?(?:</\1(?=[\s/>])|\Z)"
    r"|<(/?)([a-z][^\s/>]*+)((?:[\s/]++|=?[^\s/>=]++(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s\"'>][^\s>]*+)?+)?+|=)*+)>?",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE = re.compile(r"[^\s/>=]++(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s\"'>][^\s>]*+)?+)?+")
# Below this length a tag cannot hold so many attributes that comparing each with all others costs anything.
_LONG_TAG = 4_000
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr keygen frame".split())
# Elements whose end tag may be left out: their depth is that of the containers around them.
_SELF_CLOSED = frozenset(
    "p li dt dd tr td th thead tbody tfoot option optgroup rt rp html head body caption colgroup".split()
)
_FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_BARRIERS = frozenset("table button object applet marquee template svg math select".split())
# Of these the parser ignores a final slash; others (<path/>) either close themselves or cost it nothing to nest.
_SLASH_IGNORED = _FORMATTING | frozenset(
    "address article aside blockquote button center details dialog dir div dl fieldset figcaption figure footer form"
    " h1 h2 h3 h4 h5 h6 header hgroup listing main menu nav ol pre search section summary table ul".split()
)
_COPYING = frozenset("p li dt dd td th div".split())

# Sum of depths over all tags: at 2 to 14 ns a step (measured) the worst page under it takes under 3 s.
_MAX_WORK = 200_000_000
# Formatting elements that unclosed tags make the parser copy into following blocks: about 1 microsecond each.
_MAX_COPIES = 1_000_000
# How far up an end tag may look for its start tag; beyond, real pages have none and the scan would be quadratic itself.
_REACH = 16


def check_nesting(text: str, *, source: str, limits: Limits) -> None:
    """Return when a page's tags nest within bounds; raise TooLargeError when parsing it could stall."""
    open_tags: list[str] = []
    formatting = work = copies = 0
    for match in _TAG.finditer(text):
        name = match[3]
        if name is None:
            continue
        name = name.lower()
        if match[2]:
            formatting -= _close(open_tags, name)
        elif _opens(name, match[4]):
            open_tags.append(name)
            formatting += name in _FORMATTING
        work += len(open_tags)
        if match[4] and len(match[4]) > _LONG_TAG:
            # Every attribute is compared with those before it: 100,000 take 19 s, an eighth of a step each.
            work += len(_ATTRIBUTE.findall(match[4])) ** 2 // 8
        if name in _COPYING:
            copies += formatting
        if len(open_tags) > limits.max_nesting:
            raise TooLargeError(source, f"elements nest more than {limits.max_nesting:,} deep; no ordinary page does")
        if work > _MAX_WORK or copies > _MAX_COPIES:
            raise TooLargeError(source, "the tags nest so deep and so often that parsing would stall; check the page")


def _opens(name: str, rest: str) -> bool:
    if name in _VOID or name in _SELF_CLOSED:
        return False
    return name in _SLASH_IGNORED or not rest.endswith("/")


def _close(open_tags: list[str], name: str) -> int:
    """Close the nearest open element of that name and what stands in it; return how many formatting elements went."""
    for position in range(len(open_tags) - 1, max(-1, len(open_tags) - 1 - _REACH), -1):
        if open_tags[position] == name:
            closed = open_tags[position:]
            del open_tags[position:]
            if name in _FORMATTING:
                return 1 + sum(each in _FORMATTING for each in closed[1:])
            # Formatting elements left open inside a block live on after it.
            leftover = [each for each in closed if each in _FORMATTING]
            open_tags.extend(leftover[:_REACH])
            return len(leftover) - len(leftover[:_REACH])
        if open_tags[position] in _BARRIERS:
            return 0
    return 0
