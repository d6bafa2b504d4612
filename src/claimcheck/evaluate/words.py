"""Names of measures for readers, and which of them stand in a summary."""

import math
from collections.abc import Mapping

from claimcheck.evaluate.bootstrap import Estimate
from claimcheck.evaluate.run import Evaluation

__all__ = [
    "MEASURES",
    "STAGE_WORDS",
    "interval",
    "label_words",
    "left_out_words",
    "number",
    "resampling_words",
    "signed",
]

# Dotted name -> (name for readers, what it means), in the order of the summary.
MEASURES: Mapping[str, tuple[str, str]] = {
    "accuracy": ("Accuracy", "share of rows with the right label"),
    "macro_f1": ("Macro-F1", "mean F1 of the labels that occur in the gold"),
    "kappa": ("Cohen's kappa", "agreement with the gold beyond chance"),
    "flagged.precision": ("Flag precision", "of claims flagged as overstated or contradicted, the share that are"),
    "flagged.recall": ("Flag recall", "of claims that are overstated or contradicted, the share flagged"),
    "flagged.f1": ("Flag F1", "harmonic mean of the two"),
    "check_worthiness.precision": ("Check-worthiness precision", "of sentences judged as claims, the share that are"),
    "check_worthiness.recall": ("Check-worthiness recall", "of sentences that are claims, the share judged as such"),
    "check_worthiness.f1": ("Check-worthiness F1", "harmonic mean of the two"),
    "ece": ("Calibration error", "mean gap between confidence and share right, over ten bins; 0 is best"),
    "brier": ("Brier score", "squared error of the probabilities, 0 to 2; 0 is best"),
    "aurc": ("Area under risk–coverage", "mean error over all coverages; 0 is best"),
    "error_at_80_coverage": ("Error at 80% coverage", "error among the four fifths that are most confident"),
    "review.coverage": ("Needs no review", "share of verdicts at or above the shipped review threshold"),
    "review.error": ("Error among those", "share of them that are wrong"),
    "recall_at_1": ("Recall at 1", "share of the gold records that are ranked first"),
    "recall_at_5": ("Recall at 5", "share of the gold records among the first five"),
    "recall_at_10": ("Recall at 10", "share of the gold records among the first ten"),
    "any_at_1": ("Any at 1", "share of claims with a gold record ranked first"),
    "any_at_5": ("Any at 5", "share of claims with a gold record among the first five"),
    "any_at_10": ("Any at 10", "share of claims with a gold record among the first ten"),
    "mrr_at_10": ("Mean reciprocal rank", "of the first gold record among the first ten"),
    "ordered": ("Triples in order", "seriousness rises from hedged to unhedged to absolute"),
    "hedged_below_unhedged": ("Hedged below unhedged", "the first of the two steps"),
    "unhedged_below_absolute": ("Unhedged below absolute", "the second of the two steps"),
    "all_right": ("Triples all right", "all three labels are right"),
}
STAGE_WORDS: Mapping[str, str] = {
    "claims": "claims",
    "pairs": "claim–evidence pairs",
    "units": "page units",
    "retrieval": "claims",
}
_NAMES: Mapping[str, str] = {
    "majority": "Commonest label",
    "tfidf": "Words only (TF-IDF)",
    "zero_shot": "Zero-shot entailment",
    "oracle_evidence": "Oracle: gold evidence",
    "oracle_claims": "Oracle: gold claims",
}
_REASONS: Mapping[str, str] = {
    "not_a_claim": "labelled not_a_claim, which no claim's verdict can be",
    "no_evidence": "that name no evidence",
    "evidence_not_in_pack": "whose evidence the pack does not hold",
    "without_gold_evidence": "without gold evidence in the pack",
    "incomplete": "triples without all three labels",
}


def number(value: float) -> str:
    """Return a measure with three decimals, or a dash where it is undefined."""
    return "–" if math.isnan(value) else f"{value:.3f}"


def signed(value: float) -> str:
    """Return a difference with its sign."""
    return "–" if math.isnan(value) else f"{value:+.3f}".replace("-", "−")


def interval(item: Estimate) -> str:
    """Return the bounds of an estimate, empty where nothing was resampled."""
    if math.isnan(item.low):
        return ""
    return f"{item.low:.3f} to {item.high:.3f}".replace("-", "−")


def label_words(label: str) -> str:
    """Return a label or the stable name of a comparison as it is shown."""
    return _NAMES.get(label) or label.replace("_", " ").capitalize()


def left_out_words(left_out: Mapping[str, int]) -> str:
    """Return why rows were left out, empty when none were."""
    return "; ".join(f"{count} {_REASONS.get(reason, reason)}" for reason, count in left_out.items())


def resampling_words(evaluation: Evaluation) -> str:
    """Return how the intervals came about."""
    resampling, dataset = evaluation.resampling, evaluation.dataset
    if not resampling.replicates:
        return "No intervals: --bootstrap 0."
    groups = len({row.group for row in dataset.rows})
    return (
        f"Intervals: 95%, {resampling.replicates:,} bootstrap resamples of {groups:,} {dataset.unit}s, "
        f"seed {resampling.seed}."
    )
