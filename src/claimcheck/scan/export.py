"""Findings as rows for other programs: streamed from the store to CSV, JSON Lines or Parquet, whatever their number."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from claimcheck.errors import UsageError
from claimcheck.report.tables import LINE_ENDS, csv_cell
from claimcheck.scan.coverage import LABELS
from claimcheck.store.models import (
    ClaimRow,
    FindingRow,
    JudgementRow,
    OccurrenceRow,
    PageRow,
    ScanRow,
    SiteRow,
    VersionRow,
)

if TYPE_CHECKING:
    import pyarrow
    from sqlalchemy import Row, Select
    from sqlalchemy.orm import Session

__all__ = [
    "EXPORT_FORMATS",
    "FINDING_COLUMNS",
    "csv_row",
    "finding_rows",
    "write_csv",
    "write_jsonl",
    "write_parquet",
]

EXPORT_FORMATS = ("csv", "jsonl", "parquet")
SEVERITY_NAMES = ("none", "low", "medium", "high")
ROWS_AT_A_TIME = 500
# Rows of a row group: 5,000 findings are some 10 MB before compression.
ROWS_A_GROUP = 5000

# Column: what Arrow calls its type. The order is that of CSV and Parquet; JSON Lines has `occurrences` besides.
FINDING_COLUMNS: Mapping[str, str] = {
    "finding_id": "int64", "site": "string", "region": "string", "scan_id": "int64", "scan_started_at": "timestamp",
    "scan_finished_at": "timestamp", "label": "string", "severity": "string", "confidence": "double",
    "needs_review": "bool", "topic": "string", "claim": "string", "sentence": "string", "url": "string",
    "page_title": "string", "heading": "string", "block": "string", "visible": "bool", "start": "int64", "end": "int64",
    "pages": "int64", "urls": "list", "is_new": "bool", "claim_id": "int64", "group_id": "int64",
    "p_contradicted": "double", "p_overstated": "double", "p_unverified": "double", "p_supported": "double",
    "overstates": "list", "explanation": "string", "evidence": "json", "numbers": "json", "fetched_at": "timestamp",
    "final_url": "string", "http_status": "int64", "rendered": "bool", "page_sha256": "string", "warc_file": "string",
    "warc_offset": "int64", "warc_length": "int64", "capture_sha256": "string", "screenshot": "string",
    "screenshot_sha256": "string", "claimcheck": "string", "pack": "string", "corpus_sha256": "string",
    "models_sha256": "string", "version_sha256": "string",
}  # fmt: skip


def finding_rows(
    session: "Session", scan_ids: Iterable[int], *, finding_ids: Sequence[int] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the findings of scans as values by column, the most serious of each scan first.

    With ``finding_ids`` only those. Besides the columns a row has ``occurrences``: every place that makes the claim.
    """
    for scan_id in scan_ids:
        query = _query().where(FindingRow.scan_id == scan_id)
        if finding_ids is not None:
            query = query.where(FindingRow.id.in_(finding_ids))
        query = query.order_by(FindingRow.severity.desc(), FindingRow.confidence.desc(), FindingRow.id)
        for part in session.execute(query.execution_options(yield_per=ROWS_AT_A_TIME)).partitions():
            places = _places(session, [row.finding_id for row in part])
            for row in part:
                yield _values(row, places[row.finding_id])


def _query() -> "Select[*tuple[Any, ...]]":
    import sqlalchemy as sa
    from sqlalchemy.orm import aliased

    other = aliased(OccurrenceRow)
    first = sa.select(sa.func.min(other.start)).where(
        other.finding_id == FindingRow.id, other.page_id == FindingRow.page_id
    )
    columns = (
        FindingRow.id.label("finding_id"), SiteRow.host.label("site"), SiteRow.region, FindingRow.scan_id,
        ScanRow.started_at.label("scan_started_at"), ScanRow.finished_at.label("scan_finished_at"),
        FindingRow.label, FindingRow.severity, FindingRow.confidence, FindingRow.needs_review, FindingRow.topic,
        ClaimRow.text.label("claim"), FindingRow.sentence, PageRow.url, PageRow.title.label("page_title"),
        OccurrenceRow.heading, OccurrenceRow.block, OccurrenceRow.visible, OccurrenceRow.start, OccurrenceRow.end,
        FindingRow.pages, FindingRow.is_new, FindingRow.claim_id, ClaimRow.group_id, JudgementRow.probabilities,
        JudgementRow.overstates, JudgementRow.explanation, JudgementRow.evidence, JudgementRow.numbers,
        PageRow.fetched_at, PageRow.final_url, PageRow.http_status, PageRow.rendered,
        PageRow.sha256.label("page_sha256"), PageRow.warc_file, PageRow.warc_offset, PageRow.warc_length,
        PageRow.capture_sha256, PageRow.screenshot, PageRow.screenshot_sha256, VersionRow.values.label("versions"),
        VersionRow.pack, VersionRow.corpus_sha256, VersionRow.models_sha256,
        VersionRow.sha256.label("version_sha256"),
    )  # fmt: skip
    at_first = (
        (OccurrenceRow.finding_id == FindingRow.id)
        & (OccurrenceRow.page_id == FindingRow.page_id)
        & (OccurrenceRow.start == first.scalar_subquery())
    )
    return (
        sa.select(*columns)
        .join_from(FindingRow, ScanRow, ScanRow.id == FindingRow.scan_id)
        .join(SiteRow, SiteRow.id == FindingRow.site_id)
        .join(PageRow, PageRow.id == FindingRow.page_id)
        .join(ClaimRow, ClaimRow.id == FindingRow.claim_id)
        .join(JudgementRow, JudgementRow.id == FindingRow.judgement_id)
        .join(VersionRow, VersionRow.id == JudgementRow.version_id)
        .outerjoin(OccurrenceRow, at_first)
    )


