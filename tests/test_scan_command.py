"""``claimcheck scan`` as a user meets it: inputs, resume, summary, log, Ctrl-C, status; models are stood in for."""

import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from claimcheck.cli import cli
from claimcheck.errors import UsageError
from claimcheck.scan.dump import dump
from claimcheck.scan.inputs import read_inputs
from claimcheck.scan.runs import run_lock
from claimcheck.scan.workers import InlineWorkers
from claimcheck.store import open_store
from claimcheck.store.models import FindingRow, PageRow, RunRow, ScanRow, SiteRow
from fake_checker import WordLoader
from scan_program import checked_pages
from scan_sites import write_site

pytest.importorskip("warcio", reason="warcio is not installed (extra scan)")
HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("CLAIMCHECK_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr("claimcheck.scan.work.CheckerLoader", lambda _settings, archive: WordLoader(archive))
    # Processes take seconds to start; a test of their own starts them (Ctrl-C), and test_scan_workers.py.
    monkeypatch.setattr("claimcheck.scan.engine.ProcessWorkers", lambda load, _count: InlineWorkers(load))


def run(*arguments, store="s.db"):
    return CliRunner().invoke(cli, ["scan", *map(str, arguments), "--store", store, "--threads", "1"])


def rows(query, store="s.db"):
    opened = open_store(store, create=False)
    with opened.session() as session:
        found = session.execute(query).all()
    opened.close()
    return found


def test_a_folder_is_scanned_summed_up_and_its_failures_logged(tmp_path):
    write_site(tmp_path / "leaf", 4, trouble=("bad/bug.html", "bad/german.txt", "bad/picture.png"))
    done = run("--folder", "leaf")
    assert done.exit_code == 0, done.output
    assert "folder:leaf" in done.stdout
    assert "unsupported-language 1" in done.stdout
    assert "3 pages were not checked" in done.stderr
    log = Path("s.db.archive/logs/run-000001.log").read_text()
    assert "not checked\tfolder:leaf\tfailed\tunsupported-language\tfile:bad/german.txt" in log
    assert "ValueError: a bug in the reader" in log
    assert rows(sa.select(ScanRow.state)) == [("finished",)]


def test_a_finished_scan_is_begun_anew_and_finds_the_same(tmp_path):
    write_site(tmp_path / "leaf", 2)
    for _ in range(2):
        assert run("--folder", "leaf", "--quiet").exit_code == 0
    found = rows(sa.select(FindingRow.scan_id, sa.func.count()).group_by(FindingRow.scan_id))
    assert found[0][1] == found[1][1] > 0
    assert {is_new for (is_new,) in rows(sa.select(FindingRow.is_new).where(FindingRow.scan_id == 2))} == {False}


def test_an_unfinished_scan_goes_on_unless_a_new_one_is_asked_for(tmp_path):
    write_site(tmp_path / "leaf", 2)
    assert run("--folder", "leaf").exit_code == 0
    opened = open_store("s.db")
    with opened.session() as session:
        session.execute(sa.update(RunRow).values(finished_at=None))
        session.execute(sa.update(ScanRow).values(state="running"))
    opened.close()
    assert "run 1" not in run("--folder", "leaf", "--new").stderr
    assert "going on with run 1" in run("--folder", "leaf").stderr
    assert rows(sa.select(sa.func.count()).select_from(RunRow)) == [(2,)]
    assert "going on" not in run("--folder", "leaf", "--model", "fast").stderr


def test_nothing_readable_is_status_3(tmp_path):
    write_site(tmp_path / "leaf", 0, trouble=("bad/german.txt", "bad/picture.png"))
    done = run("--folder", "leaf")
    assert done.exit_code == 3
    assert "no page of any site could be read" in done.stderr


def test_quiet_is_silent_but_for_the_summary(tmp_path):
    write_site(tmp_path / "leaf", 1)
    done = run("--folder", "leaf", "--quiet")
    assert "checking" not in done.stderr
    assert "folder:leaf" in done.stdout


def test_plain_progress_names_sites_pages_and_findings(tmp_path):
    write_site(tmp_path / "leaf", 3)
    done = run("--folder", "leaf")
    assert "1 of 1 site done · pages 4 found, 0 to do, 4 checked" in done.stderr
    assert "contradicted" in done.stderr


def test_names_of_files_cannot_drive_the_terminal(tmp_path):
    folder = write_site(tmp_path / "le\x1b[31maf", 1)
    (folder / "a\x1b]0;owned\x07\nb.png").write_text("x")
    done = run("--folder", folder)
    assert done.exit_code == 0
    assert "\x1b" not in done.output
    log = Path("s.db.archive/logs/run-000001.log").read_text()
    assert "\x1b" not in log
    assert len([line for line in log.splitlines() if "not-a-page" in line]) == 1


def test_links_out_of_a_folder_are_not_followed(tmp_path):
    (tmp_path / "secret.html").write_text("<p>The tea of the king cures all, and nobody may know of it at all.</p>")
    folder = write_site(tmp_path / "leaf", 1)
    (folder / "link.html").symlink_to(tmp_path / "secret.html")
    assert run("--folder", "leaf").exit_code == 0
    assert not rows(sa.select(PageRow).where(PageRow.url.contains("link")))


def test_a_warc_file_is_scanned_host_by_host(tmp_path):
    from claimcheck.capture import ArchiveWriter, Exchange
    from claimcheck.store.models import utc_now

    body = b"<p>The tea of this house cures headaches, as all of our guests know by now.</p>"
    html = (("Content-Type", "text/html; charset=utf-8"),)
    with ArchiveWriter(tmp_path / "other", 1) as writer:
        for url, status, headers in (
            ("http://a.example/", 200, html),
            ("http://a.example/", 200, html),
            ("http://a.example/gone", 404, html),
            ("http://a.example/old", 301, html),
            ("http://b.example/picture", 200, (("Content-Type", "image/png"),)),
            ("https://b.example/x", 200, html),
        ):
            writer.capture(Exchange(url, status, "", headers, body, utc_now()))
    (warc,) = (tmp_path / "other" / "warc").glob("*.gz")
    done = run("--warc", warc)
    assert done.exit_code == 0, done.output
    ends = rows(sa.select(SiteRow.host, PageRow.url, PageRow.state, PageRow.reason).select_from(PageRow).join(ScanRow)
                .join(SiteRow).order_by(PageRow.url))  # fmt: skip
    assert [tuple(end) for end in ends] == [
        ("a.example", "http://a.example/", "checked", ""),
        ("a.example", "http://a.example/gone", "failed", "http-404"),
        ("b.example", "http://b.example/picture", "refused", "not-a-page"),
        ("b.example", "https://b.example/x", "checked", ""),
    ]
    assert rows(sa.select(FindingRow.pages)) == [(1,), (1,)]


@pytest.fixture
def server(tmp_path):
    """A site on this machine: two pages with the same claim, one that is missing."""
    folder = tmp_path / "served"
    folder.mkdir()
    claim = "<p>The tea of this house cures headaches, as all of our guests know by now.</p>"
    (folder / "index.html").write_text(f"<h1>Leaf House</h1>{claim}<a href=two.html>2</a><a href=gone.html>g</a>")
    (folder / "two.html").write_text(
        f"<h1>More of it</h1>{claim}<p>Another page that is ours, with more words on it.</p>"
    )
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    handler.func.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}/"
        httpd.shutdown()
        thread.join(10)


