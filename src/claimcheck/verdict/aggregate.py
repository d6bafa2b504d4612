"""From a claim's features to calibrated probabilities and a label.

A multinomial logistic regression over standardised features, fitted on real claims that no reader was trained on, and
a decision that weighs each label's probability by what a miss costs. Stored as JSON numbers.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from claimcheck.entailment import softmax
from claimcheck.errors import DamagedDataError
from claimcheck.records import Label
from claimcheck.verdict.features import FEATURE_NAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LABELS", "Aggregator", "LinearAggregator"]

LABELS = (Label.SUPPORTED, Label.OVERSTATED, Label.CONTRADICTED, Label.UNVERIFIED)


class Aggregator(Protocol):
    """Turns feature vectors into verdict probabilities."""

    @property
    def review_threshold(self) -> float:
        """Return the confidence below which a verdict needs review."""

    def probabilities(self, features: "NDArray[np.float32]") -> "NDArray[np.float64]":
        """Return calibrated probabilities, shape (claims, 4), columns in the order of ``LABELS``."""

    def decide(self, probabilities: "NDArray[np.float64]") -> Label:
        """Return the label for one row of probabilities."""


@dataclass(frozen=True, slots=True)
class LinearAggregator:
    """Logistic regression with decision weights.

    ``weights`` has shape (4, features); ``decision`` multiplies each probability before the largest is taken, and is 1
    for a label whose miss costs no more than another's.
    """

    mean: "NDArray[np.float64]"
    scale: "NDArray[np.float64]"
    weights: "NDArray[np.float64]"
    bias: "NDArray[np.float64]"
    decision: "NDArray[np.float64]"
    review_threshold: float

    @classmethod
    def load(cls, path: Path, model: str) -> "LinearAggregator":
        """Return the aggregator of ``model`` ("fast" or "accurate") from a JSON file.

        :raises DamagedDataError: when the file is missing, malformed or of other features.
        """
        try:
            row = json.loads(path.read_text(encoding="utf-8"))[model]
            if tuple(row["features"]) != FEATURE_NAMES or tuple(row["labels"]) != tuple(map(str, LABELS)):
                raise ValueError("it was fitted on other features or labels")
            arrays = [np.array(row[key], dtype=float) for key in ("mean", "scale", "weights", "bias", "decision")]
            if arrays[2].shape != (len(LABELS), len(FEATURE_NAMES)):
                raise ValueError(f"weights have shape {arrays[2].shape}")
            mean, scale, weights, bias, decision = arrays
            return cls(mean, scale, weights, bias, decision, float(row["review_threshold"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DamagedDataError(f"{path}: the aggregator cannot be read ({error}); reinstall claimcheck") from error

    def probabilities(self, features: "NDArray[np.float32]") -> "NDArray[np.float64]":
        """Return calibrated probabilities, shape (claims, 4)."""
        logits: NDArray[np.float64] = ((features - self.mean) / self.scale) @ self.weights.T + self.bias
        return softmax(logits)

    def decide(self, probabilities: "NDArray[np.float64]") -> Label:
        """Return the label with the largest weighted probability."""
        return LABELS[int(np.argmax(probabilities * self.decision))]
