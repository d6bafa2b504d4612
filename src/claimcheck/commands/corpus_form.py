"""The questions of `claimcheck corpus add`: one field at a time, each answer checked before the next is asked."""

import datetime
import json
from collections.abc import Callable, Sequence
from typing import Any

import click

from claimcheck.corpus.parsing import PackSource
from claimcheck.corpus.schema import RECORD_SCHEMA, enum_values, schema_faults
from claimcheck.corpus.writer import dump_rows

__all__ = ["ask_record"]

_DESCRIPTION = ("population", "intervention", "comparator", "outcome", "timeframe")


def ask_record(pack: PackSource) -> dict[str, Any]:
    """Return a record from the answers given on standard input, shown once more as the YAML it becomes."""
    ids = {row.id for row in pack.rows}
    click.echo("Empty answers leave optional fields out. Ctrl-C ends without writing.", err=True)
    record: dict[str, Any] = {"id": _ask("id", "id (kebab-case)", _unless(ids, "the id is taken; choose another"))}
    record["topic"] = _ask("topic", "topic", _among(_topics(pack), "topic"), hint=", ".join(sorted(_topics(pack))))
    record["statement"] = _ask("statement", "statement (one finding, own words)")
    record |= _answered({name: _ask(name, name, optional=True) for name in _DESCRIPTION})
    record["figures"] = _ask_figures()
    record["direction"] = _choose("direction", "direction")
    record["certainty"] = _choose("certainty", "certainty")
    record["certainty_reason"] = _ask("certainty_reason", "why this certainty")
    record["limits"] = _ask("limits", "limits (what it does not show)")
    record["source"] = _ask_source()
    record["status"] = _ask("status", "status", default="current")
    record["checked"] = _ask("checked", "checked (date)", default=datetime.date.today().isoformat())
    record["verified"] = _choose("verified", "verified")
    record |= _answered({"verified_url": _ask("verified_url", "address of what was read to verify it", optional=True)})
    record["hard_negatives"] = _ask_ids("hard_negatives", "hard negatives (ids, parted by commas)", ids)
    record["conflicts_with"] = _ask_ids("conflicts_with", "conflicts with (ids, parted by commas)", ids)
    if record["conflicts_with"]:
        record["conflict_note"] = _ask("conflict_note", "why they differ and which weighs more")
    record["examples"] = _ask_examples()
    record = _answered(record)
    click.echo("\n" + dump_rows([record]), err=True)
    return record


def _answered(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value not in ("", [], {})}


def _topics(pack: PackSource) -> set[str]:
    groups = pack.manifest.get("topics")
    if isinstance(groups, dict) and groups:
        return {str(topic) for group in groups.values() if isinstance(group, list) for topic in group}
    return set()


def _ask(
    field: str,
    question: str,
    check: Callable[[str], str] | None = None,
    *,
    optional: bool = False,
    default: str | None = None,
    hint: str = "",
) -> str:
    """Ask until the answer to a field, given by its dotted path, keeps the schema and passes the check."""
    if hint:
        click.echo(f"  one of: {hint}", err=True)
    while True:
        answer: str = click.prompt(
            question, default="" if optional else default, show_default=bool(default), err=True, type=str
        ).strip()
        if optional and not answer:
            return ""
        complaint = _complaint(field, answer) or (check(answer) if check else "")
        if not complaint:
            return answer
        click.echo(f"  {complaint}", err=True)


def _complaint(field: str, value: object) -> str:
    """Return what the schema says against a value at a dotted path, or an empty string."""
    nested: object = value
    for name in reversed(field.split(".")):
        nested = {name: nested}
    # The rest of the record is missing here, so only faults of this very field count.
    faults = [fault for fault in schema_faults(nested, RECORD_SCHEMA) if fault.field.startswith(field)]
    return faults[0].message if faults else ""


def _unless(taken: set[str], complaint: str) -> Callable[[str], str]:
    return lambda answer: complaint if answer in taken else ""


