"""A real PostgreSQL server for tests, from Debian's packages: started once, a new database for each test.

Fixtures (``conftest.py`` makes them known to every test):

- ``postgres_url``: the address of a new, empty database, dropped after the test.
- ``store_url``: a new store's address, once for SQLite and once for PostgreSQL.

A test that asks for them is skipped, with the reason, where there is no PostgreSQL.
"""

import contextlib
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

START_SECONDS = 30
_NUMBERS = itertools.count(1)


def programs():
    """Return the folder of PostgreSQL's programs, or None: Debian keeps the server's off the PATH."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    return folders[-1].parent if folders else None


def _server_user():
    """Return the keywords that run a program as another user than root, whom PostgreSQL refuses."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam("postgres")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def running_server():
    """Yield the address of a server's maintenance database; the server and its folder are gone afterwards."""
    bin_folder = programs()
    # Short, since a socket's path may have no more than 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    user = _server_user()
    try:
        if user:
            os.chown(folder, user["user"], user["group"])
        data = folder / "data"
        options = ["--auth=trust", "--username=claimcheck", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        quiet = {"cwd": folder, "stdout": subprocess.DEVNULL}
        subprocess.run(
            [bin_folder / "initdb", "-D", data, *options], check=True, timeout=START_SECONDS * 2, **user, **quiet
        )
        command = [bin_folder / "postgres", "-D", data, "-k", folder, "-h", "", "-F", "-c", "max_connections=60"]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(command, stderr=log, **user, **quiet)
        try:
            url = f"postgresql+psycopg://claimcheck@/postgres?host={folder}"
            _wait_for(url, server, folder / "log")
            yield url
        finally:
            server.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(5)
            server.kill()
            server.wait(START_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(url, server, log):
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        with contextlib.suppress(Exception):
            run_sql(url, "SELECT 1")
            return
        time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}")


def run_sql(url, *statements):
    """Run statements, each by itself and committed at once."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    try:
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(sqlalchemy.text(statement))
    finally:
        engine.dispose()


@pytest.fixture(scope="session")
def postgres_server():
    """The address of a running server's maintenance database."""
    pytest.importorskip("psycopg", reason="psycopg is not installed (extra postgresql)")
    if programs() is None:
        pytest.skip("PostgreSQL's server is not installed (apt-get install postgresql)")
    with running_server() as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server):
    """The address of a new, empty database."""
    name = f"claimcheck_{os.getpid()}_{next(_NUMBERS)}"
    run_sql(postgres_server, f"CREATE DATABASE {name}")
    yield postgres_server.replace("/postgres?", f"/{name}?")
    run_sql(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request, tmp_path):
    """The address of a new store, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite'}"
    return request.getfixturevalue("postgres_url")
