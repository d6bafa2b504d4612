"""Labelled rows to measure on: read from JSON Lines, or taken from the pack's own benchmark records.

A row is a claim, a (claim, evidence) pair or a unit of a page. Foreign fields are ignored; a row that cannot be used is
an error with its line number, except that a claim labelled ``not_a_claim`` is left out and counted.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from claimcheck.corpus.reader import Corpus
from claimcheck.entailment import OUTPUTS
from claimcheck.errors import UnreadableError, UsageError
from claimcheck.records import Label

__all__ = [
    "BENCHMARK",
    "CLAIM_LABELS",
    "PAIR_LABELS",
    "STAGES",
    "UNIT_LABELS",
    "ClaimRow",
    "Dataset",
    "GoldClaim",
    "PairRow",
    "UnitRow",
    "benchmark_rows",
    "read_dataset",
]

STAGES = ("claims", "pairs", "units", "retrieval")
CLAIM_LABELS = tuple(map(str, (Label.SUPPORTED, Label.OVERSTATED, Label.CONTRADICTED, Label.UNVERIFIED)))
PAIR_LABELS = OUTPUTS
UNIT_LABELS = (*CLAIM_LABELS, str(Label.NOT_A_CLAIM))
BENCHMARK = "benchmark"
# Real files hold some thousand short rows; a file beyond this is not one of them.
MAX_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim with its label; ``group`` is what rows are resampled by, ``evidence`` the ids of its gold records."""

    text: str
    label: str
    group: str = ""
    topic: str = ""
    triple: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PairRow:
    """A claim beside one text of evidence, with the label that this text gives it."""

    claim: str
    evidence: str
    label: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class GoldClaim:
    """One claim of a unit, self-contained."""

    text: str
    label: str


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A sentence, heading or list item of a page file, by code points, with its claims where the gold names them."""

    file: str
    start: int
    end: int
    label: str
    group: str = ""
    text: str = ""
    claims: tuple[GoldClaim, ...] | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """Rows of one kind with the digest of what they were read from; exactly one of the three tuples is filled.

    ``unit`` names what the rows' groups are: row, domain or record. ``left_out`` counts rows by the reason they are
    not measured.
    """

    name: str
    sha256: str
    unit: str
    claims: tuple[ClaimRow, ...] = ()
    pairs: tuple[PairRow, ...] = ()
    units: tuple[UnitRow, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Return claims, pairs or units."""
        return "pairs" if self.pairs else "units" if self.units else "claims"

    @property
    def rows(self) -> Sequence[ClaimRow | PairRow | UnitRow]:
        """Return the rows, whatever their kind."""
        return self.claims or self.pairs or self.units

    def labels(self) -> dict[str, int]:
        """Return how often each label occurs, by name."""
        return dict(sorted(Counter(row.label for row in self.rows).items()))


def benchmark_rows(corpus: Corpus) -> Dataset:
    """Return the examples of the pack's benchmark records as labelled claims, each with its record as gold evidence.

    :raises UsageError: when the pack keeps no record for measuring.
    """
    rows = tuple(
        ClaimRow(example.text, str(example.verdict), record.id, record.topic, example.triple, (record.id,))
        for record in corpus.records
        if record.fold == BENCHMARK
        for example in record.examples
    )
    if not rows:
        raise UsageError(
            f"pack {corpus.manifest.name!r} has no record with `fold: benchmark`; name a labelled file instead"
        )
    digest = hashlib.sha256()
    for row in rows:
        fields = {"text": row.text, "label": row.label, "record": row.group, "topic": row.topic, "triple": row.triple}
        digest.update(json.dumps(fields, sort_keys=True).encode() + b"\n")
    return Dataset(f"{BENCHMARK} of pack {corpus.manifest.name}", digest.hexdigest(), "record", claims=rows)


