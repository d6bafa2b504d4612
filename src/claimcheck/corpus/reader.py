"""Evidence packs read from disk: YAML files to frozen records, with a digest of what was read.

A pack is a folder with ``pack.yaml`` (its manifest) and one YAML file a topic, each a list of records; the fields are
those of ``corpus/schema/evidence-record.schema.json``. Packs are data: a new treatment needs no code.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import yaml

from claimcheck.errors import DamagedDataError, UsageError
from claimcheck.records import Certainty, EvidenceRecord, Example, Label, Overstatement, Source

__all__ = ["Corpus", "CorpusReader", "Manifest", "YamlCorpusReader", "list_packs", "pack_digest", "record_from_mapping"]

MANIFEST_NAME = "pack.yaml"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a pack says of itself.

    ``subject`` names the treatment and ``aliases`` the words that stand for it. ``risk_terms``, ``off_label_terms`` and
    ``off_label_uses`` are the lower-case word starts that the page findings look for. ``topics`` maps each record topic
    to the claim topic of reports that it belongs to.
    """

    name: str
    title: str
    version: str
    licence: str
    subject: str
    aliases: tuple[str, ...]
    curators: str
    method: str
    risk_terms: tuple[str, ...] = ()
    off_label_terms: tuple[str, ...] = ()
    off_label_uses: tuple[str, ...] = ()
    topics: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Corpus:
    """A pack's records with the manifest and the digest of the files they were read from."""

    manifest: Manifest
    records: tuple[EvidenceRecord, ...]
    sha256: str

    def get(self, record_id: str) -> EvidenceRecord:
        """Return the record with this id.

        :raises UsageError: when the pack has no such record.
        """
        for record in self.records:
            if record.id == record_id:
                return record
        raise UsageError(
            f"no record {record_id!r} in pack {self.manifest.name!r}; try `claimcheck corpus search` with a few words"
        )


class CorpusReader(Protocol):
    """Reads a pack."""

    def read(self, folder: Path) -> Corpus:
        """Return the pack in ``folder``."""


def pack_files(folder: Path) -> list[Path]:
    """Return the manifest and the topic files of a pack, sorted by name."""
    return sorted(path for path in folder.glob("*.yaml"))


