"""The case file's folder: whole or not at all, verified by everybody's tools, the same bytes from the same store."""

import gzip
import hashlib
import shutil
import subprocess
import zipfile

import pytest
from click.testing import CliRunner

from case_store import AT, HOST, MADE, PAGES, SHELL, make_case, review_case
from claimcheck.errors import DamagedDataError, UsageError
from claimcheck.review.accounts import account_named
from claimcheck.review.casefile import CaseOptions, case_name, write_case, write_case_zip
from claimcheck.review.casefile.gather import CASE_ACT
from claimcheck.review.trail import entries, verify_trail
from claimcheck.store.models import PageRow, PageTextRow

PLAIN = CaseOptions(reference="AG-2026-0417", at=MADE, pdf=False)


@pytest.fixture
def case(tmp_path):
    made = make_case(f"sqlite:///{tmp_path / 'store.sqlite'}", tmp_path)
    review_case(made)
    yield made
    made.store.close()


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def sha256sum(folder):
    command = ["sha256sum", "--strict", "-c", "manifest.sha256"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_systems_sha256sum_verifies_every_file(case, tmp_path):
    written = write_case(case.store, HOST, tmp_path / "out", PLAIN)
    done = sha256sum(written.path)
    assert done.returncode == 0, done.stderr
    verified = {line.partition(":")[0] for line in done.stdout.splitlines()}
    assert verified == set(files(written.path)) - {"manifest.sha256"}
    assert hashlib.sha256((written.path / "manifest.sha256").read_bytes()).hexdigest() == written.manifest_sha256


@pytest.mark.parametrize("name", ["case.html", "findings.csv", "captures/page-001.warc.gz", "trail.jsonl"])
def test_a_changed_byte_is_found(case, tmp_path, name):
    folder = write_case(case.store, HOST, tmp_path / "out", PLAIN).path
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    done = sha256sum(folder)
    assert done.returncode == 1
    assert f"{name}: FAILED" in done.stdout


def test_any_warc_reader_opens_a_capture(case, tmp_path):
    from warcio.archiveiterator import ArchiveIterator

    folder = write_case(case.store, HOST, tmp_path / "out", PLAIN).path
    found = {}
    for path in sorted((folder / "captures").iterdir()):
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, check_digests="raise"):
                address = record.rec_headers.get_header("WARC-Target-URI")
                found[path.name] = (record.rec_type, address, record.content_stream().read().decode())
    (home, home_text), (faq, faq_text) = PAGES.items()
    assert found == {
        "page-001.warc.gz": ("conversion", home, home_text),
        "page-001-served.warc.gz": ("response", home, SHELL),
        "page-002.warc.gz": ("response", faq, faq_text),
    }


def test_a_captures_file_has_the_digest_that_the_document_gives(case, tmp_path):
    folder = write_case(case.store, HOST, tmp_path / "out", PLAIN).path
    html = (folder / "case.html").read_text(encoding="utf-8")
    for path in (folder / "captures").iterdir():
        assert hashlib.sha256(path.read_bytes()).hexdigest() in html
        assert gzip.decompress(path.read_bytes()).startswith(b"WARC/1.1\r\n")


def test_the_same_store_gives_the_same_bytes(case, tmp_path):
    first = write_case(case.store, HOST, tmp_path / "one", PLAIN)
    second = write_case(case.store, HOST, tmp_path / "two", PLAIN)
    assert files(first.path) == files(second.path)


def test_another_time_of_making_changes_only_what_states_it(case, tmp_path):
    first = write_case(case.store, HOST, tmp_path / "one", PLAIN)
    second = write_case(case.store, HOST, tmp_path / "two", CaseOptions(reference="AG-2026-0417", at=AT, pdf=False))
    before, after = files(first.path), files(second.path)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"case.html", "README.txt", "manifest.sha256"}


def test_nothing_is_left_when_a_capture_was_altered(case, tmp_path):
    (warc,) = (case.store.archive / "warc").iterdir()
    data = bytearray(warc.read_bytes())
    with case.store.session() as session:
        page = session.query(PageRow).filter(PageRow.warc_file != "").first()
        data[page.warc_offset + page.warc_length // 2] ^= 1
    warc.write_bytes(data)
    with pytest.raises(DamagedDataError, match="not what was captured"):
        write_case(case.store, HOST, tmp_path / "cases" / "out", PLAIN)
    assert list((tmp_path / "cases").iterdir()) == []
    with case.store.session() as session:
        assert not [entry for entry in entries(session) if entry.action == CASE_ACT]


def test_a_missing_archive_is_named(case, tmp_path):
    shutil.rmtree(case.store.archive / "warc")
    with pytest.raises(DamagedDataError, match="--archive"):
        write_case(case.store, HOST, tmp_path / "out", PLAIN)


def test_a_page_text_that_was_altered_is_refused(case, tmp_path):
    with case.store.session() as session:
        row = session.query(PageTextRow).first()
        row.text = row.text.replace("FDA approved", "FDA-approved")
    with pytest.raises(DamagedDataError, match="text is not what its digest says"):
        write_case(case.store, HOST, tmp_path / "out", PLAIN)


def test_a_trail_that_is_not_whole_is_refused(case, tmp_path):
    from sqlalchemy import text

    with case.store.engine.begin() as connection:
        triggers = connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'trail'")
        ).scalars()
        for name in list(triggers):
            connection.execute(text(f'DROP TRIGGER "{name}"'))
        connection.execute(text("UPDATE trail SET actor = 'mallory' WHERE seq = 5"))
    with pytest.raises(DamagedDataError, match="trail"):
        write_case(case.store, HOST, tmp_path / "out", PLAIN)


