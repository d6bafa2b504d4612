"""In which ways a claim overstates: one logistic regression a code over the claim's embedding and its cues.

Trained on labelled wordings by scripts/fit_verdict.py, which measures it on benchmark records; stored as JSON numbers.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from claimcheck.errors import DamagedDataError
from claimcheck.records import Overstatement
from claimcheck.verdict.cues import CUE_NAMES, count_cues

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LinearWays", "way_features"]


def way_features(vectors: "NDArray[np.float32]", texts: Sequence[str]) -> "NDArray[np.float32]":
    """Return embeddings with cue counts beside them, shape (claims, d + cues)."""
    cues = np.array([count_cues(text).counts for text in texts], dtype=np.float32).reshape(len(texts), len(CUE_NAMES))
    result: NDArray[np.float32] = np.concatenate([vectors, np.minimum(cues, 3) / 3], axis=1)
    return result


@dataclass(frozen=True, slots=True)
class LinearWays:
    """One logistic regression a code; ``weights`` has shape (codes, features)."""

    codes: tuple[Overstatement, ...]
    weights: "NDArray[np.float64]"
    bias: "NDArray[np.float64]"
    thresholds: "NDArray[np.float64]"

    @classmethod
    def load(cls, path: Path) -> "LinearWays":
        """Return the model stored as JSON.

        :raises DamagedDataError: when the file is missing or malformed.
        """
        try:
            row = json.loads(path.read_text(encoding="utf-8"))
            codes = tuple(Overstatement(code) for code in row["codes"])
            arrays = [np.array(row[key], dtype=float) for key in ("weights", "bias", "thresholds")]
            if not len(codes) == len(arrays[0]) == len(arrays[1]) == len(arrays[2]):
                raise ValueError("its arrays differ in length")
            return cls(codes, *arrays)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DamagedDataError(f"{path}: cannot be read ({error}); reinstall claimcheck") from error

    def ways(self, vectors: "NDArray[np.float32]", texts: Sequence[str]) -> list[tuple[Overstatement, ...]]:
        """Return for each claim the ways it overstates, likeliest first; at least one."""
        logits = way_features(vectors, texts) @ self.weights.T + self.bias
        chances = 1 / (1 + np.exp(-logits))
        result = []
        for row in chances:
            order = np.argsort(-(row - self.thresholds))
            kept = [self.codes[i] for i in order if row[i] >= self.thresholds[i]]
            result.append(tuple(kept) or (self.codes[int(order[0])],))
        return result
