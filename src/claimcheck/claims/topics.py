"""Topics of claims: which of the report's coarse topics a claim belongs to.

The default is a multinomial logistic regression over the claim's embedding, stored as JSON numbers and trained by
``scripts/train_worthiness.py``.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from claimcheck.claims.worthiness import read_weights
from claimcheck.errors import DamagedDataError
from claimcheck.records import Claim

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TOPICS", "LinearTopic", "TopicModel", "assign_topics"]

FORMAT = "claimcheck.topics/1"

TOPICS: tuple[str, ...] = (
    "approval_legal", "safety_side_effects", "addiction", "efficacy_depression", "efficacy_other_mental",
    "efficacy_pain", "suicidality", "onset", "durability", "response_rate", "comparison", "mechanism",
    "protocol_dose_route", "eligibility", "cost_insurance", "history", "condition_statistics", "clinic_specific",
    "other",
)  # fmt: skip


class TopicModel(Protocol):
    """Names what claims are about."""

    def predict(self, vectors: "NDArray[np.float32]") -> tuple[str, ...]:
        """Return one topic of ``TOPICS`` for each row of unit embeddings."""


class LinearTopic:
    """Multinomial logistic regression over claim embeddings."""

    def __init__(self, weights: "NDArray[np.float64]", bias: "NDArray[np.float64]", encoder: str = "") -> None:
        """Take one row of weights a topic; ``encoder`` is the digest of the encoder they were trained with."""
        self._weights = weights
        self._bias = bias
        self.encoder = encoder

    @classmethod
    def load(cls, path: Path) -> "LinearTopic":
        """Return the model stored at ``path``.

        :raises DamagedDataError: when the file is missing, malformed or made for other topics.
        """
        values = read_weights(path, FORMAT)
        try:
            if tuple(values["topics"]) != TOPICS:
                raise ValueError("topics that this version does not know")
            weights = np.array(values["weights"], dtype=np.float64)
            bias = np.array(values["bias"], dtype=np.float64)
            if weights.ndim != 2 or weights.shape[0] != len(TOPICS) or bias.shape != (len(TOPICS),):
                raise ValueError("weights of the wrong shape")
            if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
                raise ValueError("weights that are not finite")
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedDataError(f"{path}: found {error}; reinstall claimcheck or train the model again") from error
        return cls(weights, bias, str(values.get("encoder", "")))

    def predict(self, vectors: "NDArray[np.float32]") -> tuple[str, ...]:
        """Return one topic for each row of ``vectors``.

        :raises DamagedDataError: when the vectors are of another width than the model was trained on.
        """
        if len(vectors) == 0:
            return ()
        if vectors.shape[1] != self._weights.shape[1]:
            raise DamagedDataError(
                f"the topic model weighs {self._weights.shape[1]} columns, found {vectors.shape[1]}; "
                "train it again with this encoder"
            )
        scores = np.asarray(vectors, dtype=np.float64) @ self._weights.T + self._bias
        return tuple(TOPICS[int(index)] for index in scores.argmax(axis=1))


def assign_topics(claims: Sequence[Claim], vectors: "NDArray[np.float32]", model: TopicModel) -> tuple[Claim, ...]:
    """Return the claims with their topics; ``vectors`` are the embeddings of their texts, which retrieval needs too.

    :raises ValueError: when there is not one vector for each claim.
    """
    if len(claims) != len(vectors):
        raise ValueError(f"{len(claims)} claims and {len(vectors)} vectors; expected one for each")
    topics = model.predict(vectors) if claims else ()
    return tuple(replace(claim, topic=topic) for claim, topic in zip(claims, topics, strict=True))
