"""List items joined with the stem that introduces them, so that each can be read alone."""

import re
from collections.abc import Sequence

from claimcheck.claims.resolve import capital, completed, is_empty_question
from claimcheck.claims.words import AUXILIARIES, BASE_VERBS, has_finite_verb, is_condition, lower_first, tokens
from claimcheck.records import BlockKind, Sentence

__all__ = ["join_stem", "stem_index", "stem_of"]

# Farther back than the longest list of the training pages; keeps a page of a million items linear.
MAX_LOOK_BACK = 60

_FOLLOWING = re.compile(
    r"(?i)[,\s]*\b(?:the\s+following|these|several|many|some|any\s+of\s+the\s+following)"
    r"(?:\s+(?!treat|help|reliev)[a-z/-]+){0,4}$|\s*\bas\s+follows$|\s*\bbelow$"
)
_FOLLOWING_ONLY = re.compile(r"(?i)[,\s]*\b(?:any\s+of\s+)?(?:the\s+following|these)\b[^:]*$|[,\s]*\bas\s+follows$")
_OPEN_END = re.compile(
    r"(?i)\b(?:includes?|including|included|are|is|be|for|with|to|of|by|in|as|like|from|on|cause|causes|treat|"
    r"treats|help|helps|"
    r"may|can|will|could|might|reduce|improve|address|manage|relieve|who|have|has|if|when|that|you)$"
)
_TREATS_STEM = re.compile(
    r"(?i)^(?:(?:common\s+|some\s+|the\s+)?(?:conditions|disorders|diagnoses)\s+(?:that\s+)?(?:we\s+treat|"
    r"(?:are\s+)?treated|"
    r"(?:\w+\s+){0,3}(?:can\s+|may\s+)?(?:treats?|help|helps))|what\s+(?:conditions\s+)?(?:we|can|does|"
    r"do)\b.*\b(?:treats?|help)|"
    r"we\s+treat|(?:\w+\s+){1,3}(?:treats|can\s+treat|can\s+help|helps|may\s+help))"
)
_NOUN_STEM = re.compile(
    r"(?i)\b(?:benefits?|advantages|side\s+effects|risks|effects|symptoms|contraindications|indications|uses|signs|"
    r"reasons|"
    r"complications|reactions)\b"
)
_QUESTION = re.compile(r"(?i)^(?:what|who|how|why|when|conditions|disorders)\b")
_EXCLUDES = re.compile(
    r"(?i)^(?:who|people\s+who|you|patients\s+who)\b.*\b(?:not|n['’]t|cannot)\b.*\b(?:candidates?|eligible|suitable|"
    r"treatment|treat|receive|have|get|use|try|take|right|fit|qualify)\b"
)
_PRAISE = re.compile(r"(?i)\b(?:benefits?|advantages|reasons|why|features|highlights)\b")
_SENSE = re.compile(r"(?i)\b(can|may|might|could)\b")


def stem_of(sentences: Sequence[Sentence], index: int) -> str:
    """Return the text that introduces the list item at ``index``, or "" when nothing does."""
    place = stem_index(sentences, index)
    return sentences[place].text.strip() if place >= 0 else ""


def stem_index(sentences: Sequence[Sentence], index: int) -> int:
    """Return the place of the sentence that introduces the list item at ``index``, or -1 when nothing does."""
    block = sentences[index].block
    if sentences[index].kind is not BlockKind.LIST_ITEM or (index and sentences[index - 1].block == block):
        return -1
    for place in range(index - 1, max(-1, index - 1 - MAX_LOOK_BACK), -1):
        sentence = sentences[place]
        text = sentence.text.strip()
        if sentence.kind is BlockKind.LIST_ITEM:
            if text.endswith(":") and len(tokens(text)) >= 2:
                # A nested list; when its own stem is a mere noun the outer one is not guessed at.
                return place
            continue
        return place if _introduces(sentence, text) else -1
    return -1


def _introduces(sentence: Sentence, text: str) -> bool:
    if text.endswith(":"):
        return True
    if sentence.kind is BlockKind.HEADING:
        return len(tokens(text)) <= 14
    return bool(re.search(r"(?i)\b(?:the\s+following|as\s+follows|below|include|including|such\s+as)\W*$", text))


def join_stem(stem: str, item: str, treatment: str) -> str:
    """Return stem and item as one statement, "" when the item names a thing of which the stem asserts nothing.

    ``treatment`` is the word to use where the stem speaks of "conditions we treat".
    """
    if not stem or _stands_alone(item) or is_empty_question(stem):
        return item
    base = stem.rstrip(" :.…?").strip()
    bare = item.rstrip(" .;,").strip()
    shortened = _FOLLOWING_ONLY.sub("", base)
    if shortened != base and has_finite_verb(shortened) and _OPEN_END.search(shortened):
        return f"{shortened} {_item(bare)}"
    if _PRAISE.search(base) and completed(bare, treatment):
        return completed(bare, treatment)
    if _EXCLUDES.match(base):
        verb = "may rule" if re.search(r"(?i)\b(?:may|might)\b", base) else "rules"
        return f"{capital(bare)} {verb} a person out for {treatment} treatment"
    if _OPEN_END.search(base) and not _QUESTION.match(base):
        return f"{base} {_item(bare)}"
    if _TREATS_STEM.match(base) and (is_condition(bare) or len(tokens(bare)) <= 5):
        modal = _SENSE.search(base)
        verb = f"{modal.group(1).lower()} help" if modal else "treats"
        return f"{capital(treatment)} {verb} {_item(bare)}"
    if stem.rstrip().endswith("?"):
        return f"{stem} {item}"
    if _NOUN_STEM.search(base) and not has_finite_verb(base):
        return f"{capital(_noun_stem(base, treatment))} include {_item(bare)}"
    if stem.rstrip().endswith(":"):
        return f"{base}: {_item(bare)}"
    return "" if is_condition(bare) else item


def _noun_stem(base: str, treatment: str) -> str:
    text = lower_first(base)
    named = re.search(r"(?i)\bof\b|\bfrom\b", text) or treatment.lower() in text.lower()
    return text if named else f"{text} of {treatment}"


def _item(item: str) -> str:
    return lower_first(item)


def _stands_alone(item: str) -> bool:
    words = tokens(item)
    if len(words) < 4 or not has_finite_verb(item):
        return False
    first = words[0].lower()
    return first not in BASE_VERBS and first not in AUXILIARIES
