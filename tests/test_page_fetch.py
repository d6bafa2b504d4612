"""Fetching: only public addresses, within limits, from a local server that misbehaves."""

import gzip
import threading
import time
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpcore
import pytest

from claimcheck.errors import BlockedAddressError, EmptyPageError, FetchError, TooLargeError, UnreadableError
from claimcheck.page import Limits, load_source
from claimcheck.page import fetch as fetch_module
from claimcheck.page.addresses import checked_addresses, is_public
from claimcheck.page.fetch import fetch
from claimcheck.page.gunzip import Inflater

HTML = "<html><title>T</title><p>It works for caf\u00e9 guests.</p></html>"
BOMB = gzip.compress(b"<p>" + b"a" * 30_000_000)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list[dict[str, str]] = []  # noqa: RUF012 (shared by the server's handlers on purpose)

    def log_message(self, *args):
        pass

    def send(self, body=b"", status=200, **headers):
        self.send_response(status)
        headers = {"Content_Type": "text/html", "Content_Length": str(len(body)), **headers}
        for name, value in headers.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        Handler.seen.append({**dict(self.headers), "path": self.path})
        try:
            getattr(self, f"page_{self.path.strip('/').split('?')[0].replace('-', '_')}")()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def page_ok(self):
        self.send(HTML.encode())

    def page_latin(self):
        self.send(HTML.encode("latin-1"), Content_Type="text/html; charset=iso-8859-1")

    def page_gzip(self):
        self.send(gzip.compress(HTML.encode()), Content_Encoding="gzip")

    def page_deflate(self):
        self.send(zlib.compress(HTML.encode()), Content_Encoding="deflate")

    def page_raw_deflate(self):
        engine = zlib.compressobj(wbits=-15)
        self.send(engine.compress(HTML.encode()) + engine.flush(), Content_Encoding="deflate")

    def page_bomb(self):
        self.send(BOMB, Content_Encoding="gzip")

    def page_brotli(self):
        self.send(b"xyz", Content_Encoding="br")

    def page_damaged(self):
        self.send(gzip.compress(HTML.encode())[:-12] + b"zzzz", Content_Encoding="gzip")

    def page_cut(self):
        self.send(gzip.compress(HTML.encode())[:40], Content_Encoding="gzip")

    def page_missing(self):
        self.send(b"gone", status=404)

    def page_broken(self):
        self.send(b"oops", status=503)

    def page_image(self):
        self.send(b"\x89PNG\r\n", Content_Type="image/png")

    def page_disguised(self):
        self.send(b"\x89PNG\r\n\0\0")

    def page_plain(self):
        self.send(b"It works.\nFor all.", Content_Type="text/plain")

    def page_untyped(self):
        self.send(HTML.encode(), Content_Type=None)

    def page_empty(self):
        self.send(b"")

    def page_hop(self):
        self.send(status=302, Location="/ok", Set_Cookie="a=b")

    def page_loop(self):
        self.send(status=302, Location="/loop")

    def page_to_ftp(self):
        self.send(status=302, Location="ftp://example.com/x")

    def page_to_other(self):
        self.send(status=302, Location=f"http://inside.test:{self.server.server_port}/ok")

    def page_big(self):
        self.send(b"", Content_Length="99999999999")

    def page_endless(self):
        self.send(b"", Content_Length=None, Connection="close")
        while True:
            self.wfile.write(b"<p>more</p>" * 5_000)

    def page_slow_body(self):
        self.send(b"", Content_Length="1000")
        for _ in range(100):
            self.wfile.write(b"x")
            time.sleep(0.1)

    def page_slow_headers(self):
        for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: y\r\n" * 20:
            self.wfile.write(bytes([byte]))
            time.sleep(0.1)

    def page_many_headers(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X-Many: yyyyyyyyyyyyyyyyyyyyyyyy\r\n" * 20_000 + b"\r\n")

    def page_garbage(self):
        self.wfile.write(b"SSH-2.0-OpenSSH\r\n")
        self.close_connection = True


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


class FakeResolver:
    """Answers from a table; each call takes the next answer, the last one again and again."""

    def __init__(self, **answers: list[tuple[str, ...]]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def resolve(self, host: str, port: int, timeout: float) -> tuple[str, ...]:
        self.asked.append(host)
        if host not in self.answers:
            raise OSError("no such host")
        given = self.answers[host]
        return given.pop(0) if len(given) > 1 else given[0]


@pytest.mark.parametrize("path", ["ok", "latin", "gzip", "deflate", "raw-deflate", "untyped", "hop"])
def test_pages_are_read_whatever_their_coding(server, path):
    page = load_source(f"{server}/{path}", allow_private=True)
    assert "It works for café guests." in page.text
    assert (page.source.kind, page.source.title) == ("url", "T")


def test_the_final_address_is_recorded(server):
    assert load_source(f"{server}/hop", allow_private=True).source.uri == f"{server}/ok"


def test_plain_text_is_not_read_as_html(server):
    assert load_source(f"{server}/plain", allow_private=True).text == "It works.\nFor all."


def test_the_request_names_claimcheck_and_sends_no_cookie(server):
    Handler.seen.clear()
    load_source(f"{server}/hop", allow_private=True)
    assert [request["path"] for request in Handler.seen] == ["/hop", "/ok"]
    assert all(request["User-Agent"].startswith("claimcheck/") for request in Handler.seen)
    assert all("Cookie" not in request for request in Handler.seen)
    assert all(request["Host"] == server.removeprefix("http://") for request in Handler.seen)


@pytest.mark.parametrize(
    ("path", "error", "words"),
    [
        ("missing", FetchError, "404"),
        ("broken", FetchError, "503"),
        ("garbage", FetchError, "no page was delivered"),
        ("many-headers", FetchError, "no page was delivered"),
        ("image", UnreadableError, "image/png"),
        ("disguised", UnreadableError, "PNG"),
        ("brotli", UnreadableError, "content encoding"),
        ("damaged", UnreadableError, "damaged"),
        ("cut", UnreadableError, "broke off"),
        ("empty", EmptyPageError, "no bytes"),
        ("loop", TooLargeError, "redirects"),
        ("to-ftp", BlockedAddressError, "ftp"),
        ("big", TooLargeError, "99,999,999,999"),
        ("bomb", TooLargeError, "20,000,000"),
        ("endless", TooLargeError, "20,000,000"),
    ],
)
def test_what_is_no_page_is_refused_in_one_line(server, path, error, words):
    url = f"{server}/{path}"
    with pytest.raises(error, match=words) as caught:
        load_source(url, allow_private=True)
    assert str(caught.value).startswith(url)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["slow-body", "slow-headers"])
def test_the_deadline_holds_for_the_whole_fetch(server, path):
    start = time.monotonic()
    with pytest.raises(TooLargeError, match=r"longer than 0\.6 s"):
        load_source(f"{server}/{path}", allow_private=True, limits=Limits(timeout=0.6))
    # The server takes 10 seconds and more; between the two there is room for a machine that is busy.
    assert time.monotonic() - start < 8


def test_loopback_is_refused_without_leave(server):
    Handler.seen.clear()
    with pytest.raises(BlockedAddressError, match=r"127\.0\.0\.1"):
        load_source(f"{server}/ok")
    assert Handler.seen == []


class LocalBackend(httpcore.SyncBackend):
    """Stands for the internet: whatever address is asked for, the local server answers; keeps what was asked."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connected: list[str] = []

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.connected.append(host)
        return super().connect_tcp("127.0.0.1", self.port, timeout, local_address, socket_options)


@pytest.fixture
def internet(server, monkeypatch) -> LocalBackend:
    backend = LocalBackend(int(server.rpartition(":")[2]))
    monkeypatch.setattr(fetch_module.httpcore, "SyncBackend", lambda: backend)
    return backend


def test_the_checked_address_is_the_one_connected_to(internet):
    resolver = FakeResolver(**{"clinic.test": [("93.184.216.34",), ("127.0.0.1",)]})
    assert fetch("http://clinic.test/ok", resolver=resolver).uri == "http://clinic.test/ok"
    assert internet.connected == ["93.184.216.34"]
    assert resolver.asked == ["clinic.test"]


def test_a_private_address_given_as_such_is_named_once():
    with pytest.raises(BlockedAddressError, match=r"the host is 127\.0\.0\.1, no public address"):
        fetch("http://127.0.0.1/ok", resolver=FakeResolver(**{"127.0.0.1": [("127.0.0.1",)]}))


def test_a_redirect_to_a_private_address_is_refused(internet):
    resolver = FakeResolver(**{"clinic.test": [("93.184.216.34",)], "inside.test": [("10.0.0.5",)]})
    with pytest.raises(BlockedAddressError, match=r"inside.test is at 10\.0\.0\.5"):
        fetch("http://clinic.test/to-other", resolver=resolver)
    assert internet.connected == ["93.184.216.34"]


def test_a_name_that_turns_private_between_redirects_is_refused(internet):
    resolver = FakeResolver(**{"clinic.test": [("93.184.216.34",), ("169.254.169.254",)]})
    with pytest.raises(BlockedAddressError, match=r"169\.254"):
        fetch("http://clinic.test/hop", resolver=resolver)
    assert internet.connected == ["93.184.216.34"]


def test_one_private_address_among_public_ones_refuses_the_host():
    resolver = FakeResolver(host=[("93.184.216.34", "192.168.1.1")])
    with pytest.raises(BlockedAddressError):
        checked_addresses("host", 80, source="s", resolver=resolver, timeout=1, allow_private=False)
    assert len(checked_addresses("host", 80, source="s", resolver=resolver, timeout=1, allow_private=True)) == 2


def test_an_unknown_host_is_a_fetch_error():
    with pytest.raises(FetchError, match="not found"):
        fetch("http://nowhere.test/", resolver=FakeResolver())


@pytest.mark.parametrize(
    "host", ["2130706433", "0177.0.0.1", "0x7f.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "0"]
)
def test_other_spellings_of_loopback_are_refused(host):
    with pytest.raises((BlockedAddressError, FetchError)) as caught:
        load_source(f"http://{host}:9/")
    assert (
        isinstance(caught.value, BlockedAddressError)
        or "not found" in str(caught.value)
        or "valid" in str(caught.value)
    )


PRIVATE = """
127.0.0.1 127.255.0.1 10.1.2.3 172.16.0.1 172.31.255.255 192.168.0.1 169.254.169.254 0.0.0.0 100.64.0.1
192.0.0.8 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255
192.88.99.1 :: ::1 fe80::1 fe80::1%eth0 fc00::1 fd12::1 fec0::1 ff02::1 ff0e::1 2001:db8::1 ::ffff:10.0.0.1
::ffff:127.0.0.1 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::1 2002:7f00:1:: 2002:a00:1::
2001:0:7f00:1:: not-an-address
""".split()


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "url", ["ftp://x.test/a", "file:///etc/passwd", "javascript:alert(1)", "data:text/html,hi", "gopher://x"]
)
def test_only_http_and_https_are_read(url):
    with pytest.raises(BlockedAddressError, match="only http and https"):
        load_source(url)


@pytest.mark.parametrize(
    "url", ["http://", "http://[::1", "http://x.test:99999/", "http://a\x00b/", "http://user:pw@x.test/"]
)
def test_malformed_urls_are_fetch_errors(url):
    with pytest.raises(FetchError):
        load_source(url)


@pytest.mark.parametrize("size", [1, 2, 7, 100_000])
def test_inflating_in_pieces_gives_the_whole(size):
    plain = bytes(range(256)) * 2_000
    for packed in (gzip.compress(plain) + gzip.compress(b"tail"), zlib.compress(plain + b"tail")):
        inflater = Inflater("s", compressed=True)
        out = b"".join(
            piece for start in range(0, len(packed), size) for piece in inflater.feed(packed[start : start + size])
        )
        assert out == plain + b"tail"
        assert inflater.complete


def test_a_bomb_is_inflated_no_further_than_it_is_taken():
    pieces = Inflater("s", compressed=True).feed(BOMB)
    assert len(next(pieces)) <= 65_536
