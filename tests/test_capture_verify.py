"""Whatever is changed in an archive, its manifest or the store's pages, ``claimcheck verify`` finds it."""

import hashlib
import json
from datetime import UTC, datetime
from random import Random

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from claimcheck.capture import ArchiveWriter, Exchange, head_of, record_head, verify_archive, verify_store
from claimcheck.cli import cli
from claimcheck.store import open_store
from claimcheck.store.models import PageRow, PageTextRow, RunRow, ScanRow, SiteRow

pytest.importorskip("warcio", reason="warcio is not installed (extra scan)")

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    """A store of four captured pages, one with a picture, and the head noted after the run."""
    store = open_store(str(tmp_path / "store.db"))
    with ArchiveWriter(store.archive, 1) as writer, store.session() as session:
        run = RunRow()
        site = SiteRow(host="clinic.example", start_url="https://clinic.example/")
        scan = ScanRow(run=run, site=site)
        session.add_all([run, site, scan])
        for number in range(4):
            url, body = f"https://clinic.example/{number}", f"<p>Page {number} of the clinic.</p>".encode()
            headers = (("Content-Type", "text/html"),)
            capture = writer.capture(Exchange(url, 200, "OK", headers, body, AT))
            text = f"Page {number} of the clinic."
            page = PageRow(
                scan=scan, url=url, state="checked", fetched_at=AT, sha256=capture.body_sha256,
                warc_file=capture.warc_file, warc_offset=capture.offset, warc_length=capture.length,
                capture_sha256=capture.capture_sha256,
                page_text=PageTextRow(sha256=hashlib.sha256(text.encode()).hexdigest(), text=text),
            )  # fmt: skip
            if not number:
                picture = writer.screenshot(url, b"\x89PNG picture")
                page.screenshot, page.screenshot_sha256 = picture.path, picture.sha256
            session.add(page)
        session.add(PageRow(scan=scan, url="https://clinic.example/no", state="failed", reason="http-404"))
        session.flush()
        record_head(session, run.id, writer.head())
    yield store
    store.close()


def problems(store, **options):
    return list(verify_store(store, **options))


def manifest_of(store):
    return store.archive / "manifest.jsonl"


def warc_of(store):
    return next((store.archive / "warc").iterdir())


def rewritten(lines):
    """Return lines chained anew, as a forger would who knows how."""
    previous, done = "0" * 64, []
    for number, line in enumerate(lines, start=1):
        values = json.loads(line) | {"previous": previous, "seq": number}
        text = json.dumps(values, sort_keys=True, separators=(",", ":"))
        previous = hashlib.sha256(text.encode()).hexdigest()
        done.append(text)
    return "".join(f"{line}\n" for line in done)


def test_what_was_written_is_in_order(store):
    assert problems(store) == []
    assert problems(store, head=head_of(store.archive).sha256) == []


def test_every_byte_of_a_warc_file_counts(store):
    path = warc_of(store)
    data = path.read_bytes()
    for position in Random(1).sample(range(len(data)), 60):  # noqa: S311 - the same each time
        path.write_bytes(data[:position] + bytes([data[position] ^ 0x20]) + data[position + 1 :])
        assert any("was changed" in each for each in problems(store)), position
    path.write_bytes(data)
    assert problems(store) == []


def test_every_byte_of_the_manifest_counts(store):
    path = manifest_of(store)
    data = path.read_bytes()
    for position in Random(2).sample(range(len(data)), 60):  # noqa: S311 - the same each time
        path.write_bytes(data[:position] + bytes([data[position] ^ 0x01]) + data[position + 1 :])
        assert problems(store), position


@pytest.mark.parametrize("index", [0, 3, -1])
def test_a_line_removed_is_found(store, index):
    lines = manifest_of(store).read_text().splitlines(keepends=True)
    del lines[index]
    manifest_of(store).write_text("".join(lines))
    assert problems(store)


def test_lines_swapped_doubled_or_put_in_are_found(store):
    lines = manifest_of(store).read_text().splitlines(keepends=True)
    for changed in (
        [lines[0], lines[2], lines[1], *lines[3:]],
        [*lines, lines[-1]],
        [*lines[:4], lines[1], *lines[4:]],
        [*lines, "not json\n"],
        [*lines, lines[-1].rstrip("\n")],
    ):
        manifest_of(store).write_text("".join(changed))
        assert problems(store)


def test_a_manifest_made_anew_without_a_capture_is_found_by_the_pages_and_the_noted_head(store):
    lines = manifest_of(store).read_text().splitlines()
    manifest_of(store).write_text(rewritten(lines[:-2]))
    warc_of(store).write_bytes(warc_of(store).read_bytes()[: json.loads(lines[-2])["offset"]])
    assert list(verify_archive(store.archive)) == []
    found = problems(store)
    assert any("run 1: the manifest no longer holds line" in each for each in found)
    assert any("https://clinic.example/3" in each and "not in the manifest" in each for each in found)


