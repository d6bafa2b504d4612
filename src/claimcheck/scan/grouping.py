"""Claims worded alike across sites share a group, so that a reviewer decides them together.

A claim joins the group of the nearest leader (the first claim of its kind) of the same label and the same numbers whose
embedding is near enough, and else leads a group of its own. Claims are compared within a label and set of numbers only,
by matrix products over vectors read from the store some thousand at a time: 100,000 claims take minutes, and memory
holds numbers of claims, not their vectors.
"""

import hashlib
import re
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from claimcheck.store.models import ClaimRow, JudgementRow
from claimcheck.store.open import Store

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["GROUP_COSINE", "assign_groups"]

# Of 132 pairs of corpus/ketamine/training/variants.jsonl with the same label and numbers and a cosine of 0.75 or more,
# pairs at 0.92 say the same ("the first choice for PTSD", "the first treatment for chronic PTSD"), while at 0.895 one
# of six does not ("the first choice for PTSD", "for PTSD when other treatments have been inadequate").
GROUP_COSINE = 0.92
CLAIMS_AT_A_TIME = 2_000
ROWS_AT_A_TIME = 500
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*%?")
# Number words are few on these pages but change as much: "one infusion" is not "six infusions".
_NUMBER_WORDS = re.compile(
    r"(?i)\b(?:once|twice|one|two|three|four|five|six|seven|eight|nine|ten|twelve|half|third|quarter|hundred|thousand)\b"
)
_NEGATION = re.compile(r"(?i)\b(?:no|not|never|none|without|neither|nor|cannot)\b|n['’]t\b")


@dataclass(slots=True)
class _Block:
    """The claims that may share groups: numbers of leaders, and of claims without a group, in order."""

    leaders: "array[int]" = field(default_factory=lambda: array("q"))
    new: "array[int]" = field(default_factory=lambda: array("q"))

    @property
    def size(self) -> int:
        """How many vectors a comparison needs."""
        return len(self.leaders) + len(self.new)


def assign_groups(store: Store, version_id: int) -> int:
    """Give a group to each claim that has none, by its judgement of this version; return how many were given one."""
    blocks = _blocks(store, version_id)
    waiting: list[_Block] = []
    for block in blocks:
        waiting.append(block)
        # Small blocks are many: their vectors are read together.
        if sum(each.size for each in waiting) >= CLAIMS_AT_A_TIME:
            _group(store, waiting)
            waiting = []
    _group(store, waiting)
    return sum(len(block.new) for block in blocks)


def signature(label: str, text: str) -> str:
    """Return a digest of what must be the same in a group: label, numbers in order, and how often the claim denies."""
    numbers = _NUMBER.findall(text) + [word.lower() for word in _NUMBER_WORDS.findall(text)]
    negations = len(_NEGATION.findall(text))
    return hashlib.sha256(f"{label}|{' '.join(sorted(numbers))}|{negations}".encode()).hexdigest()[:24]


def _blocks(store: Store, version_id: int) -> list[_Block]:
    """Return the blocks that hold a claim without a group."""
    import sqlalchemy as sa

    query = sa.select(ClaimRow.id, ClaimRow.text, JudgementRow.label).join_from(ClaimRow, JudgementRow)
    query = query.where(JudgementRow.version_id == version_id).order_by(ClaimRow.id)
    blocks: dict[str, _Block] = {}
    with store.session() as session:
        for row in session.execute(query.where(ClaimRow.group_id.is_(None)).execution_options(yield_per=1_000)):
            blocks.setdefault(signature(row.label, row.text), _Block()).new.append(row.id)
        if not blocks:
            return []
        leading = query.where(ClaimRow.group_id == ClaimRow.id)
        for row in session.execute(leading.execution_options(yield_per=1_000)):
            block = blocks.get(signature(row.label, row.text))
            if block is not None:
                block.leaders.append(row.id)
    return list(blocks.values())


