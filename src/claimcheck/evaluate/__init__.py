"""How good the verdicts are, on labelled rows, stage by stage.

``read_dataset`` or ``benchmark_rows`` gives rows, ``evaluate`` measures a judge on them (``claimcheck.Checker``, or
anything with the methods of ``Judge``), and ``to_json``, ``to_html`` and ``to_text`` show the result. ``gate`` keeps
measures above floors.
"""

from claimcheck.evaluate.baselines import Baseline, train_tfidf, zero_shot
from claimcheck.evaluate.bootstrap import Estimate, Resampling
from claimcheck.evaluate.document import to_document, to_json
from claimcheck.evaluate.html import to_html
from claimcheck.evaluate.judging import Judge
from claimcheck.evaluate.rows import BENCHMARK, STAGES, Dataset, benchmark_rows, read_dataset
from claimcheck.evaluate.run import Evaluation, Options, evaluate
from claimcheck.evaluate.text import print_evaluation, to_text

__all__ = [
    "BENCHMARK",
    "STAGES",
    "Baseline",
    "Dataset",
    "Estimate",
    "Evaluation",
    "Judge",
    "Options",
    "Resampling",
    "benchmark_rows",
    "evaluate",
    "print_evaluation",
    "read_dataset",
    "to_document",
    "to_html",
    "to_json",
    "to_text",
    "train_tfidf",
    "zero_shot",
]
