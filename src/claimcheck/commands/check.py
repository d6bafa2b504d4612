"""``claimcheck check``: sources in, reports out."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from claimcheck.commands.output import FORMATS, plan_output
from claimcheck.errors import EmptyPageError, SourceError, TooLargeError, UnreadableError, UsageError
from claimcheck.records import Label, Page, Report
from claimcheck.report import Outcome, failure_of
from claimcheck.report.shown import one_line
from claimcheck.settings import MODELS, SETTINGS_HELP, Settings, settings_from_environment

if TYPE_CHECKING:
    from claimcheck.page import Limits

__all__ = ["CheckOptions", "CheckerLike", "check", "check_sources", "exit_status", "read_claims"]

FAIL_ON = {"overstated": {Label.OVERSTATED, Label.CONTRADICTED}, "contradicted": {Label.CONTRADICTED}}
VERDICT_FOUND = 1


class CheckerLike(Protocol):
    """What a check needs of ``claimcheck.pipeline.Checker``."""

    def check_page(self, page: Page) -> Report:
        """Return the report of one page."""
        ...

    def check_claims(self, lines: Sequence[str], *, uri: str) -> Report:
        """Return the report of claims as they stand, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """The options of ``claimcheck check`` as given; None where the environment or the default decides."""

    format_name: str | None
    output: str | None
    is_claims: bool
    fail_on: tuple[str, ...]
    allow_private: bool
    everything: bool
    quiet: bool
    pack: str | None
    model: str | None
    backend: str | None
    torch_model: str | None
    min_confidence: float | None
    threads: int | None

    def settings(self) -> Settings:
        """Return the settings: these options over the environment over the defaults.

        :raises UsageError: when a value is out of range.
        """
        return settings_from_environment(
            pack=self.pack,
            model=self.model,
            backend=self.backend,
            torch_model=self.torch_model,
            min_confidence=self.min_confidence,
            threads=self.threads,
        )


