"""Crawl the whole test web, whole and killed at random moments: every page accounted for, and the same store.

    python scripts/bench_crawl.py [--scale 1.0] [--kills 5] [--seed 3] [--store URL] [--output docs/bench_crawl.json]

An unbroken crawl is compared with what ``make_test_site.py`` says must be found, then with one killed (kill -9) and
resumed. ``--store`` names an empty PostgreSQL database for the second; both use SQLite otherwise.
"""

import argparse
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
from dataclasses import fields
from pathlib import Path

import sqlalchemy as sa

from claimcheck.capture import verify_store
from claimcheck.scan.crawl import CrawlOptions, crawl, seed_scan, site_of
from claimcheck.store import Store, open_store
from claimcheck.store.models import PageRow, RunRow, ScanRow, SiteRow
from make_test_site import SITES, TestWeb, make_sites, options_for

TIMEOUT = 900


def main() -> int:
    """Run both crawls, print and write what was found; return 1 when anything differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--store", default="")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    known = {field.name for field in fields(CrawlOptions)}
    options = CrawlOptions(**{name: value for name, value in options_for(arguments.scale).items() if name in known})
    sites = make_sites(scale=arguments.scale)
    with TestWeb(sites) as web, tempfile.TemporaryDirectory() as folder:
        whole = _new_store(Path(folder) / "whole", web, "")
        started = time.monotonic()
        _crawl(whole, options)
        seconds = time.monotonic() - started
        wrong = _differences(whole, web)
        requests = _requests(web)
        kills = _moments(arguments, requests)
        broken = _new_store(Path(folder) / "broken", web, arguments.store)
        for moment in kills:
            _kill(broken, options, web, _requests(web), moment)
        _crawl(broken, options)
        differing = sorted(set(canonical(broken)) ^ set(canonical(whole)))
        result = {
            "sites": len(sites),
            "addresses": sum(len(site.expected) for site in sites),
            "not_as_expected": len(wrong),
            "requests": requests,
            "seconds": round(seconds, 1),
            "requests_a_second": round(requests / seconds, 1),
            "kills_after_requests": kills,
            "requests_of_the_killed_crawl": _requests(web) - requests,
            "killed_equals_unbroken": not differing,
            "problems_of_the_archives": len([*verify_store(whole), *verify_store(broken)]),
            "crawler_peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
        }
    for url, expected, found in wrong[:20]:
        print(f"{url}: expected {expected}, found {found}", file=sys.stderr)
    for row in differing[:20]:
        print(f"in one store only: {row}", file=sys.stderr)
    text = json.dumps(result, indent=2)
    print(text)
    if arguments.output:
        arguments.output.write_text(text + "\n", encoding="utf-8")
    return 0 if not differing and not wrong and not result["problems_of_the_archives"] else 1


def canonical(store: Store) -> list[tuple[object, ...]]:
    """Return what must not depend on when pages were fetched, one tuple an address."""
    with store.session() as session:
        urls = {row.id: row.url for row in session.execute(sa.select(PageRow.id, PageRow.url))}
        return sorted(
            (p.url, p.state, p.reason, p.sha256, p.depth, p.hops, p.final_url, urls.get(p.duplicate_of, ""))
            for p in session.scalars(sa.select(PageRow))
        )


def _moments(arguments: argparse.Namespace, requests: int) -> list[int]:
    """Return after how many requests each crawl is killed."""
    draw = random.Random(arguments.seed)
    return [draw.randint(5, 2 * requests // (arguments.kills + 1)) for _ in range(arguments.kills)]


def _new_store(folder: Path, web: TestWeb, url: str) -> Store:
    folder.mkdir()
    store = open_store(url or str(folder / "store.db"), archive=folder / "archive")
    with store.session() as session:
        run = RunRow(id=1)
        session.add(run)
        for name in SITES:
            address = site_of(web.url(name))
            scan = ScanRow(run=run, site=SiteRow(host=address.host, start_url=address.start_url))
            session.add(scan)
            seed_scan(session, scan, [address.start_url])
    return store


def _crawl(store: Store, options: CrawlOptions) -> None:
    with crawl(store.engine.url.render_as_string(hide_password=False), store.archive, 1, options) as handle:
        handle.wait(TIMEOUT)
        handle.check()


def _kill(store: Store, options: CrawlOptions, web: TestWeb, before: int, moment: int) -> None:
    """Start the crawl and kill it after so many requests."""
    end = time.monotonic() + TIMEOUT
    with crawl(store.engine.url.render_as_string(hide_password=False), store.archive, 1, options) as handle:
        while handle.poll() is None and _requests(web) - before < moment and time.monotonic() < end:
            time.sleep(0.01)
        if handle.poll() is None:
            os.kill(handle.pid, signal.SIGKILL)
        handle.wait(30)


def _requests(web: TestWeb) -> int:
    return sum(len(targets) for targets in web.requests.values())


def _differences(store: Store, web: TestWeb) -> list[tuple[str, object, object]]:
    with store.session() as session:
        found = {row.url: (row.state, row.reason) for row in session.scalars(sa.select(PageRow))}
    expected = web.expected()
    both = sorted(set(found) | set(expected))
    return [(url, expected.get(url), found.get(url)) for url in both if found.get(url) != expected.get(url)]


if __name__ == "__main__":
    sys.exit(main())
