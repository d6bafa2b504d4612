"""The crawl's parts: links, robots.txt, sitemaps, and what one request to a hostile server gives."""

import gzip
import threading

import pytest

from claimcheck.scan.crawl.links import links_of
from claimcheck.scan.crawl.robots import no_robots, read_robots, read_sitemap
from claimcheck.scan.crawl.wire import Ask, GuardedFetcher, PageFailure
from site_server import raw_server, reply

URL = "https://clinic.example/care/"


def links(html, limit=100, content_type="text/html"):
    return links_of(html.encode(), content_type, URL, limit=limit)


def test_links_are_taken_in_order_once_and_against_the_base():
    html = '<base href="/x/"><a href=b>1</a><a href=a>2</a><a href="b#c">3</a><iframe src="/f"></iframe>'
    html += '<a href="javascript:x">'
    assert links(html) == ["https://clinic.example/x/b", "https://clinic.example/x/a", "https://clinic.example/f"]


def test_refresh_and_canonical_lead_on_too():
    html = "<meta http-equiv=Refresh content=\"3; URL='/next'\"><link rel=canonical href=/main>"
    assert sorted(links(html)) == ["https://clinic.example/main", "https://clinic.example/next"]


def test_links_are_bounded_and_none_are_in_other_kinds_of_page():
    html = "".join(f"<a href=/{i}>x</a>" for i in range(5_000))
    assert len(links(html, limit=30)) == 30
    assert links(html, content_type="text/plain") == []
    assert links_of(b"%PDF-1.4 <a href=/x>", "", URL, limit=9) == []


def test_a_page_nested_to_stall_a_parser_has_no_links():
    assert links("<div>" * 50_000 + "<a href=/x>x</a>") == []


def test_robots_is_read_for_claimcheck_then_for_everyone():
    robots = read_robots(200, b"User-agent: *\nDisallow: /\n\nUser-agent: claimcheck\nDisallow: /no\nCrawl-delay: 7\n")
    assert robots.refusal("https://a.example/yes") == ""
    assert robots.refusal("https://a.example/no/x") == "robots-disallowed"
    assert robots.delay == 7


def test_a_crawl_delay_without_measure_is_cut():
    assert read_robots(200, b"User-agent: *\nCrawl-delay: 86400\n").delay == 60


@pytest.mark.parametrize(
    ("status", "refusal"), [(404, ""), (403, ""), (500, "robots-unreachable"), (503, "robots-unreachable")]
)
def test_robots_that_is_missing_allows_and_one_that_fails_forbids(status, refusal):
    assert read_robots(status, b"Disallow: /").refusal("https://a.example/") == refusal


def test_a_host_that_is_not_there_is_not_blamed_on_robots():
    assert no_robots("dns-failed").refusal("https://a.example/") == "dns-failed"
    assert no_robots("timeout").refusal("https://a.example/") == "robots-unreachable"


def test_sitemaps_are_read_by_their_tags():
    body = b'<?xml version="1.0"?><urlset><url><loc> https://a.example/?a=1&amp;b=2 </loc></url><x:loc>https://a.example/c</x:loc>'
    assert read_sitemap(body).locations == ("https://a.example/?a=1&b=2", "https://a.example/c")
    assert read_sitemap(b"<sitemapindex><sitemap><loc>https://a.example/s.xml</loc>").is_index
    assert read_sitemap(b"https://a.example/x\nnot one\n").locations == ("https://a.example/x",)


def test_a_sitemap_with_entities_is_no_bomb():
    body = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><urlset><loc>https://a.example/&b;</loc></urlset>'
    assert read_sitemap(body).locations == ("https://a.example/&b;",)


# One request.


def ask(url, **changes):
    return Ask(**{"url": url, "timeout": 2.0, "max_bytes": 100_000} | changes)


def failure(answer, **changes):
    with raw_server(lambda connection, *_: answer(connection)) as (url, _), pytest.raises(PageFailure) as caught:
        GuardedFetcher(allow_private=True).fetch(ask(url, **changes))
    return caught.value


def test_headers_and_body_are_kept_as_they_were_sent():
    packed = gzip.compress(b"<p>hello</p>")
    sent = reply(packed, Content_Encoding="gzip", X_oDD="caf\u00e9")
    with raw_server(lambda connection, *_: connection.sendall(sent)) as (url, _):
        answer = GuardedFetcher(allow_private=True).fetch(ask(url))
    assert answer.body == b"<p>hello</p>"
    assert answer.exchange.body == packed
    assert ("X-oDD", "caf\xc3\xa9") in answer.exchange.headers
    assert answer.exchange.ip == "127.0.0.1"
    assert any(name == "User-Agent" and "claimcheck/" in value and "https://" in value
               for name, value in answer.exchange.request_headers)  # fmt: skip


