"""`claimcheck corpus`: checks, searches, shows, counts and extends the evidence packs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from claimcheck.errors import DamagedDataError, UsageError

if TYPE_CHECKING:
    from claimcheck.corpus.reader import Corpus
    from claimcheck.records import Match
    from claimcheck.retrieval import OnnxEncoder

__all__ = ["corpus"]

ENCODER_FOLDER = "encoder"
DAMAGED = DamagedDataError.exit_status

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _corpus_options(command: _Command) -> _Command:
    folder = click.Path(path_type=Path, exists=True, file_okay=False)
    command = click.option(
        "--corpus", "corpus_folder", type=folder, metavar="FOLDER", help="Folder of packs. Default: the shipped one."
    )(command)
    return click.option("--pack", metavar="NAME", help="Evidence pack. Default: the setting `pack`, ketamine.")(command)


def _format_option(command: _Command) -> _Command:
    return click.option(
        "--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True,
        help="Output for people or for programs.",
    )(command)  # fmt: skip


@click.group()
def corpus() -> None:
    """Check, search, show, count and extend the evidence packs."""


@corpus.command()
@click.option(
    "--quick", is_flag=True, help="Leave out the near-duplicate check, which runs every text through a model."
)
@_format_option
@_corpus_options
def validate(pack: str | None, corpus_folder: Path | None, output_format: str, *, quick: bool) -> None:
    """Report what is wrong with one pack or with all.

    Exit status 4 when there is an error; warnings alone leave it 0.
    """
    from claimcheck.corpus.problems import has_errors
    from claimcheck.corpus.reader import list_packs
    from claimcheck.corpus.validate import validate as validate_corpus

    root = _root(corpus_folder)
    encoder = None if quick else _shipped_encoder("near duplicates are not looked for")
    problems = validate_corpus(root if pack is None else _pack_folder(root, pack), encoder=encoder)
    packs = list_packs(root) if pack is None else [pack]
    if output_format == "json":
        rows = [
            {"severity": problem.severity, "kind": problem.kind, "file": problem.file, "line": problem.line,
             "record": problem.record, "message": problem.message}
            for problem in problems
        ]  # fmt: skip
        errors = sum(problem.severity == "error" for problem in problems)
        _print_json(
            {"schema": "claimcheck.corpus-problems/1", "packs": packs, "near_duplicates_checked": encoder is not None,
             "errors": errors, "warnings": len(problems) - errors, "problems": rows}
        )  # fmt: skip
    else:
        from claimcheck.commands.corpus_view import print_view, problem_view

        print_view(problem_view(problems, len(packs)))
    if has_errors(problems):
        click.get_current_context().exit(DAMAGED)


@corpus.command()
@click.argument("words", nargs=-1, required=True)
@click.option("-n", "--number", type=click.IntRange(1, 50), default=8, show_default=True, help="Records to show.")
@_format_option
@_corpus_options
def search(
    words: tuple[str, ...], number: int, pack: str | None, corpus_folder: Path | None, output_format: str
) -> None:
    """Find the records nearest to a few WORDS or to a claim."""
    if not any(character.isalnum() for word in words for character in word):
        raise UsageError("found no word to search for; expected a few words or a claim")
    packed = _read(corpus_folder, pack)
    encoder = _shipped_encoder("searching by words alone (BM25)")
    matches = _search(packed, " ".join(words), number, encoder)
    if output_format == "json":
        rows = [
            {"id": match.record.id, "topic": match.record.topic, "statement": match.record.statement,
             "certainty": match.record.certainty.value, "score": round(match.score, 4),
             "cosine": round(match.cosine, 4) if encoder else None, "bm25": round(match.bm25, 4)}
            for match in matches
        ]  # fmt: skip
        _print_json(rows)
        return
    from claimcheck.commands.corpus_view import match_view, print_view

    if not matches:
        click.echo("No record has any of these words; try others.", err=True)
    print_view(match_view(matches, dense=encoder is not None))


@corpus.command()
@click.argument("record_id", metavar="ID")
@_format_option
@_corpus_options
def show(record_id: str, pack: str | None, corpus_folder: Path | None, output_format: str) -> None:
    """Show everything that the record ID holds."""
    record = _read(corpus_folder, pack).get(record_id)
    if output_format == "json":
        from claimcheck.corpus.writer import record_to_mapping

        _print_json(record_to_mapping(record))
        return
    from claimcheck.commands.corpus_view import print_view, record_view

    print_view(record_view(record))


@corpus.command()
@click.option("--by", type=click.Choice(["topic", "claim-topic"]), default="topic", show_default=True,
              help="Count by the records' topics or by the claim topics of reports.")  # fmt: skip
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.svg",
              help="Write the examples by topic and verdict as a bar chart too.")  # fmt: skip
@_format_option
@_corpus_options
def stats(by: str, plot: Path | None, pack: str | None, corpus_folder: Path | None, output_format: str) -> None:
    """Count records and examples by topic."""
    from claimcheck.corpus.coverage import coverage, coverage_svg, total_coverage

    packed = _read(corpus_folder, pack)
    topics, total = coverage(packed, claim_topics=by == "claim-topic"), total_coverage(packed)
    if plot is not None:
        title = f"{packed.manifest.title}, version {packed.manifest.version}: labelled examples by topic"
        try:
            plot.write_text(coverage_svg(topics, title), encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"{plot}: cannot be written ({error.strerror}); name a file in a folder of yours"
            ) from error
        click.echo(f"wrote {plot}", err=True)
    if output_format == "json":
        _print_json(
            {"schema": "claimcheck.corpus-stats/1", "pack": packed.manifest.name, "version": packed.manifest.version,
             "sha256": packed.sha256, "by": by, "topics": [item.to_mapping() for item in topics],
             "total": total.to_mapping()}
        )  # fmt: skip
        return
    from claimcheck.commands.corpus_view import coverage_table, print_view

    print_view(coverage_table(topics, total))


@corpus.command()
@click.option("--from", "source", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE.json",
              help="Take one record, or a list, from a JSON file and ask nothing.")  # fmt: skip
@_corpus_options
def add(source: Path | None, pack: str | None, corpus_folder: Path | None) -> None:
    """Add a record, asked for field by field or from JSON.

    Each answer is checked before the next question; the record goes to its topic's file, which is otherwise untouched.
    """
    from claimcheck.corpus.adding import add_records, read_new_records
    from claimcheck.corpus.parsing import parse_pack
    from claimcheck.corpus.problems import has_errors
    from claimcheck.corpus.validate import record_problems

    written = parse_pack(_pack_folder(_root(corpus_folder), _pack_name(pack)))
    if has_errors(written.problems):
        first = written.problems[0]
        raise DamagedDataError(f"{first.where}: {first.message}; correct the pack before adding to it")
    if source is not None:
        values = read_new_records(source)
    else:
        from claimcheck.commands.corpus_form import ask_record

        values = [ask_record(written)]
    problems = record_problems(values, written)
    for problem in problems:
        where = problem.record or f"record {problem.line}"
        click.echo(f"{where}: {problem.severity} [{problem.kind}] {problem.message}", err=True)
    if has_errors(problems):
        raise UsageError("nothing was written: the record has errors; correct them and add it again")
    if source is None:
        click.confirm("Write this record?", default=True, abort=True, err=True)
    for path in add_records(written, values):
        click.echo(f"wrote to {path}", err=True)
    click.echo("Raise the pack's version and name the change in the changelog when you are done.", err=True)


def _root(corpus_folder: Path | None) -> Path:
    from claimcheck.settings import data_folder

    return data_folder("corpus") if corpus_folder is None else corpus_folder


def _pack_name(pack: str | None) -> str:
    from claimcheck.settings import settings_from_environment

    return settings_from_environment(pack=pack).pack


def _pack_folder(root: Path, pack: str) -> Path:
    from claimcheck.corpus.reader import list_packs

    packs = list_packs(root)
    # Compared with the list, not joined to a path: a name cannot lead out of the folder.
    if pack not in packs:
        raise UsageError(f"found no pack {pack!r} in {root}, expected one of: {', '.join(packs) or 'none there'}")
    return root / pack


def _read(corpus_folder: Path | None, pack: str | None) -> "Corpus":
    from claimcheck.corpus.reader import YamlCorpusReader

    return YamlCorpusReader().read(_pack_folder(_root(corpus_folder), _pack_name(pack)))


def _shipped_encoder(without: str) -> "OnnxEncoder | None":
    """Return the shipped encoder; where there is none, say on standard error what is done without it."""
    from claimcheck.settings import data_folder

    try:
        folder = data_folder("models") / ENCODER_FOLDER
    except DamagedDataError:
        folder = None
    if folder is None or not (folder / "model.onnx").is_file():
        click.echo(f"found no encoder among the models: {without}", err=True)
        return None
    from claimcheck.retrieval import OnnxEncoder

    return OnnxEncoder(folder)


def _search(packed: "Corpus", words: str, number: int, encoder: "OnnxEncoder | None") -> "list[Match]":
    import numpy as np
    from platformdirs import user_cache_path

    from claimcheck.retrieval import HybridRetriever, Index, load_index
    from claimcheck.settings import data_folder

    if not packed.records:
        raise UsageError(f"pack {packed.manifest.name!r} holds no records; add one with `claimcheck corpus add`")
    if encoder is None:
        # Nothing is like anything else to an index of zeros, so that BM25 alone ranks.
        zeros = np.zeros((len(packed.records), 1), dtype=np.float32)
        index = Index(zeros, zeros[:0], np.zeros(0, dtype=np.int32), "")
        vectors = zeros[:1]
    else:
        shipped = data_folder("models") / "index" / f"{packed.manifest.name}.npz"
        index = load_index(packed, encoder, shipped=shipped, cache=user_cache_path("claimcheck", appauthor=False))
        vectors = encoder.encode([words])
    matches = HybridRetriever(packed, index).search(vectors, [words], number)[0]
    return [match for match in matches if encoder is not None or match.bm25 > 0]


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
