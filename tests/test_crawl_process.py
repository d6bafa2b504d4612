"""The crawl as a child process: killed and resumed, stopped, left behind by its parent, ended by an error."""

import os
import signal
import time

import pytest

from claimcheck.capture import verify_store
from claimcheck.errors import ClaimcheckError, UsageError
from site_server import (
    canonical,
    crawl_to_end,
    new_store,
    options,
    outcomes,
    quick,
    reply,
    site,
    start_crawl,
    test_web,
)

pytest.importorskip("scrapy", reason="scrapy is not installed (extra scan)")


def test_kill_at_random_moments_and_resume_is_as_an_unbroken_crawl(tmp_path):
    names = ("redirecting", "duplicates", "deep", "sitemapped", "forbidden")
    sites = test_web.make_sites(scale=0.03, names=names)
    for part in ("whole", "broken"):
        (tmp_path / part).mkdir()
    with test_web.TestWeb(sites) as web:
        urls = [web.url(name) for name in names]
        whole = new_store(tmp_path / "whole", urls)
        crawl_to_end(whole, options())
        asked = sum(len(targets) for targets in web.requests.values())
        broken = new_store(tmp_path / "broken", urls)
        for share in (0.2, 0.6):
            _kill_after(broken, web, round(asked * (1 + share)))
        crawl_to_end(broken, options())
        again = sum(len(targets) for targets in web.requests.values()) - asked
    assert canonical(broken) == canonical(whole)
    # Each start reads robots.txt again, and at most one page a site was in flight at each kill.
    assert again <= asked + 2 * len(names) * 4
    assert list(verify_store(broken)) == []


def _kill_after(store, web, requests):
    """Kill the crawl when so many requests have been made, counted over all crawls."""
    with start_crawl(store, options()) as handle:
        end = time.monotonic() + 30
        while handle.poll() is None and time.monotonic() < end:
            if sum(len(targets) for targets in web.requests.values()) >= requests:
                os.kill(handle.pid, signal.SIGKILL)
                break
            time.sleep(0.005)
        handle.wait(10)


def test_a_wrong_call_is_told_to_the_parent(tmp_path):
    store = new_store(tmp_path, [])
    store.close()
    (tmp_path / "store.db").unlink()
    with start_crawl(store, quick()) as handle:
        handle.wait(30)
        with pytest.raises(UsageError, match="found no store"):
            handle.check()


def test_a_damaged_archive_stops_the_crawl_with_its_reason(tmp_path):
    with site({"/": "hello"}) as (url, _):
        store = new_store(tmp_path, [url])
        store.archive.mkdir()
        (store.archive / "manifest.jsonl").write_text('{"no": "entry"}\n')
        with start_crawl(store, quick()) as handle:
            handle.wait(30)
            with pytest.raises(ClaimcheckError, match=r"manifest\.jsonl"):
                handle.check()


def test_a_crawl_ends_with_its_parent_and_can_be_stopped(tmp_path):
    with site({"/": lambda _n: time.sleep(3) or reply(b"late")}) as (url, _):
        store = new_store(tmp_path, [url])
        with start_crawl(store, quick()) as handle:
            handle._process.stdin.close()
            handle.wait(10)
        with start_crawl(store, quick()) as stopped:
            stopped.terminate()
            stopped.check()
        assert outcomes(store) == {url: ("queued", "")}


def test_a_store_in_postgresql_holds_the_same(postgres_url, tmp_path):
    names = ("redirecting", "duplicates", "calendar")
    sites = test_web.make_sites(scale=0.03, names=names)
    for part in ("server", "file"):
        (tmp_path / part).mkdir()
    with test_web.TestWeb(sites) as web:
        urls = [web.url(name) for name in names]
        on_server = new_store(tmp_path / "server", urls, url=postgres_url)
        crawl_to_end(on_server, options())
        in_file = new_store(tmp_path / "file", urls)
        crawl_to_end(in_file, options())
        assert outcomes(on_server) == web.expected()
    assert canonical(on_server) == canonical(in_file)
    assert list(verify_store(on_server)) == []
    on_server.close()
