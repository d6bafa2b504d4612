"""``claimcheck evaluate``: labelled rows in, measures out."""

import sys
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimcheck.commands.output import FILE_WIDTH, write_bytes, write_whole
from claimcheck.errors import UsageError
from claimcheck.settings import MODELS, SETTINGS_HELP, Settings, data_folder, settings_from_environment

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from claimcheck.corpus.reader import Corpus
    from claimcheck.evaluate import Baseline, Dataset, Evaluation, Judge

__all__ = ["EvaluateOptions", "evaluate"]

# What the words of the command line are called; the evaluation itself is imported when it runs, since it needs numpy.
BENCHMARK = "benchmark"
STAGES = ("claims", "pairs", "units", "retrieval")
FORMATS = ("text", "json", "html")
_SUFFIXES = {".txt": "text", ".json": "json", ".html": "html", ".htm": "html"}


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """The options of ``claimcheck evaluate`` as given; None where the environment or the default decides."""

    stage: str | None
    pairs: str | None
    pages: str | None
    oracle: str | None
    baselines: str | None
    zero_shot: str | None
    bootstrap: int
    seed: int
    format_name: str | None
    output: str | None
    pack: str | None
    model: str | None
    backend: str | None
    torch_model: str | None
    threads: int | None
    quiet: bool

    def settings(self) -> Settings:
        """Return the settings: these options over the environment over the defaults.

        :raises UsageError: when a value is out of range.
        """
        return settings_from_environment(
            pack=self.pack,
            model=self.model,
            backend=self.backend,
            torch_model=self.torch_model,
            threads=self.threads,
        )


@click.command(short_help="Measure the verdicts on a labelled file, stage by stage.")
@click.argument("file", required=False, metavar="FILE|benchmark")
@click.option("--stage", type=click.Choice(STAGES), help="Default: what the rows are.")
@click.option("--pairs", metavar="FILE", help='Rows of {"claim", "evidence", "label"}, judged without retrieval.')
@click.option("--pages", metavar="FOLDER", help="Where the pages of units are.")
@click.option(
    "--oracle",
    type=click.Choice(["evidence", "claims"]),
    help="Also judge with gold in place of retrieval (evidence) or of the page stages (claims).",
)
@click.option(
    "--baselines", metavar="TRAIN", help="Also a words-only classifier trained on these rows (needs [train])."
)
@click.option("--zero-shot", metavar="NAME", help="Also an entailment model: its folder or hub name (needs [train]).")
@click.option("--bootstrap", metavar="N", type=click.IntRange(0, 100_000), default=1000, show_default=True,
              help="Resamples behind the 95% intervals; 0 gives none.")  # fmt: skip
@click.option("--seed", metavar="S", type=click.IntRange(min=0), default=13, show_default=True)
@click.option("--format", "format_name", type=click.Choice(FORMATS), help="Default: the suffix of --output, else text.")
@click.option("--output", metavar="FILE", help="Write there, whole or not at all.")
@click.option("--pack", metavar="NAME", help=f"The {SETTINGS_HELP['pack']}.")
@click.option(
    "--model", type=click.Choice(MODELS), help="cascade (default): the large reader where the small one is unsure."
)
@click.option("--backend", type=click.Choice(["onnx", "torch"]), help="torch takes a cross-encoder of your own.")
@click.option("--torch-model", metavar="NAME", help="Path or hub name of that cross-encoder.")
@click.option("--threads", metavar="N", type=click.IntRange(min=0), help="Threads of the models; 0 takes every core.")
@click.option("--quiet", is_flag=True, help="Say nothing while it runs.")
def evaluate(file: str | None, **options: Any) -> None:  # noqa: ANN401 - click's values
    """Measure the verdicts on labelled rows, one JSON object a line.

    \b
    {"text", "label"}                         claims
    {"text", "label", "evidence": [{"id"}]}   claims, and retrieval
    {"claim", "evidence", "label"}            pairs: judged as they stand
    {"file", "start", "end", "label"}         units of pages: give --pages

    The word benchmark stands for the examples that the pack keeps for measuring; ./benchmark is a file of that name.
    """  # noqa: D301 - \b is click's mark for lines that are not to be joined
    chosen = EvaluateOptions(**options)
    settings = chosen.settings()
    format_name = _format_of(chosen)
    _refuse_misuse(file, chosen, settings)
    corpus = _corpus(settings)
    dataset = _dataset(file, chosen, corpus)
    with _notice(f"evaluating on {len(dataset.rows):,} rows of {dataset.name} …", is_shown=not chosen.quiet):
        evaluation = _evaluate(dataset, chosen, settings, corpus)
    _write(evaluation, format_name, chosen.output)