@click.command(short_help="Check the claims of webpages, files or a list of claims.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option(
    "--format", "format_name", type=click.Choice(FORMATS), help="Default: the suffix of --output, else terminal."
)
@click.option("--output", metavar="FILE", help="Write there, whole or not at all. A folder for several pages in HTML.")
@click.option("--claims", "is_claims", is_flag=True, help="The sources are files (or -) of one claim a line, as it is.")
@click.option("--pack", metavar="NAME", help=f"The {SETTINGS_HELP['pack']}.")
@click.option(
    "--model", type=click.Choice(MODELS), help="cascade (default): the large reader where the small one is unsure."
)
@click.option("--backend", type=click.Choice(["onnx", "torch"]), help="torch takes a cross-encoder of your own.")
@click.option("--torch-model", metavar="NAME", help="Path or hub name of that cross-encoder.")
@click.option(
    "--min-confidence",
    metavar="P",
    type=click.FloatRange(0, 1),
    help="Verdicts below this probability need review. Default: the model's own threshold.",
)
@click.option(
    "--fail-on",
    type=click.Choice(list(FAIL_ON)),
    multiple=True,
    help="Exit with 1 when such a verdict is found; overstated includes contradicted.",
)
@click.option("--threads", metavar="N", type=click.IntRange(min=0), help="Threads of the models; 0 takes every core.")
@click.option("--allow-private", is_flag=True, help="Also read private, loopback and link-local addresses.")
@click.option("--all", "everything", is_flag=True, help="Cut no list in the terminal format.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
@click.pass_context
def check(ctx: click.Context, /, sources: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401 - click's values
    """Check the claims of each SOURCE: a URL, a file (.html .txt .md .pdf), or - for standard input.

    Several sources give one report each: a list in JSON, a line each in JSON Lines, one table in CSV, a folder in HTML.
    A source that cannot be read is named on standard error and, among several, kept in the results with its reason; the
    others are checked all the same.

    Exit status: 0 done; 1 a --fail-on verdict was found (also if another source failed); 2 wrong usage; 3 a source
    could not be read; 4 a damaged model or corpus.
    """
    chosen = CheckOptions(**options)
    settings = chosen.settings()
    _refuse_misuse(sources, chosen, settings)
    several = len(sources) > 1
    plan = plan_output(chosen.format_name, chosen.output, several=several, everything=chosen.everything)
    outcomes: list[Outcome] = []
    with _progress(len(sources), is_shown=several and not chosen.quiet and _bar_fits(plan.streams)) as advance:
        for outcome in check_sources(sources, chosen, lambda: _load_checker(settings)):
            _warn(outcome)
            outcomes.append(outcome)
            if plan.streams and _is_result(outcome, several=several, is_terminal=plan.format == "terminal"):
                plan.write([outcome])
            advance()
    if not plan.streams and (several or isinstance(outcomes[0], Report)):
        plan.write(outcomes)
    status = exit_status(outcomes, chosen.fail_on)
    if status:
        ctx.exit(status)


def check_sources(
    sources: Sequence[str], options: CheckOptions, load_checker: Callable[[], CheckerLike]
) -> Iterator[Outcome]:
    """Yield the report of each source in order, or the failure of one that could not be read.

    The checker is loaded for the first source that can be read, so that a missing file is told at once.
    """
    from claimcheck.page import Limits, load_source

    checker: CheckerLike | None = None
    limits = Limits()
    for source in sources:
        try:
            if options.is_claims:
                lines = read_claims(source, limits)
                checker = checker or load_checker()
                yield checker.check_claims(lines, uri=source)
            else:
                page = load_source(source, limits=limits, allow_private=options.allow_private, stdin=sys.stdin.buffer)
                checker = checker or load_checker()
                yield checker.check_page(page)
        except SourceError as error:
            yield failure_of(error, kind="claims" if options.is_claims else "")


def read_claims(source: str, limits: "Limits") -> list[str]:
    """Return the lines of a file, or of standard input for "-", trimmed and without the blank ones.

    :raises SourceError: when it cannot be read, is too large, is no text or holds no line.
    """
    from claimcheck.page.encoding import decode

    try:
        with nullcontext(sys.stdin.buffer) if source == "-" else Path(source).open("rb") as stream:
            data = stream.read(limits.max_bytes + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UnreadableError(source, f"{reason}; expected a file of one claim a line, or -") from error
    if len(data) > limits.max_bytes:
        raise TooLargeError(source, f"more than {limits.max_bytes:,} bytes; split it")
    text = decode(data, source=source, content_type=None, is_html=False, limits=limits).text
    # Not splitlines(): it also ends a line at characters that can stand inside a claim, such as U+2028.
    lines = [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    claims = [line for line in lines if line]
    if not claims:
        raise EmptyPageError(source, "there is no claim in it; expected one a line")
    return claims


def exit_status(outcomes: Sequence[Outcome], fail_on: Sequence[str]) -> int:
    """Return 1 when a verdict to fail on was found, else 3 when a source failed, else 0."""
    bad: set[Label] = set().union(*(FAIL_ON[name] for name in fail_on))
    reports = [outcome for outcome in outcomes if isinstance(outcome, Report)]
    if any(verdict.label in bad for report in reports for verdict in report.verdicts):
        return VERDICT_FOUND
    return SourceError.exit_status if len(reports) < len(outcomes) else 0


def _refuse_misuse(sources: Sequence[str], options: CheckOptions, settings: Settings) -> None:
    if sources.count("-") > 1:
        raise UsageError("- is named twice; standard input can be read once")
    if options.is_claims:
        for source in sources:
            if source.lower().startswith(("http://", "https://")):
                raise UsageError(
                    f"{source}: --claims expects a file of one claim a line, or -; leave it out for a page"
                )
    if options.torch_model and settings.backend != "torch":
        raise UsageError("--torch-model is read by the torch backend only; add --backend torch")


def _load_checker(settings: Settings) -> CheckerLike:
    from claimcheck.pipeline import Checker

    return Checker.load(settings)


def _is_result(outcome: Outcome, *, several: bool, is_terminal: bool) -> bool:
    """Tell whether an outcome goes to standard output: a failure among several does, where a program reads it."""
    return isinstance(outcome, Report) or (several and not is_terminal)


def _warn(outcome: Outcome) -> None:
    if not isinstance(outcome, Report):
        click.echo(f"claimcheck: {one_line(outcome.uri)}: {one_line(outcome.message)}", err=True)


def _bar_fits(streams: bool) -> bool:
    """Tell whether a bar can be drawn: on a terminal that the results are not written to at the same time."""
    is_mixed = streams and sys.stdout.isatty()
    return sys.stderr.isatty() and not is_mixed


@contextmanager
def _progress(total: int, *, is_shown: bool) -> Iterator[Callable[[], None]]:
    if not is_shown:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Standard error is redirected while the bar is drawn, so that warnings appear above it.
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as progress:
        task = progress.add_task("", total=total)
        yield lambda: progress.advance(task)
