"""An evaluation from rows to measures: judged, compared with an oracle and baselines, resampled."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from claimcheck.errors import UsageError
from claimcheck.evaluate.baselines import Baseline, Majority
from claimcheck.evaluate.bootstrap import Estimate, Resampling, estimate
from claimcheck.evaluate.judging import (
    Judge,
    Judged,
    judge_claims,
    judge_gold_claims,
    judge_pairs,
    judge_units,
    load_pages,
    retrieved_ids,
)
from claimcheck.evaluate.metrics import (
    RETRIEVAL_NAMES,
    TRIPLE_NAMES,
    Bin,
    CurvePoint,
    Outcomes,
    confidence_histogram,
    confusion,
    measure,
    measure_retrieval,
    measure_triples,
    outcomes_of,
    reliability,
    risk_curve,
)
from claimcheck.evaluate.rows import CLAIM_LABELS, PAIR_LABELS, UNIT_LABELS, ClaimRow, Dataset
from claimcheck.records import Label

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Comparison", "Evaluation", "Options", "Part", "Scores", "evaluate"]

ERRORS_KEPT = 25
LABELS: Mapping[str, tuple[str, ...]] = {"claims": CLAIM_LABELS, "pairs": PAIR_LABELS, "units": UNIT_LABELS}
# Measures of which a comparison gives the difference too, on the same resamples.
COMPARED = ("accuracy", "macro_f1", "kappa", "flagged.f1")
# How far apart two labels are, to put the worst errors first where a stage gives no confidence.
_SERIOUSNESS = {
    "not_a_claim": 0,
    "supported": 1,
    "not_enough": 1.5,
    "unverified": 1.5,
    "overstated": 2,
    "contradicted": 3,
}


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure: ``stage`` is the dataset's kind, or retrieval; ``oracle`` is evidence or claims, or empty.

    ``top_k`` is how many records the checker retrieves for a claim, which the evidence oracle hands over too.
    """

    stage: str
    oracle: str = ""
    pages: Path | None = None
    top_k: int = 8
    resampling: Resampling = field(default_factory=Resampling)


@dataclass(frozen=True, slots=True)
class Scores:
    """How well rows were judged: measures by dotted name, confusion with gold in rows, and how sure it was.

    ``bins``, ``histogram`` (of confidence, in twentieths) and ``curve`` are empty where a row has no confidence.
    """

    n: int
    labels: tuple[str, ...]
    measures: Mapping[str, Estimate]
    confusion: tuple[tuple[int, ...], ...]
    bins: tuple[Bin, ...]
    histogram: tuple[int, ...]
    curve: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Another way to judge some of the rows, with the checker's measures on the same rows.

    ``difference`` is this way minus the checker, resampled together.
    """

    name: str
    note: str
    scores: Scores
    checker: Mapping[str, Estimate]
    difference: Mapping[str, Estimate]
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """A measure of its own kind on some of the rows: retrieval, or triples."""

    n: int
    measures: Mapping[str, Estimate]
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything measured in one run, with the digests of data, models, pack and settings that it holds for.

    ``scores`` is None for the retrieval stage, which judges nothing; ``errors`` are the most confident wrong rows.
    """

    stage: str
    dataset: Dataset
    resampling: Resampling
    versions: Mapping[str, object]
    scores: Scores | None = None
    retrieval: Part | None = None
    triples: Part | None = None
    oracle: Comparison | None = None
    baselines: tuple[Comparison, ...] = ()
    errors: tuple[Judged, ...] = ()
    error_count: int = 0


