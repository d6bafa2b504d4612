"""The formulas, in numpy: agreement with gold, calibration, abstention, retrieval and the order within triples.

Every measure of a set of rows is a flat mapping from a dotted name to a number, so that one bootstrap serves them all.
Precision, recall and F1 with nothing to divide by are 0, as in ../shared/tools/score.py; anything else that is
undefined is NaN, and null in JSON. Rows that share a confidence are taken in random order, in expectation, so that no
measure depends on the order of rows. Tests hold the formulas to scikit-learn's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from claimcheck.records import Label

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "BINS",
    "LOWER_IS_BETTER",
    "RETRIEVAL_NAMES",
    "TRIPLE_NAMES",
    "Bin",
    "CurvePoint",
    "Outcomes",
    "confidence_histogram",
    "confusion",
    "measure",
    "measure_retrieval",
    "measure_triples",
    "outcomes_of",
    "reliability",
    "risk_curve",
]

BINS = 10
# Coverage at which the error is given beside the whole curve.
COVERAGE = 0.8
RECALL_AT = (1, 5, 10)
CURVE_POINTS = 100
HISTOGRAM_BINS = 20
RETRIEVAL_NAMES = (*(f"recall_at_{k}" for k in RECALL_AT), *(f"any_at_{k}" for k in RECALL_AT), "mrr_at_10")
TRIPLE_NAMES = ("ordered", "hedged_below_unhedged", "unhedged_below_absolute", "all_right")
FLAGGED = (str(Label.OVERSTATED), str(Label.CONTRADICTED))
# Seriousness of a wording, by which the three of a triple must rise.
_WEIGHTS = {str(Label.SUPPORTED): 0.0, str(Label.OVERSTATED): 1.0, str(Label.CONTRADICTED): 2.0}
_Z95 = 1.959964
# The last part of the names of measures that are better when smaller.
LOWER_IS_BETTER = frozenset({"ece", "brier", "aurc", "error", "error_at_80_coverage"})


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Rows as arrays of one length: ``gold`` and ``predicted`` index ``labels``.

    ``probabilities`` has shape (rows, labels) and is empty, shape (rows, 0), where the stage gives none; ``confidence``
    is NaN for a row without one. ``answered`` is False where the verdict needs review, and empty, shape (0,), where the
    stage never abstains.
    """

    labels: tuple[str, ...]
    gold: "NDArray[np.intp]"
    predicted: "NDArray[np.intp]"
    probabilities: "NDArray[np.float64]"
    confidence: "NDArray[np.float64]"
    answered: "NDArray[np.bool_]"

    def __len__(self) -> int:
        return len(self.gold)

    @property
    def right(self) -> "NDArray[np.bool_]":
        """Return, row by row, whether the prediction is the gold label."""
        result: NDArray[np.bool_] = self.gold == self.predicted
        return result

    def take(self, rows: "NDArray[np.intp]") -> "Outcomes":
        """Return the rows with these numbers, in this order, with repeats."""
        return Outcomes(
            self.labels,
            self.gold[rows],
            self.predicted[rows],
            self.probabilities[rows],
            self.confidence[rows],
            self.answered[rows] if len(self.answered) else self.answered,
        )


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows of neighbouring confidence: their share right, with a 95% Wilson interval, beside their mean confidence."""

    n: int
    low: float
    high: float
    confidence: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The error among the most confident rows that make up this coverage."""

    coverage: float
    error: float


def outcomes_of(
    labels: Sequence[str],
    gold: Sequence[str],
    predicted: Sequence[str],
    probabilities: "NDArray[np.float64] | None" = None,
    *,
    confidence: "NDArray[np.float64] | None" = None,
    needs_review: Sequence[bool] | None = None,
) -> Outcomes:
    """Return rows as arrays; confidence is by default the probability of the predicted label."""
    index = {label: number for number, label in enumerate(labels)}
    picked = np.array([index[label] for label in predicted], dtype=np.intp)
    table = np.zeros((len(gold), 0)) if probabilities is None else np.asarray(probabilities, dtype=float)
    if confidence is None:
        has_any = table.shape[1] > 0
        confidence = table[np.arange(len(gold)), picked] if has_any else np.full(len(gold), np.nan)
    review = np.zeros(0, dtype=bool) if needs_review is None else np.array(needs_review, dtype=bool)
    return Outcomes(
        tuple(labels), np.array([index[label] for label in gold], dtype=np.intp), picked, table, confidence, ~review
    )


