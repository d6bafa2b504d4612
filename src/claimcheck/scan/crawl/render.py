"""Pages after their scripts have run, in the machine's Chromium, which has no network of its own.

The page itself is the response that was captured; scripts, styles and what scripts ask for are fetched by the guarded
fetcher and handed over. Chromium resolves no name and opens no connection, so that no page can reach a private address
through it, whatever it resolves to a moment later. (scrapy-playwright lets the browser fetch for itself.)
"""

import asyncio
import contextlib
import logging
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from claimcheck.errors import UsageError
from claimcheck.scan.crawl.fetching import fetch_along
from claimcheck.scan.crawl.options import CrawlOptions
from claimcheck.scan.crawl.outcomes import Rendering
from claimcheck.scan.crawl.wire import Answer, Ask, Fetcher

__all__ = ["Renderer", "find_chromium"]

_LOG = logging.getLogger(__name__)
_WIDTH, _HEIGHT = 1280, 900
# A picture of an endless page is cut here: 15,000 pixels are seventeen screens.
_MAX_HEIGHT = 15_000
_MAX_HTML = 10_000_000
_MAX_PART = 5_000_000
_MAX_PARTS = 200
# How long a page may go on asking for parts after it was loaded.
_SETTLE = 3.0
_ARGUMENTS = (
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=http://127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
)
_KINDS = frozenset({"document", "script", "stylesheet", "xhr", "fetch", "image", "font"})
_DROPPED = frozenset({"content-encoding", "content-length", "transfer-encoding", "connection", "set-cookie"})


def find_chromium() -> str:
    """Return the path of the machine's Chromium.

    :raises UsageError: when there is none.
    """
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        path = shutil.which(name)
        if path:
            return path
    raise UsageError("--render found no Chromium on the PATH; install the package `chromium`")


class Renderer:
    """Renders captured pages, one browser for all, a fresh context for each.

    :raises UsageError: when there is no Chromium, or the extra for rendering is not installed.
    """

    def __init__(self, fetcher: Fetcher, options: CrawlOptions, executor: ThreadPoolExecutor) -> None:
        try:
            import playwright.async_api  # noqa: F401 - one door for the extra
        except ImportError as error:
            raise UsageError("--render needs `pip install 'claimcheck[render]'`") from error
        self._path = find_chromium()
        self._fetcher = fetcher
        self._options = options
        self._executor = executor
        self._playwright: Any = None
        self._browser: Any = None
        # Two pages at once are what two cores render; the rest wait in their slots.
        self._room = asyncio.Semaphore(2)

    async def render(self, answer: Answer) -> Rendering | None:
        """Return the page after its scripts have run; None when it is no HTML, or the browser could not show it.

        A page that cannot be rendered is checked as it was served, which the log says.
        """
        exchange = answer.exchange
        essence = exchange.header("content-type").partition(";")[0].strip().lower()
        if not 200 <= exchange.status < 300 or essence not in {"text/html", "application/xhtml+xml"}:
            return None
        async with self._room:
            try:
                return await asyncio.wait_for(self._render(answer), self._options.timeout)
            except Exception as error:
                # Anything that a page does to the browser costs its rendering only.
                _LOG.warning("%s: not rendered (%s: %s)", exchange.url, type(error).__name__, str(error)[:200])
                await self._drop_dead()
                return None

    async def close(self) -> None:
        """Close the browser."""
        if self._browser is not None:
            with contextlib.suppress(Exception):
                await self._browser.close()
        if self._playwright is not None:
            with contextlib.suppress(Exception):
                await self._playwright.stop()
        self._browser = self._playwright = None

    async def _render(self, answer: Answer) -> Rendering:
        browser = await self._started()
        context = await browser.new_context(
            accept_downloads=False,
            viewport={"width": _WIDTH, "height": _HEIGHT},
            service_workers="block",
            java_script_enabled=True,
            locale="en-US",
        )
        try:
            parts = _Parts(self._fetcher, self._options, self._executor, answer)
            await context.route("**/*", parts.serve)
            await context.route_web_socket("**/*", _refuse_socket)
            page = await context.new_page()
            page.on("dialog", _dismiss)
            await page.goto(answer.exchange.url, wait_until="load", timeout=self._options.timeout * 1000)
            with contextlib.suppress(Exception):
                # A page that never falls silent is taken as it is.
                await page.wait_for_load_state("networkidle", timeout=_SETTLE * 1000)
            html = (await page.content()).encode("utf-8", "replace")[:_MAX_HTML]
            return Rendering(html, await _picture(page), tuple(parts.leads[:_MAX_PARTS]))
        finally:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(context.close(), 5)

    async def _started(self) -> Any:  # noqa: ANN401 - playwright's browser
        if self._browser is None or not self._browser.is_connected():
            from playwright.async_api import async_playwright

            if self._playwright is None:
                self._playwright = await async_playwright().start()
            # Chromium's sandbox cannot start as root.
            is_root = hasattr(os, "geteuid") and os.geteuid() == 0
            arguments = [*_ARGUMENTS, *(["--no-sandbox"] if is_root else [])]
            self._browser = await self._playwright.chromium.launch(
                executable_path=self._path, args=arguments, chromium_sandbox=not is_root
            )
        return self._browser

    async def _drop_dead(self) -> None:
        if self._browser is not None and not self._browser.is_connected():
            self._browser = None


