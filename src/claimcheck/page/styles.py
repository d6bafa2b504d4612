"""Which elements a page's own <style> rules and style attributes hide.

Only what decides visibility is read: ``display``, ``visibility`` and ``opacity`` of simple selectors (tag, id, classes,
``:not(.class)``, descendants). Stylesheets in files are not fetched. Rules for print or for narrow screens are left
out: they say nothing of what a visitor at a desk sees.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from claimcheck.page.tree import Node

__all__ = ["Stylesheet", "declared_visibility", "is_block_style"]

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_HIDING = re.compile(
    r"(?:^|[;{\s])(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*(?:0?\.0+|0+)(?![.\d])"
    r"|text-indent\s*:\s*-\d{3,}|(?:left|top)\s*:\s*-\d{4,}|font-size\s*:\s*0(?![.\d]))",
    re.IGNORECASE,
)
_SHOWING = re.compile(
    r"(?:^|[;{\s])(?:display\s*:\s*(?!none)[a-z]|visibility\s*:\s*visible|opacity\s*:\s*(?:0?\.\d*[1-9]|1))",
    re.IGNORECASE,
)
_BLOCK = re.compile(r"(?:^|[;\s])display\s*:\s*(?:block|flex|grid|table|list-item)", re.IGNORECASE)
_COMPOUND = re.compile(r"([a-z][a-z0-9-]*|\*)?((?:[.#][\w-]+|:not\(\.[\w-]+\))*)", re.IGNORECASE)
_PART = re.compile(r":not\(\.([\w-]+)\)|([.#])([\w-]+)")
_SKIPPED_MEDIA = re.compile(r"print|max-width|max-device-width|prefers-|not\s", re.IGNORECASE)
_READ_AT_RULES = ("@media", "@supports", "@layer", "@container")
# Bounds on hostile stylesheets; a clinic's page has some dozens of such rules and matches them a few thousand times.
_MAX_RULES = 2_000
_MAX_MATCHES = 500_000
_MAX_ANCESTORS = 64


@dataclass(frozen=True, slots=True)
class _Compound:
    tag: str = ""
    id: str = ""
    classes: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()

    def matches(self, node: Node) -> bool:
        return (
            (not self.tag or self.tag == node.tag)
            and (not self.id or self.id == node.id)
            and self.classes <= node.classes
            and not (self.without & node.classes)
        )


@dataclass(frozen=True, slots=True)
class _Rule:
    compounds: tuple[_Compound, ...]
    visible: bool
    weight: tuple[bool, int, int, int, int]


@dataclass(slots=True)
class Stylesheet:
    """The visibility rules of all <style> elements of a page, indexed by the last class, id or tag they name."""

    rules: dict[str, list[_Rule]] = field(default_factory=dict)
    count: int = 0
    matched: int = 0

    def add(self, css: str) -> None:
        """Read one <style> element; what is not understood is left out."""
        for prelude, body in _rules(_COMMENT.sub(" ", css)):
            hides, shows = bool(_HIDING.search(body)), bool(_SHOWING.search(body))
            if hides == shows:
                continue
            for selector in prelude.split(","):
                compounds = _selector(selector)
                if compounds and self.count < _MAX_RULES:
                    self._index(compounds, visible=shows, important="!important" in body)

    def _index(self, compounds: tuple[_Compound, ...], *, visible: bool, important: bool) -> None:
        self.count += 1
        weight = (
            important,
            sum(bool(each.id) for each in compounds),
            sum(len(each.classes) + len(each.without) for each in compounds),
            sum(bool(each.tag) for each in compounds),
            self.count,
        )
        last = compounds[-1]
        key = f".{min(last.classes)}" if last.classes else f"#{last.id}" if last.id else last.tag
        self.rules.setdefault(key, []).append(_Rule(compounds, visible, weight))

    def visibility(self, index: int, nodes: Sequence[Node]) -> bool | None:
        """Return what the strongest matching rule says of an element, None when no rule speaks of it."""
        if not self.rules:
            return None
        node = nodes[index]
        best: _Rule | None = None
        for key in (node.tag, f"#{node.id}", *(f".{name}" for name in node.classes)):
            rules = self.rules.get(key, ())
            self.matched += len(rules)
            if self.matched > _MAX_MATCHES:
                return None
            for rule in rules:
                if (best is None or rule.weight > best.weight) and _matches(rule, index, nodes):
                    best = rule
        return None if best is None else best.visible


def declared_visibility(style: str) -> bool | None:
    """Return what a style attribute says of visibility, None when it says nothing."""
    if not style:
        return None
    if _HIDING.search(style):
        return False
    return True if _SHOWING.search(style) else None


def is_block_style(style: str) -> bool:
    """Say whether a style attribute makes a box of an inline element."""
    return bool(style) and bool(_BLOCK.search(style))


def _rules(css: str) -> list[tuple[str, str]]:
    """Return (selector list, declarations) pairs, those in a skipped at-rule left out."""
    found: list[tuple[str, str]] = []
    open_rules: list[tuple[str, bool]] = []
    pending = ""
    for part in re.findall(r"[^{}]+|[{}]", css):
        if part == "{":
            prelude = pending.rpartition(";")[2].strip()
            outer_skipped = bool(open_rules) and open_rules[-1][1]
            open_rules.append((prelude, outer_skipped or _is_skipped(prelude)))
            pending = ""
        elif part == "}":
            if open_rules:
                prelude, is_skipped = open_rules.pop()
                if not is_skipped and not prelude.startswith("@"):
                    found.append((prelude, pending))
            pending = ""
        else:
            pending = part
    return found


def _is_skipped(prelude: str) -> bool:
    if not prelude.startswith("@"):
        return False
    return not prelude.lower().startswith(_READ_AT_RULES) or bool(_SKIPPED_MEDIA.search(prelude))


def _selector(selector: str) -> tuple[_Compound, ...]:
    """Return a selector's compounds, none when it holds anything but tags, ids, classes, :not(.x) and descendants."""
    compounds: list[_Compound] = []
    for word in selector.replace(">", " ").split():
        match = _COMPOUND.fullmatch(word)
        if match is None or len(compounds) == 4:
            return ()
        parts = list(_PART.finditer(match[2]))
        tag = (match[1] or "").lower()
        compounds.append(
            _Compound(
                "" if tag == "*" else tag,
                next((part[3] for part in parts if part[2] == "#"), ""),
                frozenset(part[3] for part in parts if part[2] == "."),
                frozenset(part[1] for part in parts if part[1]),
            )
        )
    if not compounds or not (compounds[-1].classes or compounds[-1].id or compounds[-1].tag):
        return ()
    return tuple(compounds)


def _matches(rule: _Rule, index: int, nodes: Sequence[Node]) -> bool:
    if not rule.compounds[-1].matches(nodes[index]):
        return False
    wanted = list(rule.compounds[:-1])
    parent = nodes[index].parent
    for _ in range(_MAX_ANCESTORS):
        if not wanted or parent < 0:
            break
        if wanted[-1].matches(nodes[parent]):
            wanted.pop()
        parent = nodes[parent].parent
    return not wanted
