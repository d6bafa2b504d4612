"""From pieces of text to a page: duplicates out, offsets exact, characters accounted for."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from claimcheck.errors import EmptyPageError, TooLargeError
from claimcheck.page.language import check_language, is_foreign
from claimcheck.page.limits import Limits
from claimcheck.records import Block, BlockKind, Coverage, Page, SourceRef

__all__ = ["Draft", "Losses", "Origin", "build_page", "deduplicate", "page_of_blocks"]

_WORDLESS = re.compile(r"[\W_]+")
_TIGHT = frozenset({BlockKind.LIST_ITEM, BlockKind.TABLE_CELL})
# "Yes", "Included" or "$400" may stand in every row of a table and mean something in each.
_SHORT_CELL_WORDS = 4


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a page's bytes came from."""

    uri: str
    kind: str
    sha256: str
    retrieved_at: str

    @classmethod
    def of(cls, data: bytes, *, uri: str, kind: str) -> "Origin":
        """Return the origin of bytes read just now."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return cls(uri, kind, hashlib.sha256(data).hexdigest(), now)

    def ref(self, title: str) -> SourceRef:
        """Return the record of it, with the page's title."""
        return SourceRef(self.kind, self.uri, title[:300], self.retrieved_at, self.sha256)


@dataclass(frozen=True, slots=True)
class Losses:
    """What extraction did not keep: characters by reason, and images that hold no text to keep."""

    dropped: Mapping[str, int]
    images: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """A block before it has a place; of equal texts the one with the lowest ``rank`` is kept, a visible one first."""

    text: str
    kind: BlockKind
    visible: bool = True
    level: int = 0
    region: str = "main"
    rank: int = 0


def deduplicate(drafts: Sequence[Draft], dropped: Counter[str]) -> list[Draft]:
    """Return the drafts without exact repeats (clones of a slider's slides), counted as dropped."""
    best: dict[str, int] = {}
    keys = [_key(draft, position) for position, draft in enumerate(drafts)]
    for position, draft in enumerate(drafts):
        rival = best.setdefault(keys[position], position)
        if (draft.rank, not draft.visible) < (drafts[rival].rank, not drafts[rival].visible):
            best[keys[position]] = position
    kept: list[Draft] = []
    for position, draft in enumerate(drafts):
        if best[keys[position]] == position:
            kept.append(draft)
        else:
            dropped["duplicate"] += len(draft.text)
    return kept


def _key(draft: Draft, position: int) -> str:
    if draft.kind is BlockKind.TABLE_CELL and len(draft.text.split()) < _SHORT_CELL_WORDS:
        return f"\0{position}"
    # Symbols alone ("★★★★★") have no words to compare, so they stand for themselves.
    return _WORDLESS.sub(" ", draft.text).strip().casefold() or draft.text


def build_page(drafts: Iterable[Draft], origin: Origin, *, title: str, losses: Losses, limits: Limits) -> Page:
    """Return the page that the drafts make up, joined by blank lines, items and cells by single ones.

    Raises EmptyPageError, TooLargeError or UnsupportedLanguageError.
    """
    parts: list[str] = []
    blocks: list[Block] = []
    length = 0
    for draft in drafts:
        if blocks:
            tight = draft.kind in _TIGHT and blocks[-1].kind is draft.kind
            parts.append("\n" if tight else "\n\n")
            length += len(parts[-1])
        parts.append(draft.text)
        blocks.append(Block(length, length + len(draft.text), draft.kind, draft.visible, draft.level, draft.region))
        length += len(draft.text)
    return page_of_blocks("".join(parts), blocks, origin, title=title, losses=losses, limits=limits)


# Below this many English words beside foreign ones, a page is not an English page with a foreign paragraph.
_LEAST_ENGLISH_WORDS = 40


def page_of_blocks(
    text: str,
    blocks: Sequence[Block],
    origin: Origin,
    *,
    title: str = "",
    losses: Losses,
    limits: Limits,
) -> Page:
    """Return the page after the checks every kind of source gets: not empty, not too long, English.

    Blocks in another language stay in the text, where offsets need them, and count as dropped: they are not judged.

    Raises EmptyPageError, TooLargeError or UnsupportedLanguageError.
    """
    reasons = {reason: count for reason, count in sorted(losses.dropped.items()) if count}
    kept = sum(block.end - block.start for block in blocks)
    if not blocks:
        most = max(reasons, key=lambda reason: reasons[reason], default="")
        why = f"; all {sum(reasons.values()):,} characters were left out, most as {most}" if most else ""
        raise EmptyPageError(origin.uri, f"no text was found{why}; expected a page with sentences to check")
    if kept > limits.max_text:
        raise TooLargeError(origin.uri, f"{kept:,} characters of text; at most {limits.max_text:,} are read; split it")
    foreign = [block for block in blocks if is_foreign(text[block.start : block.end])]
    english = " ".join(text[block.start : block.end] for block in blocks if block not in foreign)
    if len(english.split()) < _LEAST_ENGLISH_WORDS or not foreign:
        check_language(text, source=origin.uri)
    else:
        check_language(english, source=origin.uri)
        reasons["other-language"] = sum(block.end - block.start for block in foreign)
        kept -= reasons["other-language"]
    if not title:
        title = next((text[b.start : b.end] for b in blocks if b.kind is BlockKind.HEADING), "")
    coverage = Coverage(kept + sum(reasons.values()), kept, losses.images, reasons)
    return Page(text, tuple(blocks), origin.ref(" ".join(title.split())), coverage)