def _refuse_misuse(file: str | None, options: EvaluateOptions, settings: Settings) -> None:
    if (file is None) == (options.pairs is None):
        raise UsageError("give either FILE (or the word benchmark) or --pairs FILE")
    if options.pairs is not None and options.stage not in {None, "pairs"}:
        raise UsageError(f"--pairs is the stage pairs, and --stage {options.stage} another; leave one of them out")
    if options.torch_model and settings.backend != "torch":
        raise UsageError("--torch-model is read by the torch backend only; add --backend torch")
    if options.pages is not None and not Path(options.pages).is_dir():
        raise UsageError(f"{options.pages}: is no folder; expected the one with the pages of the units")


def _format_of(options: EvaluateOptions) -> str:
    """Return the format, and refuse a file that cannot be written before anything is measured."""
    if options.output in {None, "-"}:
        return options.format_name or "text"
    path = Path(str(options.output))
    name = options.format_name or _SUFFIXES.get(path.suffix.lower(), "")
    if not name:
        raise UsageError(f"{path}: its suffix names no format; expected {' '.join(_SUFFIXES)}, or give --format")
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise UsageError(f"{path}: is a folder, or its folder is not there; expected the name of a file to write")
    return name


def _corpus(settings: Settings) -> "Corpus":
    from claimcheck.corpus.reader import YamlCorpusReader, list_packs

    root = data_folder("corpus")
    packs = list_packs(root)
    if settings.pack not in packs:
        raise UsageError(f"found no pack {settings.pack!r}; there are {', '.join(packs)}")
    return YamlCorpusReader().read(root / settings.pack)


def _dataset(file: str | None, options: EvaluateOptions, corpus: "Corpus") -> "Dataset":
    from claimcheck.evaluate import benchmark_rows, read_dataset

    if options.pairs is not None:
        return read_dataset(Path(options.pairs), kind="pairs")
    if file == BENCHMARK:
        return benchmark_rows(corpus)
    kind = "claims" if options.stage == "retrieval" else options.stage
    return read_dataset(Path(str(file)), kind=kind)


def _evaluate(dataset: "Dataset", options: EvaluateOptions, settings: Settings, corpus: "Corpus") -> "Evaluation":
    from claimcheck.evaluate import Options, Resampling
    from claimcheck.evaluate import evaluate as measure

    judge, versions = _load_judge(settings)
    wanted = Options(
        options.stage or dataset.kind,
        options.oracle or "",
        Path(options.pages) if options.pages is not None else None,
        settings.top_k,
        Resampling(options.bootstrap, options.seed),
    )
    return measure(
        judge,
        dataset,
        wanted,
        known_ids=[record.id for record in corpus.records],
        versions=versions,
        baselines=_baselines(dataset, options, judge),
    )


def _load_judge(settings: Settings) -> "tuple[Judge, Mapping[str, object]]":
    from claimcheck.pipeline import Checker

    checker = Checker.load(settings)
    return checker, checker.stages.versions


def _baselines(dataset: "Dataset", options: EvaluateOptions, judge: "Judge") -> "list[Baseline]":
    from claimcheck.evaluate import train_tfidf, zero_shot

    found: list[Baseline] = []
    if options.baselines is not None:
        found.append(train_tfidf(Path(options.baselines), dataset))
    if options.zero_shot is not None:
        found.append(zero_shot(options.zero_shot, judge))
    return found


def _notice(words: str, *, is_shown: bool) -> "AbstractContextManager[object]":
    """Return a spinner on standard error, where somebody is there to see it."""
    if not is_shown or not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console
    from rich.text import Text

    return Console(stderr=True).status(Text(words))


def _write(evaluation: "Evaluation", format_name: str, output: str | None) -> None:
    from claimcheck.evaluate import to_html, to_json, to_text

    if format_name == "text" and output in {None, "-"} and sys.stdout.isatty():
        write_bytes(_for_terminal(evaluation))
        return
    makers = {"text": lambda item: to_text(item, FILE_WIDTH), "json": to_json, "html": to_html}
    data = makers[format_name](evaluation).encode("utf-8", "backslashreplace")
    if output is None or output == "-":
        write_bytes(data)
    else:
        write_whole(Path(output), data)


def _for_terminal(evaluation: "Evaluation") -> bytes:
    from rich.console import Console

    from claimcheck.evaluate import print_evaluation

    console = Console(file=sys.stdout, highlight=False)
    # Captured, since rich ends the program by itself when a pipe is closed.
    with console.capture() as captured:
        print_evaluation(evaluation, console)
    return captured.get().encode(sys.stdout.encoding or "utf-8", "replace")
