"""Measure `claimcheck review` under load: 20 reviewers at once on 100,000 findings, on SQLite and on PostgreSQL.

    python scripts/bench_review.py                        both databases, writes docs/bench_review.json
    python scripts/bench_review.py --database sqlite --keep big.sqlite --seconds 30

Each client signs in, then reads queue pages (filters, deep pages, search), opens findings and decides some, with pauses
between requests as a person makes them (exponential, ``--think`` seconds on average; acting every second is
quick). ``--think 0`` is no person but shows where the machine is full. Times are from sending the request to the whole
answer, in milliseconds, and include what the load itself costs on the same cores; the processor time of the server is
given too, which does not depend on what else the machine does. The script starts PostgreSQL itself, with its defaults.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from html import unescape
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]
import make_store  # noqa: E402 - found by the path set above
import postgres  # noqa: E402 - found by the path set above

KINDS = ("queue", "queue: deep page", "queue: search", "finding", "decision", "dashboard")
WEIGHTS = (26, 14, 10, 34, 15, 1)
TARGET_MS = 100
START_SECONDS = 60
DEEPEST = 40
WORDS = (
    "depression",
    "FDA approved",
    "side effects",
    "ketamine infusion",
    "pain",
    "addict",
    "no risk",
    "insurance",
    "zebra",
)
FINDING = re.compile(r'href="/findings/(\d+)')
NEXT = re.compile(r'rel="next" href="([^"]+)"')
CSRF = re.compile(r'name="csrf" value="([^"]+)"')
SEEN = re.compile(r'name="seen" value="(\d+)"')


class Reviewer:
    """One client: what it saw last, and how long everything took."""

    def __init__(self, base, name, seed, times, failures):
        self.http = httpx.AsyncClient(base_url=base, headers={"Origin": base}, timeout=60)
        self.name, self.rng = name, random.Random(seed)
        self.times, self.failures = times, failures
        self.findings, self.next, self.depth, self.sites, self.topics = [], "", 0, [], []

    async def sign_in(self):
        """Sign in as a person does, and look at the queue once: that is not measured."""
        page = await self.http.get("/login")
        values = {
            "csrf": CSRF.search(page.text)[1],
            "next": "/queue",
            "name": self.name,
            "password": make_store.PASSWORD,
        }
        answer = await self.http.post("/login", data=values)
        if answer.status_code != 303:
            raise SystemExit(f"{self.name} could not sign in: {answer.status_code}")
        page = await self.http.get("/queue")
        page.raise_for_status()
        self.sites, self.topics = (
            [unescape(value) for value in re.findall(r'<option value="([^"]+)"', part)]
            for part in (select(page.text, "site"), select(page.text, "topic"))
        )
        self.remember(page.text)

    async def work(self, until, think):
        """Do one thing after the other until the time is over."""
        while time.monotonic() < until:
            if think:
                await asyncio.sleep(self.rng.expovariate(1 / think))
            await getattr(self, f"do_{self.rng.choices(KINDS, WEIGHTS)[0].split(': ')[-1].replace(' ', '_')}")()

    async def do_queue(self):
        """Open the queue by one of the filters that people start from."""
        choices = [
            {"undecided": 1}, {"undecided": 1}, {"verdict": "contradicted"}, {"verdict": "overstated", "undecided": 1},
            {"needs_review": 1}, {"confidence": "50-70"}, {"order": "unsure", "undecided": 1}, {"new": 1},
            {"severity": "high"}, {"state": "decided"}, {"mine": 1}, {"order": "newest"},
        ]  # fmt: skip
        choices += [{"site": self.rng.choice(self.sites)}] * 2 if self.sites else []
        choices += [{"topic": self.rng.choice(self.topics), "undecided": 1}] * 2 if self.topics else []
        await self.read("queue", "/queue", self.rng.choice(choices))

    async def do_deep_page(self):
        """Go on to the next page of the queue, from where the last one ended."""
        if not self.next or self.depth > DEEPEST:
            await self.do_queue()
            return
        depth = self.depth
        await self.read("queue: deep page", self.next)
        self.depth = depth + 1

    async def do_search(self):
        """Search for words."""
        await self.read("queue: search", "/queue", {"search": self.rng.choice(WORDS)})

    async def do_finding(self):
        """Open a finding of the queue page seen last."""
        if self.findings:
            await self.get("finding", f"/findings/{self.rng.choice(self.findings)}")

    async def do_decision(self):
        """Open a finding and confirm it, if its form is there for us."""
        if not self.findings:
            return
        finding = self.findings.pop(self.rng.randrange(len(self.findings)))
        page = await self.get("finding", f"/findings/{finding}")
        if page is None or 'value="confirm"' not in page.text:
            return
        values = {"csrf": CSRF.search(page.text)[1], "quick": "confirm", "back": ""}
        if seen := SEEN.search(page.text):
            values["seen"] = seen[1]
        await self.ask("decision", (303, 409), "POST", f"/findings/{finding}/decide", data=values)

    async def do_dashboard(self):
        """Look at the dashboard."""
        await self.get("dashboard", "/dashboard")

    async def read(self, kind, path, values=None):
        """Read a queue page and remember where it leads."""
        page = await self.get(kind, path, values)
        if page is not None:
            self.remember(page.text)

    async def get(self, kind, path, values=None):
        """Return a page, or None when there was none."""
        return await self.ask(kind, (200,), "GET", path, params=values)

    async def ask(self, kind, expected, method, path, **sent):
        """Return the answer to a request and keep how long it took; None when it was not one that was expected."""
        began = time.perf_counter()
        try:
            answer = await self.http.request(method, path, **sent)
        except httpx.TransportError as error:
            self.failures[f"{kind}: {type(error).__name__}"] += 1
            return None
        self.times[kind].append(1000 * (time.perf_counter() - began))
        if answer.status_code not in expected:
            self.failures[f"{kind}: {answer.status_code}"] += 1
            return None
        return answer

    def remember(self, text):
        """Remember the findings of a queue page and the address of the next one."""
        found = sorted({int(number) for number in FINDING.findall(text)})
        self.findings = found or self.findings
        following = NEXT.search(text)
        self.next, self.depth = (unescape(following[1]) if following else ""), 0


def select(text, name):
    """Return the part of a page that is its select of this name."""
    found = re.search(rf'<select[^>]*name="{name}".*?</select>', text, re.DOTALL)
    return found[0] if found else ""


def quantile(values, share):
    """Return the value below which this share lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def cpu_seconds(group):
    """Return the processor time that the processes of a group have used."""
    total = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:13])) if int(fields[2]) == group else 0
    return total / os.sysconf("SC_CLK_TCK")


