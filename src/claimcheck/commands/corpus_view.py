"""How the corpus commands show problems, records, matches and coverage in a terminal."""

from collections import Counter
from collections.abc import Sequence

import click
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from claimcheck.corpus.coverage import VERDICTS, TopicCoverage
from claimcheck.corpus.problems import Problem
from claimcheck.records import Certainty, EvidenceRecord, Label, Match
from claimcheck.report.shown import one_line, shown

__all__ = ["coverage_table", "match_view", "print_view", "problem_view", "record_view"]

_STYLES = {Label.SUPPORTED: "green", Label.OVERSTATED: "yellow", Label.CONTRADICTED: "red"}
_SEVERITY_STYLES = {"error": "bold red", "warning": "yellow"}
# Wide enough for a table of counts when the output is a file, where there is no terminal to measure.
_PIPED_WIDTH = 120


def print_view(view: RenderableType) -> None:
    """Print to standard output; what is not a terminal gets plain text of a fixed width without trailing spaces."""
    console = Console(highlight=False, markup=False, emoji=False)
    # crop=False, since rich would otherwise cut the lines that are left unbroken.
    if console.is_terminal:
        console.print(view, crop=False)
        return
    console = Console(highlight=False, markup=False, emoji=False, width=_PIPED_WIDTH)
    with console.capture() as capture:
        console.print(view, crop=False)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def problem_view(problems: Sequence[Problem], packs: int) -> RenderableType:
    """Return a line for every problem, unbroken so that tools can read it, then one with their numbers."""
    lines = [
        Text.assemble(
            f"{one_line(problem.where)}: ",
            (f"{problem.severity} [{problem.kind}]", _SEVERITY_STYLES[problem.severity]),
            f" {one_line(problem.message)}",
            no_wrap=True,
            overflow="ignore",
        )
        for problem in problems
    ]
    counts = Counter(problem.severity for problem in problems)
    numbers = [(packs, "pack"), (counts["error"], "error"), (counts["warning"], "warning")]
    first, *rest = [f"{number} {noun}{'s' * (number != 1)}" for number, noun in numbers]
    return Group(*lines, Text(f"{first}: {', '.join(rest)}"))


def record_view(record: EvidenceRecord) -> RenderableType:
    """Return everything that a record holds, for reading."""
    source = record.source
    cited = f"{(source.authors or 'no author named').rstrip('.')}. {source.title.rstrip('.')}."
    cited += f" {source.journal}" if source.journal else ""
    cited += f" ({source.year})" if source.year is not None else ""
    details = _pairs(
        ("topic", record.topic),
        ("direction", record.direction),
        ("certainty", f"{record.certainty.value}: {record.certainty_reason}"),
        ("limits", record.limits),
        ("population", record.population),
        ("intervention", record.intervention),
        ("comparator", record.comparator),
        ("outcome", record.outcome),
        ("timeframe", record.timeframe),
        ("figures", "\n".join(f"{name} = {value}" for name, value in record.figures.items())),
        ("source", f"{cited}\n{source.type}"),
        ("pmid", source.pmid or ""),
        ("doi", source.doi or ""),
        ("url", source.url),
        ("status", record.status),
        ("checked", record.checked),
        ("verified", " ".join(filter(None, (record.verified, record.verified_url)))),
        ("fold", "" if record.fold == "train" else f"{record.fold}: its examples are for measuring only"),
        ("conflicts with", "\n".join(record.conflicts_with)),
        ("conflict", record.conflict_note),
        ("hard negatives", "\n".join(record.hard_negatives)),
    )
    return Group(
        Text(shown(record.id), style="bold"),
        Padding(Text(shown(record.statement)), (0, 0, 1, 2)),
        details,
        Text(),
        Rule(f"{len(record.examples)} examples", align="left"),
        _examples(record),
    )


def match_view(matches: Sequence[Match], *, dense: bool) -> RenderableType:
    """Return matches as blocks of id, scores and statement, best first."""
    blocks: list[RenderableType] = []
    for match in matches:
        scores = f"cosine {match.cosine:.2f}, " if dense else ""
        record = match.record
        blocks.append(
            Text.assemble(
                (one_line(record.id), "bold"),
                f"  {scores}bm25 {match.bm25:.1f}  {one_line(record.topic)}, {record.certainty.value} certainty",
            )
        )
        blocks.append(Padding(Text(shown(record.statement)), (0, 0, 1, 2)))
    return Group(*blocks)


def coverage_table(topics: Sequence[TopicCoverage], total: TopicCoverage) -> RenderableType:
    """Return counts by topic with a line of totals."""
    table = Table(box=None, pad_edge=False, header_style="bold", footer_style="bold", show_footer=True)
    names = [Certainty.HIGH, Certainty.MODERATE, Certainty.LOW, Certainty.VERY_LOW]
    table.add_column("topic", footer="total", no_wrap=True)
    for head, footer in zip(
        ["records", *[verdict.value for verdict in VERDICTS], "high", "mod.", "low", "v. low", "search", "memory"],
        _counts(total, names),
        strict=True,
    ):
        table.add_column(head, footer=footer, justify="right")
    for item in topics:
        table.add_row(Text(one_line(item.topic)), *_counts(item, names))
    return table


def _counts(item: TopicCoverage, levels: Sequence[Certainty]) -> list[str]:
    numbers = [item.records, *[item.examples[verdict] for verdict in VERDICTS]]
    numbers += [item.certainty[level] for level in levels] + [item.verified["search"], item.verified["memory"]]
    return [str(number) for number in numbers]


def _pairs(*pairs: tuple[str, str]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        if value:
            table.add_row(name, Text(shown(value)))
    return table


def _examples(record: EvidenceRecord) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for example in record.examples:
        notes = [", ".join(code.value for code in example.overstates), example.register, example.triple]
        text = Text(one_line(example.text))
        text.append(f"  ({one_line('; '.join(filter(None, notes)))})" if any(notes) else "", style="dim")
        table.add_row(Text(example.verdict.value, style=_STYLES.get(example.verdict, "")), text)
    return table
