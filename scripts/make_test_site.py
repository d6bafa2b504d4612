"""Make, write and serve a test web: 12 clinics' sites with 2,000 pages, ordinary and hostile, all of them invented.

    python scripts/make_test_site.py serve --folder FOLDER      # until Ctrl-C; prints the addresses
    python scripts/make_test_site.py write --folder FOLDER      # pages as files, and expected.json

``expected.json`` says for each address of each site in which state and with which reason a complete crawl must leave
it, and with which options (``options_for``). The same seed gives the same sites, byte for byte.
"""

import argparse
import gzip
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["SITES", "Resource", "TestSite", "TestWeb", "make_sites", "options_for", "page_text"]


def options_for(scale: float) -> dict[str, float]:
    """Return what a crawl is to be told for the expectations to hold."""
    return {
        "pages": max(45, round(350 * scale)),
        "depth": 8,
        "delay": 0.0,
        "timeout": 6.0,
        "max_bytes": 2_000_000,
        "retries": 2,
        "backoff": 0.01,
        "same_shape": 20,
        "links_a_page": max(100, round(400 * scale)),
        "allow_private": True,
    }


FETCHED = ("fetched", "")

TREATMENTS = tuple(
    "ketamine infusions,esketamine spray,NAD+ drips,stem cell injections,TMS sessions,peptide therapy,hormone pellets,"
    "ozone therapy,shockwave treatment,vitamin C infusions".split(",")
)
CONDITIONS = tuple(
    "depression,chronic pain,anxiety,PTSD,fibromyalgia,migraine,knee arthritis,long COVID,insomnia,burnout,nerve pain,"
    "alcohol cravings".split(",")
)
CLAIMS = (
    "Our {t} relieve {c} in {n}% of patients within {h} hours.",
    "Studies show that {t} are the most effective answer to {c}.",
    "{t} are completely safe and have no lasting side effects.",
    "Most people with {c} feel better after {k} sessions of {t}.",
    "Unlike pills, {t} treat the root cause of {c}.",
    "{t} are FDA approved for {c}.",
    "With {t} you can stop your other medicines for {c}.",
    "Relief from {c} lasts up to {k} months after a course of {t}.",
    "{t} may help some people whose {c} did not respond to other care.",
    "Side effects of {t} such as nausea and dizziness usually pass within {k} hours.",
    "There is no risk of dependence with {t}.",
    "A {h}-hour visit is all it takes to begin healing from {c}.",
)
FILLER = (
    "Our team in suite {n} welcomes you from nine to {k} o'clock.",
    "Please bring a list of your current medicines to your first visit.",
    "Parking for {n} cars is behind the building.",
    "We will call you {k} days before your appointment.",
    "Ask the front desk about payment plans of {k} instalments.",
    "The rooms are quiet, with {k} reclining chairs and soft light.",
)
BOILERPLATE = (
    "Individual results vary and nothing on this website is medical advice.",
    "Call our friendly team today to book your free consultation.",
    "We are proud to serve our neighbours in the whole county.",
    "All treatments are given under the supervision of a licensed clinician.",
)


@dataclass(frozen=True, slots=True)
class Resource:
    """What is answered for a path. ``behaviour`` names what goes wrong on purpose; empty when nothing does."""

    body: bytes = b""
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    behaviour: str = ""
    pause: float = 0.0


@dataclass
class TestSite:
    """A site: its resources by path, and what a crawl must make of each path (with and without rendering)."""

    __test__ = False  # pytest looks for classes of this name

    name: str
    options: dict[str, float]
    resources: dict[str, Resource] = field(default_factory=dict)
    expected: dict[str, tuple[str, str]] = field(default_factory=dict)
    rendered: dict[str, tuple[str, str]] = field(default_factory=dict)

    def add(self, path: str, resource: Resource, expected: tuple[str, str] = FETCHED) -> None:
        """Add a page."""
        self.resources[path] = resource
        self.expected[path] = expected


def page_text(draw: random.Random, sentences: int) -> list[str]:
    """Return sentences of a clinic's page: claims, and what stands around them."""
    texts = []
    for _ in range(sentences):
        template = draw.choice(CLAIMS if draw.random() < 0.6 else FILLER)
        values = {"t": draw.choice(TREATMENTS), "c": draw.choice(CONDITIONS), "n": draw.randint(51, 98)}
        text = template.format(**values, h=draw.randint(2, 72), k=draw.randint(2, 12))
        texts.append(text[0].upper() + text[1:])
    return texts