async def load(base, group, *, clients, seconds, think, seed):
    """Return what the clients measured."""
    times, failures = defaultdict(list), defaultdict(int)
    people = [Reviewer(base, f"reviewer{n:02d}", f"{seed}-{n}", times, failures) for n in range(clients)]
    for person in people:
        await person.sign_in()
    await asyncio.gather(*(person.work(time.monotonic() + seconds / 6, think) for person in people))
    times.clear()
    began, cpu = time.monotonic(), cpu_seconds(group)
    await asyncio.gather(*(person.work(began + seconds, think) for person in people))
    took, cpu = time.monotonic() - began, cpu_seconds(group) - cpu
    for person in people:
        await person.http.aclose()
    everything = [value for values in times.values() for value in values]
    return {
        "clients": clients,
        "think_seconds": think,
        "requests": len(everything),
        "requests_a_second": round(len(everything) / took, 1),
        "server_cpu_ms_a_request": round(1000 * cpu / len(everything), 1),
        "failures": dict(failures),
        "ms": {kind: summary(times[kind]) for kind in KINDS if times[kind]} | {"all": summary(everything)},
    }


def summary(values):
    """Return the quantiles of times."""
    quantiles = {f"p{round(100 * share)}": round(quantile(values, share), 1) for share in (0.5, 0.95, 0.99)}
    return {"n": len(values), **quantiles, "mean": round(statistics.fmean(values), 1)}


