"""Where the marks of the scan reports' pictures stand: widths in per cent, so that a page of any width fits them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from claimcheck.records import Label
from claimcheck.scan.coverage import LABELS
from claimcheck.scan.overview import TrendPoint

__all__ = ["TREND_HEIGHT", "Column", "Segment", "Trend", "segments", "trend"]

# Segments narrower than this per cent have no room for their number inside.
TEXT_FROM = 6.0
TREND_HEIGHT = 150.0


@dataclass(frozen=True, slots=True)
class Segment:
    """One verdict's part of a bar, in per cent of the picture's width; named as ``parts.html.j2`` names them."""

    label: Label
    count: int
    left: float
    width: float
    has_text: bool


@dataclass(frozen=True, slots=True)
class Block:
    """One verdict's part of a column, in units from the top."""

    label: str
    count: int
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """A time's flagged claims; ``left``, ``middle`` and ``width`` in per cent."""

    name: str
    left: float
    middle: float
    width: float
    flagged: int
    total: int
    sites: int
    top: float
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """Columns over a scale from 0 to ``top``; ``ticks`` are (height, number)."""

    columns: tuple[Column, ...]
    ticks: tuple[tuple[float, int], ...]


def segments(counts: Mapping[str, int], *, whole: int | None = None) -> list[Segment]:
    """Return a bar of the counts; ``whole`` is what fills the width, by default their sum."""
    whole = whole or sum(counts.values())
    found, left = [], 0.0
    for label in LABELS:
        width = 100 * counts[label] / whole if whole else 0.0
        found.append(Segment(Label(label), counts[label], round(left, 3), round(width, 3), width >= TEXT_FROM))
        left += width
    return found


def trend(points: Sequence[TrendPoint]) -> Trend | None:
    """Return flagged claims over time, contradicted below overstated; None for fewer than two times."""
    if len(points) < 2:
        return None
    most = max(point.counts["contradicted"] + point.counts["overstated"] for point in points)
    step = _step(most)
    top = step * max(1, math.ceil(most / step))
    share = 100 / len(points)
    columns = []
    for place, point in enumerate(points):
        at, blocks = TREND_HEIGHT, []
        for label in ("contradicted", "overstated"):
            height = TREND_HEIGHT * point.counts[label] / top
            at -= height
            blocks.append(Block(label, point.counts[label], round(at, 2), round(height, 2)))
        flagged = sum(block.count for block in blocks)
        columns.append(
            Column(
                point.name,
                round(share * (place + 0.2), 2),
                round(share * (place + 0.5), 2),
                round(share * 0.6, 2),
                flagged,
                sum(point.counts.values()),
                point.sites,
                round(at, 2),
                tuple(blocks),
            )
        )
    ticks = tuple((round(TREND_HEIGHT * (1 - number / top), 2), number) for number in range(0, top + 1, step))
    return Trend(tuple(columns), ticks)


def _step(most: int) -> int:
    """Return a round step that gives at most five ticks."""
    for power in range(12):
        for factor in (1, 2, 5):
            if most <= 4 * factor * 10**power:
                return int(factor * 10**power)
    return max(most, 1)
