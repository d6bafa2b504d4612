"""Whole crawls of small sites: every page accounted for, gently, and in the archive."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest

from claimcheck.capture import read_capture, verify_store
from claimcheck.scan.crawl.spider import SiteThrottle
from claimcheck.store.models import RunRow, ScanRow
from site_server import (
    crawl_to_end,
    new_store,
    options,
    outcomes,
    pages,
    quick,
    reply,
    site,
    test_web,
)

pytest.importorskip("scrapy", reason="scrapy is not installed (extra scan)")

FETCHED = ("fetched", "")


def test_every_page_of_the_test_web_ends_as_it_must(tmp_path):
    names = tuple(name for name in test_web.SITES if name not in {"slow", "scripted"})
    sites = test_web.make_sites(scale=0.03, names=names)
    with test_web.TestWeb(sites) as web:
        store = new_store(tmp_path, [web.url(name) for name in names])
        crawl_to_end(store, options())
        assert outcomes(store) == web.expected()
    found = pages(store)
    assert all(row.detail for row in found.values() if row.reason)
    for row in found.values():
        if row.state == "fetched":
            captured = read_capture(store.archive, row.warc_file, row.warc_offset, row.warc_length)
            assert (captured.url, captured.body_sha256) == (row.url, row.sha256)
    assert list(verify_store(store)) == []
    with store.session() as session:
        assert session.get_one(RunRow, 1).manifest_lines > len(sites)
        assert all(scan.crawled_at for scan in session.query(ScanRow))


def test_pages_are_read_level_by_level_so_that_depth_is_the_least(tmp_path):
    # /far is first met through a long way and a slow page, and is near all the same.
    web = {
        "/": "<a href=/z>z</a><a href=/a>a</a>",
        "/a": "<a href=/b>b</a>",
        "/b": "<a href=/far>far</a>",
        "/z": "<a href=/far>far</a>",
        "/far": "the end",
    }
    with site(web) as (url, _):
        store = new_store(tmp_path, [url])
        crawl_to_end(store, quick(concurrency=2))
    assert {u.removeprefix(url.rstrip("/")): row.depth for u, row in pages(store).items()} == {
        "/": 0, "/a": 1, "/z": 1, "/b": 2, "/far": 2,
    }  # fmt: skip


def test_of_equal_bodies_the_nearest_is_the_page(tmp_path):
    web = {"/": "<a href=/y>y</a><a href=/b/>b</a>", "/y": "same", "/b/": "same", "/b/c": "same"}
    web["/y"] = web["/b/"] = web["/b/c"] = "<a href=/b/c>the same text</a>"
    with site(web) as (url, _):
        store = new_store(tmp_path, [url])
        crawl_to_end(store, quick())
    found = pages(store)
    assert found[url + "b/"].state == "fetched"
    assert {found[url + name].duplicate_of for name in ("y", "b/c")} == {found[url + "b/"].id}


def test_a_site_without_a_public_address_is_refused_with_that_reason(tmp_path):
    with site({"/": "hello"}) as (url, asked):
        store = new_store(tmp_path, [url])
        crawl_to_end(store, quick(allow_private=False))
        assert outcomes(store) == {url: ("refused", "blocked-address")}
        assert asked == []


def test_a_redirect_to_a_private_address_is_not_followed(tmp_path):
    leads = [b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % target for target in (
        b"http://169.254.169.254/latest/meta-data/", b"//localhost:1/", b"file:///etc/passwd")]  # fmt: skip
    web = {"/": "".join(f"<a href=/r{i}>x</a>" for i in range(3)), **{f"/r{i}": lead for i, lead in enumerate(leads)}}
    with site(web) as (url, _):
        store = new_store(tmp_path, [url])
        crawl_to_end(store, quick())
        found = outcomes(store)
    assert found[url + "r0"] == found[url + "r1"] == ("refused", "off-site")
    assert found[url + "r2"] == ("refused", "unsupported-scheme")
    assert len(found) == 4


def test_robots_that_fails_forbids_the_whole_site(tmp_path):
    with site({"/": "hello", "/robots.txt": reply(b"", "500 Oops")}) as (url, asked):
        store = new_store(tmp_path, [url])
        crawl_to_end(store, quick())
        assert outcomes(store) == {url: ("refused", "robots-unreachable")}
        assert "/" not in asked


def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(tmp_path):
    moments = []

    def busy(number):
        moments.append(time.monotonic())
        if number == 1:
            return reply(b"", "503 Busy", Retry_After="1")
        if number == 2:
            later = datetime.now(UTC) + timedelta(seconds=2)
            return reply(b"", "429 Slow down", Retry_After=format_datetime(later, usegmt=True))
        return reply(b"at last")

    with site({"/": busy}) as (url, _):
        store = new_store(tmp_path, [url])
        crawl_to_end(store, quick(retries=2))
        assert outcomes(store) == {url: FETCHED}
        assert pages(store)[url].attempts == 3
    assert moments[1] - moments[0] >= 1.0
    # A date has whole seconds only.
    assert moments[2] - moments[1] >= 0.9


@pytest.mark.parametrize(
    ("told", "asked", "delay"), [(0.0, 7.0, 7.0), (0.0, 0.0, 0.0), (1.0, 7.0, 7.0), (1.0, 0.0, 2.0)]
)
def test_a_site_is_asked_as_seldom_as_robots_its_slowness_and_the_options_say(told, asked, delay):
    # The slot of a site that takes two seconds to answer.
    throttle = SiteThrottle.__new__(SiteThrottle)
    throttle.mindelay, throttle.maxdelay, throttle.target_concurrency = told, 30.0, 1.0
    slot = SimpleNamespace(delay=told)
    request = SimpleNamespace(meta={"site": SimpleNamespace(delay=asked)})
    throttle._adjust_delay(slot, 2.0, SimpleNamespace(status=404, request=request))
    assert slot.delay == delay


def test_urls_alone_are_fetched_and_nothing_they_link_to(tmp_path):
    with site({"/": "<a href=/a>a</a>", "/a": "more"}) as (url, asked):
        store = new_store(tmp_path, [url])
        crawl_to_end(store, quick(follow=False))
        assert outcomes(store) == {url: FETCHED}
        assert "/a" not in asked and "/sitemap.xml" not in asked


def test_a_site_that_stops_answering_is_given_up(tmp_path):
    web = {"/": "".join(f"<a href=/p{i}x>x</a>" for i in range(15)), **{f"/p{i}x": b"HTTP/" for i in range(15)}}
    with site(web) as (url, _):
        store = new_store(tmp_path, [url])
        # An answer that breaks off before its first line is no connection.
        crawl_to_end(store, quick(retries=0))
        found = [reason for _, reason in outcomes(store).values()]
    assert found.count("connection-failed") == 10
    assert found.count("site-unreachable") == 5


def test_hostile_names_and_headers_reach_store_and_archive_harmless(tmp_path):
    odd = "/..%2f..%2fetc/passwd%00<script>'\"\u202e"
    web = {
        "/": f'<a href="{odd}">x</a><a href="/\u202etxt.evil">y</a>',
        "/..%2F..%2Fetc/passwd%00%3Cscript%3E'%22%E2%80%AE": reply(
            b"<p>odd</p>", X_Evil="a\tb \x7f", Content_Type="text/html; \xff"
        ),
    }
    with site(web) as (url, _):
        store = new_store(tmp_path, [url])
        crawl_to_end(store, quick())
        found = pages(store)
    assert all(each.isascii() and each.isprintable() for each in found)
    assert list(verify_store(store)) == []
    assert {path.parent.name for path in store.archive.rglob("*.gz")} == {"warc"}
