"""An evaluation as one HTML file without script, font, image or style from anywhere else."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from claimcheck.evaluate import words
from claimcheck.evaluate.bootstrap import Estimate
from claimcheck.evaluate.charts import PLOT, RISK_HEIGHT, STRIP, heat_map, reliability_plot, risk_plot
from claimcheck.evaluate.run import Evaluation
from claimcheck.report.rendering import environment_of, style_of
from claimcheck.report.versions import version_rows

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["to_html"]

TILES = ("accuracy", "macro_f1", "kappa", "flagged.recall", "flagged.precision", "ece")
RETRIEVAL_TILES = ("recall_at_1", "recall_at_5", "recall_at_10", "mrr_at_10")


def to_html(evaluation: Evaluation) -> str:
    """Return the evaluation as a complete HTML document."""
    scores = evaluation.scores
    tiles = scores.measures if scores else evaluation.retrieval.measures if evaluation.retrieval else {}
    return (
        _environment()
        .get_template("evaluation.html.j2")
        .render(
            evaluation=evaluation,
            comparisons=[*([evaluation.oracle] if evaluation.oracle else []), *evaluation.baselines],
            tiles=[(name, tiles[name]) for name in (TILES if scores else RETRIEVAL_TILES) if name in tiles],
            heat=heat_map(scores) if scores else None,
            reliability=reliability_plot(scores.bins, scores.histogram) if scores and scores.bins else None,
            risk=risk_plot(scores) if scores and scores.curve else None,
            plot=PLOT,
            strip=STRIP,
            risk_height=RISK_HEIGHT,
            versions=version_rows(evaluation.versions),
            words=words,
            **style_of("claimcheck.evaluate", "evaluation.css"),
        )
    )


def _named(measures: Mapping[str, Estimate]) -> Iterator[tuple[str, str, Estimate]]:
    """Yield (name, meaning, estimate) of the measures that have a name for readers."""
    for name, (title, meaning) in words.MEASURES.items():
        if name in measures:
            yield title, meaning, measures[name]


@cache
def _environment() -> "Environment":
    environment = environment_of("claimcheck.evaluate")
    environment.filters |= {
        "named": _named,
        "number": words.number,
        "signed": words.signed,
        "interval": words.interval,
        "label": words.label_words,
    }
    environment.tests["defined_number"] = lambda value: value == value
    return environment
