"""Which of the claims that are gone came back in other words: matched by meaning, one to one, word by word."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "SAME_PAGE",
    "THRESHOLD",
    "CosineSimilarity",
    "Pair",
    "Similarity",
    "WordChange",
    "WordSimilarity",
    "Wording",
    "match_rewordings",
    "word_changes",
]

# Cosine from which two claims are taken for wordings of one. Measured on 1,315 wordings of 400 claims of clinics
# (corpus/ketamine/training/variants.jsonl): 0.70 finds 77 % of edited claims (kind "minimal") and 38 % of free
# paraphrases, and takes 1.3 % of claims for a wording of one among 40 others; most of those are the same statement of
# another clinic. On the same page, where candidates are few, 0.60 finds 90 and 64 %; with 5 candidates about 1 % err.
THRESHOLD = 0.70
SAME_PAGE = 0.60
# Rows of the score matrix made at a time: 1,000 by 10,000 scores are 40 MB.
ROWS_AT_A_TIME = 1000
_TOKEN = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Wording:
    """A claim to match: its text, the pages that make it, and its unit vector's bytes, as the store has them."""

    claim_id: int
    text: str
    pages: frozenset[str]
    vector: bytes | None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two wordings of one claim, and how alike they are, 0 to 1."""

    before: int
    after: int
    score: float


@dataclass(frozen=True, slots=True)
class WordChange:
    """Words in order; ``kind``: same, removed or added."""

    kind: str
    text: str


class Similarity(Protocol):
    """Says how alike two lists of claims are."""

    def scores(self, before: Sequence[Wording], after: Sequence[Wording]) -> NDArray[np.float32]:
        """Return scores from 0 to 1, shape (before, after)."""
        ...


class CosineSimilarity:
    """The default: cosine of the claims' embeddings; a claim without one is like no other."""

    def scores(self, before: Sequence[Wording], after: Sequence[Wording]) -> NDArray[np.float32]:
        """Return scores from 0 to 1, shape (before, after)."""
        width = next((len(item.vector) // 2 for item in (*before, *after) if item.vector), 1)
        result: NDArray[np.float32] = _matrix(before, width) @ _matrix(after, width).T
        return np.clip(result, 0, 1)


class WordSimilarity:
    """For scans whose embeddings are of different models: the share of words that two claims have in common (Dice)."""

    def scores(self, before: Sequence[Wording], after: Sequence[Wording]) -> NDArray[np.float32]:
        """Return scores from 0 to 1, shape (before, after)."""
        left, right = [_words(item.text) for item in before], [_words(item.text) for item in after]
        return np.array(
            [[2 * len(a & b) / max(len(a) + len(b), 1) for b in right] for a in left], dtype=np.float32
        ).reshape(len(left), len(right))


def match_rewordings(
    before: Sequence[Wording], after: Sequence[Wording], similarity: Similarity | None = None
) -> list[Pair]:
    """Return pairs of claims that say the same in other words, each claim in at most one, the most alike first.

    The best pair is taken first, then the best of what is left: a claim keeps its nearest wording even where giving it
    up would let two others be matched.
    """
    if not before or not after:
        return []
    similarity = similarity or CosineSimilarity()
    found: list[tuple[float, int, int]] = []
    for start in range(0, len(before), ROWS_AT_A_TIME):
        part = before[start : start + ROWS_AT_A_TIME]
        scores = similarity.scores(part, after)
        for row, column in np.argwhere(scores >= min(THRESHOLD, SAME_PAGE)):
            score = float(scores[row, column])
            if score >= THRESHOLD or part[row].pages & after[column].pages:
                found.append((score, start + int(row), int(column)))
    found.sort(key=lambda item: (-item[0], before[item[1]].claim_id, after[item[2]].claim_id))
    taken_before: set[int] = set()
    taken_after: set[int] = set()
    pairs = []
    for score, row, column in found:
        if row not in taken_before and column not in taken_after:
            taken_before.add(row)
            taken_after.add(column)
            pairs.append(Pair(before[row].claim_id, after[column].claim_id, round(score, 4)))
    return pairs


def word_changes(before: str, after: str) -> tuple[WordChange, ...]:
    """Return the two texts as one, word by word: what stayed, what was removed, what was added."""
    left, right = _TOKEN.findall(before), _TOKEN.findall(after)
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    changes: list[WordChange] = []
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            changes.append(WordChange("same", " ".join(left[i1:i2])))
            continue
        changes += [WordChange("removed", " ".join(left[i1:i2]))] if i1 < i2 else []
        changes += [WordChange("added", " ".join(right[j1:j2]))] if j1 < j2 else []
    return tuple(changes)


def _matrix(wordings: Sequence[Wording], width: int) -> NDArray[np.float32]:
    rows = np.zeros((len(wordings), width), dtype=np.float32)
    for place, item in enumerate(wordings):
        if item.vector and len(item.vector) == 2 * width:
            rows[place] = np.frombuffer(item.vector, dtype="<f2")
    result: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return result


def _words(text: str) -> frozenset[str]:
    found: Iterable[str] = re.findall(r"\w+", text.lower())
    return frozenset(found)
