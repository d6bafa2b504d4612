"""Evidence records as YAML: the same records always give the same text, a changed field changes its own lines only.

The layout is written here and the quoting of a scalar is left to PyYAML, so that what comes out reads back as it was:
fields in the schema's order, empty optional fields left out, texts that pass the line width folded at spaces (``>-``),
a blank line between records.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import yaml

from claimcheck.records import EvidenceRecord, Example, Source

__all__ = ["FIELD_ORDER", "dump_records", "dump_rows", "record_to_mapping"]

LINE_WIDTH = 120

FIELD_ORDER = (
    "id", "topic", "statement", "population", "intervention", "comparator", "outcome", "timeframe", "figures",
    "direction", "certainty", "certainty_reason", "limits", "source", "status", "checked", "verified",
    "verified_url", "fold", "hard_negatives", "conflicts_with", "conflict_note", "note", "examples",
)  # fmt: skip
_SOURCE_ORDER = ("type", "title", "authors", "year", "journal", "pmid", "doi", "url")
_EXAMPLE_ORDER = ("text", "verdict", "overstates", "register", "triple")
# A line a code would stretch nine short words over nine lines, for each of thousands of examples.
_ON_ONE_LINE = frozenset({"overstates"})
# The reader wants these fields even when they are empty; every other empty field is left out.
_ALWAYS = frozenset(
    {"id", "topic", "statement", "direction", "certainty", "certainty_reason", "limits", "source", "status", "checked",
     "verified", "type", "title", "authors", "url", "text", "verdict"}
)  # fmt: skip


def dump_records(records: Iterable[EvidenceRecord]) -> str:
    """Return the YAML text of a topic file that holds these records, in their order."""
    return dump_rows([record_to_mapping(record) for record in records])


def dump_rows(rows: Iterable[Mapping[str, object]]) -> str:
    """Return the YAML text of a topic file from records as mappings; fields no schema knows come last, by name."""
    blocks = ["\n".join(_item_lines(_ordered(row, FIELD_ORDER), 0)) for row in rows]
    return "\n\n".join(blocks) + "\n" if blocks else "[]\n"


def record_to_mapping(record: EvidenceRecord) -> dict[str, object]:
    """Return a record as the plain mapping that its YAML or JSON holds, without empty optional fields."""
    row: dict[str, object] = {
        name: getattr(record, name) for name in FIELD_ORDER if name not in {"note", "source", "examples"}
    }
    row["certainty"] = record.certainty.value
    row["figures"] = dict(record.figures)
    row["hard_negatives"] = list(record.hard_negatives)
    row["conflicts_with"] = list(record.conflicts_with)
    row["fold"] = "" if record.fold == "train" else record.fold  # the fold of a record that names none
    row["source"] = _source_mapping(record.source)
    row["examples"] = [_example_mapping(example) for example in record.examples]
    if record.fold == "train":
        del row["fold"]
    return _ordered(row, FIELD_ORDER)


def _source_mapping(source: Source) -> dict[str, object]:
    return _ordered({name: getattr(source, name) for name in _SOURCE_ORDER}, _SOURCE_ORDER)


def _example_mapping(example: Example) -> dict[str, object]:
    row: dict[str, object] = {
        "text": example.text,
        "verdict": example.verdict.value,
        "overstates": [code.value for code in example.overstates],
        "register": example.register,
        "triple": example.triple,
    }
    return _ordered(row, _EXAMPLE_ORDER)


def _ordered(row: Mapping[str, object], order: Sequence[str]) -> dict[str, object]:
    names = [name for name in order if name in row] + sorted(set(row) - set(order))
    return {name: row[name] for name in names if name in _ALWAYS or row[name] not in (None, "", [], {}, ())}


def _item_lines(row: Mapping[str, object], indent: int) -> list[str]:
    """Return the lines of a mapping that is an item of a list whose dashes stand at ``indent``."""
    lines = _mapping_lines(row, indent + 2)
    lines[0] = f"{' ' * indent}- {lines[0][indent + 2 :]}"
    return lines


def _mapping_lines(row: Mapping[str, object], indent: int) -> list[str]:
    lines: list[str] = []
    for name, value in row.items():
        head = f"{' ' * indent}{_scalar(name)}:"
        if isinstance(value, Mapping):
            nested = _ordered(value, _SOURCE_ORDER) if name == "source" else dict(value)
            lines += [head, *_mapping_lines(nested, indent + 2)] if nested else [f"{head} {{}}"]
        elif isinstance(value, (list, tuple)):
            lines += _list_lines(name, head, value, indent)
        else:
            lines += _value_lines(head, value, indent, unquoted_date=name == "checked")
    return lines


def _list_lines(name: str, head: str, items: Sequence[object], indent: int) -> list[str]:
    if not items:
        return [f"{head} []"]
    if name in _ON_ONE_LINE:
        return [f"{head} [{', '.join(_scalar(item) for item in items)}]"]
    lines = [head]
    for item in items:
        if isinstance(item, Mapping):
            lines += _item_lines(_ordered(item, _EXAMPLE_ORDER), indent + 2)
        else:
            lines += _value_lines(f"{' ' * (indent + 2)}-", item, indent + 2)
    return lines


def _value_lines(head: str, value: object, indent: int, *, unquoted_date: bool = False) -> list[str]:
    text = str(value) if unquoted_date and _is_date(value) else _scalar(value)
    if len(head) + 1 + len(text) <= LINE_WIDTH or not isinstance(value, str) or not _foldable(value):
        return [f"{head} {text}"]
    return [f"{head} >-", *_fold(value, indent + 2)]


def _is_date(value: object) -> bool:
    # YAML reads an unquoted date as a date and the reader turns it back into this text, so it needs no quotes.
    try:
        return isinstance(value, str) and datetime.date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _foldable(text: str) -> bool:
    """Tell whether folding at single spaces gives the text back: no other white space, none at the ends or doubled."""
    # Without a space there is nothing to fold: a long address stays on its field's line.
    return " " in text and all(word and all(character.isprintable() for character in word) for word in text.split(" "))


def _fold(text: str, indent: int) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        if line and indent + len(line) + 1 + len(word) > LINE_WIDTH:
            lines.append(" " * indent + line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, " " * indent + line]


@lru_cache(maxsize=65536)
def _text_scalar(text: str) -> str:
    # Line breaks and unprintable characters are escaped: only double quotes can hold them on one line.
    style = None if all(character.isprintable() for character in text) else '"'
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    written: str = yaml.dump(text, Dumper=dumper, default_style=style, allow_unicode=True, width=1_000_000_000)
    return written.removesuffix("\n").removesuffix("\n...")


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return _text_scalar(str(value))
    written: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=1_000_000_000)
    return written.removesuffix("\n").removesuffix("\n...")
