"""Sites on 127.0.0.1 for tests of crawling, a store made for them, and what became of the pages."""

import importlib.util
import socket
import sys
import threading
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import sqlalchemy as sa

from claimcheck.scan.crawl import CrawlOptions, crawl, run_crawl, seed_scan, site_of
from claimcheck.store import open_store
from claimcheck.store.models import PageRow, RunRow, ScanRow, SiteRow

ROOT = Path(__file__).parent.parent


def _script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


test_web = _script("make_test_site")


def options(scale=0.03, **changes):
    """Return the options for which the test web says what must be found."""
    known = {field.name for field in fields(CrawlOptions)}
    return CrawlOptions(**{k: v for k, v in test_web.options_for(scale).items() if k in known} | changes)


def quick(**changes):
    """Return options for a site of one's own."""
    return CrawlOptions(**{"delay": 0, "backoff": 0.01, "timeout": 5, "allow_private": True, "retries": 1} | changes)


def new_store(folder, urls, *, url=""):
    """Return an open store with a run of these sites; the run's id is 1."""
    store = open_store(url or str(folder / "store.db"), archive=folder / "archive")
    with store.session() as session:
        run = RunRow()
        session.add(run)
        for url in urls:
            address = site_of(url)
            scan = ScanRow(run=run, site=SiteRow(host=address.host, start_url=address.start_url))
            session.add(scan)
            seed_scan(session, scan, [address.start_url])
    return store


def crawl_to_end(store, chosen):
    """Crawl in this process until every page has its end."""
    run_crawl(_url(store), store.archive, 1, chosen)


def start_crawl(store, chosen):
    """Start crawling in a child process, as the scan does."""
    return crawl(_url(store), store.archive, 1, chosen)


def _url(store):
    return store.engine.url.render_as_string(hide_password=False)


def outcomes(store):
    """Return (state, reason) by address."""
    with store.session() as session:
        rows = session.execute(sa.select(PageRow.url, PageRow.state, PageRow.reason))
        return {row.url: (row.state, row.reason) for row in rows}


def pages(store):
    """Return the page rows by address."""
    with store.session() as session:
        return {row.url: row for row in session.scalars(sa.select(PageRow))}


def canonical(store):
    """Return everything of the pages that must not depend on when they were fetched, as sorted lines."""
    with store.session() as session:
        urls = dict(session.execute(sa.select(PageRow.id, PageRow.url)).all())
        rows = session.scalars(sa.select(PageRow))
        return sorted(
            (
                row.url,
                row.state,
                row.reason,
                row.sha256,
                row.depth,
                row.hops,
                row.admitted,
                row.final_url,
                urls.get(row.duplicate_of, ""),
                row.http_status or 0,
                row.rendered,
            )
            for row in rows
        )


@contextmanager
def raw_server(answer):
    """Serve with ``answer(connection, request line, number)``, which writes what it likes; yield the start address.

    The list of request targets is the second thing yielded.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    asked, stop = [], threading.Event()

    def serve(connection):
        with connection:
            connection.settimeout(5)
            try:
                data = b""
                while b"\r\n\r\n" not in data:
                    piece = connection.recv(4_096)
                    if not piece:
                        return
                    data += piece
                target = data.split(b" ")[1].decode()
                asked.append(target)
                answer(connection, target, asked.count(target))
            except OSError:
                pass

    def accept():
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/", asked
    finally:
        stop.set()
        thread.join(2)
        listener.close()


def reply(body=b"", status="200 OK", **headers):
    """Return an answer as bytes."""
    if isinstance(body, str):
        body = body.encode()
    given = {"Content-Type": "text/html", "Content-Length": str(len(body)), "Connection": "close"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


@contextmanager
def site(pages_by_path):
    """Serve bodies, or whole answers as bytes that begin with HTTP/, by path; everything else is 404."""

    def answer(connection, target, number):
        found = pages_by_path.get(target, reply(b"nothing here", "404 Not Found"))
        if callable(found):
            found = found(number)
        if isinstance(found, str) or not found.startswith(b"HTTP/"):
            found = reply(found)
        connection.sendall(found)

    with raw_server(answer) as served:
        yield served