def pack_digest(folder: Path) -> str:
    """Return the SHA-256 over the names and bytes of a pack's YAML files, in name order.

    :raises DamagedDataError: when the folder holds no manifest.
    """
    files = pack_files(folder)
    if not any(path.name == MANIFEST_NAME for path in files):
        raise DamagedDataError(f"{folder}: found no {MANIFEST_NAME}, which every pack needs; name a pack's folder")
    digest = hashlib.sha256()
    for path in files:
        data = path.read_bytes()
        digest.update(f"{path.name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()


def list_packs(root: Path) -> list[str]:
    """Return the names of the packs below ``root``."""
    return sorted(path.parent.name for path in root.glob(f"*/{MANIFEST_NAME}"))


def _load_yaml(path: Path) -> object:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - a safe loader, chosen for speed
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DamagedDataError(f"{path}: not readable as YAML ({error}); restore the file or correct it") from error


class YamlCorpusReader:
    """Reads packs of YAML files."""

    def read(self, folder: Path) -> Corpus:
        """Return the pack in ``folder``.

        :raises DamagedDataError: when a file is missing or malformed, or an id occurs twice.
        """
        digest = pack_digest(folder)
        manifest = manifest_from_mapping(_load_yaml(folder / MANIFEST_NAME), folder / MANIFEST_NAME)
        records: list[EvidenceRecord] = []
        for path in pack_files(folder):
            if path.name == MANIFEST_NAME:
                continue
            rows = _load_yaml(path)
            if not isinstance(rows, list):
                raise DamagedDataError(f"{path}: found {type(rows).__name__}, expected a list of records")
            records.extend(record_from_mapping(row, str(path)) for row in rows)
        seen: set[str] = set()
        for record in records:
            if record.id in seen:
                raise DamagedDataError(f"{folder}: the id {record.id!r} occurs twice; ids are unique and never reused")
            seen.add(record.id)
        return Corpus(manifest, tuple(records), digest)


def manifest_from_mapping(row: object, path: Path) -> Manifest:
    """Return a manifest from its parsed YAML.

    :raises DamagedDataError: when a field is missing or of another kind.
    """
    try:
        if not isinstance(row, dict):
            raise TypeError(f"a {type(row).__name__}")
        return Manifest(
            name=str(row["name"]),
            title=str(row["title"]),
            version=str(row["version"]),
            licence=str(row["licence"]),
            subject=str(row["subject"]),
            aliases=_words(row, "aliases"),
            curators=str(row["curators"]),
            method=str(row["method"]),
            risk_terms=_words(row, "risk_terms"),
            off_label_terms=_words(row, "off_label_terms"),
            off_label_uses=_words(row, "off_label_uses"),
            topics={str(fine): str(coarse) for coarse, fines in (row.get("topics") or {}).items() for fine in fines},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise DamagedDataError(f"{path}: the manifest lacks or misstates {error}; see the docs on packs") from error


def _words(row: Mapping[str, object], key: str) -> tuple[str, ...]:
    return tuple(str(word).lower() for word in _list(row, key))


def record_from_mapping(row: object, where: str) -> EvidenceRecord:
    """Return a record from its parsed YAML or JSON.

    :raises DamagedDataError: when a field is missing, of another kind, or holds an unknown code.
    """
    name = row.get("id", "?") if isinstance(row, dict) else "?"
    try:
        if not isinstance(row, dict):
            raise TypeError(f"a {type(row).__name__} in place of a mapping")
        return _record(row)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedDataError(
            f"{where}: record {name!r}: {type(error).__name__} {error}; run `claimcheck corpus validate`"
        ) from error


def _text(row: Mapping[str, object], key: str) -> str:
    value = row[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} is {type(value).__name__}, expected text")
    return value


def _optional(row: Mapping[str, object], key: str, convert: Callable[[object], str]) -> str | None:
    value = row.get(key)
    return None if value is None else convert(value)


def _record(row: Mapping[str, object]) -> EvidenceRecord:
    source = row["source"]
    figures = row.get("figures") or {}
    examples = row.get("examples") or []
    if not isinstance(source, dict) or not isinstance(figures, dict) or not isinstance(examples, list):
        raise TypeError("source and figures are mappings and examples a list")
    year = source.get("year")
    return EvidenceRecord(
        id=_text(row, "id"),
        topic=_text(row, "topic"),
        statement=_text(row, "statement"),
        population=str(row.get("population") or ""),
        intervention=str(row.get("intervention") or ""),
        comparator=str(row.get("comparator") or ""),
        outcome=str(row.get("outcome") or ""),
        timeframe=str(row.get("timeframe") or ""),
        figures=dict(figures),
        direction=_text(row, "direction"),
        certainty=Certainty(_text(row, "certainty")),
        certainty_reason=_text(row, "certainty_reason"),
        limits=_text(row, "limits"),
        source=Source(
            type=_text(source, "type"),
            title=_text(source, "title"),
            authors=_text(source, "authors"),
            year=None if year is None else int(year),
            journal=str(source.get("journal") or ""),
            url=_text(source, "url"),
            pmid=_optional(source, "pmid", str),
            doi=_optional(source, "doi", str),
        ),
        status=_text(row, "status"),
        checked=str(row["checked"]),
        verified=_text(row, "verified"),
        verified_url=str(row.get("verified_url") or ""),
        fold=str(row.get("fold") or "train"),
        hard_negatives=tuple(str(item) for item in _list(row, "hard_negatives")),
        examples=tuple(_example(example) for example in examples),
        conflicts_with=tuple(str(item) for item in _list(row, "conflicts_with")),
        conflict_note=str(row.get("conflict_note") or ""),
    )


def _list(row: Mapping[str, object], key: str) -> list[object]:
    value = row.get(key) or []
    if not isinstance(value, list):
        raise TypeError(f"{key} is {type(value).__name__}, expected a list")
    return value


def _example(row: Mapping[str, object]) -> Example:
    return Example(
        text=_text(row, "text"),
        verdict=Label(_text(row, "verdict")),
        overstates=tuple(Overstatement(str(code)) for code in _list(row, "overstates")),
        register=str(row.get("register") or ""),
        triple=str(row.get("triple") or ""),
    )
