"""New records into a pack's topic files: every line that was there stays as it was."""

import json
import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from claimcheck.corpus.parsing import PackSource, parse_rows
from claimcheck.corpus.writer import dump_rows
from claimcheck.errors import DamagedDataError, UsageError

__all__ = ["add_records", "insert_rows", "read_new_records", "topic_file"]


def read_new_records(path: Path) -> list[dict[str, Any]]:
    """Return the records of a JSON file that holds one record or a list of records.

    :raises UsageError: when the file cannot be read or holds anything else.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not readable as JSON ({error}); give a file with one record or a list") from error
    rows = value if isinstance(value, list) else [value]
    for row in rows:
        if not isinstance(row, dict):
            raise UsageError(f"{path}: found {type(row).__name__}, expected a record or a list of records")
    if not rows:
        raise UsageError(f"{path}: found an empty list, expected at least one record")
    return rows


def topic_file(pack: PackSource, topic: str) -> Path:
    """Return the file for records of a topic: the one that holds most of them, else ``<topic>.yaml``."""
    holders = Counter(row.file for row in pack.rows if row.value.get("topic") == topic)
    name = holders.most_common(1)[0][0].rpartition("/")[2] if holders else f"{topic}.yaml"
    return pack.folder / name


def add_records(pack: PackSource, values: Sequence[Mapping[str, Any]]) -> tuple[Path, ...]:
    """Write records into their topic files and return the files; the values must be valid.

    Every file's new text is written beside it before the first takes its place, so a full disk changes nothing.

    :raises DamagedDataError: when a file cannot be read, extended or written.
    """
    rows: dict[Path, list[Mapping[str, Any]]] = defaultdict(list)
    for value in values:
        rows[topic_file(pack, str(value["topic"]))].append(value)
    texts: dict[Path, str] = {}
    for path, new in rows.items():
        try:
            # newline="" keeps the file's own line ends.
            with path.open(encoding="utf-8", newline="") as stream:
                old = stream.read()
        except FileNotFoundError:
            old = ""
        except (OSError, UnicodeDecodeError) as error:
            raise DamagedDataError(f"{path}: cannot be read ({error}); restore the file") from error
        texts[path] = insert_rows(old, new, str(path))
    _write_all(texts)
    return tuple(texts)


def insert_rows(text: str, rows: Sequence[Mapping[str, Any]], file: str) -> str:
    """Return a topic file's text with more records: in the order of ids where the file keeps it, else at the end.

    :raises DamagedDataError: when the text is no list of records or cannot be extended as text.
    """
    for row in rows:
        text = _insert_row(text, row, file)
    return text


def _insert_row(text: str, row: Mapping[str, Any], file: str) -> str:
    if not text.strip():
        return dump_rows([row])
    old, problems = parse_rows(text, file)
    empty = not old and all(problem.message.startswith("found nothing") for problem in problems)
    if problems and not empty:
        raise DamagedDataError(f"{file}: {problems[0].message}; run `claimcheck corpus validate`")
    if not old:
        text = "\n".join(line for line in text.splitlines() if line.strip() != "[]")
    ids = [item.id for item in old]
    place = len(old)
    if len(ids) > 1 and ids == sorted(ids):
        place = sum(item < str(row["id"]) for item in ids)
    line = old[place].line if place < len(old) else None
    result = _splice(text, dump_rows([row]), line)
    written = [dict(item.value) for item in parse_rows(result, file)[0]]
    # Texts that a human wrote come in many shapes (flow style, an indented list), so the outcome is read back.
    expected = [dict(item.value) for item in old]
    expected.insert(place, parse_rows(dump_rows([row]), file)[0][0].value)  # type: ignore[arg-type]  # a dict by parsing
    if written != expected:
        raise DamagedDataError(
            f"{file}: cannot be extended as it is laid out; write it as a plain list of records first"
        )
    return result


def _splice(text: str, block: str, line: int | None) -> str:
    """Return the text with a block before a line (counted from 1), or at its end."""
    end = "\r\n" if "\r\n" in text else "\n"
    block = block.replace("\n", end)
    lines = text.split(end)
    if line is None:
        kept = end.join(lines).rstrip()
        return f"{kept}{end}{end}{block}" if kept else block
    start = line - 1
    # A comment right above a record speaks of that record.
    while start > 0 and lines[start - 1].startswith("#"):
        start -= 1
    before, after = end.join(lines[:start]), end.join(lines[start:])
    return f"{before}{end}{block}{end}{after}" if start else f"{block}{end}{after}"


def _write_all(texts: Mapping[Path, str]) -> None:
    staged: dict[Path, Path] = {}
    try:
        for path, text in texts.items():
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".tmp")
            staged[path] = Path(name)
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
                stream.write(text)
            # mkstemp makes files for the owner only; corpus files are read by others.
            staged[path].chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        for path, temporary in staged.items():
            temporary.replace(path)
    except OSError as error:
        raise DamagedDataError(f"{error.filename}: cannot be written ({error.strerror}); check the folder") from error
    finally:
        for temporary in staged.values():
            temporary.unlink(missing_ok=True)