def evaluate(
    judge: Judge,
    dataset: Dataset,
    options: Options,
    *,
    known_ids: Collection[str] = (),
    versions: Mapping[str, object] | None = None,
    baselines: Sequence[Baseline] = (),
) -> Evaluation:
    """Return what is measured of a judge on labelled rows.

    ``known_ids`` are the ids of the pack's records: gold evidence that the pack does not hold is left out and counted.

    :raises UsageError: when the stage or the oracle does not fit the rows.
    :raises SourceError: when a page cannot be read.
    """
    _refuse_misfit(dataset, options)
    resampling = options.resampling
    linked, left_out = _linked(dataset, known_ids)
    retrieval = _retrieval(judge, dataset, linked, left_out, resampling) if linked else None
    if options.stage == "retrieval":
        if retrieval is None:
            raise UsageError(f"{dataset.name}: no row names evidence that the pack holds; retrieval needs such rows")
        return Evaluation("retrieval", dataset, resampling, versions or {}, retrieval=retrieval)
    judged = _judge(judge, dataset, options)
    labels = LABELS[dataset.kind]
    has_review = dataset.kind == "claims"
    outcomes = _outcomes(judged, labels, has_review=has_review)
    groups = [row.group for row in judged]
    wrong = [row for row in judged if row.gold != row.predicted]
    majority: tuple[Baseline, ...] = (Majority(),)
    return Evaluation(
        options.stage,
        dataset,
        resampling,
        versions or {},
        scores=_scores(outcomes, groups, resampling),
        retrieval=retrieval,
        triples=_triples(dataset, labels, outcomes, resampling),
        oracle=_oracle(judge, dataset, options, judged, linked) if options.oracle else None,
        baselines=tuple(_baseline(item, dataset, outcomes, groups, resampling) for item in (*majority, *baselines)),
        errors=tuple(sorted(wrong, key=_worst_first)[:ERRORS_KEPT]),
        error_count=len(wrong),
    )


def _refuse_misfit(dataset: Dataset, options: Options) -> None:
    needed = "claims" if options.stage == "retrieval" else options.stage
    if dataset.kind != needed:
        raise UsageError(f"{dataset.name}: found {dataset.kind}, expected {needed} for --stage {options.stage}")
    if dataset.kind == "units" and options.pages is None and options.oracle != "claims":
        raise UsageError("units are judged on their pages; give --pages FOLDER")
    fits = {"": True, "evidence": options.stage == "claims", "claims": options.stage == "units"}
    if not fits.get(options.oracle, False):
        needs = "claims that name their evidence" if options.oracle == "evidence" else "units that name their claims"
        raise UsageError(f"--oracle {options.oracle} needs {needs}; this is --stage {options.stage}")


def _judge(judge: Judge, dataset: Dataset, options: Options) -> list[Judged]:
    if dataset.kind == "pairs":
        return judge_pairs(judge, dataset.pairs)
    if dataset.kind == "claims":
        return judge_claims(judge, dataset.claims)
    if options.pages is None:
        raise UsageError("units are judged on their pages; give --pages FOLDER")
    return judge_units(judge, dataset.units, load_pages(dataset.units, options.pages))


def _outcomes(judged: Sequence[Judged], labels: Sequence[str], *, has_review: bool) -> Outcomes:
    has_table = all(row.probabilities for row in judged)
    return outcomes_of(
        labels,
        [row.gold for row in judged],
        [row.predicted for row in judged],
        np.array([row.probabilities for row in judged]) if has_table else None,
        confidence=np.array([row.confidence for row in judged]),
        needs_review=[row.needs_review for row in judged] if has_review else None,
    )


def _scores(outcomes: Outcomes, groups: Sequence[str], resampling: Resampling) -> Scores:
    return Scores(
        len(outcomes),
        outcomes.labels,
        estimate(lambda rows: measure(outcomes.take(rows)), groups, resampling),
        tuple(tuple(map(int, row)) for row in confusion(outcomes)),
        reliability(outcomes),
        confidence_histogram(outcomes),
        risk_curve(outcomes),
    )


def _compared(first: Outcomes, second: Outcomes) -> Callable[["NDArray[np.intp]"], dict[str, float]]:
    def statistic(rows: "NDArray[np.intp]") -> dict[str, float]:
        ours, theirs = measure(first.take(rows)), measure(second.take(rows))
        return {name: theirs[name] - ours[name] for name in COMPARED}

    return statistic


def _baseline(
    baseline: Baseline, dataset: Dataset, outcomes: Outcomes, groups: Sequence[str], resampling: Resampling
) -> Comparison:
    labels = outcomes.labels
    table = baseline.probabilities(dataset, labels)
    gold = [labels[k] for k in outcomes.gold]
    guessed = outcomes_of(labels, gold, [labels[k] for k in table.argmax(axis=1)], table)
    return Comparison(
        baseline.name,
        baseline.note,
        _scores(guessed, groups, resampling),
        estimate(lambda rows: measure(outcomes.take(rows)), groups, Resampling(0)),
        estimate(_compared(outcomes, guessed), groups, resampling),
    )