def page_html(name: str, path: str, links: list[str], *, seed: int, sentences: int = 14) -> bytes:
    """Return a page of a clinic: navigation, a heading, paragraphs of claims, the footer that all pages share."""
    draw = random.Random(f"{seed}/{name}/{path}")
    texts = page_text(draw, sentences)
    paragraphs = "".join(f"<p>{' '.join(texts[i : i + 3])}</p>\n" for i in range(0, len(texts), 3))
    anchors = "".join(f'<li><a href="{link}">{link.strip("/") or "home"}</a></li>' for link in links)
    title = f"{draw.choice(TREATMENTS)} for {draw.choice(CONDITIONS)}"
    footer = "".join(f"<p>{text}</p>" for text in BOILERPLATE)
    return (
        f'<!doctype html><html lang="en"><head><title>{title} | {name} clinic</title></head><body>'
        f'<nav><a href="/">Home</a></nav><main><h1>{title}</h1>\n{paragraphs}<ul>{anchors}</ul></main>'
        f"<footer>{footer}</footer></body></html>"
    ).encode()


def _tree(
    site: TestSite, count: int, seed: int, *, prefix: str = "/p", pause: Callable[[int], float] | None = None
) -> None:
    """Add ``count`` pages under the start page: ten to a parent."""
    paths = ["/"] + [f"{prefix}{i}-{TREATMENTS[i % 10].replace(' ', '-').replace('+', '')}" for i in range(1, count)]
    for number, path in enumerate(paths):
        links = paths[number * 10 + 1 : number * 10 + 11]
        wait = pause(number) if pause else 0.0
        site.add(path, Resource(page_html(site.name, path, links, seed=seed), pause=wait))


def _with_links(site: TestSite, links: list[str], seed: int) -> None:
    """Give the start page further links."""
    site.resources["/"] = Resource(page_html(site.name, "/", links, seed=seed))
    site.expected["/"] = FETCHED


def _ordinary(site: TestSite, size: Callable[[int], int], seed: int) -> None:
    _tree(site, size(200), seed)


def _large(site: TestSite, size: Callable[[int], int], seed: int) -> None:
    """Name more pages than the limit in a sitemap: the first by address are read."""
    limit = int(site.options["pages"])
    for number in range(limit + size(60) - 1):
        path = f"/treatments/{_word(number)}"
        site.add(path, Resource(page_html(site.name, path, [], seed=seed, sentences=3)))
    ordered = sorted(site.expected)
    site.resources["/sitemap.xml"] = _sitemap(ordered)
    _with_links(site, [], seed)
    for path in ordered[limit - 1 :]:
        site.expected[path] = ("refused", "page-limit")


def _word(number: int) -> str:
    # Letters for digits, so that no number marks the addresses as a list without end.
    return "".join("abcdefghij"[int(digit)] for digit in f"{number:04d}")


def _slow(site: TestSite, size: Callable[[int], int], seed: int) -> None:
    _tree(site, size(60), seed, pause=lambda number: 0.02 + (number % 5) * 0.02)
    links = [path for path in site.expected if path != "/"][:10]
    site.add("/drip", Resource(b"<p>never whole</p>" * 50, behaviour="drip"), ("failed", "timeout"))
    _with_links(site, [*links, "/drip"], seed)


def _broken(site: TestSite, size: Callable[[int], int], seed: int) -> None:
    kinds = (
        ("fine", Resource(), FETCHED),
        ("error", Resource(b"<p>error</p>", status=500), ("failed", "http-500")),
        ("missing", Resource(b"<p>not here</p>", status=404), ("failed", "http-404")),
        ("gone", Resource(b"", status=410), ("failed", "http-410")),
        ("cut", Resource(behaviour="cut"), ("failed", "cut-short")),
        ("chunks", Resource(behaviour="bad-chunks"), ("failed", "broken-response")),
        ("busy", Resource(behaviour="busy-twice"), FETCHED),
        ("picture", Resource(b"GIF89a", content_type="image/gif"), ("refused", "not-a-page")),
        ("nothing", Resource(b""), ("failed", "empty-body")),
        ("nonsense", Resource(behaviour="not-http"), ("failed", "broken-response")),
    )
    paths = []
    for number in range(size(150)):
        kind, resource, expected = kinds[number % len(kinds)]
        path = f"/{kind}/{'abcdefghijklmnopqrstuvwxyz'[number // 10 % 26]}"
        if resource.status == 200 and kind not in {"picture", "nothing"}:
            body = page_html(site.name, path, [], seed=seed)
            resource = Resource(body, behaviour=resource.behaviour)
        paths.append(path)
        site.add(path, resource, expected)
    _with_links(site, paths, seed)


