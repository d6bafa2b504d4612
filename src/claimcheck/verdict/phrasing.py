"""What a claim's own phrasing says of its verdict, before any evidence is read.

A logistic regression over word n-grams (TF-IDF; Sparck Jones 1972) and the claim's embedding. It is a feature of the
aggregator beside the evidence, never a verdict. Stored as plain arrays and a list of terms.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from claimcheck.entailment import softmax
from claimcheck.errors import DamagedDataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LinearPhrasing", "PhrasingModel", "terms"]

# The embedding counts this much beside n-grams of unit length; of 1, 2 and 3 the calibration set liked 2 best.
EMBEDDING_SCALE = 2.0

_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?|\d+(?:\.\d+)?%?")


def terms(text: str) -> list[str]:
    """Return a claim's words and pairs of words, lower case, numbers as one sign with or without "%"."""
    words = [
        ("#%" if word.endswith("%") else "#") if word[0].isdigit() else word.replace("’", "'")
        for word in _WORD.findall(text.lower())
    ]
    return words + [f"{a} {b}" for a, b in pairwise(words)]


class PhrasingModel(Protocol):
    """Reads a claim without evidence."""

    def probabilities(self, vectors: "NDArray[np.float32]", texts: Sequence[str]) -> "NDArray[np.float64]":
        """Return probabilities over supported, overstated, contradicted and unverified, shape (claims, 4)."""


class LinearPhrasing:
    """TF-IDF and embedding under one multinomial logistic regression."""

    def __init__(
        self,
        vocabulary: Sequence[str],
        idf: "NDArray[np.float32]",
        weights: "NDArray[np.float32]",
        bias: "NDArray[np.float32]",
    ) -> None:
        self._index = {term: i for i, term in enumerate(vocabulary)}
        self._idf, self._weights, self._bias = idf, weights, bias

    @classmethod
    def load(cls, folder: Path) -> "LinearPhrasing":
        """Return the model of ``phrasing.npz`` and ``phrasing.json`` in a folder.

        :raises DamagedDataError: when a file is missing or malformed.
        """
        try:
            vocabulary = json.loads((folder / "phrasing.json").read_text(encoding="utf-8"))["terms"]
            with np.load(folder / "phrasing.npz", allow_pickle=False) as data:
                idf, weights, bias = (data[name].astype(np.float32) for name in ("idf", "weights", "bias"))
            if len(idf) != len(vocabulary) or weights.shape[0] != 4 or weights.shape[1] <= len(idf):
                raise ValueError("its parts differ in size")
        except Exception as error:  # numpy and zipfile raise a dozen kinds on damaged files
            raise DamagedDataError(f"{folder}: phrasing cannot be read ({error}); reinstall claimcheck") from error
        return cls(vocabulary, idf, weights, bias)

    def probabilities(self, vectors: "NDArray[np.float32]", texts: Sequence[str]) -> "NDArray[np.float64]":
        """Return probabilities over supported, overstated, contradicted and unverified, shape (claims, 4)."""
        size = len(self._idf)
        logits: NDArray[np.float64] = (
            np.asarray(EMBEDDING_SCALE * vectors, dtype=np.float64) @ self._weights[:, size:].T + self._bias
        )
        for row, text in enumerate(texts):
            columns, values = self._tfidf(text)
            if len(columns):
                logits[row] += self._weights[:, columns] @ values
        return softmax(logits)

    def _tfidf(self, text: str) -> tuple["NDArray[np.int64]", "NDArray[np.float64]"]:
        """Return the columns and unit-length weights of a text's known terms; frequency counts by its logarithm."""
        counts = Counter(self._index[term] for term in terms(text) if term in self._index)
        columns = np.fromiter(counts, dtype=np.int64, count=len(counts))
        values = np.array([1 + math.log(count) for count in counts.values()]) * self._idf[columns]
        length = max(float(np.linalg.norm(values)), 1e-9)
        return columns, np.asarray(values / length, dtype=np.float64)
