"""Why a verdict: the evidence in order, its stances, and one plain sentence built from the record.

Evidence in conflict is settled by a written rule (docs/how-it-decides.md): a record's weight is the probability of its
stance times its certainty times its nearness to the claim; records of animals or cells support no claim about people;
the evidence shown first is the heaviest that points the verdict's way, and evidence that points elsewhere is shown
beside it, never dropped.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from claimcheck.entailment import OUTPUTS
from claimcheck.records import Evidence, Label, Match, Stance
from claimcheck.verdict.features import CERTAINTY_WEIGHT, is_preclinical

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["explain", "order_evidence"]

_STANCES = {
    "supported": Stance.SUPPORTS,
    "overstated": Stance.LIMITS,
    "contradicted": Stance.CONTRADICTS,
    "not_enough": Stance.CONTEXT,
}
_WANTED = {
    Label.SUPPORTED: Stance.SUPPORTS,
    Label.OVERSTATED: Stance.LIMITS,
    Label.CONTRADICTED: Stance.CONTRADICTS,
}
_LEADS = {
    Label.SUPPORTED: "The evidence agrees",
    Label.OVERSTATED: "It goes further than the evidence",
    Label.CONTRADICTED: "The evidence says otherwise",
}


def order_evidence(label: Label, matches: Sequence[Match], pairs: "NDArray[np.float32]") -> tuple[Evidence, ...]:
    """Return the matches as evidence, those that point the verdict's way first, heaviest first.

    ``pairs`` has shape (len(matches), 4). A record whose most probable output is "not enough" is context.
    """
    wanted = _WANTED.get(label)
    nearest = max([match.score for match in matches], default=1.0) or 1.0
    rated: list[tuple[float, int, Evidence]] = []
    for rank, (match, row) in enumerate(zip(matches, pairs, strict=True)):
        best = int(row.argmax())
        stance = _STANCES[OUTPUTS[best]]
        if stance is Stance.SUPPORTS and is_preclinical(match.record):
            stance = Stance.CONTEXT
        # Nearness counts too: of two records that say the same, the one about this very claim is shown first.
        weight = float(row[best]) * CERTAINTY_WEIGHT[match.record.certainty] * max(match.score, 0.0) / nearest
        order = 3.0 if stance is wanted else 1.0 if stance is not Stance.CONTEXT else 0.0
        rated.append((order + weight, -rank, Evidence(match.record, stance, round(float(row[best]), 4))))
    rated.sort(key=lambda item: (item[0], item[1]), reverse=True)
    return tuple(evidence for _, _, evidence in rated)


def explain(label: Label, evidence: Sequence[Evidence]) -> str:
    """Return one plain sentence why, in the decisive record's own words; nothing is generated.

    The ways of overstating, the arithmetic and the limits stand beside it in every report and are not repeated here.
    """
    if label is Label.UNVERIFIED or not evidence:
        return "The evidence at hand does not settle this claim either way."
    return f"{_LEADS[label]}: {evidence[0].record.statement.rstrip('.')}."
