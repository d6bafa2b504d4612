"""Why a verdict: the evidence in order, its stances, and one plain sentence built from the record.

Evidence in conflict is settled by a written rule (docs/how-it-decides.md): a record's weight is the probability of its
stance times its certainty; records of animals or cells weigh nothing for claims about people; the evidence shown first
is the heaviest that points the verdict's way, and evidence that points elsewhere is shown beside it, never dropped.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from claimcheck.entailment import OUTPUTS
from claimcheck.records import Evidence, Label, Match, NumberCheck, Overstatement, Stance
from claimcheck.verdict.features import CERTAINTY_WEIGHT, is_preclinical

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["WAYS", "explain", "order_evidence"]

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
# In words a patient understands; used by every output.
WAYS = {
    Overstatement.CERTAINTY: "more certain than the evidence",
    Overstatement.MAGNITUDE: "a larger effect than was found",
    Overstatement.SPEED: "faster than was found",
    Overstatement.DURATION: "longer-lasting than was found",
    Overstatement.SCOPE: "for more people or conditions than were studied",
    Overstatement.MECHANISM: "a cause or mechanism not shown in people",
    Overstatement.COMPARISON: "better than another treatment without a fair comparison",
    Overstatement.SAFETY: "safer than the evidence allows, or without its conditions",
    Overstatement.OMISSION: "leaves out a fact that changes the meaning",
}


def order_evidence(label: Label, matches: Sequence[Match], pairs: "NDArray[np.float32]") -> tuple[Evidence, ...]:
    """Return the matches as evidence, those that point the verdict's way first, heaviest first.

    ``pairs`` has shape (len(matches), 4). A record whose most probable output is "not enough" is context.
    """
    wanted = _WANTED.get(label)
    rated: list[tuple[float, int, Evidence]] = []
    for rank, (match, row) in enumerate(zip(matches, pairs, strict=True)):
        best = int(row.argmax())
        stance = _STANCES[OUTPUTS[best]]
        if stance is Stance.SUPPORTS and is_preclinical(match.record):
            stance = Stance.CONTEXT
        weight = float(row[best]) * CERTAINTY_WEIGHT[match.record.certainty]
        order = 3.0 if stance is wanted else 1.0 if stance is not Stance.CONTEXT else 0.0
        rated.append((order + weight, -rank, Evidence(match.record, stance, round(float(row[best]), 4))))
    rated.sort(key=lambda item: (item[0], item[1]), reverse=True)
    return tuple(evidence for _, _, evidence in rated)


def explain(
    label: Label, evidence: Sequence[Evidence], overstates: Sequence[Overstatement], numbers: Sequence[NumberCheck]
) -> str:
    """Return one plain sentence why, from the decisive record's own statement and limits."""
    if label is Label.UNVERIFIED or not evidence:
        return "The evidence at hand does not settle this claim either way."
    first = evidence[0].record
    statement = first.statement.rstrip(".")
    if label is Label.SUPPORTED:
        return f"The evidence agrees: {statement}."
    if label is Label.CONTRADICTED:
        return f"The evidence says otherwise: {statement}."
    ways = "; ".join(WAYS[way] for way in overstates) or "further than the evidence"
    beyond = next((check for check in numbers if check.relation != "within" and check.record_id == first.id), None)
    arithmetic = f" “{beyond.claim_text}” against {beyond.low:g} to {beyond.high:g} {beyond.unit}." if beyond else ""
    limit = f" Its limit: {first.limits.rstrip('.')}." if first.limits else ""
    return f"It claims {ways}: {statement}.{arithmetic}{limit}"
