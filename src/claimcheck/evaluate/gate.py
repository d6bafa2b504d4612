"""The quality gate: measures held above floors that are kept in a file, each set of rows named by its digest.

A floor is what was measured less a margin that allows for another processor's arithmetic, not for a worse model. Floors
rise with ``updated`` and fall only when somebody says so. For measures that are better when smaller the floor is a
ceiling.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from claimcheck.errors import DamagedDataError, UsageError
from claimcheck.evaluate.bootstrap import Estimate
from claimcheck.evaluate.metrics import LOWER_IS_BETTER
from claimcheck.evaluate.run import Evaluation

__all__ = ["GUARDED", "MARGINS", "Failing", "Floors", "failing", "measured", "read_floors", "updated", "write_floors"]

DIGESTS = "data_sha256"
# How far a floor lies under its measure: one standard error of a share of 0.8 on that many rows (1,096, 279 and 61), by
# that formula, not by trial. It leaves room for another processor's int8 arithmetic, which has not been measured.
MARGINS: Mapping[str, float] = {"benchmark": 0.012, "claims_dev": 0.024, "units": 0.051}
_AGREEMENT = ("accuracy", "macro_f1", "kappa", "flagged.precision", "flagged.recall", "flagged.f1")
GUARDED: Mapping[str, tuple[str, ...]] = {
    "benchmark": (
        *_AGREEMENT,
        "triples.ordered",
        "triples.all_right",
        "retrieval.recall_at_1",
        "retrieval.recall_at_5",
    ),
    "claims_dev": (*_AGREEMENT, "ece", "error_at_80_coverage", "review.error"),
    "units": ("accuracy", "macro_f1", "flagged.f1", "check_worthiness.f1"),
}


@dataclass(frozen=True, slots=True)
class Floors:
    """Floors by metric path, such as ``benchmark.macro_f1``, and the digest of the rows each set was measured on."""

    values: Mapping[str, float]
    data_sha256: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Failing:
    """A measure beyond its floor, or rows that the floors were not made for (``floor`` and ``found`` are NaN then)."""

    path: str
    floor: float
    found: float
    what: str


def measured(name: str, evaluation: Evaluation) -> dict[str, float]:
    """Return the guarded measures of an evaluation by metric path; one that is undefined is NaN and fails."""
    found: dict[str, Estimate] = dict(evaluation.scores.measures) if evaluation.scores else {}
    for prefix, part in (("triples", evaluation.triples), ("retrieval", evaluation.retrieval)):
        if part is not None:
            found |= {f"{prefix}.{key}": item for key, item in part.measures.items()}
    return {f"{name}.{key}": found[key].value if key in found else math.nan for key in GUARDED[name]}


def failing(floors: Floors, evaluations: Mapping[str, Evaluation]) -> list[Failing]:
    """Return what is beyond its floor, in the order of the sets; a set or measure without a floor fails too."""
    found = []
    for name, evaluation in evaluations.items():
        digest = evaluation.dataset.sha256
        if floors.data_sha256.get(name) != digest:
            made_for = floors.data_sha256.get(name, "none")[:12]
            found.append(
                Failing(name, math.nan, math.nan, f"floors are for rows {made_for}, these are {digest[:12]}; --update")
            )
            continue
        for path, value in measured(name, evaluation).items():
            floor = floors.values.get(path, math.nan)
            if math.isnan(floor):
                found.append(Failing(path, floor, value, "no floor; --update"))
            elif not (value <= floor if is_ceiling(path) else value >= floor):
                bound = "above its ceiling" if is_ceiling(path) else "under its floor"
                found.append(Failing(path, floor, value, f"{value:.4f} is {bound} {floor:.4f}"))
    return found


def is_ceiling(path: str) -> bool:
    """Tell whether the measure is better when smaller."""
    return path.rpartition(".")[2] in LOWER_IS_BETTER


def updated(floors: Floors, evaluations: Mapping[str, Evaluation], *, allow_regression: bool = False) -> Floors:
    """Return floors at what is measured less the margin: raised, and lowered only with ``allow_regression``.

    Other rows than the floors were made for count as a regression, since nothing can be compared: their floors are
    replaced with ``allow_regression`` and are an error without it.

    :raises UsageError: when a measure is undefined, or rows have changed and ``allow_regression`` is not given.
    """
    values, digests = dict(floors.values), dict(floors.data_sha256)
    for name, evaluation in evaluations.items():
        digest = evaluation.dataset.sha256
        if digests.get(name, digest) != digest and not allow_regression:
            raise UsageError(
                f"{name}: its rows have changed, so floors may fall; add --allow-regression to replace them"
            )
        digests[name] = digest
        for path, value in measured(name, evaluation).items():
            if math.isnan(value):
                raise UsageError(f"{path}: is undefined on these rows, expected a number to set a floor by")
            values[path] = _floor(path, value, MARGINS[name], values.get(path), allow_regression=allow_regression)
    return Floors(dict(sorted(values.items())), dict(sorted(digests.items())))


def _floor(path: str, value: float, margin: float, old: float | None, *, allow_regression: bool) -> float:
    new = round(min(1.0, value + margin) if is_ceiling(path) else max(0.0, value - margin), 4)
    if old is None or allow_regression:
        return new
    return min(old, new) if is_ceiling(path) else max(old, new)


def read_floors(path: Path) -> Floors:
    """Return the floors in a file, none when there is no such file.

    :raises DamagedDataError: when it is not an object of numbers with ``data_sha256``.
    """
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
        digests = row.pop(DIGESTS)
        values = {str(key): float(value) for key, value in row.items()}
        return Floors(values, {str(key): str(value) for key, value in digests.items()})
    except FileNotFoundError:
        return Floors({}, {})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedDataError(f"{path}: the floors cannot be read ({error}); restore the file") from error


def write_floors(path: Path, floors: Floors) -> None:
    """Write floors as JSON, one a line."""
    row = {**floors.values, DIGESTS: dict(floors.data_sha256)}
    path.write_text(json.dumps(row, indent=2) + "\n", encoding="utf-8")


def table(evaluations: Mapping[str, Evaluation], floors: Floors) -> Sequence[str]:
    """Return a line for each guarded measure with its floor."""
    lines = []
    for name, evaluation in evaluations.items():
        for path, value in measured(name, evaluation).items():
            floor = floors.values.get(path, math.nan)
            bound = "at most" if is_ceiling(path) else "at least"
            lines.append(f"{path:36} {value:.4f}  {bound} {floor:.4f}")
    return lines
