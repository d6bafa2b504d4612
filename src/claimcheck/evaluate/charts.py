"""Where the marks of the three pictures stand, in units of their view boxes; the template draws them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from claimcheck.evaluate.metrics import Bin, CurvePoint
from claimcheck.evaluate.run import Scores

__all__ = ["Cell", "HeatMap", "Mark", "Reliability", "RiskCurve", "Tick", "heat_map", "reliability_plot", "risk_plot"]

# Shade of a full row: beyond 0.6 the text on it would fall below a contrast of 4.5.
DEEPEST = 0.6
PLOT = 300.0
STRIP = 56.0
RISK_HEIGHT = 220.0


@dataclass(frozen=True, slots=True)
class Cell:
    """One gold label against one predicted: its count, the share of the gold label's rows, and its shade."""

    gold: str
    predicted: str
    row: int
    column: int
    count: int
    share: float
    shade: float


@dataclass(frozen=True, slots=True)
class HeatMap:
    """A confusion matrix; gold labels that do not occur have no row."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the plot and its label."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A point with a bar from ``low`` to ``high`` (both at y), or a bar of a histogram from ``low`` up to ``y``."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """Share right over confidence, with a histogram of confidence below it."""

    points: tuple[Mark, ...]
    bars: tuple[Mark, ...]
    bar_width: float
    tallest: int
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class RiskCurve:
    """Error over coverage: a path, the marked points, and ticks of either axis."""

    line: str
    area: str
    at_80: Mark
    at_review: Mark | None
    overall: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


def heat_map(scores: Scores) -> HeatMap:
    """Return the confusion matrix as cells shaded by the share of the gold label's rows."""
    rows = [k for k, counts in enumerate(scores.confusion) if sum(counts)]
    cells = []
    for place, k in enumerate(rows):
        total = sum(scores.confusion[k])
        for column, count in enumerate(scores.confusion[k]):
            share = count / total
            cells.append(
                Cell(scores.labels[k], scores.labels[column], place, column, count, share, round(DEEPEST * share, 3))
            )
    return HeatMap(tuple(scores.labels[k] for k in rows), scores.labels, tuple(cells))


def reliability_plot(bins: Sequence[Bin], histogram: Sequence[int]) -> Reliability:
    """Return the points of the bins, y upwards from 0 to 1 over ``PLOT``, and the bars of the histogram."""
    points = tuple(
        Mark(_x(item.confidence), _y(item.accuracy), _y(item.accuracy_low), _y(item.accuracy_high)) for item in bins
    )
    tallest, width = max(histogram, default=0), PLOT / max(len(histogram), 1)
    bars = tuple(
        Mark(round(k * width, 2), round(STRIP * (1 - count / max(tallest, 1)), 2), STRIP, 0.0)
        for k, count in enumerate(histogram)
    )
    ticks = tuple(Tick(_x(step / 5), f"{step / 5:.1f}") for step in range(6))
    return Reliability(points, bars, round(width, 2), tallest, ticks)


def _x(share: float) -> float:
    return round(PLOT * share, 2)


def _y(share: float) -> float:
    return round(PLOT * (1 - share), 2)


def risk_plot(scores: Scores) -> RiskCurve:
    """Return the curve, scaled to the smallest step of 10% that holds it, with its marks."""
    top = max(0.1, math.ceil(10 * max(point.error for point in scores.curve) - 1e-9) / 10)

    def y(error: float) -> float:
        return round(RISK_HEIGHT * (1 - error / top), 2)

    def mark(coverage: float, error: float) -> Mark:
        return Mark(_x(coverage), y(error), RISK_HEIGHT, 0.0)

    steps = [f"{_x(point.coverage)} {y(point.error)}" for point in scores.curve]
    line = "M" + " L".join(steps)
    first, last = _x(scores.curve[0].coverage), _x(scores.curve[-1].coverage)
    review = scores.measures.get("review.coverage")
    at_review = None
    if review is not None and not math.isnan(scores.measures["review.error"].value):
        at_review = mark(review.value, scores.measures["review.error"].value)
    step = 0.1 if top > 0.3 else 0.05
    count = round(top / step)
    return RiskCurve(
        line,
        f"{line} L{last} {RISK_HEIGHT} L{first} {RISK_HEIGHT} Z",
        mark(0.8, scores.measures["error_at_80_coverage"].value),
        at_review,
        y(_overall(scores.curve)),
        tuple(Tick(_x(k / 5), f"{20 * k}%") for k in range(6)),
        tuple(Tick(y(k * step), f"{100 * k * step:.0f}%") for k in range(count + 1)),
    )


def _overall(curve: Sequence[CurvePoint]) -> float:
    return curve[-1].error
