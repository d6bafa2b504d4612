"""A pack's YAML with the line of every record and every fault found, instead of stopping at the first.

The reader stops at the first fault because a check must not run on a damaged corpus; a curator wants the whole list.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from claimcheck.corpus.problems import Problem
from claimcheck.corpus.reader import MANIFEST_NAME, pack_files

if TYPE_CHECKING:
    from yaml.nodes import Node

__all__ = ["PackSource", "Row", "parse_pack", "parse_rows"]


@dataclass(frozen=True, slots=True)
class Row:
    """One record as written: its mapping, and the file and line where it starts."""

    value: Mapping[str, Any]
    file: str
    line: int

    @property
    def id(self) -> str:
        """Return the record's id, or an empty string when it has none that is text."""
        value = self.value.get("id")
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class PackSource:
    """A pack as written: manifest, records and what could not be read."""

    folder: Path
    manifest: Mapping[str, Any]
    manifest_file: str
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]


def parse_pack(folder: Path) -> PackSource:
    """Return a pack as written; faults of its files are problems of the result."""
    manifest_file = f"{folder.name}/{MANIFEST_NAME}"
    manifest: Mapping[str, Any] = {}
    rows: list[Row] = []
    problems: list[Problem] = []
    for path in pack_files(folder):
        name = f"{folder.name}/{path.name}"
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem("unreadable", f"cannot be read as UTF-8 text ({error}); restore the file", name))
            continue
        if path.name == MANIFEST_NAME:
            manifest, found = _parse_manifest(text, name)
            problems += found
        else:
            parsed, found_rows = parse_rows(text, name)
            rows += parsed
            problems += found_rows
    if not (folder / MANIFEST_NAME).is_file():
        problems.append(Problem("unreadable", f"found no {MANIFEST_NAME}; every pack has one", manifest_file))
    return PackSource(folder, manifest, manifest_file, tuple(rows), tuple(problems))


def parse_rows(text: str, file: str) -> tuple[list[Row], list[Problem]]:
    """Return the records of a topic file's text and what is wrong with its YAML."""
    node, value, problems = _load(text, file)
    if not isinstance(node, yaml.SequenceNode) or not isinstance(value, list):
        # Text that is no YAML at all has its problem already.
        if not problems:
            problems.append(Problem("unreadable", f"found {_kind(value)}, expected a list of records", file))
        return [], problems
    rows: list[Row] = []
    for item, item_node in zip(value, node.value, strict=True):
        line = item_node.start_mark.line + 1
        if isinstance(item, dict):
            rows.append(Row(item, file, line))
        else:
            problems.append(Problem("unreadable", f"found {_kind(item)}, expected a record", file, line=line))
    return rows, problems


def _parse_manifest(text: str, file: str) -> tuple[Mapping[str, Any], list[Problem]]:
    _, value, problems = _load(text, file)
    if isinstance(value, dict):
        return value, problems
    if not problems:
        problems.append(Problem("unreadable", f"found {_kind(value)}, expected the fields of a manifest", file))
    return {}, problems


def _kind(value: object) -> str:
    return "nothing" if value is None else type(value).__name__


def _load(text: str, file: str) -> tuple["Node | None", object, list[Problem]]:
    loader = _loader_class()(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, None, []
        problems = [
            Problem("duplicate-key", f"the field {key!r} is written twice; keep one", file, line=line)
            for key, line in _duplicate_keys(node)
        ]
        return node, loader.construct_document(node), problems
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 0
        reason = getattr(error, "problem", None) or str(error) or type(error).__name__
        return None, None, [Problem("unreadable", f"not YAML: {' '.join(reason.split())}; correct it", file, line=line)]
    finally:
        loader.dispose()


def _loader_class() -> Any:  # noqa: ANN401 - a class made from whichever safe loader PyYAML was built with
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    resolvers = {
        first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
        for first, found in base.yaml_implicit_resolvers.items()
    }
    # Dates stay text: the schema speaks of text, and 2026-02-30 must be reported, not raised by the loader.
    return type("_TextDateLoader", (base,), {"yaml_implicit_resolvers": resolvers})


def _duplicate_keys(node: "Node") -> Iterator[tuple[str, int]]:
    waiting = [node]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:  # an alias: its node was walked where it is anchored
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            keys: set[str] = set()
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode):
                    if key.value in keys:
                        yield key.value, key.start_mark.line + 1
                    keys.add(key.value)
                waiting.append(value)
