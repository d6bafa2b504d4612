"""Verdicts for claims: readers, aggregator and explanation joined."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from claimcheck.entailment import CrossEncoder, premise, premise_set
from claimcheck.numbers import compare
from claimcheck.records import Claim, Label, Match, NumberCheck, Overstatement, Span, Stance, Verdict
from claimcheck.retrieval import Wording
from claimcheck.verdict.aggregate import LABELS, Aggregator
from claimcheck.verdict.explain import explain, order_evidence
from claimcheck.verdict.features import Reading, feature_vector
from claimcheck.verdict.occlusion import Occlusion
from claimcheck.verdict.overstates import LinearWays
from claimcheck.verdict.phrasing import PhrasingModel
from claimcheck.verdict.severity import severity_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Judge", "LinearJudge", "Prepared", "SecondReader", "both_readings"]

# Records read together with the claim, and records read one by one for their stance: what training used.
SET_SIZE = 2
PAIRS = 4
# Below this similarity nothing in the pack is about the claim, whatever a reader makes of it.
MIN_COSINE = 0.2
FLAGGED = (Label.OVERSTATED, Label.CONTRADICTED)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A claim with what retrieval found for it and its embedding, shape (d,)."""

    claim: Claim
    vector: "NDArray[np.float32]"
    matches: tuple[Match, ...]
    wordings: tuple[Wording, ...]


@dataclass(frozen=True, slots=True)
class SecondReader:
    """A larger cross-encoder for claims whose first verdict has a confidence below ``below``; above 1 it reads all."""

    reader: CrossEncoder
    aggregator: Aggregator
    below: float


class Judge(Protocol):
    """Judges prepared claims."""

    def judge(self, prepared: Sequence[Prepared]) -> list[Verdict]:
        """Return one verdict a claim, in order."""


