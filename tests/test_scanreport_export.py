"""Findings for other programs: every field, streamed, guarded against formulas, the same in each format."""

import csv
import io
import json
import subprocess
import sys

import pyarrow.parquet
import pytest
from click.testing import CliRunner

from claimcheck.cli import cli
from claimcheck.scan import export
from claimcheck.scan.export import FINDING_COLUMNS, finding_rows, write_csv, write_jsonl, write_parquet
from claimcheck.scan.selection import latest_scan_ids
from store_rows import PageSpec, SaidClaim, add_scan, fill, new_store

FORMULA = SaidClaim('=HYPERLINK("https://evil.example") is safe.', "contradicted", "approval_legal")
LINES = SaidClaim("One\u2028two\x85three is approved.", "overstated", "approval_legal")


@pytest.fixture
def store(tmp_path):
    opened = new_store(tmp_path / "scans.db")
    fill(opened, sites=2, pages=4, claims=20, scans=2)
    yield opened
    opened.close()


def rows_of(store):
    with store.session() as session:
        return list(finding_rows(session, latest_scan_ids(session)))


def run(store, *arguments):
    done = CliRunner().invoke(cli, ["export", "--store", store.engine.url.database, *map(str, arguments)])
    assert done.exit_code == 0, done.stderr
    return done


def test_every_finding_of_the_latest_scans_is_there_with_its_place(store):
    rows = rows_of(store)
    assert len({row["finding_id"] for row in rows}) == len(rows)
    assert {row["scan_id"] for row in rows} == {2, 4}
    for row in rows:
        assert set(row) == {*FINDING_COLUMNS, "occurrences"}
        assert row["pages"] == len(row["urls"])
        first = row["occurrences"][0]
        assert (first["url"], first["start"], first["end"]) == (row["url"], row["start"], row["end"])
        assert sum(row[f"p_{label}"] for label in ("supported", "overstated", "contradicted", "unverified")) == (
            pytest.approx(1, abs=1e-3)
        )


def test_the_most_serious_come_first(store):
    order = [export.SEVERITY_NAMES.index(row["severity"]) for row in rows_of(store) if row["scan_id"] == 2]
    assert order == sorted(order, reverse=True)


def test_the_three_formats_hold_the_same(store, tmp_path):
    rows = rows_of(store)
    text, lines, path = io.BytesIO(), io.BytesIO(), tmp_path / "findings.parquet"
    assert write_csv(rows, text) == write_jsonl(rows, lines) == write_parquet(rows, path) == len(rows)
    cells = list(csv.DictReader(io.StringIO(text.getvalue().decode())))
    objects = [json.loads(line) for line in lines.getvalue().splitlines()]
    table = pyarrow.parquet.read_table(path)
    assert table.schema.names == list(FINDING_COLUMNS) == list(cells[0])
    for row, cell, made, typed in zip(rows, cells, objects, table.to_pylist(), strict=True):
        assert cell["claim"] == made["claim"] == typed["claim"] == row["claim"]
        assert float(cell["confidence"]) == made["confidence"] == typed["confidence"]
        assert json.loads(cell["urls"]) == made["urls"] == typed["urls"]
        assert json.loads(cell["evidence"]) == made["evidence"] == json.loads(typed["evidence"])
        assert typed["fetched_at"] == row["fetched_at"]
        assert made["fetched_at"] == cell["fetched_at"] == row["fetched_at"].isoformat()


def test_parquet_is_typed_and_written_group_by_group(store, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "ROWS_A_GROUP", 7)
    path = tmp_path / "findings.parquet"
    count = write_parquet(rows_of(store), path)
    file = pyarrow.parquet.ParquetFile(path)
    assert file.num_row_groups == -(-count // 7)
    kinds = {field.name: str(field.type) for field in file.schema_arrow}
    assert (kinds["finding_id"], kinds["needs_review"], kinds["confidence"]) == ("int64", "bool", "double")
    assert (kinds["fetched_at"], kinds["urls"]) == ("timestamp[ms, tz=UTC]", "list<element: string>")


def test_rows_are_read_in_parts(store, monkeypatch):
    whole = rows_of(store)
    monkeypatch.setattr(export, "ROWS_AT_A_TIME", 3)
    assert rows_of(store) == whole


def test_a_cell_is_no_formula_and_a_line_is_one(store):
    with store.session() as session:
        add_scan(session, "bad.example", [PageSpec("https://bad.example/", [FORMULA, LINES], title="@title")])
    text = run(store, "--site", "bad.example").stdout_bytes.decode()
    cells = list(csv.DictReader(io.StringIO(text)))
    assert cells[0]["claim"].startswith("'=HYPERLINK")
    assert cells[0]["page_title"] == "'@title"
    assert not any(cell.startswith(("=", "+", "@")) for row in cells for cell in row.values())
    lines = run(store, "--site", "bad.example", "--format", "jsonl").stdout_bytes.decode().splitlines()
    assert [json.loads(line)["claim"] for line in lines] == [FORMULA.text, LINES.text]


def test_the_suffix_names_the_format_and_the_file_is_whole(store, tmp_path):
    done = run(store, "--output", tmp_path / "out.parquet", "--scan", 1)
    assert "findings of 1 scan" in done.stderr
    assert set(pyarrow.parquet.read_table(tmp_path / "out.parquet")["scan_id"].to_pylist()) == {1}
    run(store, "--output", tmp_path / "out.jsonl")
    assert json.loads((tmp_path / "out.jsonl").read_text().splitlines()[0])["occurrences"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(("out", "."))) == [
        "out.jsonl", "out.parquet"
    ]  # fmt: skip


def test_a_reader_that_goes_away_ends_the_export_quietly(store):
    command = [sys.executable, "-m", "claimcheck", "export", "--store", store.engine.url.database]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 141


@pytest.mark.parametrize(
    "wrong",
    [
        ("--format", "parquet"),
        ("--site", "nobody.example"),
        ("--scan", "999"),
        ("--scan", "1", "--site", "clinic-1-001.example"),
        ("--sample", "--format", "jsonl"),
        ("--output", "no/such/folder/x.csv"),
    ],
)
def test_what_cannot_be_exported_is_said_so(store, wrong):
    done = CliRunner().invoke(cli, ["export", "--store", store.engine.url.database, *wrong])
    assert done.exit_code == 2
    assert done.stderr.startswith("claimcheck: ")


def test_the_store_may_be_postgresql(postgres_url):
    from claimcheck.store.open import open_store

    opened = open_store(postgres_url)
    try:
        fill(opened, sites=2, pages=3, claims=15)
        rows = rows_of(opened)
        assert len(rows) == len({row["finding_id"] for row in rows}) > 20
        assert all(row["occurrences"] for row in rows)
    finally:
        opened.close()
