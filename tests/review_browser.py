"""The review served to a real browser: a server in a thread, Debian's chromium, and people who are signed in."""

import contextlib
import shutil
import socket
import threading
import time
from dataclasses import dataclass, field

import pytest

CHROMIUM = shutil.which("chromium")
HAS_PLAYWRIGHT = True
try:
    from playwright.sync_api import sync_playwright
except ImportError:
    HAS_PLAYWRIGHT = False

BROWSER_MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed: apt-get install chromium"),
    pytest.mark.skipif(not HAS_PLAYWRIGHT, reason="playwright is not installed: pip install 'claimcheck[dev]'"),
]
# No page takes longer unless something hangs, even beside other work.
PATIENCE_MS = 60_000
# Without motion a colour is its own as soon as it is set.
DEFAULTS = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}


@dataclass
class Served:
    """A store behind its address. ``visit`` opens a window in which somebody is signed in."""

    store: object
    url: str
    browser: object
    contexts: list = field(default_factory=list)

    def visit(self, name, path="/queue?undecided=1", **options):
        """Return a page of a new browser profile, signed in by a one-time link (passwords are slow on purpose)."""
        from claimcheck.review.accounts import account_named
        from claimcheck.review.sessions import make_login_link

        with self.store.session() as session:
            token = make_login_link(session, account_named(session, name))
        page = self.window(**options)
        page.goto(f"{self.url}/enter?token={token}")
        page.goto(self.url + path)
        return page

    def window(self, **options):
        """Return a page of a new browser profile in which nobody is signed in; what its console says is kept."""
        context = self.browser.new_context(**DEFAULTS | options)
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        page = context.new_page()
        page.told = []
        page.on("console", lambda message: page.told.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.told.append(str(error)))
        page.on("dialog", lambda dialog: (page.told.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        return page


@contextlib.contextmanager
def browser():
    """Yield Debian's chromium."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


@contextlib.contextmanager
def served(store, launched):
    """Yield the store behind a server of its own, in this process."""
    import uvicorn

    from claimcheck.review.evidence import pack_records
    from claimcheck.review.web.app import create_app

    # Read once a process: the first page that shows evidence would wait for it.
    pack_records("ketamine")

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(
        create_app(store), host="127.0.0.1", port=port, log_level="warning", lifespan="off", ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.started
    site = Served(store, f"http://127.0.0.1:{port}", launched)
    try:
        yield site
    finally:
        for context in site.contexts:
            context.close()
        server.should_exit = True
        thread.join(timeout=20)