class LinearJudge:
    """The default: a cross-encoder over the evidence set and single records, then a calibrated aggregator."""

    def __init__(
        self,
        reader: CrossEncoder,
        aggregator: Aggregator,
        ways: LinearWays,
        phrasing: PhrasingModel,
        *,
        second: SecondReader | None = None,
        min_confidence: float = 0.0,
    ) -> None:
        self._reader = reader
        self._aggregator = aggregator
        self._ways = ways
        self._phrasing = phrasing
        self._second = second
        self._min_confidence = min_confidence

    def judge(self, prepared: Sequence[Prepared]) -> list[Verdict]:
        """Return one verdict a claim, in order."""
        if not prepared:
            return []
        readings = self.read(prepared)
        numbers = [tuple(compare(p.claim.text, [m.record for m in p.matches[:SET_SIZE]])) for p in prepared]
        probabilities, decided, sure = self._probabilities(prepared, readings, numbers)
        ways = self._ways.ways(np.stack([p.vector for p in prepared]), [p.claim.text for p in prepared])
        verdicts = []
        for i, item in enumerate(prepared):
            label = self._label(item, decided[i])
            codes = ways[i] if label is Label.OVERSTATED else ()
            verdict = self._verdict(item, label, probabilities[i], readings[i], numbers[i], codes)
            verdicts.append(replace(verdict, needs_review=verdict.needs_review or verdict.confidence < sure[i]))
        return self._with_strong_words(prepared, verdicts)

    def read(self, prepared: Sequence[Prepared]) -> list[Reading]:
        """Return what the reader says of each claim, over its evidence set and over its first records."""
        sets = [(p.claim.text, premise_set([m.record for m in p.matches[:SET_SIZE]])) for p in prepared]
        pairs = [(p.claim.text, premise(m.record)) for p in prepared for m in p.matches[:PAIRS]]
        read = self._reader.predict(sets + pairs)
        phrasing = self._phrasing.probabilities(
            np.stack([p.vector for p in prepared]), [p.claim.text for p in prepared]
        )
        readings, start = [], len(sets)
        for i, item in enumerate(prepared):
            count = len(item.matches[:PAIRS])
            readings.append(Reading(read[i], read[start : start + count], phrasing[i]))
            start += count
        return readings

    def _probabilities(
        self, prepared: Sequence[Prepared], readings: Sequence[Reading], numbers: Sequence[tuple[NumberCheck, ...]]
    ) -> tuple["NDArray[np.float64]", list[Label], list[float]]:
        """Return calibrated probabilities, labels and the confidence below which each needs review.

        Claims of low confidence are read by the second reader too, and judged by its aggregator.
        """

        def features(rows: Sequence[int], read: Sequence[Reading]) -> "NDArray[np.float32]":
            return np.stack(
                [
                    feature_vector(p.claim.text, reading, p.matches, p.wordings, numbers[i])
                    for i, p, reading in zip(rows, (prepared[i] for i in rows), read, strict=True)
                ]
            )

        everyone = list(range(len(prepared)))
        probabilities = self._aggregator.probabilities(features(everyone, readings))
        labels = [self._aggregator.decide(row) for row in probabilities]
        sure = [self._min_confidence or self._aggregator.review_threshold] * len(prepared)
        if self._second:
            chosen = [i for i in everyone if probabilities[i, LABELS.index(labels[i])] < self._second.below]
            if chosen:
                again = both_readings(self._second.reader, [prepared[i] for i in chosen], [readings[i] for i in chosen])
                probabilities[chosen] = self._second.aggregator.probabilities(features(chosen, again))
                for i in chosen:
                    labels[i] = self._second.aggregator.decide(probabilities[i])
                    sure[i] = self._min_confidence or self._second.aggregator.review_threshold
        return probabilities, labels, sure

    def _label(self, item: Prepared, decided: Label) -> Label:
        if not item.matches or item.matches[0].cosine < MIN_COSINE:
            return Label.UNVERIFIED
        return decided

    def _verdict(
        self,
        item: Prepared,
        label: Label,
        probabilities: "NDArray[np.float64]",
        reading: Reading,
        numbers: tuple[NumberCheck, ...],
        codes: tuple[Overstatement, ...],
    ) -> Verdict:
        evidence = order_evidence(label, item.matches[:PAIRS], reading.over_pairs)
        confidence = float(probabilities[LABELS.index(label)])
        # A verdict that no single record bears out is the model's reading of the whole: a person should look.
        unborne = label is not Label.UNVERIFIED and all(e.stance is Stance.CONTEXT for e in evidence)
        return Verdict(
            claim=item.claim,
            label=label,
            probabilities={name: round(float(p), 4) for name, p in zip(LABELS, probabilities, strict=True)},
            confidence=round(confidence, 4),
            needs_review=unborne,
            severity=severity_of(label, item.claim.topic, confidence),
            overstates=codes,
            explanation=explain(label, evidence),
            evidence=evidence,
            numbers=numbers,
        )

    def _with_strong_words(self, prepared: Sequence[Prepared], verdicts: list[Verdict]) -> list[Verdict]:
        """Return the verdicts with, for flagged claims, the words that make the claim more serious (occlusion).

        A word counts when the claim without it is less serious, or when the claim without any strong word becomes more
        serious by that word alone: beside two other absolute words, no single one is missed.
        """
        trials = [
            (i, Occlusion(verdict.claim.text, premise(verdict.evidence[0].record)))
            for i, verdict in enumerate(verdicts)
            if verdict.label in FLAGGED and verdict.evidence
        ]
        trials = [(i, occlusion) for i, occlusion in trials if occlusion.spans]
        read = self._reader.predict([pair for _, occlusion in trials for pair in occlusion.pairs()]) if trials else None
        result, start = list(verdicts), 0
        for i, occlusion in trials:
            assert read is not None  # noqa: S101 - for the type checker: there are trials, so there was a reading
            rows = read[start : start + len(occlusion.pairs())]
            start += len(rows)
            found = [span for word in occlusion.strong(rows) for span in _in_page(verdicts[i].claim, *word)]
            result[i] = replace(verdicts[i], strong_words=tuple(found))
        return result


def both_readings(reader: CrossEncoder, prepared: Sequence[Prepared], readings: Sequence[Reading]) -> list[Reading]:
    """Return the readings with what the large ``reader`` says of each evidence set beside them."""
    sets = reader.predict([(p.claim.text, premise_set([m.record for m in p.matches[:SET_SIZE]])) for p in prepared])
    return [replace(reading, second=second) for reading, second in zip(readings, sets, strict=True)]


def _in_page(claim: Claim, start: int, end: int) -> list[Span]:
    """Return where the claim's words stand in the page: a rewritten claim keeps its words, not their offsets."""
    at = claim.sentence.lower().find(claim.text[start:end].lower())
    return [] if at < 0 else [Span(claim.start + at, claim.start + at + end - start)]