@contextlib.contextmanager
def serving(store, workers):
    """Yield the address of `claimcheck review` on a store, and its group of processes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "claimcheck", "review", "--store", store, "--port", str(port)]
    log = tempfile.TemporaryFile()
    environ = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    server = subprocess.Popen(
        [*command, "--workers", str(workers)], env=environ, stdout=log, stderr=log, start_new_session=True
    )
    base = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{base}/login", timeout=5).status_code == 200:
                    break
            if server.poll() is not None or time.monotonic() > end:
                log.seek(0)
                raise SystemExit(f"the review did not start: {log.read().decode()[-2000:]}")
            time.sleep(0.2)
        yield base, server.pid
    finally:
        # Its workers are of its own process group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(15)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait(15)


@contextlib.contextmanager
def postgres_server():
    """Yield the address of an empty database of a server with PostgreSQL's defaults; the tests' own does not sync."""
    folder, programs = Path(tempfile.mkdtemp(prefix="pg")), postgres.programs()
    if programs is None:
        raise SystemExit("PostgreSQL's server is not installed (apt-get install postgresql)")
    user = postgres._server_user()
    if user:
        os.chown(folder, user["user"], user["group"])
    quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    data = folder / "data"
    options = ["--auth=trust", "--username=claimcheck", "--encoding=UTF8", "--locale=C.UTF-8"]
    subprocess.run([programs / "initdb", "-D", data, *options], check=True, timeout=120, **user, **quiet)
    server = subprocess.Popen([programs / "postgres", "-D", data, "-k", folder, "-h", ""], **user, **quiet)
    try:
        url = f"postgresql+psycopg://claimcheck@/postgres?host={folder}"
        end = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(Exception):
                postgres.run_sql(url, "SELECT 1")
                break
            if server.poll() is not None or time.monotonic() > end:
                raise SystemExit("PostgreSQL did not start")
            time.sleep(0.2)
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(20)
        server.kill()
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def filled(database, given):
    """Yield the address of a filled store, and how long filling took."""
    with contextlib.ExitStack() as stack:
        if database == "postgresql":
            url = stack.enter_context(postgres_server())
        elif given.keep:
            url = str(given.keep)
        else:
            url = str(Path(stack.enter_context(tempfile.TemporaryDirectory())) / "store.sqlite")
        if database == "sqlite" and Path(url).exists():
            yield url, None
            return
        print(f"filling {database} with {given.findings:,} findings", file=sys.stderr)
        size = {"findings": given.findings, "sites": given.sites, "decisions": given.decisions, "seed": 1}
        yield url, make_store.make(url, **size)


def measure(database, given):
    """Return the runs on one kind of database."""
    runs = []
    with filled(database, given) as (url, took), serving(url, given.workers) as (base, group):
        for think in given.think:
            run = asyncio.run(load(base, group, clients=given.clients, seconds=given.seconds, think=think, seed=think))
            runs.append({"database": database, **run})
            worst = run["ms"]["all"]
            print(f"{database}, think {think} s: {json.dumps(worst)} {run['failures'] or ''}", file=sys.stderr)
    return {"filled_in_seconds": took, "runs": runs}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--findings", type=int, default=100_000)
    parser.add_argument("--sites", type=int, default=200)
    parser.add_argument("--decisions", type=int, default=2_000)
    parser.add_argument("--clients", type=int, default=make_store.REVIEWERS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--think", type=float, action="append", help="seconds between requests; may be repeated")
    parser.add_argument("--keep", type=Path, help="a SQLite file to use, made if it is not there")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "bench_review.json")
    given = parser.parse_args()
    given.think = given.think or [1.0, 0.0]
    if given.clients > make_store.REVIEWERS:
        parser.error(f"the store has {make_store.REVIEWERS} reviewers")
    found = {name: measure(name, given) for name in given.database or ["sqlite", "postgresql"]}
    document = {
        "target_p95_ms": TARGET_MS,
        "cores": os.cpu_count(),
        "workers": given.workers,
        "findings": given.findings,
        "sites": given.sites,
        "decided_before": given.decisions,
        "seconds_a_run": given.seconds,
        **found,
    }
    given.output.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(given.output, file=sys.stderr)


if __name__ == "__main__":
    main()
