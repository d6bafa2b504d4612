"""Intervals by resampling: the percentile bootstrap (Efron, 1979) over rows, or over the groups that rows come in.

Rows of one website resemble each other, so drawing rows one by one would give intervals that are too narrow.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Estimate", "Resampling", "estimate"]

# Bounds of a 95% interval, in per cent.
LOW, HIGH = 2.5, 97.5


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured value with its 95% interval; NaN where it is undefined, or where nothing was resampled."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Resampling:
    """How often to resample, from which seed; 0 replicates give no interval."""

    replicates: int = 1000
    seed: int = 13


def estimate(
    statistic: Callable[["NDArray[np.intp]"], Mapping[str, float]], groups: Sequence[str], resampling: Resampling
) -> dict[str, Estimate]:
    """Return each number of ``statistic`` over all rows, with its interval over resampled groups.

    ``statistic`` takes row numbers, with repeats; ``groups`` names each row's group. A measure that a resample leaves
    undefined (a rare label drawn by no group) counts in the others only.
    """
    values = statistic(np.arange(len(groups)))
    rows_of: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        rows_of.setdefault(group, []).append(row)
    members = [np.array(rows, dtype=np.intp) for rows in rows_of.values()]
    generator = np.random.default_rng(resampling.seed)
    drawn: dict[str, list[float]] = {name: [] for name in values}
    for _ in range(resampling.replicates):
        chosen = generator.integers(len(members), size=len(members))
        found = statistic(np.concatenate([members[k] for k in chosen]))
        for name, into in drawn.items():
            value = found.get(name, float("nan"))
            if not np.isnan(value):
                into.append(value)
    return {name: Estimate(value, *_bounds(drawn[name])) for name, value in values.items()}


def _bounds(values: Sequence[float]) -> tuple[float, float]:
    if not values:
        return float("nan"), float("nan")
    low, high = np.percentile(np.array(values), [LOW, HIGH])
    return float(low), float(high)
