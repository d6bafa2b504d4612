"""Check-worthiness: the probability that a sentence says something about a treatment, a drug or the law to be checked.

The default is a logistic regression over the sentence's embedding and surface features, stored as JSON numbers and
trained by ``scripts/train_worthiness.py``. It says nothing of whether the sentence is true.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from claimcheck.claims.features import FEATURES, surface_features
from claimcheck.claims.stems import stem_index
from claimcheck.errors import DamagedDataError
from claimcheck.records import BlockKind, Sentence

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LinearWorthiness", "WorthinessModel", "asserts_nothing", "design_matrix"]

FORMAT = "claimcheck.worthiness/1"

# Highest probability of a question or a list's stem: of 381 in the training pages none is a claim.
NOTHING = 0.05


class WorthinessModel(Protocol):
    """Tells claims from the rest of a page."""

    threshold: float

    def predict(
        self, sentences: Sequence[Sentence], vectors: "NDArray[np.float32]", headings: Sequence[str]
    ) -> "NDArray[np.float64]":
        """Return for each sentence of a page the probability that it is check-worthy.

        ``vectors`` holds the sentences' unit embeddings, shape (sentences, d); ``headings`` the heading each stands
        under, "" where there is none. All three are in page order.
        """


def design_matrix(
    sentences: Sequence[Sentence], vectors: "NDArray[np.float32]", headings: Sequence[str]
) -> "NDArray[np.float64]":
    """Return the columns the linear model weighs: three embeddings, then ``FEATURES``.

    The embeddings are the sentence's own, that of the sentence before it, which tells "No." after "Is it addictive?"
    from "No." elsewhere, and that of what it stands under: a list item's stem, else the heading.

    :raises ValueError: when the three arguments differ in length.
    """
    if not len(sentences) == len(vectors) == len(headings):
        raise ValueError(
            f"{len(sentences)} sentences, {len(vectors)} vectors and {len(headings)} headings; expected one of each"
        )
    own = np.asarray(vectors, dtype=np.float64)
    before, above = np.zeros_like(own), np.zeros_like(own)
    before[1:] = own[:-1]
    heading = -1
    for index, sentence in enumerate(sentences):
        stem = stem_index(sentences, index)
        place = stem if stem >= 0 else heading
        if place >= 0:
            above[index] = own[place]
        if sentence.kind is BlockKind.HEADING:
            heading = index
    surface = np.array(surface_features(sentences, headings), dtype=np.float64).reshape(len(sentences), len(FEATURES))
    return np.hstack([own, before, above, surface])


def asserts_nothing(text: str) -> bool:
    """Return whether a sentence ends as questions and the stems of lists do: by the handbook neither is a claim."""
    return text.rstrip(" \t\n\"'”’)").endswith(("?", ":"))


class LinearWorthiness:
    """Logistic regression over embedding and surface features."""

    def __init__(self, weights: "NDArray[np.float64]", bias: float, threshold: float, encoder: str = "") -> None:
        """Take the weights of all columns; ``encoder`` is the digest of the encoder they were trained with."""
        self._weights = weights
        self._bias = bias
        self.threshold = threshold
        self.encoder = encoder

    @classmethod
    def load(cls, path: Path) -> "LinearWorthiness":
        """Return the model stored at ``path``.

        :raises DamagedDataError: when the file is missing, malformed or made for other features.
        """
        values = read_weights(path, FORMAT)
        try:
            features = tuple(values["features"])
            parts = [np.array(values[name], dtype=np.float64) for name in ("embedding", "before", "above")]
            surface = np.array(values["surface"], dtype=np.float64)
            bias, threshold = values["bias"], values["threshold"]
            if features != FEATURES or surface.shape != (len(FEATURES),):
                raise ValueError("features that this version does not compute")
            if any(part.ndim != 1 or part.shape != parts[0].shape for part in parts) or not 0 < threshold < 1:
                raise ValueError("weights of the wrong shape or a threshold outside 0 to 1")
            weights = np.concatenate([*parts, surface])
            if not (np.isfinite(weights).all() and math.isfinite(bias)):
                raise ValueError("weights that are not finite")
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedDataError(f"{path}: found {error}; reinstall claimcheck or train the model again") from error
        return cls(weights, float(bias), float(threshold), str(values.get("encoder", "")))

    def predict(
        self, sentences: Sequence[Sentence], vectors: "NDArray[np.float32]", headings: Sequence[str]
    ) -> "NDArray[np.float64]":
        """Return for each sentence the probability that it is check-worthy.

        :raises DamagedDataError: when the vectors are of another width than the model was trained on.
        """
        if len(sentences) == 0:
            return np.zeros(0)
        matrix = design_matrix(sentences, vectors, headings)
        if matrix.shape[1] != len(self._weights):
            raise DamagedDataError(
                f"the check-worthiness model weighs {len(self._weights)} columns, found {matrix.shape[1]}; "
                "train it again with this encoder"
            )
        logits = np.clip(matrix @ self._weights + self._bias, -60, 60)
        silent = np.array([asserts_nothing(sentence.text) for sentence in sentences])
        probabilities: NDArray[np.float64] = 1 / (1 + np.exp(-logits))
        return np.where(silent, np.minimum(probabilities, NOTHING), probabilities)


def read_weights(path: Path, expected: str) -> dict[str, Any]:
    """Return the JSON object at ``path``, checked for its format name.

    :raises DamagedDataError: when it is missing, not JSON or of another format.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedDataError(f"{path}: the weights cannot be read ({error}); reinstall claimcheck") from error
    found = values.get("format") if isinstance(values, dict) else type(values).__name__
    if found != expected:
        raise DamagedDataError(f"{path}: found format {found!r}, expected {expected!r}; reinstall claimcheck")
    return dict(values)