def confusion(outcomes: Outcomes) -> "NDArray[np.int64]":
    """Return counts of shape (labels, labels): gold in rows, predicted in columns."""
    size = len(outcomes.labels)
    counts = np.bincount(outcomes.gold * size + outcomes.predicted, minlength=size * size)
    result: NDArray[np.int64] = counts.reshape(size, size).astype(np.int64)
    return result


def measure(outcomes: Outcomes) -> dict[str, float]:
    """Return every measure that these rows allow, by dotted name.

    Calibration needs a confidence on every row, and ``review.*`` a stage that abstains.
    """
    found = _agreement(confusion(outcomes), outcomes.labels)
    if len(outcomes) and not np.isnan(outcomes.confidence).any():
        found["ece"] = _calibration_error(outcomes)
        if outcomes.probabilities.shape[1]:
            found["brier"] = _brier(outcomes)
        risk = _risk(outcomes)
        found["aurc"] = float(risk.mean())
        found["error_at_80_coverage"] = float(risk[int(np.ceil(COVERAGE * len(risk))) - 1])
    if len(outcomes.answered):
        answered = outcomes.answered
        found["review.coverage"] = float(answered.mean())
        found["review.error"] = float(1 - outcomes.right[answered].mean()) if answered.any() else float("nan")
    return found


def _agreement(counts: "NDArray[np.int64]", labels: Sequence[str]) -> dict[str, float]:
    total = int(counts.sum())
    accuracy = float(np.trace(counts)) / total
    in_gold = [k for k in range(len(labels)) if counts[k].sum()]
    each = {labels[k]: _precision_recall(counts, [k]) for k in in_gold}
    chance = float((counts.sum(axis=1) * counts.sum(axis=0)).sum()) / total**2
    found = {
        "accuracy": accuracy,
        "macro_f1": float(np.mean([values["f1"] for values in each.values()])),
        "kappa": (accuracy - chance) / (1 - chance) if chance < 1 else 1.0,
    }
    flagged = _precision_recall(counts, [k for k, label in enumerate(labels) if label in FLAGGED])
    found |= {f"flagged.{name}": value for name, value in flagged.items()}
    if Label.NOT_A_CLAIM in labels:
        worthy = _precision_recall(counts, [k for k, label in enumerate(labels) if label != Label.NOT_A_CLAIM])
        found |= {f"check_worthiness.{name}": value for name, value in worthy.items()}
    for label, values in each.items():
        found |= {f"labels.{label}.{name}": value for name, value in values.items()}
    return found


def _precision_recall(counts: "NDArray[np.int64]", positive: Sequence[int]) -> dict[str, float]:
    both = float(counts[np.ix_(positive, positive)].sum())
    given, said = float(counts[positive].sum()), float(counts[:, positive].sum())
    precision = both / said if said else 0.0
    recall = both / given if given else 0.0
    return {"precision": precision, "recall": recall, "f1": 2 * both / (given + said) if both else 0.0}


def _expected_right(outcomes: Outcomes) -> "NDArray[np.float64]":
    """Return each row's share right among the rows of its very confidence."""
    _, group, size = np.unique(outcomes.confidence, return_inverse=True, return_counts=True)
    result: NDArray[np.float64] = (np.bincount(group, weights=outcomes.right) / size)[group]
    return result


def _calibration_error(outcomes: Outcomes) -> float:
    order = np.argsort(outcomes.confidence, kind="stable")
    gaps = _expected_right(outcomes)[order] - outcomes.confidence[order]
    # |sum of gaps| of a bin is its size times |accuracy - confidence|.
    return float(sum(abs(part.sum()) for part in np.array_split(gaps, BINS)) / len(order))