def _linked(dataset: Dataset, known_ids: Collection[str]) -> tuple[dict[int, list[str]], dict[str, int]]:
    """Return the gold evidence that the pack holds, by row number, and counts of what was left out."""
    known, linked = set(known_ids), {}
    left_out: Counter[str] = Counter()
    for number, row in enumerate(dataset.claims):
        held = [record_id for record_id in row.evidence if record_id in known]
        if held:
            linked[number] = held
        else:
            left_out["evidence_not_in_pack" if row.evidence else "no_evidence"] += 1
    return linked, dict(left_out)


def _retrieval(
    judge: Judge,
    dataset: Dataset,
    linked: Mapping[int, Sequence[str]],
    left_out: Mapping[str, int],
    resampling: Resampling,
) -> Part:
    rows = [dataset.claims[number] for number in linked]
    table = measure_retrieval(list(linked.values()), retrieved_ids(judge, rows))
    return _part(table, RETRIEVAL_NAMES, [row.group for row in rows], resampling, left_out)


def _part(
    table: "NDArray[np.float64]",
    names: Sequence[str],
    groups: Sequence[str],
    resampling: Resampling,
    left_out: Mapping[str, int],
) -> Part:
    measures = estimate(
        lambda rows: dict(zip(names, map(float, table[rows].mean(axis=0)), strict=True)), groups, resampling
    )
    return Part(len(table), measures, left_out)


def _triples(dataset: Dataset, labels: Sequence[str], outcomes: Outcomes, resampling: Resampling) -> Part | None:
    found: dict[str, dict[str, int]] = {}
    for number, row in enumerate(dataset.claims):
        if row.triple:
            found.setdefault(row.triple, {})[row.label] = number
    wanted = {str(Label.SUPPORTED), str(Label.OVERSTATED), str(Label.CONTRADICTED)}
    whole = [triple for triple in found.values() if set(triple) == wanted]
    if not whole:
        return None
    table = measure_triples(whole, labels, outcomes)
    groups = [dataset.claims[triple[str(Label.SUPPORTED)]].group for triple in whole]
    left_out = {"incomplete": len(found) - len(whole)} if len(found) > len(whole) else {}
    return _part(table, TRIPLE_NAMES, groups, resampling, left_out)


def _oracle(
    judge: Judge,
    dataset: Dataset,
    options: Options,
    judged: Sequence[Judged],
    linked: Mapping[int, Sequence[str]],
) -> Comparison:
    labels, left_out = LABELS[dataset.kind], {}
    if options.oracle == "evidence":
        if not linked:
            raise UsageError(f"{dataset.name}: no row names evidence that the pack holds; --oracle evidence needs it")
        rows: list[ClaimRow] = [dataset.claims[number] for number in linked]
        given = judge_claims(judge, rows, evidence=_perfectly_ranked(judge, rows, list(linked.values()), options.top_k))
        judged = [judged[number] for number in linked]
        note = "the gold records come first, then what retrieval finds beside them"
        left_out = {"without_gold_evidence": len(dataset.claims) - len(rows)}
    else:
        given = judge_gold_claims(judge, dataset.units)
        note = "the gold claims are handed over in place of what is found on the page"
    has_review = dataset.kind == "claims"
    ours = _outcomes(judged, labels, has_review=has_review)
    theirs = _outcomes(given, labels, has_review=has_review)
    groups = [row.group for row in judged]
    return Comparison(
        f"oracle_{options.oracle}",
        note,
        _scores(theirs, groups, options.resampling),
        estimate(lambda rows: measure(ours.take(rows)), groups, Resampling(0)),
        estimate(_compared(ours, theirs), groups, options.resampling),
        {reason: count for reason, count in left_out.items() if count},
    )


def _perfectly_ranked(
    judge: Judge, rows: Sequence[ClaimRow], gold: Sequence[Sequence[str]], top_k: int
) -> list[list[str]]:
    """Return what a perfect ranking would give: gold records first, then the others that retrieval finds.

    Gold alone would be no oracle of retrieval: the verdict stage was fitted on ``top_k`` records and does worse on one.
    """
    ranked = []
    for own, found in zip(gold, retrieved_ids(judge, rows, top_k), strict=True):
        rest = [record_id for record_id in found if record_id not in own]
        ranked.append([*own, *rest][: max(top_k, len(own))])
    return ranked


def _worst_first(row: Judged) -> tuple[float, float, str]:
    """Sort by confidence, and rows without one by how far apart the labels are."""
    confidence = 0.0 if np.isnan(row.confidence) else row.confidence
    return -confidence, -abs(_SERIOUSNESS[row.gold] - _SERIOUSNESS[row.predicted]), row.text