def test_a_site_is_crawled_and_checked(server):
    pytest.importorskip("scrapy", reason="scrapy is not installed (extra scan)")
    done = run(server, "--allow-private", "--delay", "0")
    assert done.exit_code == 0, done.output
    ends = dict(tuple(row) for row in rows(sa.select(PageRow.url, PageRow.state)))
    assert ends == {server: "checked", f"{server}two.html": "checked", f"{server}gone.html": "failed"}
    assert rows(sa.select(FindingRow.pages, FindingRow.label)) == [(2, "contradicted")]


def test_single_pages_are_read_without_a_crawl(server, tmp_path):
    pytest.importorskip("scrapy", reason="scrapy is not installed (extra scan)")
    (tmp_path / "urls.txt").write_text(f"# one page\n{server}\n")
    done = run("--urls", "urls.txt", "--allow-private", "--delay", "0")
    assert done.exit_code == 0, done.output
    assert [tuple(row) for row in rows(sa.select(PageRow.url, PageRow.state))] == [(server, "checked")]


PROGRAM = """
import claimcheck.scan.work as work
from fake_checker import WordLoader
if __name__ == "__main__":
    work.CheckerLoader = lambda settings, archive: WordLoader(archive, delay=0.3)
    from claimcheck.cli import main
    main(["scan", "--folder", "leaf", "--store", "s.db", "--threads", "1"])
"""


