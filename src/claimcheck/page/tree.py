"""An HTML page as flat arrays in document order, so that nothing downstream recurses or walks a subtree twice."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from claimcheck.errors import EmptyPageError
from claimcheck.page.characters import collapse, collapsed_length

__all__ = ["Node", "Tree", "parse"]

TEXT = "-text"
_LINK_TAGS = frozenset({"a"})
_TOKEN = re.compile(r"[A-Za-z0-9]+")
# Text inside these is no text of the page: it counts for nothing when a block's share of links is worked out.
_NOT_TEXT = frozenset({"script", "style", "option", "textarea"})


@dataclass(slots=True)
class Node:
    """An element or a run of text; ``end`` is the index after its last descendant."""

    tag: str
    parent: int
    attributes: Mapping[str, str | None]
    text: str = ""
    end: int = 0
    classes: frozenset[str] = frozenset()
    in_link: bool = False

    @property
    def id(self) -> str:
        """The id attribute, empty when there is none."""
        return self.attributes.get("id") or ""

    def get(self, name: str) -> str:
        """Return an attribute trimmed and in lower case, empty when it is absent or has no value."""
        return (self.attributes.get(name) or "").strip().lower()

    def tokens(self) -> frozenset[str]:
        """Return the words that id and class are made of: "site-nav_main" gives site, nav and main."""
        if not self.attributes:
            return frozenset()
        names = f"{self.id} {self.attributes.get('class') or ''}"[:2_000]
        # camelCase counts as several words, as in "cookieBanner".
        spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", names)
        return frozenset(word.lower() for word in _TOKEN.findall(spaced))


@dataclass(slots=True)
class Tree:
    """All nodes in document order with running totals: of text, of text in links, of links, of mentions of cookies."""

    nodes: list[Node] = field(default_factory=list)
    text_before: list[int] = field(default_factory=lambda: [0])
    link_text_before: list[int] = field(default_factory=lambda: [0])
    links_before: list[int] = field(default_factory=lambda: [0])
    cookies_before: list[int] = field(default_factory=lambda: [0])

    def text_length(self, index: int) -> int:
        """Return the characters of text in a subtree."""
        return self.text_before[self.nodes[index].end] - self.text_before[index]

    def link_length(self, index: int) -> int:
        """Return the characters of text in links in a subtree."""
        return self.link_text_before[self.nodes[index].end] - self.link_text_before[index]

    def link_count(self, index: int) -> int:
        """Return the number of links in a subtree."""
        return self.links_before[self.nodes[index].end] - self.links_before[index]

    def mentions_cookies(self, index: int) -> bool:
        """Say whether the word cookie occurs in a subtree's text."""
        return self.cookies_before[self.nodes[index].end] > self.cookies_before[index]

    def text(self, index: int, limit: int = 5_000) -> str:
        """Return the text of a subtree, collapsed, from its beginning to about ``limit`` characters."""
        parts: list[str] = []
        size = 0
        for node in self.nodes[index : self.nodes[index].end]:
            if node.tag == TEXT:
                parts.append(node.text)
                size += len(node.text)
                if size > limit:
                    break
        return collapse(" ".join(parts))


def parse(html: str, *, source: str) -> Tree:
    """Return the page's tree, template contents included; raise EmptyPageError when the parser finds none."""
    root = LexborHTMLParser(html).root
    if root is None:
        raise EmptyPageError(source, "the page is empty; expected HTML with text")
    tree = Tree()
    open_nodes: list[int] = []
    # Entries: a node to enter with its parent, or None for the end of the innermost open element.
    pending: list[LexborNode | None] = [root]
    while pending:
        entry = pending.pop()
        if entry is None:
            index = open_nodes.pop()
            tree.nodes[index].end = len(tree.nodes)
            continue
        # The sibling is pushed first, so that it is taken after this node's own subtree.
        sibling = entry.next
        if sibling is not None and entry is not root:
            pending.append(sibling)
        if not _append(tree, entry, open_nodes):
            continue
        pending.append(None)
        child = _first_child(entry)
        if child is not None:
            pending.append(child)
    return tree


def _first_child(node: LexborNode) -> LexborNode | None:
    if node.tag == "template":
        fragments = node.template_fragments()
        return fragments[0].first_child if fragments else None
    return node.first_child


def _append(tree: Tree, lexbor: LexborNode, open_nodes: list[int]) -> bool:
    """Append a node to the arrays; return whether it is an element, which stays open for its children."""
    tag = lexbor.tag or ""
    parent = open_nodes[-1] if open_nodes else -1
    in_link = parent >= 0 and tree.nodes[parent].in_link
    length = links = cookies = 0
    if tag == TEXT:
        text = lexbor.text_content or ""
        node = Node(tag, parent, {}, text, len(tree.nodes) + 1, in_link=in_link)
        cookies = int("cookie" in text.lower())
        length = 0 if parent >= 0 and tree.nodes[parent].tag in _NOT_TEXT else collapsed_length(text)
    elif tag.startswith(("-", "!")) or not lexbor.is_element_node:
        return False
    else:
        attributes = lexbor.attributes
        classes = frozenset((attributes.get("class") or "").split()) if attributes else frozenset()
        node = Node(tag, parent, attributes, classes=classes, in_link=in_link or tag in _LINK_TAGS)
        links = int(tag in _LINK_TAGS)
        open_nodes.append(len(tree.nodes))
    tree.nodes.append(node)
    tree.text_before.append(tree.text_before[-1] + length)
    tree.link_text_before.append(tree.link_text_before[-1] + (length if in_link else 0))
    tree.links_before.append(tree.links_before[-1] + links)
    tree.cookies_before.append(tree.cookies_before[-1] + cookies)
    return tag != TEXT