def _redirecting(site: TestSite, size: Callable[[int], int], seed: int) -> None:
    duplicate, links = ("duplicate", "duplicate-address"), []

    def lead(path: str, target: str, expected: tuple[str, str] = duplicate, status: int = 301) -> None:
        site.add(path, Resource(b"", status=status, headers=(("Location", target),)), expected)

    for number in range(size(60)):
        word = _word(number)
        site.add(f"/page/{word}/", Resource(page_html(site.name, f"/page/{word}/", [], seed=seed)))
        lead(f"/page/{word}", f"/page/{word}/")
        lead(f"/old/{word}", f"/page/{word}", status=302)
        links += [f"/old/{word}", f"/page/{word}"]
    for name, length in (("short", 4), ("long", 9)):
        for step in range(length):
            word = "abcdefghijkl"[step]
            if step == length - 1 and name == "short":
                site.add(f"/{name}/{word}", Resource(page_html(site.name, name, [], seed=seed)))
            elif name == "short":
                lead(f"/{name}/{word}", f"/{name}/{'abcdefghijkl'[step + 1]}")
            elif step < 7:
                lead(f"/{name}/{word}", f"/{name}/{'abcdefghijkl'[step + 1]}", ("failed", "too-many-redirects"))
        links.append(f"/{name}/a")
    # Five redirects are followed; the page after the sixth is known and never asked for.
    site.expected.pop("/long/h", None)
    loop = ("failed", "redirect-loop")
    lead("/loop/a", "/loop/b", loop)
    lead("/loop/b", "/loop/c", loop)
    lead("/loop/c", "/loop/a", loop)
    lead("/self", "/self", loop)
    lead("/away", "http://elsewhere.invalid/", ("refused", "off-site"))
    lead("/ftp", "ftp://files.invalid/x", ("refused", "unsupported-scheme"))
    lead("/odd", "http://[broken", ("failed", "bad-redirect"))
    _with_links(site, [*links, "/loop/a", "/loop/b", "/self", "/away", "/ftp", "/odd"], seed)


def _forbidden(site: TestSite, size: Callable[[int], int], seed: int) -> None:
    robots = b"User-agent: *\nDisallow: /members/\nAllow: /members/open\nCrawl-delay: 0\n"
    site.resources["/robots.txt"] = Resource(robots, content_type="text/plain")
    _tree(site, size(60), seed)
    links = [path for path in site.expected if path != "/"][:10]
    for number in range(size(60)):
        path = f"/members/{'abcdefghij'[number // 10 % 10]}{'abcdefghij'[number % 10]}"
        site.add(path, Resource(page_html(site.name, path, [], seed=seed)), ("refused", "robots-disallowed"))
        links.append(path)
    site.add("/members/open", Resource(page_html(site.name, "/members/open", [], seed=seed)))
    _with_links(site, [*links, "/members/open"], seed)