def _group(store: Store, blocks: Sequence[_Block]) -> None:
    """Group the claims of blocks and write their groups, in parts of one transaction each."""
    if sum(block.size for block in blocks) <= 2 * CLAIMS_AT_A_TIME:
        vectors = _vectors(store, [number for block in blocks for number in (*block.leaders, *block.new)])
        groups: dict[int, int] = {}
        for block in blocks:
            groups |= _groups_of(list(block.new), block, vectors.__getitem__)
        _write(store, groups)
        return
    for block in blocks:
        for start in range(0, len(block.new), CLAIMS_AT_A_TIME):
            _write(store, _groups_of(list(block.new[start : start + CLAIMS_AT_A_TIME]), block, store))


def _groups_of(new: list[int], block: _Block, source: "Store | Callable[[int], NDArray[np.float32]]") -> dict[int, int]:
    """Return the leader of each new claim, in order; those that lead become leaders of their block.

    The nearest leader counts, be it an old one or one of this part: how claims came in parts must not matter.
    """
    read = _reader(source)
    rows = read(new)
    best, score = _nearest(rows, block.leaders, read)
    among = rows @ rows.T
    leading: list[int] = []
    groups: dict[int, int] = {}
    for i, number in enumerate(new):
        cosines = among[i, leading]
        own = float(cosines.max()) if leading else -1.0
        if max(own, float(score[i])) < GROUP_COSINE:
            groups[number] = number
            leading.append(i)
        elif own > score[i]:
            groups[number] = new[leading[int(cosines.argmax())]]
        else:
            groups[number] = block.leaders[int(best[i])]
    block.leaders.extend(new[i] for i in leading)
    return groups


def _nearest(
    rows: "NDArray[np.float32]", leaders: "array[int]", read: "Callable[[list[int]], NDArray[np.float32]]"
) -> tuple["NDArray[np.intp]", "NDArray[np.float32]"]:
    """Return for each row the place of its nearest leader and the cosine; -1 where there is no leader."""
    best = np.full(len(rows), -1, dtype=np.intp)
    score = np.full(len(rows), -1.0, dtype=np.float32)
    for start in range(0, len(leaders), CLAIMS_AT_A_TIME):
        cosines = rows @ read(list(leaders[start : start + CLAIMS_AT_A_TIME])).T
        place = cosines.argmax(axis=1)
        value = cosines[np.arange(len(rows)), place]
        better = value > score
        best[better], score[better] = place[better] + start, value[better]
    return best, score


def _reader(
    source: "Store | Callable[[int], NDArray[np.float32]]",
) -> "Callable[[list[int]], NDArray[np.float32]]":
    """Return what gives the vectors of claims as rows, from those at hand or from the store."""
    if isinstance(source, Store):

        def from_store(numbers: list[int]) -> "NDArray[np.float32]":
            found = _vectors(source, numbers)
            return np.stack([found[number] for number in numbers])

        return from_store
    return lambda numbers: np.stack([source(number) for number in numbers])


def _vectors(store: Store, numbers: Sequence[int]) -> "dict[int, NDArray[np.float32]]":
    import sqlalchemy as sa

    found: dict[int, NDArray[np.float32]] = {}
    with store.session() as session:
        for start in range(0, len(numbers), ROWS_AT_A_TIME):
            part = numbers[start : start + ROWS_AT_A_TIME]
            query = sa.select(ClaimRow.id, ClaimRow.vector).where(ClaimRow.id.in_(part))
            found |= {row.id: _unit(row.vector) for row in session.execute(query)}
    return found


def _write(store: Store, groups: dict[int, int]) -> None:
    import sqlalchemy as sa

    if not groups:
        return
    with store.session() as session:
        session.execute(sa.update(ClaimRow), [{"id": number, "group_id": leader} for number, leader in groups.items()])


def _unit(data: bytes | None) -> "NDArray[np.float32]":
    vector = np.frombuffer(data or b"\0\0", dtype="<f2").astype(np.float32)
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), dtype=np.float32)