def test_a_folder_that_holds_something_is_left_alone(case, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="new or empty folder"):
        write_case(case.store, HOST, folder, PLAIN)
    assert files(folder) == {"notes.txt": b"mine"}


def test_an_empty_folder_is_filled(case, tmp_path):
    (tmp_path / "out").mkdir()
    assert write_case(case.store, HOST, tmp_path / "out", PLAIN).findings == 5


def test_a_site_without_a_confirmed_finding_is_refused_with_what_to_do(tmp_path):
    case = make_case(f"sqlite:///{tmp_path / 'store.sqlite'}", tmp_path)
    with pytest.raises(UsageError, match=r"no confirmed finding in scan 1 .*\(6 flagged and not decided\)"):
        write_case(case.store, HOST, tmp_path / "out", PLAIN)
    with pytest.raises(UsageError, match="found no site"):
        write_case(case.store, "other.example", tmp_path / "out", PLAIN)
    case.store.close()


def test_a_case_without_captures_says_so(case, tmp_path):
    with case.store.session() as session:
        session.query(PageRow).update({"warc_file": "", "screenshot": "", "capture_sha256": "", "rendered": False})
    written = write_case(case.store, HOST, tmp_path / "out", PLAIN)
    assert (written.pages, written.uncaptured) == (2, 2)
    assert "No capture was kept of any of these pages" in (written.path / "case.html").read_text(encoding="utf-8")
    assert "captures/" not in (written.path / "README.txt").read_text(encoding="utf-8")
    assert sha256sum(written.path).returncode == 0


def test_the_trail_notes_who_made_which_file(case, tmp_path):
    with case.store.session() as session:
        ann = account_named(session, "ann")
    written = write_case(case.store, HOST, tmp_path / "out", PLAIN, by=ann)
    with case.store.session() as session:
        last = list(entries(session))[-1]
    assert (last.actor, last.action, last.subject) == ("ann", CASE_ACT, f"site:{HOST}")
    assert written.manifest_sha256 in last.detail
    assert verify_trail(case.store) == []


def test_a_zip_holds_the_same_files(case, tmp_path):
    folder = write_case(case.store, HOST, tmp_path / "out", PLAIN)
    one = write_case_zip(case.store, HOST, tmp_path / "one.zip", PLAIN)
    write_case_zip(case.store, HOST, tmp_path / "two.zip", PLAIN)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(one.path) as archive:
        archive.extractall(tmp_path / "unpacked")
    assert files(tmp_path / "unpacked" / case_name(HOST)) == files(folder.path)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("Clinic.Example:8080", "case-clinic.example-8080"),
        ("../../etc/passwd", "case-etc-passwd"),
        ("a\r\nSet-Cookie: x=1", "case-a-set-cookie-x-1"),
        ("‮…", "case-site"),
        ("x" * 300, "case-" + "x" * 80),
    ],
)
def test_names_from_hosts_are_safe(host, name):
    assert case_name(host) == name


def test_the_case_is_the_same_on_every_database(store_url, tmp_path):
    case = make_case(store_url, tmp_path)
    review_case(case)
    written = write_case(case.store, HOST, tmp_path / "out", PLAIN)
    case.store.close()
    assert (written.findings, written.left_out, written.pages) == (5, 2, 2)
    assert sha256sum(written.path).returncode == 0


def test_the_command_writes_the_folder_and_says_what_to_note(case, tmp_path, monkeypatch):
    from claimcheck.commands.casefile import casefile

    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(MADE.timestamp())))
    arguments = [HOST, "--store", str(tmp_path / "store.sqlite"), "--archive", str(case.store.archive)]
    arguments += ["--output", str(tmp_path / "out"), "--no-pdf", "--reference", "AG-2026-0417"]
    done = CliRunner().invoke(casefile, arguments)
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(tmp_path / "out")
    digest = hashlib.sha256((tmp_path / "out" / "manifest.sha256").read_bytes()).hexdigest()
    assert digest in done.stderr
    assert "2 flagged and not decided yet are left out" in done.stderr
    assert files(write_case(case.store, HOST, tmp_path / "again", PLAIN).path) == files(tmp_path / "out")
