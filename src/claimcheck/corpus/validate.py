"""Everything that is wrong with a pack, or with a record before it joins one, as one list of problems."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from claimcheck.corpus.checks import (
    Placed,
    TextEncoder,
    balance_problems,
    duplicate_problems,
    figure_problems,
    near_duplicate_problems,
    reference_problems,
    source_problems,
    staleness_problems,
    triple_problems,
)
from claimcheck.corpus.parsing import PackSource, Row, parse_pack
from claimcheck.corpus.problems import Problem
from claimcheck.corpus.reader import MANIFEST_NAME, list_packs, record_from_mapping
from claimcheck.corpus.schema import MANIFEST_SCHEMA, RECORD_SCHEMA, schema_faults
from claimcheck.errors import DamagedDataError, UsageError

__all__ = ["record_problems", "validate"]

# Stands for the file of a record that is in none yet.
NEW = "new record"


def validate(
    corpus_folder: Path, *, encoder: TextEncoder | None = None, today: datetime.date | None = None
) -> tuple[Problem, ...]:
    """Return all problems of a pack, or of every pack below a folder, in the order of files and lines.

    With an ``encoder`` near duplicates are looked for as well; ``today`` is the day that ages are counted from.

    :raises UsageError: when the folder holds no pack, or the jsonschema package is not installed.
    :raises DamagedDataError: when the shipped schema cannot be read.
    """
    if (corpus_folder / MANIFEST_NAME).is_file():
        folders = [corpus_folder]
    else:
        folders = [corpus_folder / name for name in list_packs(corpus_folder)]
    if not folders:
        raise UsageError(f"{corpus_folder}: found no pack, expected a folder with {MANIFEST_NAME} or a folder of packs")
    packs = [parse_pack(folder) for folder in folders]
    problems = list(_duplicate_ids(row for pack in packs for row in pack.rows))
    for pack in packs:
        problems += _pack_problems(pack, encoder, today or datetime.date.today())
    return tuple(sorted(problems, key=lambda problem: (problem.file, problem.line)))


def record_problems(
    values: Sequence[Mapping[str, Any]], others: PackSource, *, today: datetime.date | None = None
) -> tuple[Problem, ...]:
    """Return the problems that new records would bring into a pack; ``line`` counts them from 1.

    :raises UsageError: when the jsonschema package is not installed.
    :raises DamagedDataError: when the shipped schema cannot be read.
    """
    rows = [Row(value, NEW, number) for number, value in enumerate(values, 1)]
    problems, new = _placed(rows)
    _, old = _placed(others.rows)
    everything = replace(others, rows=(*others.rows, *rows))
    problems += _duplicate_ids(everything.rows)
    problems += _record_checks([*old, *new], everything, today or datetime.date.today())
    return tuple(problem for problem in problems if problem.file == NEW)


def _pack_problems(pack: PackSource, encoder: TextEncoder | None, today: datetime.date) -> Iterator[Problem]:
    yield from pack.problems
    if pack.manifest:
        for fault in schema_faults(pack.manifest, MANIFEST_SCHEMA):
            yield Problem(fault.kind, fault.message, pack.manifest_file)
        name = pack.manifest.get("name")
        if isinstance(name, str) and name != pack.folder.name:
            message = f"the manifest says {name!r} and the folder {pack.folder.name!r}; give both one name"
            yield Problem("pack-name", message, pack.manifest_file)
    faults, placed = _placed(pack.rows)
    yield from faults
    yield from _record_checks(placed, pack, today)
    if encoder is not None:
        yield from near_duplicate_problems(placed, encoder)


def _record_checks(placed: Sequence[Placed], pack: PackSource, today: datetime.date) -> Iterator[Problem]:
    # A record that fails the schema is reported for that; a reference to it is not wrong on top.
    yield from reference_problems(placed, {row.id for row in pack.rows}, _topics(pack.manifest))
    yield from figure_problems(placed)
    yield from triple_problems(placed)
    yield from duplicate_problems(placed)
    yield from staleness_problems(placed, today)
    yield from source_problems(placed, pack.manifest_file)
    yield from balance_problems(placed, pack.manifest_file)


def _topics(manifest: Mapping[str, Any]) -> set[str]:
    groups = manifest.get("topics")
    if not isinstance(groups, dict):
        return set()
    return {str(topic) for group in groups.values() if isinstance(group, list) for topic in group}


def _placed(rows: Iterable[Row]) -> tuple[list[Problem], list[Placed]]:
    """Return the schema's problems of rows, and the rows without any as records."""
    problems: list[Problem] = []
    placed: list[Placed] = []
    for row in rows:
        faults = schema_faults(row.value, RECORD_SCHEMA)
        problems += [Problem(fault.kind, fault.message, row.file, row.id, row.line) for fault in faults]
        if faults:
            continue
        try:
            placed.append(Placed(record_from_mapping(row.value, row.file), row.file, row.line))
        except DamagedDataError as error:
            problems.append(Problem("schema", str(error), row.file, row.id, row.line))
    return problems, placed


def _duplicate_ids(rows: Iterable[Row]) -> Iterator[Problem]:
    places: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.id:
            places[row.id].append(row)
    for record_id, found in places.items():
        for row in found[1:]:
            first = f"{found[0].file}:{found[0].line}"
            message = f"the id is taken by {first}; ids are unique over all packs and never reused"
            yield Problem("duplicate-id", message, row.file, record_id, row.line)