class _Parts:
    """Serves a page being rendered: itself from its capture, its parts through the guarded fetcher."""

    def __init__(self, fetcher: Fetcher, options: CrawlOptions, executor: ThreadPoolExecutor, answer: Answer) -> None:
        self._fetcher = fetcher
        self._options = options
        self._executor = executor
        self._answer = answer
        self.leads: list[str] = []
        self._served = 0
        self._is_page_served = False

    async def serve(self, route: Any) -> None:  # noqa: ANN401 - playwright's route
        """Answer one request of the browser, or refuse it."""
        request = route.request
        if not self._is_page_served and request.is_navigation_request():
            self._is_page_served = True
            await route.fulfill(**_reply(self._answer))
            return
        self._served += 1
        is_refused = request.resource_type not in _KINDS or request.method != "GET"
        if request.is_navigation_request():
            # "No content" leaves the page as it is; a refusal would put the browser's own error page in its place.
            self.leads.append(request.url)
            await route.fulfill(status=204)
            return
        if is_refused or self._served > _MAX_PARTS or not request.url.startswith(("http://", "https://")):
            await route.abort()
            return
        ask = Ask(request.url.partition("#")[0], self._options.timeout / 2, _MAX_PART, any_type=True, accept="*/*")
        fetched = await fetch_along(self._fetcher, ask, _once(self._options), self._executor)
        with contextlib.suppress(Exception):
            # The page may be gone by now.
            await (route.abort() if fetched.answer is None else route.fulfill(**_reply(fetched.answer)))


def _reply(answer: Answer) -> dict[str, Any]:
    headers = {name: value for name, value in answer.exchange.headers if name.lower() not in _DROPPED}
    return {"status": answer.exchange.status, "headers": headers, "body": answer.body}


def _once(options: CrawlOptions) -> CrawlOptions:
    from dataclasses import replace

    return replace(options, retries=0)


async def _picture(page: Any) -> bytes:  # noqa: ANN401 - playwright's page
    height = await page.evaluate("Math.max(document.documentElement.scrollHeight, document.body?.scrollHeight || 0)")
    bounded = min(max(int(height), _HEIGHT), _MAX_HEIGHT) if isinstance(height, (int, float)) else _HEIGHT
    clip = {"x": 0, "y": 0, "width": _WIDTH, "height": bounded}
    return bytes(await page.screenshot(full_page=True, clip=clip, type="png", timeout=10_000, animations="disabled"))


async def _dismiss(dialog: Any) -> None:  # noqa: ANN401 - playwright's dialog
    await dialog.dismiss()


def _refuse_socket(socket: Any) -> None:  # noqa: ANN401 - playwright's web socket route
    # Routed and never connected: the page sees a socket that stays silent.
    del socket
