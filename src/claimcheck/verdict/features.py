"""What the aggregator knows of a claim, as one vector with named entries.

Everything comes from the stages before it: the readers' probabilities over the evidence set and over single records,
the nearest labelled wordings, how near the evidence is, numbers set against figures, and cues. Certainty weighs the
records: a strong stance of a very uncertain record counts less.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from claimcheck.numbers import quantities
from claimcheck.records import Certainty, EvidenceRecord, Label, Match, NumberCheck
from claimcheck.retrieval import Wording
from claimcheck.verdict.cues import CUE_NAMES, count_cues

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CERTAINTY_WEIGHT", "FEATURE_NAMES", "Reading", "feature_vector", "is_preclinical", "wording_votes"]

# How much a record's stance counts, after GRADE's four levels; equal steps, none tuned.
CERTAINTY_WEIGHT = {Certainty.HIGH: 1.0, Certainty.MODERATE: 0.85, Certainty.LOW: 0.65, Certainty.VERY_LOW: 0.45}

_VOTERS = (Label.SUPPORTED, Label.OVERSTATED, Label.CONTRADICTED)
# Sharpness of the nearest wordings' vote: a wording 0.1 closer counts e² times as much.
_VOTE_SHARPNESS = 20.0

FEATURE_NAMES = (
    *(f"set_{name}" for name in ("supported", "overstated", "contradicted", "not_enough")),
    *(f"second_{name}" for name in ("supported", "overstated", "contradicted", "not_enough")),
    *(f"pair_{name}" for name in ("supported", "overstated", "contradicted", "not_enough")),
    *(f"vote_{name}" for name in _VOTERS),
    *(f"phrasing_{name}" for name in ("supported", "overstated", "contradicted", "unverified")),
    "nearest_wording",
    "nearest_record",
    "second_record",
    *(f"cue_{name}" for name in CUE_NAMES),
    "cue_absolute_unhedged",
    "words",
    "has_number",
    "number_above",
    "number_below",
    "number_within",
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of one claim.

    ``over_set`` (4,) and ``over_pairs`` (pairs, 4) are the cross-encoder's, over the evidence set and single records;
    ``phrasing`` (4,) is the claim's own, without evidence; ``second`` (4,) is the large reader's over the evidence set,
    None where it has not read.
    """

    over_set: "NDArray[np.float32]"
    over_pairs: "NDArray[np.float32]"
    phrasing: "NDArray[np.float64]"
    second: "NDArray[np.float32] | None" = None


def is_preclinical(record: EvidenceRecord) -> bool:
    """Return whether a record rests on animals or cells alone."""
    population = record.population.lower()
    animal = any(
        word in population for word in ("rodent", "mice", "mouse", "rats", "animal", "in vitro", "cell culture")
    )
    return animal and not any(word in population for word in ("human", "people", "adult", "patient", "volunteer"))


def wording_votes(wordings: Sequence[Wording]) -> "NDArray[np.float32]":
    """Return the vote of the nearest labelled wordings over supported, overstated and contradicted, shape (3,)."""
    votes = np.zeros(len(_VOTERS), dtype=np.float32)
    for wording in wordings:
        if wording.label in _VOTERS:
            votes[_VOTERS.index(wording.label)] += np.exp(_VOTE_SHARPNESS * (wording.cosine - 1.0))
    total = float(votes.sum())
    result: NDArray[np.float32] = votes / total if total > 0 else np.full(len(_VOTERS), 1 / 3, dtype=np.float32)
    return result


def _log(values: "NDArray[np.float32] | NDArray[np.float64]") -> list[float]:
    return [float(value) for value in np.log(np.clip(values, 1e-4, 1.0))]


def feature_vector(
    text: str, reading: Reading, matches: Sequence[Match], wordings: Sequence[Wording], numbers: Sequence[NumberCheck]
) -> "NDArray[np.float32]":
    """Return a claim's features in the order of ``FEATURE_NAMES``."""
    weights = np.array(
        [0.0 if is_preclinical(m.record) else CERTAINTY_WEIGHT[m.record.certainty] for m in matches], dtype=np.float32
    )[: len(reading.over_pairs)]
    pairs = reading.over_pairs
    strongest = (pairs[:, :3] * weights[:, None]).max(axis=0) if len(pairs) else np.zeros(3, dtype=np.float32)
    least_silent = float(pairs[:, 3].min()) if len(pairs) else 1.0
    cues = count_cues(text).counts
    hedged = cues[CUE_NAMES.index("hedge")] > 0
    relations = {check.relation for check in numbers}
    scores = [match.cosine for match in matches[:2]] + [0.0, 0.0]
    return np.array(
        [
            *_log(reading.over_set),
            *(_log(reading.second) if reading.second is not None else [0.0] * len(reading.over_set)),
            *(float(value) for value in strongest),
            least_silent,
            *(float(value) for value in wording_votes(wordings)),
            *_log(reading.phrasing),
            wordings[0].cosine if wordings else 0.0,
            scores[0],
            scores[1],
            *(float(min(count, 3)) for count in cues),
            float(cues[CUE_NAMES.index("absolute")] > 0 and not hedged),
            min(len(text.split()), 60) / 20,
            float(bool(quantities(text))),
            float("above" in relations and "within" not in relations),
            float("below" in relations and "within" not in relations),
            float("within" in relations),
        ],
        dtype=np.float32,
    )
