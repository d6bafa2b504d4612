"""An evaluation as tables for a terminal or a text file."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from claimcheck.evaluate.bootstrap import Estimate
from claimcheck.evaluate.judging import Judged
from claimcheck.evaluate.run import Comparison, Evaluation, Scores
from claimcheck.evaluate.words import (
    MEASURES,
    STAGE_WORDS,
    interval,
    label_words,
    left_out_words,
    number,
    resampling_words,
    signed,
)
from claimcheck.report.shown import clipped, one_line
from claimcheck.report.versions import version_words

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["print_evaluation", "to_text"]

ERRORS_SHOWN = 10
EVIDENCE_SHOWN = 2
TEXT_LENGTH = 220


def to_text(evaluation: Evaluation, width: int = 100) -> str:
    """Return the tables as plain text of this width."""
    from rich.console import Console

    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=False, color_system=None, highlight=False)
    print_evaluation(evaluation, console)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def print_evaluation(evaluation: Evaluation, console: "Console") -> None:
    """Print the evaluation: what was measured, how well, against what, and the worst errors."""
    dataset = evaluation.dataset
    labels = ", ".join(f"{count:,} {label.replace('_', ' ')}" for label, count in dataset.labels().items())
    _line(console, f"{len(dataset.rows):,} {STAGE_WORDS[evaluation.stage]} of {one_line(dataset.name)} ({labels})")
    _line(console, f"data sha256 {dataset.sha256}")
    if dataset.left_out:
        _line(console, f"Left out: {left_out_words(dataset.left_out)}.")
    if evaluation.versions:
        _line(console, version_words(evaluation.versions))
    if evaluation.scores:
        _print_scores(evaluation.scores, console)
    for title, part in (("Hedged, unhedged, absolute", evaluation.triples), ("Retrieval", evaluation.retrieval)):
        if part:
            left = f"; left out: {left_out_words(part.left_out)}" if part.left_out else ""
            _print_measures(f"{title} ({part.n:,}{left})", part.measures, console)
    _print_comparisons([*([evaluation.oracle] if evaluation.oracle else []), *evaluation.baselines], console)
    if evaluation.errors:
        shown = evaluation.errors[:ERRORS_SHOWN]
        _heading(console, f"Worst errors ({len(shown)} of {evaluation.error_count:,})")
        for row in shown:
            _print_error(row, console)
    console.print()
    _line(console, resampling_words(evaluation))


def _line(console: "Console", words: str, *, indent: int = 0, style: str = "") -> None:
    from rich.padding import Padding
    from rich.text import Text

    console.print(Padding(Text(words, style=style), (0, 0, 0, indent)), highlight=False)


def _heading(console: "Console", words: str) -> None:
    console.print()
    _line(console, words, style="bold underline")


def _table(*columns: str) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for place, column in enumerate(columns):
        is_words = place == 0 or column == "measure"
        table.add_column(Text(column), justify="left" if is_words else "right", overflow="fold")
    return table


def _print_scores(scores: Scores, console: "Console") -> None:
    _print_measures("Measures", scores.measures, console)
    _heading(console, "By label")
    table = _table("", "precision", "recall", "F1", "95% of F1", "rows")
    for label, row in zip(scores.labels, scores.confusion, strict=True):
        if f"labels.{label}.f1" in scores.measures:
            found = [scores.measures[f"labels.{label}.{name}"] for name in ("precision", "recall", "f1")]
            cells = [number(item.value) for item in found]
            table.add_row(label_words(label), *cells, interval(found[-1]), f"{sum(row):,}")
    console.print(table)
    _heading(console, "Confusion (gold down, predicted across)")
    table = _table("", *map(label_words, scores.labels))
    for label, row in zip(scores.labels, scores.confusion, strict=True):
        if sum(row):
            table.add_row(label_words(label), *(f"{count:,}" for count in row))
    console.print(table)
    if scores.bins:
        _heading(console, "Calibration (bins of equal size)")
        table = _table("confidence", "rows", "mean", "share right", "95%")
        for item in scores.bins:
            bounds = interval(Estimate(item.accuracy, item.accuracy_low, item.accuracy_high))
            span = f"{item.low:.3f} to {item.high:.3f}"
            table.add_row(span, f"{item.n:,}", number(item.confidence), number(item.accuracy), bounds)
        console.print(table)


def _print_measures(title: str, measures: Mapping[str, Estimate], console: "Console") -> None:
    from rich.text import Text

    _heading(console, title)
    table = _table("", "value", "95% interval")
    table.add_column("", justify="left", overflow="fold")
    for name, (words, meaning) in MEASURES.items():
        if name in measures:
            item = measures[name]
            table.add_row(words, number(item.value), interval(item), Text(meaning, style="dim"))
    console.print(table)


def _print_comparisons(items: Sequence[Comparison], console: "Console") -> None:
    if not items:
        return
    _heading(console, "Against the checker on the same rows")
    table = _table("", "rows", "measure", "there", "checker", "difference", "95% interval")
    for item in items:
        for place, (name, difference) in enumerate(item.difference.items()):
            head = (label_words(item.name), f"{item.scores.n:,}") if place == 0 else ("", "")
            there, ours = item.scores.measures[name].value, item.checker[name].value
            values = (number(there), number(ours), signed(difference.value), interval(difference))
            table.add_row(*head, MEASURES[name][0], *values)
    console.print(table)
    for item in items:
        left = f" Left out: {left_out_words(item.left_out)}." if item.left_out else ""
        _line(console, f"{label_words(item.name)}: {one_line(item.note)}.{left}", style="dim")


def _print_error(row: Judged, console: "Console") -> None:
    sure = "" if row.confidence != row.confidence else f", confidence {row.confidence:.2f}"
    review = ", needs review" if row.needs_review else ""
    _line(console, f"{label_words(row.predicted)}, gold {row.gold.replace('_', ' ')}{sure}{review}", indent=2)
    _line(console, clipped(row.text, TEXT_LENGTH), indent=4, style="bold")
    for item in row.evidence[:EVIDENCE_SHOWN]:
        stance = f"{item.stance}: " if item.stance else ""
        source = f" [{item.id}]" if item.id else ""
        _line(console, one_line(f"{stance}{clipped(item.statement, TEXT_LENGTH)}{source}"), indent=4, style="dim")