def _places(session: "Session", finding_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    import sqlalchemy as sa

    columns = (
        OccurrenceRow.finding_id, PageRow.url, OccurrenceRow.start, OccurrenceRow.end, OccurrenceRow.block,
        OccurrenceRow.visible, OccurrenceRow.heading,
    )  # fmt: skip
    query = sa.select(*columns).join_from(OccurrenceRow, PageRow).where(OccurrenceRow.finding_id.in_(finding_ids))
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in session.execute(query.order_by(PageRow.depth, PageRow.url, OccurrenceRow.start)):
        found[row.finding_id].append({name: getattr(row, name) for name in row._fields[1:]})
    return found


def _values(row: "Row[Any]", places: list[dict[str, Any]]) -> dict[str, Any]:
    made = row._asdict()
    probabilities = made.pop("probabilities")
    versions = made.pop("versions")
    made["severity"] = SEVERITY_NAMES[made["severity"]]
    made["claimcheck"] = str(versions.get("claimcheck", ""))
    made["urls"] = list(dict.fromkeys(place["url"] for place in places))
    made |= {f"p_{label}": probabilities.get(label) for label in LABELS}
    return {name: made[name] for name in FINDING_COLUMNS} | {"occurrences": places}


def csv_row(row: Mapping[str, Any], columns: Iterable[str]) -> dict[str, Any]:
    """Return the values as cells: times in ISO 8601, lists and objects as JSON, text guarded against formulas."""
    return {name: _cell(row[name]) for name in columns}


def _cell(value: Any) -> Any:  # noqa: ANN401 - the values of a row
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat()
    return csv_cell(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_plain))


def write_csv(rows: Iterable[Mapping[str, Any]], stream: IO[bytes], columns: Iterable[str] = FINDING_COLUMNS) -> int:
    """Write a header and a line for each row; returns how many. Cells that a spreadsheet would run are prefixed."""
    columns = list(columns)
    writer = csv.DictWriter(_Utf8(stream), columns, extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    count = 0
    for row in rows:
        writer.writerow(csv_row(row, columns))
        count += 1
    return count


class _Utf8:
    """A text file over a stream of bytes that, unlike ``io.TextIOWrapper``, never closes it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(text.encode("utf-8", "backslashreplace"))


def write_jsonl(rows: Iterable[Mapping[str, Any]], stream: IO[bytes]) -> int:
    """Write one JSON object a line; returns how many."""
    count = 0
    for row in rows:
        line = json.dumps(row, ensure_ascii=False, allow_nan=False, default=_plain)
        stream.write(line.translate(LINE_ENDS).encode() + b"\n")
        count += 1
    return count


def write_parquet(rows: Iterable[Mapping[str, Any]], path: Path, columns: Mapping[str, str] = FINDING_COLUMNS) -> int:
    """Write a Parquet file with typed columns, a row group at a time; returns how many rows.

    :raises UsageError: when pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UsageError("Parquet needs `pip install 'claimcheck[scan]'`") from error
    schema = pa.schema([pa.field(name, _arrow_type(kind)) for name, kind in columns.items()])
    count = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        part: list[dict[str, Any]] = []
        for row in rows:
            part.append({name: _typed(row[name], kind) for name, kind in columns.items()})
            count += 1
            if len(part) == ROWS_A_GROUP:
                writer.write_table(pa.Table.from_pylist(part, schema))
                part = []
        if part:
            writer.write_table(pa.Table.from_pylist(part, schema))
    return count


def _arrow_type(kind: str) -> "pyarrow.DataType":
    import pyarrow as pa

    named: dict[str, pyarrow.DataType] = {
        "list": pa.list_(pa.string()),
        "timestamp": pa.timestamp("s", tz="UTC"),
        "json": pa.string(),
        "int64": pa.int64(),
        "double": pa.float64(),
        "bool": pa.bool_(),
        "string": pa.string(),
    }
    return named[kind]


def _typed(value: Any, kind: str) -> Any:  # noqa: ANN401 - the values of a row
    return json.dumps(value, ensure_ascii=False, default=_plain) if kind == "json" else value


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not to be written as JSON")
