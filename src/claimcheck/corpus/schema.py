"""Records and manifests against the shipped JSON Schemas, with messages a curator can act on."""

import importlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from claimcheck.errors import DamagedDataError, UsageError

__all__ = ["MANIFEST_SCHEMA", "RECORD_SCHEMA", "Fault", "enum_values", "load_schema", "schema_faults"]

RECORD_SCHEMA = "evidence-record"
MANIFEST_SCHEMA = "pack"

# Fields whose faults have a kind of their own; all others are of kind "schema".
_KINDS = {"pmid": "pmid", "doi": "doi", "url": "url", "verified_url": "url", "checked": "date"}
SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a value departs from the schema: the problem's kind, the field, and what was found and expected."""

    kind: str
    field: str
    message: str


@lru_cache(maxsize=4)
def load_schema(name: str) -> dict[str, Any]:
    """Return the shipped schema ``evidence-record`` or ``pack``.

    :raises DamagedDataError: when it is missing or not JSON.
    """
    # The schema belongs to the code's version, so a corpus folder of the user's own does not bring another.
    package = Path(__file__).resolve().parent.parent
    folders = [package / "data" / "corpus" / "schema", package.parent.parent / "corpus" / "schema"]
    for folder in folders:
        path = folder / f"{name}.schema.json"
        if path.is_file():
            try:
                schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise DamagedDataError(f"{path}: not JSON ({error}); reinstall claimcheck") from error
            return schema
    raise DamagedDataError(f"found no schema {name!r} in {folders[0]}; reinstall claimcheck")


def enum_values(*fields: str) -> tuple[str, ...]:
    """Return the codes that the record schema allows for a field, given by its path, as in ("source", "type")."""
    schema = load_schema(RECORD_SCHEMA)
    node: dict[str, Any] = schema
    for field in fields:
        node = node["properties"][field]
        node = node.get("items", node)
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return tuple(node["enum"])


def schema_faults(value: object, schema_name: str) -> tuple[Fault, ...]:
    """Return every departure of a value from a shipped schema, in the order of the fields.

    :raises UsageError: when the jsonschema package is not installed.
    :raises DamagedDataError: when the schema cannot be read.
    """
    errors = sorted(_validator(schema_name).iter_errors(value), key=lambda error: list(map(str, error.absolute_path)))
    return tuple(_fault(error) for error in errors)


@lru_cache(maxsize=4)
def _validator(schema_name: str) -> Any:  # noqa: ANN401 - jsonschema ships no annotations
    # Only curators need jsonschema, so a check of a page does without it; this is the one door to it.
    try:
        jsonschema = importlib.import_module("jsonschema")
    except ImportError as error:
        raise UsageError(
            "found no jsonschema package, which checking records needs; run pip install 'claimcheck[curate]'"
        ) from error
    return jsonschema.Draft202012Validator(load_schema(schema_name))


def _fault(error: Any) -> Fault:  # noqa: ANN401 - jsonschema ships no annotations
    field = _field_path(error.absolute_path)
    last = next((step for step in reversed(error.absolute_path) if isinstance(step, str)), "")
    return Fault(_KINDS.get(last, "schema"), field, _message(error, field))


def _field_path(steps: Iterable[str | int]) -> str:
    path = ""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def _message(error: Any, field: str) -> str:  # noqa: ANN401 - jsonschema ships no annotations
    found = repr(error.instance)
    if len(found) > SHOWN_CHARACTERS:
        found = f"{found[:SHOWN_CHARACTERS]}…"
    comment = error.schema.get("$comment")
    about_fields = error.validator in {"required", "additionalProperties", "dependentRequired"}
    prefix = f"{field}: " if field else ""
    if comment and not (about_fields and "properties" in error.schema):
        return f"{prefix}{comment}; found {found}"
    if about_fields:
        return f"{prefix}{error.message}"
    if error.validator == "enum":
        return f"{prefix}expected one of {', '.join(map(str, error.validator_value))}; found {found}"
    if error.validator == "type":
        kinds = error.validator_value
        return f"{prefix}expected {kinds if isinstance(kinds, str) else ' or '.join(kinds)}; found {found}"
    return f"{prefix}{error.validator} {error.validator_value} is not met; found {found}"
