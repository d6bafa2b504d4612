"""An evaluation as JSON with stable keys (schema "claimcheck.evaluation/1", documented in docs/evaluating.md)."""

import json
import math
from collections.abc import Mapping
from typing import Any

from claimcheck.evaluate.bootstrap import Estimate
from claimcheck.evaluate.judging import Judged
from claimcheck.evaluate.run import Comparison, Evaluation, Part, Scores

__all__ = ["SCHEMA", "to_document", "to_json"]

SCHEMA = "claimcheck.evaluation/1"
# Beyond six digits a number tells of the machine's arithmetic, not of the model.
DIGITS = 6


def to_json(evaluation: Evaluation) -> str:
    """Return the evaluation as a JSON text, one value a line."""
    return json.dumps(to_document(evaluation), indent=2, ensure_ascii=False) + "\n"


def to_document(evaluation: Evaluation) -> dict[str, Any]:
    """Return the evaluation as JSON values; what was not measured is null, and so is what is undefined."""
    dataset = evaluation.dataset
    return {
        "schema": SCHEMA,
        "stage": evaluation.stage,
        "data": {
            "name": dataset.name,
            "sha256": dataset.sha256,
            "rows": len(dataset.rows),
            "labels": dataset.labels(),
            "left_out": dict(dataset.left_out),
        },
        "versions": dict(evaluation.versions),
        "bootstrap": {
            "replicates": evaluation.resampling.replicates,
            "seed": evaluation.resampling.seed,
            "unit": dataset.unit,
            "units": len({row.group for row in dataset.rows}),
        },
        "scores": _scores(evaluation.scores) if evaluation.scores else None,
        "triples": _part(evaluation.triples),
        "retrieval": _part(evaluation.retrieval),
        "oracle": _comparison(evaluation.oracle) if evaluation.oracle else None,
        "baselines": [_comparison(item) for item in evaluation.baselines],
        "errors": {"count": evaluation.error_count, "worst": [_error(row) for row in evaluation.errors]},
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, DIGITS)


def _nested(measures: Mapping[str, Estimate]) -> dict[str, Any]:
    """Return measures nested by the parts of their names, each {"value", "low", "high"}."""
    tree: dict[str, Any] = {}
    for name, item in measures.items():
        *path, last = name.split(".")
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node[last] = {"value": _number(item.value), "low": _number(item.low), "high": _number(item.high)}
    return tree


def _scores(scores: Scores) -> dict[str, Any]:
    return {
        "n": scores.n,
        "measures": _nested(scores.measures),
        "confusion": {
            gold: dict(zip(scores.labels, row, strict=True))
            for gold, row in zip(scores.labels, scores.confusion, strict=True)
        },
        "calibration": [
            {
                "n": item.n,
                "low": _number(item.low),
                "high": _number(item.high),
                "confidence": _number(item.confidence),
                "accuracy": {
                    "value": _number(item.accuracy),
                    "low": _number(item.accuracy_low),
                    "high": _number(item.accuracy_high),
                },
            }
            for item in scores.bins
        ],
        "confidence_histogram": list(scores.histogram),
        "risk_coverage": [
            {"coverage": _number(point.coverage), "error": _number(point.error)} for point in scores.curve
        ],
    }


def _part(part: Part | None) -> dict[str, Any] | None:
    if part is None:
        return None
    return {"n": part.n, "left_out": dict(part.left_out), "measures": _nested(part.measures)}


def _comparison(item: Comparison) -> dict[str, Any]:
    return {
        "name": item.name,
        "note": item.note,
        "left_out": dict(item.left_out),
        "scores": _scores(item.scores),
        "checker": _nested(item.checker),
        "difference": _nested(item.difference),
    }


def _error(row: Judged) -> dict[str, Any]:
    return {
        "text": row.text,
        "gold": row.gold,
        "predicted": row.predicted,
        "confidence": _number(row.confidence),
        "needs_review": row.needs_review,
        "evidence": [{"id": item.id, "statement": item.statement, "stance": item.stance} for item in row.evidence],
    }