def _huge(site: TestSite, size: Callable[[int], int], seed: int) -> None:
    del size
    limit = int(site.options["max_bytes"])
    many = [f"/many/{_word(number)}" for number in range(1_000)]
    site.add("/big", Resource(b"<p>much</p>" * (limit // 10)), ("failed", "too-large"))
    site.add("/announced", Resource(behaviour="announces-much"), ("failed", "too-large"))
    site.add("/endless", Resource(behaviour="endless"), ("failed", "too-large"))
    bomb = gzip.compress(b"\0" * (30 * limit), 9)
    site.add("/bomb", Resource(bomb, headers=(("Content-Encoding", "gzip"),)), ("failed", "gzip-bomb"))
    site.add("/headers", Resource(behaviour="headers"), ("failed", "too-many-headers"))
    site.add("/nested", Resource(b"<div>" * 50_000 + b"deep" + b"</div>" * 50_000))
    site.add("/fine", Resource(page_html(site.name, "/fine", [], seed=seed)))
    pictures = [f"/many/{name}.jpg" for name in ("a", "b", "c")]
    for path in pictures:
        site.expected[path] = ("refused", "not-a-page")
    special = [path for path in site.expected]
    # The start page has 3,000 links: its first thousand are taken, and they do not exist.
    rest = many[: int(site.options["links_a_page"]) - len(special) - 1]
    _with_links(site, special + rest + [f"/beyond/{i}" for i in range(2_000)], seed)
    room = int(site.options["pages"]) - 1
    admitted = sorted((p for p in special if not p.endswith(".jpg")), key=lambda p: (p.count("/"), p))
    ordered = sorted([*admitted, *rest], key=lambda p: (p.rstrip("/").count("/"), p))
    for path in rest:
        site.expected[path] = ("failed", "http-404") if path in ordered[:room] else ("refused", "page-limit")


def _duplicates(site: TestSite, size: Callable[[int], int], seed: int) -> None:
    """Serve the same bodies at several addresses; parameters that only track are no addresses of their own."""
    links = []
    for number in range(size(50)):
        word = _word(number)
        body = page_html(site.name, word, [], seed=seed)
        for place in ("a", "b", "c"):
            site.add(f"/{place}/{word}", Resource(body), FETCHED if place == "a" else ("duplicate", "duplicate-body"))
            links.append(f"/{place}/{word}")
        links.append(f"/a/{word}?utm_source=mail&fbclid=x{number}#top")
    _with_links(site, links, seed)


def _scripted(site: TestSite, size: Callable[[int], int], seed: int) -> None:
    """Pages that are empty until their script has run; a sitemap names them all."""
    paths = ["/"] + [f"/app/{'abcdefghij'[i // 10 % 10]}{'abcdefghij'[i % 10]}" for i in range(size(50))]
    shell = (
        b'<!doctype html><html lang="en"><head><title>Clinic</title></head><body><main id="root">Loading the page'
        b', please wait.</main><script src="/app.js"></script></body></html>'
    )
    script = (
        "fetch('/data' + location.pathname.replace(/\\/$/, '/home')).then(r => r.json()).then(d => {"
        "document.title = d.title; const root = document.getElementById('root'); root.textContent = '';"
        "for (const text of d.texts) { const p = document.createElement('p'); p.textContent = text; root.append(p); }"
        "for (const link of d.links) { const a = document.createElement('a'); a.href = link; a.textContent = link;"
        " root.append(a); } });"
    )
    for path in paths:
        texts = page_text(random.Random(f"{seed}/script/{path}"), 8)
        links = paths[1:] if path == "/" else ["/"]
        data = json.dumps({"title": f"Page {path}", "texts": texts, "links": links}).encode()
        where = "/data/home" if path == "/" else f"/data{path}"
        site.resources[where] = Resource(data, content_type="application/json")
        site.add(path, Resource(shell), FETCHED if path == "/" else ("duplicate", "duplicate-body"))
        site.rendered[path] = FETCHED
    site.resources["/app.js"] = Resource(script.encode(), content_type="text/javascript")
    site.resources["/sitemap.xml"] = _sitemap(paths)


def _sitemap(paths: list[str], *, packed: bool = False, index: bool = False) -> Resource:
    tag, item = ("sitemapindex", "sitemap") if index else ("urlset", "url")
    items = "".join(f"<{item}><loc>{{origin}}{path}</loc></{item}>\n" for path in paths)
    xmlns = "http://www.sitemaps.org/schemas/sitemap/0.9"
    body = f'<?xml version="1.0"?><{tag} xmlns="{xmlns}">{items}</{tag}>'.encode()
    return Resource(body, content_type="application/gzip" if packed else "application/xml", behaviour="origin")


def _sitemapped(site: TestSite, size: Callable[[int], int], seed: int) -> None:
    """Link nothing from the start page; an index leads to three sitemaps, one of them packed."""
    site.resources["/robots.txt"] = Resource(
        b"Sitemap: {origin}/maps/index.xml\n", content_type="text/plain", behaviour="origin"
    )
    site.resources["/maps/index.xml"] = _sitemap(["/maps/one.xml", "/maps/two.xml.gz", "/maps/three.xml"], index=True)
    _with_links(site, [], seed)
    for part, name in enumerate(("one", "two", "three")):
        paths = []
        for number in range(size(60)):
            word = _word(number)
            paths.append(f"/{name}/{word}")
            site.add(paths[-1], Resource(page_html(site.name, paths[-1], [], seed=seed)))
        where = f"/maps/{name}.xml" + (".gz" if part == 1 else "")
        site.resources[where] = _sitemap(paths, packed=part == 1)


def _calendar(site: TestSite, size: Callable[[int], int], seed: int) -> None:
    """Days without end: each links to the same day of later months."""
    del size
    shape = int(site.options["same_shape"])
    days = sorted(f"/calendar/1/{day}" for day in range(1, 32))
    site.resources["/calendar/"] = Resource(b"", behaviour="calendar")
    for path in days[:shape]:
        site.expected[path] = FETCHED
        day = path.rpartition("/")[2]
        for month in (2, 3):
            site.expected[f"/calendar/{month}/{day}"] = ("refused", "trap")
    for path in days[shape:]:
        site.expected[path] = ("refused", "trap")
    queries = [f"/events?page={number}" for number in range(1, 41)]
    for path in queries:
        site.add(path, Resource(page_html(site.name, path, [], seed=seed)), ("refused", "trap"))
    for path in sorted(queries)[:shape]:
        site.expected[path] = FETCHED
    _with_links(site, [*days, *queries], seed)


def _deep(site: TestSite, size: Callable[[int], int], seed: int) -> None:
    """Chains deeper than the limit, and a path that grows by links to itself."""
    limit = int(site.options["depth"])
    starts = []
    for chain in range(size(14)):
        name = f"/{'abcdefghijklmnopqrstuvwxyz'[chain % 26]}"
        starts.append(f"{name}/" + "x")
        for step in range(1, limit + 2):
            path = f"{name}/" + "x" * step
            expected = FETCHED if step <= limit else ("refused", "depth-limit")
            site.add(path, Resource(page_html(site.name, path, [f"{name}/" + "x" * (step + 1)], seed=seed)), expected)
    _with_links(site, starts, seed)


SITES: dict[str, Callable[[TestSite, Callable[[int], int], int], None]] = {
    "ordinary": _ordinary,
    "large": _large,
    "slow": _slow,
    "broken": _broken,
    "redirecting": _redirecting,
    "forbidden": _forbidden,
    "huge": _huge,
    "duplicates": _duplicates,
    "scripted": _scripted,
    "sitemapped": _sitemapped,
    "calendar": _calendar,
    "deep": _deep,
}


def make_sites(*, scale: float = 1.0, seed: int = 7, names: tuple[str, ...] = tuple(SITES)) -> list[TestSite]:
    """Return the sites; ``scale`` shrinks the numbers of pages."""
    sites = []
    for name in names:
        site = TestSite(name, options_for(scale))
        SITES[name](site, lambda number: max(3, round(number * scale)), seed)
        sites.append(site)
    return sites


class _Handler(BaseHTTPRequestHandler):
    """Answers as the site's resources say, with raw bytes where HTTP is to be broken."""

    protocol_version = "HTTP/1.1"
    site: TestSite
    busy: dict[str, int]
    requests: list[str]
    factor: float

    def do_GET(self) -> None:
        self.close_connection = True
        path = self.path
        self.requests.append(path)
        resource = self.site.resources.get(path)
        if resource is None and urlsplit(path).path.startswith("/calendar/") and "/calendar/" in self.site.resources:
            resource = self._day(path)
        if resource is None:
            resource = Resource(b"<p>There is no such page.</p>", status=404)
        try:
            self._answer(path, resource)
        except OSError:
            pass  # the crawler has seen enough

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _day(self, path: str) -> Resource:
        _, _, month, day = path.split("/")
        links = [f"/calendar/{int(month) + ahead}/{day}" for ahead in (1, 2)]
        return Resource(page_html(self.site.name, path, links, seed=7))

    def _answer(self, path: str, resource: Resource) -> None:
        time.sleep(resource.pause * self.factor)
        body, headers, status = resource.body, list(resource.headers), resource.status
        if resource.behaviour == "busy-twice":
            self.busy[path] = self.busy.get(path, 0) + 1
            if self.busy[path] <= 2:
                body, status = b"busy", 503
                headers.append(("Retry-After", "0"))
        elif resource.behaviour == "origin":
            body = body.replace(b"{origin}", f"http://{self.headers['Host']}".encode())
            body = gzip.compress(body, mtime=0) if path.endswith(".gz") else body
        elif resource.behaviour:
            getattr(self, "_" + resource.behaviour.replace("-", "_"))(resource)
            return
        self._head(status, [("Content-Type", resource.content_type), ("Content-Length", str(len(body))), *headers])
        self.wfile.write(body)

    def _head(self, status: int, headers: list[tuple[str, str]]) -> None:
        lines = [f"HTTP/1.1 {status} Status", "Connection: close", *(f"{name}: {value}" for name, value in headers)]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode())
        self.wfile.flush()

    def _drip(self, resource: Resource) -> None:
        self._head(200, [("Content-Type", "text/html"), ("Content-Length", str(len(resource.body)))])
        for byte in resource.body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(0.1)

    def _cut(self, resource: Resource) -> None:
        self._head(200, [("Content-Type", "text/html"), ("Content-Length", str(len(resource.body) + 500))])
        self.wfile.write(resource.body)

    def _bad_chunks(self, resource: Resource) -> None:
        self._head(200, [("Content-Type", "text/html"), ("Transfer-Encoding", "chunked")])
        self.wfile.write(b"5\r\nhello\r\nzz\r\n" + resource.body)

    def _not_http(self, _: Resource) -> None:
        self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

    def _announces_much(self, _: Resource) -> None:
        self._head(200, [("Content-Type", "text/html"), ("Content-Length", "99999999999")])
        self.wfile.write(b"x" * 1_000)

    def _endless(self, _: Resource) -> None:
        self._head(200, [("Content-Type", "text/html")])
        for _ in range(100_000):
            self.wfile.write(b"<p>and on and on</p>" * 1_000)

    def _headers(self, _: Resource) -> None:
        self._head(200, [("Content-Type", "text/html"), *((f"X-Filler-{i}", "y" * 40) for i in range(10_000))])
        self.wfile.write(b"<p>hello</p>")


class TestWeb:
    """The sites being served on 127.0.0.1, each on a port of its own; a context that ends with its servers."""

    __test__ = False

    def __init__(self, sites: list[TestSite], *, ports: list[int] | None = None, factor: float = 1.0) -> None:
        self.sites = sites
        self.requests: dict[str, list[str]] = {}
        self._servers = []
        for number, site in enumerate(sites):
            requests: list[str] = []
            values = {"site": site, "busy": {}, "requests": requests, "factor": factor}
            handler = type("SiteHandler", (_Handler,), values)
            server = ThreadingHTTPServer(("127.0.0.1", ports[number] if ports else 0), handler)
            server.daemon_threads = True
            self.requests[site.name] = requests
            self._servers.append(server)

    def __enter__(self) -> "TestWeb":
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def url(self, name: str) -> str:
        """Return the address of a site's start page."""
        number = [site.name for site in self.sites].index(name)
        return f"http://127.0.0.1:{self._servers[number].server_port}/"

    def expected(self, *, is_rendered: bool = False) -> dict[str, tuple[str, str]]:
        """Return state and reason by address, of all sites."""
        found = {}
        for site in self.sites:
            origin = self.url(site.name).rstrip("/")
            expected = site.rendered if is_rendered and site.rendered else site.expected
            found.update({origin + path: value for path, value in expected.items()})
        return found


def write(folder: Path, sites: list[TestSite]) -> None:
    """Write every page as a file, and what is expected of a crawl."""
    for site in sites:
        for path, resource in site.resources.items():
            if resource.content_type.startswith("text/html") and resource.status == 200 and not resource.behaviour:
                name = path.strip("/").replace("/", "_").replace("?", "_") or "index"
                file = folder / site.name / f"{name}.html"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(resource.body)
    expected = {site.name: {"plain": site.expected, "rendered": site.rendered or site.expected} for site in sites}
    document = {"options": sites[0].options, "sites": expected}
    (folder / "expected.json").write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("serve", "write"))
    parser.add_argument("--folder", type=Path, default=Path("test-sites"))
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    sites = make_sites(scale=arguments.scale, seed=arguments.seed)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    if arguments.action == "write":
        write(arguments.folder, sites)
        print(f"{sum(len(site.expected) for site in sites):,} addresses of {len(sites)} sites in {arguments.folder}")
        return
    with TestWeb(sites) as web:
        (arguments.folder / "sites.txt").write_text(
            "".join(f"{web.url(site.name)}\n" for site in sites), encoding="utf-8"
        )
        expected = {url: list(value) for url, value in sorted(web.expected().items())}
        text = json.dumps({"options": sites[0].options, "pages": expected}, indent=1)
        (arguments.folder / "expected.json").write_text(text + "\n", encoding="utf-8")
        for site in sites:
            print(f"{web.url(site.name)}  {site.name}, {len(site.expected)} addresses")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("stopped")


if __name__ == "__main__":
    main()