def read_dataset(path: Path, *, kind: str | None = None) -> Dataset:
    """Return the rows of a JSON Lines file; ``kind`` is claims, pairs or units, by default what the first row is.

    :raises UnreadableError: when the file cannot be read, or a row lacks a field or has an unknown label.
    """
    data = _read(path)
    parsed = _parse(data, path)
    kind = kind or _kind_of(parsed[0][1])
    reader = _READERS[kind]
    groups = [str(row.get("domain") or "") for _, row in parsed]
    # All or nothing: rows without a domain among others would be resampled by another rule than the rest.
    has_domains = all(groups) and len(set(groups)) > 1
    claims: list[ClaimRow] = []
    pairs: list[PairRow] = []
    units: list[UnitRow] = []
    left_out: Counter[str] = Counter()
    for (number, values), domain in zip(parsed, groups, strict=True):
        row = reader(_Fields(values, path, number), domain if has_domains else f"row {number}")
        if isinstance(row, ClaimRow) and row.label == Label.NOT_A_CLAIM:
            left_out[str(Label.NOT_A_CLAIM)] += 1
        elif isinstance(row, ClaimRow):
            claims.append(row)
        elif isinstance(row, PairRow):
            pairs.append(row)
        else:
            units.append(row)
    if not claims and not pairs and not units:
        raise UnreadableError(str(path), "every row is labelled not_a_claim; a claim's verdict is never that")
    return Dataset(
        path.name,
        hashlib.sha256(data).hexdigest(),
        "domain" if has_domains else "row",
        tuple(claims),
        tuple(pairs),
        tuple(units),
        dict(left_out),
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UnreadableError(
            str(path), f"{reason}; expected a file of labelled rows, one JSON object a line"
        ) from error
    if len(data) > MAX_BYTES:
        raise UnreadableError(str(path), f"more than {MAX_BYTES:,} bytes; split it")
    return data


def _parse(data: bytes, path: Path) -> list[tuple[int, dict[str, object]]]:
    rows = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise UnreadableError(str(path), f"line {number} is not JSON ({error}); correct it") from error
        if not isinstance(row, dict):
            raise UnreadableError(str(path), f"line {number} holds {type(row).__name__}, expected an object")
        rows.append((number, row))
    if not rows:
        raise UnreadableError(str(path), "there is no row in it; expected one JSON object a line")
    return rows


def _kind_of(row: Mapping[str, object]) -> str:
    if "file" in row and "start" in row:
        return "units"
    return "pairs" if "claim" in row and "text" not in row else "claims"


@dataclass(frozen=True, slots=True)
class _Fields:
    """One parsed row, its fields taken out with messages that name the line."""

    values: Mapping[str, object]
    path: Path
    number: int

    def wrong(self, what: str) -> UnreadableError:
        return UnreadableError(str(self.path), f"line {self.number}: {what}")

    def text(self, key: str) -> str:
        value = self.values.get(key)
        if not isinstance(value, str) or not value.strip():
            found = "no text" if isinstance(value, str) or value is None else type(value).__name__
            raise self.wrong(f"found {found} in {key!r}, expected a text")
        return value

    def number_of(self, key: str) -> int:
        value = self.values.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.wrong(f"found {value!r} in {key!r}, expected a number of code points")
        return value

    def label(self, allowed: Sequence[str]) -> str:
        value = self.values.get("label")
        if not isinstance(value, str) or value not in allowed:
            raise self.wrong(f"found the label {value!r}, expected one of {', '.join(allowed)}")
        return value

    def objects(self, key: str) -> list[Mapping[str, object]]:
        value = self.values.get(key)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(f"found {type(value).__name__} in {key!r}, expected a list of objects")
        return value


def _claim(row: _Fields, group: str) -> ClaimRow:
    evidence: tuple[str, ...] = ()
    if row.values.get("evidence") is not None:
        ids = [_Fields(item, row.path, row.number).text("id") for item in row.objects("evidence")]
        evidence = tuple(dict.fromkeys(ids))
    text, label = row.text("text"), row.label(UNIT_LABELS)
    return ClaimRow(text, label, group, str(row.values.get("topic") or ""), evidence=evidence)


def _pair(row: _Fields, group: str) -> PairRow:
    return PairRow(row.text("claim"), row.text("evidence"), row.label(PAIR_LABELS), group)


def _unit(row: _Fields, group: str) -> UnitRow:
    start, end = row.number_of("start"), row.number_of("end")
    if end <= start:
        raise row.wrong(f"the unit ends at {end}, before or where it starts ({start})")
    text = row.text("text") if row.values.get("text") is not None else ""
    claims = None
    if row.values.get("claims") is not None:
        inner = [_Fields(item, row.path, row.number) for item in row.objects("claims")]
        claims = tuple(GoldClaim(item.text("text"), item.label(CLAIM_LABELS)) for item in inner)
    return UnitRow(row.text("file"), start, end, row.label(UNIT_LABELS), group, text, claims)


_READERS: Mapping[str, Callable[[_Fields, str], ClaimRow | PairRow | UnitRow]] = {
    "claims": _claim,
    "pairs": _pair,
    "units": _unit,
}
