"""An evaluation as one HTML file without script, font, image or style from anywhere else."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from claimcheck.evaluate import words
from claimcheck.evaluate.bootstrap import Estimate
from claimcheck.evaluate.charts import PLOT, RISK_HEIGHT, STRIP, heat_map, reliability_plot, risk_plot
from claimcheck.evaluate.run import Evaluation
from claimcheck.report.shown import clipped, one_line
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
    style = _resource("evaluation.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
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
            style=style,
            style_digest=digest,
        )
    )


def _named(measures: Mapping[str, Estimate]) -> Iterator[tuple[str, str, Estimate]]:
    """Yield (name, meaning, estimate) of the measures that have a name for readers."""
    for name, (title, meaning) in words.MEASURES.items():
        if name in measures:
            yield title, meaning, measures[name]


def _resource(name: str) -> str:
    return resources.files("claimcheck.evaluate").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FunctionLoader(_resource),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "one_line": one_line,
        "clipped": clipped,
        "named": _named,
        "number": words.number,
        "signed": words.signed,
        "interval": words.interval,
        "label": words.label_words,
        "trusted_style": lambda style: Markup(style),  # noqa: S704 - our own stylesheet, no text of a row in it
    }
    environment.tests["defined_number"] = lambda value: value == value
    return environment