def chunked(*parts):
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/html\r\n\r\n" + b"".join(parts)


def endless(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    while True:
        connection.sendall(b"x" * 10_000)


def drip(connection):
    stop = threading.Event()
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        connection.sendall(b"x")
        stop.wait(0.05)


def drip_headers(connection):
    stop = threading.Event()
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 50:
        connection.sendall(bytes([byte]))
        stop.wait(0.05)


def send(data):
    return lambda connection: connection.sendall(data)


@pytest.mark.parametrize(
    ("reason", "answer"),
    [
        ("too-large", endless),
        ("too-large", send(reply(b"x", Content_Length="99999999999"))),
        ("too-large", send(reply(b"x" * 100_001))),
        ("gzip-bomb", send(reply(gzip.compress(b"\0" * 3_000_000), Content_Encoding="gzip"))),
        ("timeout", drip),
        ("timeout", drip_headers),
        ("too-many-headers", send(reply(b"x", **{f"X_{i}": "y" * 20 for i in range(10_000)}))),
        ("cut-short", send(reply(b"half", Content_Length="1000"))),
        ("cut-short", send(reply(gzip.compress(b"hello" * 100)[:-20], Content_Encoding="gzip"))),
        ("bad-encoding", send(reply(b"not gzip at all", Content_Encoding="gzip"))),
        ("bad-encoding", send(reply(b"x", Content_Encoding="br"))),
        ("broken-response", send(chunked(b"zz\r\nhello"))),
        ("cut-short", send(chunked(b"5\r\nhel"))),
        ("broken-response", send(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")),
        ("connection-failed", send(b"")),
        ("not-a-page", send(reply(b"GIF89a", Content_Type="image/gif"))),
    ],
)
def test_a_hostile_answer_has_its_reason(reason, answer):
    caught = failure(answer, timeout=0.6 if reason == "timeout" else 4.0)
    assert caught.reason == reason
    assert caught.detail and "\n" not in caught.detail


def test_what_came_before_a_failure_is_kept_in_part():
    partial = failure(endless, timeout=4.0).partial
    assert partial.truncated == "length"
    assert 0 < len(partial.body) <= 65_536


class Names:
    """A resolver that gives one answer after the other."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def resolve(self, host, port, timeout):
        return self.answers.pop(0)


@pytest.mark.parametrize(
    "addresses", [("127.0.0.1",), ("10.1.2.3",), ("169.254.169.254",), ("::1",), ("93.184.216.34", "192.168.0.1")]
)
def test_a_name_at_a_private_address_is_refused(addresses):
    with pytest.raises(PageFailure) as caught:
        GuardedFetcher(resolver=Names(addresses)).fetch(ask("http://clinic.example/"))
    assert caught.value.reason == "blocked-address"


def test_the_address_that_was_checked_is_the_one_connected_to():
    # Rebinding: the second answer would be another, but nobody asks a second time.
    names = Names(("127.0.0.1",), ("10.0.0.1",))
    with raw_server(lambda connection, *_: connection.sendall(reply(b"here"))) as (url, asked):
        port = url.rsplit(":", 1)[1].strip("/")
        answer = GuardedFetcher(allow_private=True, resolver=names).fetch(ask(f"http://clinic.example:{port}/x"))
    assert answer.body == b"here"
    assert asked == ["/x"]
    assert len(names.answers) == 1


def test_a_name_that_does_not_resolve_says_so():
    class Nobody:
        def resolve(self, host, port, timeout):
            raise OSError("no such name")

    with pytest.raises(PageFailure) as caught:
        GuardedFetcher(resolver=Nobody()).fetch(ask("http://clinic.example/"))
    assert caught.value.reason == "dns-failed"


def test_an_error_page_is_an_answer_and_bounded():
    sent = reply(b"x" * 2_000_000, "404 Not Found")
    with raw_server(lambda connection, *_: connection.sendall(sent)) as (url, _):
        answer = GuardedFetcher(allow_private=True).fetch(ask(url))
    assert answer.exchange.status == 404
    assert answer.exchange.truncated == "length"
    assert len(answer.exchange.body) <= 1_000_000