def reliability(outcomes: Outcomes) -> tuple[Bin, ...]:
    """Return the bins of equal mass behind the calibration error, least confident first, without empty ones."""
    if np.isnan(outcomes.confidence).any():
        return ()
    order = np.argsort(outcomes.confidence, kind="stable")
    right = _expected_right(outcomes)
    bins = []
    for rows in np.array_split(order, BINS):
        if len(rows):
            confidence, share = outcomes.confidence[rows], float(right[rows].mean())
            low, high = _wilson(share, len(rows))
            bins.append(
                Bin(len(rows), float(confidence[0]), float(confidence[-1]), float(confidence.mean()), share, low, high)
            )
    return tuple(bins)


def confidence_histogram(outcomes: Outcomes) -> tuple[int, ...]:
    """Return how many rows have a confidence in each twentieth from 0 to 1."""
    if np.isnan(outcomes.confidence).any():
        return ()
    counts, _ = np.histogram(np.clip(outcomes.confidence, 0, 1), bins=HISTOGRAM_BINS, range=(0, 1))
    return tuple(map(int, counts))


def _wilson(share: float, n: int) -> tuple[float, float]:
    """Return the 95% score interval of a share (Wilson, 1927)."""
    middle = (share + _Z95**2 / (2 * n)) / (1 + _Z95**2 / n)
    half = _Z95 / (1 + _Z95**2 / n) * np.sqrt(share * (1 - share) / n + _Z95**2 / (4 * n * n))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def _brier(outcomes: Outcomes) -> float:
    target = np.zeros_like(outcomes.probabilities)
    target[np.arange(len(outcomes)), outcomes.gold] = 1
    return float(((outcomes.probabilities - target) ** 2).sum(axis=1).mean())


def _risk(outcomes: Outcomes) -> "NDArray[np.float64]":
    """Return the error among the 1, 2, … n most confident rows."""
    order = np.argsort(-outcomes.confidence, kind="stable")
    wrong = 1 - _expected_right(outcomes)[order]
    result: NDArray[np.float64] = np.cumsum(wrong) / np.arange(1, len(order) + 1)
    return result


def risk_curve(outcomes: Outcomes) -> tuple[CurvePoint, ...]:
    """Return the risk–coverage curve at up to 100 coverages, least first."""
    if not len(outcomes) or np.isnan(outcomes.confidence).any():
        return ()
    risk = _risk(outcomes)
    steps = np.unique(np.ceil(np.linspace(0, 1, CURVE_POINTS + 1)[1:] * len(risk)).astype(int))
    return tuple(CurvePoint(float(k / len(risk)), float(risk[k - 1])) for k in steps)


def measure_retrieval(gold: Sequence[Sequence[str]], found: Sequence[Sequence[str]]) -> "NDArray[np.float64]":
    """Return, row by row, recall at 1, 5 and 10, whether any gold record is among them, and 1 / the first one's rank.

    Shape (rows, 7), columns in the order of ``RETRIEVAL_NAMES``. A row has at least one gold record.
    """
    table = np.zeros((len(gold), len(RETRIEVAL_NAMES)))
    for row, (wanted, ids) in enumerate(zip(gold, found, strict=True)):
        shares = [len(set(wanted) & set(ids[:k])) / len(set(wanted)) for k in RECALL_AT]
        first = max((1 / rank for rank, record_id in enumerate(ids, 1) if record_id in wanted), default=0.0)
        table[row] = [*shares, *(float(share > 0) for share in shares), first]
    return table


def measure_triples(
    triples: Sequence[Mapping[str, int]], labels: Sequence[str], outcomes: Outcomes
) -> "NDArray[np.float64]":
    """Return, triple by triple, whether its seriousness rises, each of the two steps, and whether all labels are right.

    A triple maps each of its three labels to a row. Shape (triples, 4), columns in the order of ``TRIPLE_NAMES``.
    Seriousness is what is expected of 0 for supported, 1 for overstated and 2 for contradicted.
    """
    seriousness = outcomes.probabilities @ np.array([_WEIGHTS.get(label, 0.0) for label in labels])
    table = np.zeros((len(triples), len(TRIPLE_NAMES)))
    for row, triple in enumerate(triples):
        mild, strong, absolute = (triple[label] for label in _WEIGHTS)
        first, second = seriousness[mild] < seriousness[strong], seriousness[strong] < seriousness[absolute]
        table[row] = [first and second, first, second, outcomes.right[[mild, strong, absolute]].all()]
    return table
