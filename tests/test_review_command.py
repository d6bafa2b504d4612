"""``claimcheck review``: one command on a laptop, accounts on the command line, refusals."""

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from http.cookiejar import CookieJar

import pytest
from click.testing import CliRunner

from claimcheck.cli import cli
from claimcheck.review.accounts import accounts
from claimcheck.review.sessions import sign_in
from review_store import PASSWORD, add_scan, opened


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "store.sqlite"
    with opened(f"sqlite:///{path}") as store, store.session() as session:
        add_scan(session)
    return str(path)


def run(*arguments, **options):
    return CliRunner().invoke(cli, ["review", *arguments], **options)


def test_people_are_added_listed_and_given_passwords(path):
    done = run("add-user", "ann", "--role", "reviewer", "--store", path, input=f"{PASSWORD}\n{PASSWORD}\n")
    assert done.exit_code == 0, done.output
    assert PASSWORD not in done.output
    arguments = ("add-user", "ada", "--role", "admin", "--display-name", "Ada L.", "--password-stdin", "--store", path)
    assert run(*arguments, input=f"{PASSWORD}\n").exit_code == 0
    listed = run("list-users", "--store", path).stdout.splitlines()
    assert listed == ["ada\tadmin\tactive\tAda L.", "ann\treviewer\tactive\tann"]
    assert run("passwd", "ann", "--password-stdin", "--store", path, input=f"{PASSWORD}!\n").exit_code == 0
    from claimcheck.store.open import open_store

    store = open_store(path)
    assert sign_in(store, "ann", PASSWORD + "!", address="192.0.2.1").account.name == "ann"
    store.close()


def test_what_cannot_be_is_said_in_one_line_with_status_2(path, tmp_path):
    for arguments, words in (
        (("add-user", "ann", "--role", "reader", "--password-stdin", "--store", path), "expected 15 to 256"),
        (("passwd", "nobody", "--password-stdin", "--store", path), "no account"),
        (("--store", path, "--host", "0.0.0.0"), "--public-url"),
        (("--store", path, "--public-url", "http://x"), "https://HOST"),
        (("--store", path, "--public-url", "https://review.example"), "no accounts yet"),
        (("--store", str(tmp_path / "none.sqlite")), "no store"),
        ((), "--store"),
    ):
        done = run(*arguments, input="short\n")
        assert done.exit_code == 2, (arguments, done.output)
        assert words in done.stderr
        assert "Traceback" not in done.output


def test_a_taken_port_is_said(path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run("--store", path, "--port", str(taken.getsockname()[1]))
    assert done.exit_code == 2
    assert "choose another with --port" in done.stderr


def test_one_command_starts_makes_an_admin_and_signs_in_by_the_link(path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "claimcheck", "review", "--store", path, "--port", str(port)]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    try:
        link = server.stdout.readline().strip()
        assert link.startswith(f"http://127.0.0.1:{port}/enter?token=")
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        page = fetched(browser, link, server)
        assert page.status == 200 and page.url.endswith("/queue?undecided=1")
        assert b"Ketamine cures depression." in page.read()
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.build_opener().open(link, timeout=10)
    finally:
        server.send_signal(signal.SIGINT)
        output, messages = server.communicate(timeout=20)
    assert server.returncode == 0, messages
    assert "made the admin" in messages and "stopped" in messages and "Traceback" not in messages
    assert output == ""
    from claimcheck.store.open import open_store

    store = open_store(path)
    with store.session() as session:
        assert [account.role for account in accounts(session)] == ["admin"]
    store.close()


def fetched(browser, address, server):
    """Return the page, waiting for the server to listen."""
    import time

    for _ in range(200):
        try:
            return browser.open(address, timeout=10)
        except urllib.error.HTTPError:
            raise
        except OSError:
            assert server.poll() is None, server.stderr.read()
            time.sleep(0.1)
    raise AssertionError("the server did not listen")