def test_a_history_forged_in_archive_and_store_alike_is_found_by_the_deposited_head(store):
    deposited = head_of(store.archive).sha256
    lines = manifest_of(store).read_text().splitlines()
    lines[-1] = json.dumps(json.loads(lines[-1]) | {"time": "2026-03-04T05:06:08Z"})
    manifest_of(store).write_text(rewritten(lines))
    with store.session() as session:
        session.get_one(RunRow, 1).manifest_head = head_of(store.archive).sha256
    assert problems(store) == []
    assert any("is not in the chain" in each for each in problems(store, head=deposited))


def test_a_head_stays_good_when_later_captures_are_added(store):
    deposited = head_of(store.archive).sha256
    with ArchiveWriter(store.archive, 2) as writer:
        writer.capture(Exchange("https://clinic.example/new", 200, "OK", (), b"new", AT))
    assert problems(store, head=deposited) == []


def test_missing_added_and_cut_files_are_found(store):
    warc, data = warc_of(store), warc_of(store).read_bytes()
    warc.write_bytes(data + b"more")
    assert any("4 bytes at its end are not in the manifest" in each for each in problems(store))
    warc.write_bytes(data[:-1])
    assert any("missing or cut short" in each for each in problems(store))
    warc.unlink()
    assert any("missing or cut short" in each for each in problems(store))
    warc.write_bytes(data)
    (warc.parent / "000009-0001.warc.gz").write_bytes(data)
    assert any("does not know this file" in each for each in problems(store))


def test_a_picture_changed_or_swapped_is_found(store):
    path = next((store.archive / "screenshots").iterdir())
    path.write_bytes(b"\x89PNG another")
    assert problems(store)
    path.unlink()
    assert problems(store)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("url", "https://clinic.example/else"),
        ("sha256", "0" * 64),
        ("capture_sha256", "0" * 64),
        ("warc_file", "../../etc/passwd"),
        ("warc_file", ""),
        ("warc_offset", 1),
        ("warc_length", 12),
        ("fetched_at", datetime(2025, 1, 1, tzinfo=UTC)),
        ("screenshot_sha256", "0" * 64),
        ("screenshot", "screenshots/../../x.png"),
    ],
)
def test_a_page_row_changed_is_found(store, column, value):
    with store.session() as session:
        session.execute(sa.update(PageRow).where(PageRow.url == "https://clinic.example/0").values(**{column: value}))
    assert any(each.startswith("page 1 ") for each in problems(store))


def test_a_row_that_points_to_another_page_s_capture_is_found(store):
    with store.session() as session:
        rows = {row.url: row for row in session.scalars(sa.select(PageRow))}
        one, two = rows["https://clinic.example/1"], rows["https://clinic.example/2"]
        for name in ("warc_offset", "warc_length", "capture_sha256", "sha256"):
            setattr(one, name, getattr(two, name))
    assert any("of another address" in each for each in problems(store))


def test_a_stored_text_changed_is_found(store):
    with store.session() as session:
        session.execute(sa.update(PageTextRow).values(text="Another text."))
    assert sum("stored text" in each for each in problems(store)) == 4


def test_hostile_manifest_lines_are_problems_not_crashes(store):
    good = manifest_of(store).read_text()
    entry = json.loads(good.splitlines()[1])
    for bad in (
        entry | {"file": "../../../etc/passwd"},
        entry | {"offset": -1},
        entry | {"offset": 10**30},
        entry | {"length": True},
        entry | {"kind": "other"},
        entry | {"extra": 1},
        {"seq": 1},
        [],
    ):
        text = json.dumps(bad, sort_keys=True, separators=(",", ":"))
        manifest_of(store).write_text(good + text + "\n")
        assert problems(store)
    manifest_of(store).write_text(good + "[" * 70_000 + "\n")
    assert problems(store)


def test_the_command_says_what_is_wrong_in_lines_and_exits_1(store):
    url = store.engine.url.render_as_string()
    done = CliRunner().invoke(cli, ["verify", "--store", url])
    assert done.exit_code == 0, done.output
    assert head_of(store.archive).sha256 in done.output
    data = warc_of(store).read_bytes()
    warc_of(store).write_bytes(data[:500] + b"\x1b[31m" + data[505:])
    with store.session() as session:
        row = session.scalars(sa.select(PageRow).where(PageRow.url == "https://clinic.example/1")).one()
        row.url = "https://clinic.example/\x1b[31mred\nnext"
    done = CliRunner().invoke(cli, ["verify", "--store", url, "--head", "0" * 64])
    assert done.exit_code == 1
    assert "\x1b" not in done.output
    assert all(line.strip() for line in done.stdout.splitlines())
    assert "the head 0000000000000000… is not in the chain" in done.stdout
    assert CliRunner().invoke(cli, ["verify", "--store", url, "--head", "xyz"]).exit_code == 2


def test_without_an_archive_it_says_so(tmp_path):
    store = open_store(str(tmp_path / "s.db"))
    assert problems(store) == [
        f"{store.archive}: there is no manifest.jsonl; name the archive with --archive, or restore it"
    ]
    store.close()