def test_ctrl_c_ends_cleanly_says_how_to_go_on_and_loses_nothing(tmp_path):
    folder = write_site(tmp_path / "leaf", 40)
    Path("program.py").write_text(PROGRAM)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    process = subprocess.Popen(
        [sys.executable, "program.py"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    end = time.monotonic() + 60
    while time.monotonic() < end and not checked_pages(Path("s.db")):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert errors.splitlines()[-1] == (
        "claimcheck: stopped; what was finished is kept. To go on, give the same command again."
    )
    assert "Traceback" not in errors
    states = {state for (state,) in rows(sa.select(PageRow.state))}
    assert states == {"checked", "fetched"}
    assert "going on with run 1" in run("--folder", "leaf").stderr
    assert run("--folder", folder, store="whole.db").exit_code == 0
    # Both ran with the same batches, so that they agree to the digit.
    stopped, whole = (open_store(name, create=False) for name in ("s.db", "whole.db"))
    assert list(dump(stopped)) == list(dump(whole))
    stopped.close()
    whole.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "found nothing to scan"),
        (["a.example", "--folder", "."], "several kinds"),
        (["--folder", "nowhere"], "no folder"),
        (["--warc", "nowhere.warc"], "no file"),
        (["--sites", "nowhere.txt"], "cannot be read"),
        (["not a site"], "expected a host"),
        (["ftp://a.example/"], "expected a host"),
        (["a.example", "--pages", "0"], "0 is not in the range"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(arguments, words):
    done = run(*arguments)
    assert done.exit_code == 2
    assert words in done.stderr
    assert not Path("s.db").exists()


def test_a_scan_that_is_at_work_is_not_begun_twice(tmp_path):
    write_site(tmp_path / "leaf", 1)
    with run_lock(tmp_path / "s.db.archive", 1):
        done = run("--folder", "leaf")
    assert (done.exit_code, "another claimcheck is at work" in done.stderr) == (2, True)
    assert run("--folder", "leaf").exit_code == 0


def test_ray_that_is_missing_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    done = run("a.example", "--engine", "ray")
    assert (done.exit_code, "claimcheck[ray]" in done.stderr) == (2, True)


def inputs(sites=(), **files):
    given = {"sites_file": None, "urls_file": None, "folder": None, "warcs": ()} | files
    return read_inputs(sites, **given)


def test_a_list_of_sites_has_comments_regions_and_each_site_once(tmp_path):
    path = tmp_path / "sites.txt"
    path.write_text("\ufeff# clinics\n\nclinic.example\tMaryland\nhttps://Other.example/start\n  clinic.example\n")
    found = inputs(("third.example",), sites_file=path)
    assert [(site.host, site.urls, site.region) for site in found.sites] == [
        ("third.example", ("https://third.example/",), ""),
        ("clinic.example", ("https://clinic.example/",), "Maryland"),
        ("other.example", ("https://other.example/start",), ""),
    ]


def test_a_line_that_is_no_address_is_named_by_its_number(tmp_path):
    path = tmp_path / "sites.txt"
    path.write_text("a.example\nnot an address\n")
    with pytest.raises(UsageError, match=r"line 2: found the site 'not an address'"):
        inputs(sites_file=path)


def test_pages_are_grouped_by_their_site(tmp_path):
    path = tmp_path / "urls.txt"
    path.write_text("http://a.example/1\nhttp://b.example/\nhttp://a.example/2\nhttp://a.example/1\n")
    found = inputs(urls_file=path)
    assert [(site.host, len(site.urls)) for site in found.sites] == [("a.example", 2), ("b.example", 1)]
    assert not found.follows