def _among(known: set[str], what: str) -> Callable[[str], str]:
    return lambda answer: f"no such {what}: {answer}" if known and answer not in known else ""


def _choose(field: str, question: str, *path: str) -> str:
    choice: str = click.prompt(question, type=click.Choice(enum_values(*(path or (field,)))), err=True)
    return choice


def _ask_figures() -> dict[str, float | str]:
    figures: dict[str, float | str] = {}
    while True:
        answer: str = click.prompt("figure (name = value; empty when done)", default="", show_default=False, err=True)
        if not answer.strip():
            return figures
        name, separator, value = (part.strip() for part in answer.partition("="))
        complaint = "" if separator and value else "expected name = value, for example response_pct = 59"
        complaint = complaint or _complaint("figures", {name: value})
        if complaint:
            click.echo(f"  {complaint}", err=True)
        else:
            figures[name] = _number_or_text(value)


def _number_or_text(value: str) -> float | str:
    try:
        number = json.loads(value)
    except ValueError:
        return value
    return number if isinstance(number, (int, float)) and not isinstance(number, bool) else value


def _ask_source() -> dict[str, Any]:
    source: dict[str, Any] = {"type": _choose("source", "source: type", "source", "type")}
    source["title"] = _ask("source.title", "source: title")
    source["authors"] = _ask("source.authors", "source: first author et al., or the agency", optional=True)
    year = _ask_year()
    if year is not None:
        source["year"] = year
    source |= _answered({"journal": _ask("source.journal", "source: journal", optional=True)})
    while True:
        names = ("pmid", "doi", "url")
        found = {name: _ask(f"source.{name}", f"source: {name}", optional=True) for name in names}
        if any(found.values()):
            return source | _answered(found) | {"url": found["url"]}
        click.echo("  a source needs a pmid, a doi or an https address", err=True)


def _ask_year() -> int | None:
    while True:
        answer: str = click.prompt("source: year", default="", show_default=False, err=True).strip()
        if not answer:
            return None
        complaint = _complaint("source.year", int(answer)) if answer.isdecimal() else "expected a year as four digits"
        if not complaint:
            return int(answer)
        click.echo(f"  {complaint}", err=True)


def _ask_ids(field: str, question: str, known: set[str]) -> list[str]:
    while True:
        answer: str = click.prompt(question, default="", show_default=False, err=True)
        found = [item.strip() for item in answer.split(",") if item.strip()]
        unknown = [item for item in found if item not in known]
        complaint = f"the pack holds no {', '.join(unknown)}" if unknown else _complaint(field, found)
        if not complaint:
            return found
        click.echo(f"  {complaint}", err=True)


def _ask_examples() -> Sequence[dict[str, Any]]:
    examples: list[dict[str, Any]] = []
    path = ("examples",)
    while True:
        question = f"example {len(examples) + 1}: text" + (" (empty when done)" if examples else "")
        text: str = click.prompt(question, default="" if examples else None, show_default=False, err=True).strip()
        if not text and examples:
            return examples
        example: dict[str, Any] = {"text": text, "verdict": _choose("verdict", "  verdict", *path, "verdict")}
        if example["verdict"] == "overstated":
            codes = ", ".join(enum_values(*path, "overstates"))
            answer: str = click.prompt(f"  overstates ({codes}; several parted by commas)", err=True)
            example["overstates"] = [code.strip() for code in answer.split(",") if code.strip()]
        registers = ["", *enum_values(*path, "register")]
        example["register"] = click.prompt(
            f"  register ({', '.join(registers[1:])})", type=click.Choice(registers), default="", show_default=False,
            show_choices=False, err=True,
        )  # fmt: skip
        example["triple"] = click.prompt("  triple", default="", show_default=False, err=True).strip()
        example = _answered(example)
        complaint = _complaint("examples", [example])
        if complaint:
            click.echo(f"  {complaint}; the example is left out, give it again", err=True)
        else:
            examples.append(example)
