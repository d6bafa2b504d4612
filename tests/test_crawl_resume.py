"""Random sites, answers in random order, kills between any two steps: the store ends the same.

The crawl is driven without network and process, so that hundreds of crawls with their kills take seconds. What is in
memory is thrown away at a kill, as it is when a process is killed; the store's transactions are whole or not at all.
"""

import hashlib
from datetime import UTC, datetime
from random import Random

import pytest
import sqlalchemy as sa

from claimcheck.capture import Capture, Exchange
from claimcheck.scan.crawl import CrawlOptions, seed_scan
from claimcheck.scan.crawl.frontier import Frontier
from claimcheck.scan.crawl.outcomes import Fetched
from claimcheck.scan.crawl.site import JobKind, SiteCrawl
from claimcheck.scan.crawl.wire import Answer, PageFailure
from claimcheck.store import open_store
from claimcheck.store.models import OccurrenceRow, PageRow, RunRow, ScanRow, SiteRow
from site_server import canonical

ORIGIN = "https://clinic.example"
AT = datetime(2026, 3, 4, tzinfo=UTC)
SEEDS = range(8)


class Writer:
    """Gives captures that are where nobody looks."""

    def capture(self, exchange):
        digest = hashlib.sha256(exchange.body).hexdigest()
        return Capture("warc/1-1.warc.gz", 0, 1, digest, digest)


def random_site(draw):
    """Return answers by address: pages with links, redirects (chains, loops, away), errors, equal bodies."""
    paths = [f"/{word}{rest}" for word in "abcdefgh" for rest in ("", "/x", "/1", "/2", "/3", "?p=1", "?p=2")]
    paths += ["/no/a", "/no/b", "/i.jpg"]
    answers = {}
    for path in ["/", *paths]:
        links = draw.sample(paths, draw.randint(0, 5))
        kind = (
            "page" if path == "/" else draw.choice(["page"] * 5 + ["same", "lead", "lead", "away", "missing", "late"])
        )
        body = "".join(f"<a href='{link}'>x</a>" for link in links)
        if kind == "page":
            answers[path] = (200, f"<p>{path}</p>{body}", "")
        elif kind == "same":
            answers[path] = (200, f"<p>one of {draw.randint(1, 2)}</p>", "")
        elif kind == "lead":
            answers[path] = (301, "", draw.choice(paths))
        elif kind == "away":
            answers[path] = (302, "", "https://else.example/")
        elif kind == "missing":
            answers[path] = (404, "nothing", "")
        else:
            answers[path] = (0, "timeout", "")
    robots = draw.choice(["", "User-agent: *\nDisallow: /no/\n"])
    answers["/robots.txt"] = (200 if robots else 404, robots, "")
    listed = "".join(f"<loc>{ORIGIN}{path}</loc>" for path in draw.sample(paths, 4))
    answers["/sitemap.xml"] = draw.choice([(404, "", ""), (200, f"<urlset>{listed}</urlset>", "")])
    return answers


def random_options(draw):
    return CrawlOptions(
        pages=draw.choice([3, 8, 20, 100]),
        depth=draw.choice([1, 2, 4, 9]),
        concurrency=draw.choice([1, 2, 4]),
        same_shape=draw.choice([1, 2, 50]),
        links_a_page=draw.choice([3, 100]),
    )


def fetched(answers, job):
    status, body, location = answers.get(job.url.removeprefix(ORIGIN), (404, "", ""))
    if not status:
        return Fetched(3, failure=PageFailure("timeout", "too slow"))
    headers = (("Content-Type", "text/html"), *((("Location", location),) if location else ()))
    return Fetched(1, Answer(Exchange(job.url, status, "", headers, body.encode(), AT), body.encode()))


def crawl(store, answers, options, draw, *, kill_chance):
    """Crawl to the end; now and then everything in memory is lost. Return how many pages were asked for."""
    asked = 0
    while True:
        site, in_flight = SiteCrawl(Frontier(store, 1, options), Writer(), options), []
        if site.is_finished:
            return asked
        while not site.is_finished:
            if draw.random() < kill_chance:
                break
            _some_are_checked(store, draw)
            job = site.next_job()
            if job is not None:
                in_flight.append(job)
                asked += job.kind is JobKind.PAGE
            if in_flight and (job is None or draw.random() < 0.5):
                done = in_flight.pop(draw.randrange(len(in_flight)))
                site.done(done, fetched(answers, done))


def _some_are_checked(store, draw):
    """Let the checker beside the crawl take a page: what it finds must not matter to the crawl."""
    if draw.random() < 0.8:
        return
    with store.session() as session:
        row = session.scalars(sa.select(PageRow).where(PageRow.state == "fetched").limit(1)).first()
        if row is not None:
            row.state, row.reason = draw.choice(
                [("checked", ""), ("failed", "too-large"), ("duplicate", "duplicate-text")]
            )


def new_scan(store):
    with store.session() as session:
        for table in (OccurrenceRow, PageRow, ScanRow, SiteRow, RunRow):
            session.execute(sa.delete(table))
        scan = ScanRow(id=1, run=RunRow(id=1), site=SiteRow(host="clinic.example", start_url=ORIGIN + "/"))
        session.add(scan)
        seed_scan(session, scan, [ORIGIN + "/"])


def outcome(store):
    """Return what must be the same; pages that were fetched may have been checked or not."""
    taken = {("checked", ""), ("failed", "too-large"), ("duplicate", "duplicate-text")}
    rows = canonical(store)
    return [(row[0], *(("fetched", "") if row[1:3] in taken else row[1:3]), *row[3:]) for row in rows]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = open_store(str(tmp_path_factory.mktemp("resume") / "store.db"))
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA synchronous=OFF")
    yield store
    store.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_kills_and_the_order_of_answers_change_nothing(store, seed):
    draw = Random(seed)  # noqa: S311 - moments, no secrets
    answers, options = random_site(draw), random_options(draw)
    new_scan(store)
    pages = crawl(store, answers, options, draw, kill_chance=0)
    whole = outcome(store)
    assert all(row[1] not in {"queued", "captured"} for row in whole)
    assert all(row[2] or row[1] == "fetched" for row in whole)
    # Each page is asked for once.
    assert pages == sum(row[9] != 0 or row[2] == "timeout" for row in whole)
    for kill_chance in (0, 0.1):
        new_scan(store)
        crawl(store, answers, options, draw, kill_chance=kill_chance)
        assert outcome(store) == whole
