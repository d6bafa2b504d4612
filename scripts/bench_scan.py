"""Measure a scan from WARC: pages a second, memory as pages grow, Ray beside it, kill -9 and resume against unbroken.

    python scripts/bench_scan.py rate --pages 300 --model fast      # real models; local engine, then Ray if installed
    python scripts/bench_scan.py memory --pages 1000 20000          # a judge that costs nothing: the memory of the rest
    python scripts/bench_scan.py kill --pages 400 --kills 5

Each writes its part of docs/bench_scan.json. The pages are made up: sites of 40 pages, 300 to 900 words each, about 40
percent of the sentences the same on every page of a site, and 12 claims a page that no other page makes, worded as in
the pack's training claims (numbered when those run out).
"""

import argparse
import hashlib
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "bench_scan.json"
PAGES_A_SITE = 40
NEW_CLAIMS = 12
PLAIN = (
    "Our rooms are quiet and the chairs recline all the way. Bring a friend who can drive you home afterwards. "
    "Parking is behind the building and free for two hours. The front desk answers calls from eight in the morning. "
    "Please fill in the form before your first visit so that we have more time to talk. You will meet the same nurse "
    "at every visit. We keep blankets, eye masks and headphones in every room. Our clinicians trained at several "
    "hospitals in the region. Most people read or listen to music while they are here. Write to us if you would like "
    "to change your appointment. The waiting room has tea and water. We speak English and Spanish. Our building has a "
    "lift and wide doors. Gift cards can be bought at the desk. We are closed on public holidays."
).split(". ")


class Claims:
    """Claims that no other page makes: the pack's training wordings, then the same with a number."""

    def __init__(self, seed):
        path = ROOT / "corpus" / "ketamine" / "training" / "claims.jsonl"
        texts = [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]
        self._texts = list(dict.fromkeys(texts))
        random.Random(seed).shuffle(self._texts)
        self._next = 0

    def take(self, count):
        """Return the next claims."""
        found = []
        for _ in range(count):
            lap, place = divmod(self._next, len(self._texts))
            text = self._texts[place]
            found.append(text if lap == 0 else f"{text[:-1]}, as page {self._next} of our files says.")
            self._next += 1
        return found


def page_html(host, number, claims, boilerplate, rng):
    own = [f"{rng.choice(PLAIN)}." for _ in range(rng.randrange(8, 40))]
    parts = [f"<p>{text}</p>" for text in own]
    for place, text in zip(
        sorted(rng.sample(range(len(parts) + 1), min(NEW_CLAIMS, len(parts) + 1))), claims, strict=False
    ):
        parts.insert(place, f"<p>{text}</p>")
    rest = claims[len(own) + 1 :]
    items = "".join(f"<li>{text}</li>" for text in rest)
    shared = "".join(f"<p>{text}</p>" for text in boilerplate)
    links = "".join(f'<a href="/page/{n}">Page {n}</a> ' for n in range(12))
    style = "<style>" + "".join(f".c{n}{{margin:{n}px}}" for n in range(200)) + "</style>"
    return (
        f"<!doctype html><html lang=en><head><title>Page {number} of {host}</title>{style}</head><body>"
        f"<nav>{links}</nav>"
        f"<h1>Ketamine at {host}</h1><h2>What to know</h2>{''.join(parts)}<ul>{items}</ul><footer>{shared}</footer>"
        "</body></html>"
    )


def write_warc(folder, pages, seed=1):
    """Write pages into WARC files, 40 a site; return the files."""
    from claimcheck.capture import ArchiveWriter, Exchange

    rng, claims = random.Random(seed), Claims(seed)
    at = datetime(2026, 11, 1, tzinfo=UTC)
    headers = (("Content-Type", "text/html; charset=utf-8"), ("Server", "bench"))
    words = 0
    sync, os.fsync = os.fsync, lambda _handle: None  # made once and thrown away: nothing is lost with the power
    try:
        with ArchiveWriter(folder, 1) as writer:
            for number in range(pages):
                site, place = divmod(number, PAGES_A_SITE)
                host = f"clinic-{site}.example"
                if place == 0:
                    boilerplate = [f"{text}." for text in rng.sample(PLAIN, 8)] + claims.take(5)
                html = page_html(host, place, claims.take(NEW_CLAIMS), boilerplate, rng)
                words += len(html.split())
                url = f"https://{host}/page/{place}"
                writer.capture(Exchange(url, 200, "OK", headers, html.encode(), at))
    finally:
        os.fsync = sync
    return sorted((folder / "warc").glob("*.warc.gz"))


class CheapChecker:
    """Reads pages as the real one does, with vectors by hashing and verdicts for nothing."""

    versions = {"claimcheck": "bench", "corpus": {"pack": "bench", "sha256": "0" * 64}, "models": {}}  # noqa: RUF012 - never changed

    def claims_of(self, page):
        """Return a page's longer sentences as claims."""
        from claimcheck.page import split_sentences
        from claimcheck.pipeline import PageClaims
        from claimcheck.records import Claim

        sentences = split_sentences(page)
        plain = {f"{text}." for text in PLAIN}
        said = [s for s in sentences if s.text not in plain and len(s.text) > 40]
        claims = tuple(Claim(f"c{i}", s.text, s.start, s.end, s.text, "other") for i, s in enumerate(said))
        vectors = np.stack([self._vector(c.text) for c in claims]) if claims else np.zeros((0, 384), np.float32)
        return PageClaims(page, sentences, np.ones(len(sentences), bool), claims, vectors)

    def findings_of(self, _made):
        """Return nothing."""
        return ()

    def judge_claims(self, claims, vectors):
        """Return a verdict for each claim, by its digest."""
        from claimcheck.records import Label, Severity, Verdict

        labels = list(Label)[:4]
        found = []
        for claim in claims:
            label = labels[hashlib.sha256(claim.text.encode()).digest()[0] % 4]
            chances = {each: 0.7 if each is label else 0.1 for each in labels}
            found.append(Verdict(claim, label, chances, 0.7, False, Severity.LOW, (), "Because.", ()))
        return tuple(found)

    @staticmethod
    def _vector(text):
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
        vector = np.random.default_rng(seed).normal(size=384).astype(np.float32)
        return vector / np.linalg.norm(vector)


@dataclass(frozen=True)
class CheapLoader:
    """Loads the cheap checker in a worker."""

    archive: Path

    def __call__(self):
        """Return the work of a worker."""
        from claimcheck.scan.work import ArchiveReader, PageWork

        return PageWork(CheapChecker(), ArchiveReader(self.archive))


class Timing:
    """A watch that notes when checking began, and counts pages."""

    stopping = False

    def __init__(self):
        self.began = {}
        self.pages = 0

    def phase(self, words):
        """Note when a phase began."""
        self.began[words] = time.perf_counter()

    def taken_in(self, count):
        """Pass over it."""

    def checked(self, event):
        """Count a page."""
        self.pages += 1

    def tick(self):
        """Pass over it."""


def scan(store_path, warcs, *, model, workers, engine="local"):
    """Scan WARC files in this process and its workers; return the seconds of each phase and the pages checked."""
    from claimcheck.scan.engine import ScanPlan, run_scan
    from claimcheck.scan.inputs import ScanInputs
    from claimcheck.scan.runs import open_run
    from claimcheck.scan.work import CheckerLoader
    from claimcheck.settings import Settings
    from claimcheck.store import open_store

    store = open_store(str(store_path))
    inputs = ScanInputs("warc", warcs=tuple(warcs))
    run = open_run(store, inputs, {"model": model})
    load = (
        CheapLoader(store.archive)
        if model == "cheap"
        else CheckerLoader(Settings(model=model, threads=1), store.archive)
    )
    timing = Timing()
    start = time.perf_counter()
    outcome = run_scan(ScanPlan(store, str(store_path), run.id, inputs, None, load, workers, engine=engine), timing)
    end = time.perf_counter()
    store.close()
    began = timing.began
    return {
        "finished": outcome.is_finished,
        "pages": timing.pages,
        "taking_in_and_loading_seconds": round(began["checking"] - start, 2),
        "checking_seconds": round(began["grouping claims"] - began["checking"], 2),
        "grouping_seconds": round(end - began["grouping claims"], 2),
        "peak_mb_main": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def child(store_path, warcs, model, workers, engine):
    """Run ``scan`` in a new process and return its result with the memory of the whole family, sampled."""
    command = [sys.executable, __file__, "one", "--store", store_path, "--model", model, "--workers", str(workers),
               "--engine", engine, "--warcs", *map(str, warcs)]  # fmt: skip
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    peak, ended = [0.0], threading.Event()

    def watch():
        while not ended.wait(0.5):
            peak[0] = max(peak[0], family_mb(process.pid))

    thread = threading.Thread(target=watch)
    thread.start()
    out, _ = process.communicate()
    ended.set()
    thread.join()
    if process.returncode:
        raise SystemExit(f"the scan failed with status {process.returncode}")
    return json.loads(out.splitlines()[-1]) | {"peak_mb_all_processes": round(peak[0])}


def family_mb(root):
    """Return the resident memory of a process and all below it, in MB (shared pages count in each)."""
    parents, sizes = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(fields[1])
        sizes[int(stat.parent.name)] = int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    total = 0.0
    for pid in sizes:
        at = pid
        while at not in (0, root):
            at = parents.get(at, 0)
        total += sizes[pid] if at == root else 0.0
    return total


def counts(path):
    import sqlalchemy as sa

    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:

        def number(query):
            return connection.execute(sa.text(query)).scalar()

        found = {
            "pages_checked": number("select count(*) from page where state = 'checked'"),
            "claims_judged": number("select count(*) from judgement"),
            "occurrences": number("select count(*) from occurrence"),
            "groups": number("select count(distinct group_id) from claim"),
            "words_a_page": round(number(
                "select avg(length(text) - length(replace(replace(text, char(10), ' '), ' ', '')) + 1) from page_text"
            )),
        }  # fmt: skip
    engine.dispose()
    pages = max(found["pages_checked"], 1)
    archive = path.with_name(f"{path.name}.archive")
    return found | {
        "store_bytes_a_page": round(path.stat().st_size / pages),
        "archive_bytes_a_page": round(sum(p.stat().st_size for p in archive.rglob("*") if p.is_file()) / pages),
    }


def rate(args, folder):
    warcs = write_warc(folder / "made", args.pages[0])
    result = {"model": args.model, "cores": os.cpu_count(), "workers": args.workers, "pages": args.pages[0]}
    for engine in args.engines:
        path = folder / f"{engine}.db"
        found = child(path, warcs, args.model, args.workers, engine)
        per_second = round(found["pages"] / found["checking_seconds"], 2)
        result[engine] = found | {"pages_a_second": per_second} | counts(path)
        print(engine, json.dumps(result[engine]), flush=True)
    return {f"rate_{args.model}": result}


def memory(args, folder):
    result = {"note": "a judge that costs nothing; reading, splitting, store and archive are the real ones"}
    for pages in args.pages:
        warcs = write_warc(folder / f"made{pages}", pages)
        path = folder / f"{pages}.db"
        found = child(path, warcs, "cheap", args.workers, "local")
        per_second = round(found["pages"] / found["checking_seconds"], 1)
        result[str(pages)] = found | {"pages_a_second": per_second} | counts(path)
        print(pages, json.dumps(result[str(pages)]), flush=True)
    return {"memory": result}


def kill(args, folder):
    """Compare a scan that was killed at random moments with one that was not."""
    import sqlalchemy as sa

    from claimcheck.scan.dump import dump
    from claimcheck.store import open_store

    warcs = write_warc(folder / "made", args.pages[0])
    child(folder / "whole.db", warcs, args.model, args.workers, "local")
    rng, path, moments = random.Random(args.seed), folder / "killed.db", []
    for goal in sorted(rng.sample(range(1, args.pages[0]), args.kills)):
        command = [sys.executable, __file__, "one", "--store", str(path), "--model", args.model, "--workers",
                   str(args.workers), "--warcs", *map(str, warcs)]  # fmt: skip
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while process.poll() is None:
            time.sleep(rng.uniform(0.02, 0.3))
            try:
                engine = sa.create_engine(f"sqlite:///{path}")
                with engine.connect() as connection:
                    done = connection.execute(sa.text("select count(*) from page where state = 'checked'")).scalar()
            except sa.exc.OperationalError:
                done = 0
            finally:
                engine.dispose()
            if done >= goal:
                break
        process.kill()
        process.wait()
        moments.append(done)
        print(f"killed with {done} pages done", flush=True)
    child(path, warcs, args.model, args.workers, "local")
    stores = [open_store(str(folder / name), create=False) for name in ("whole.db", "killed.db")]
    digests, lines = [], 0
    for store in stores:
        digest, lines = hashlib.sha256(), 0
        for line in dump(store):
            digest.update(line.encode())
            lines += 1
        digests.append(digest.hexdigest())
        store.close()
    is_equal = digests[0] == digests[1]
    print("equal" if is_equal else "DIFFERENT", digests)
    found = {"model": args.model, "pages": args.pages[0], "killed_after_pages": moments, "lines_compared": lines}
    return {f"kill_{args.model}": found | {"equals_unbroken": is_equal}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["rate", "memory", "kill", "one"])
    parser.add_argument("--warcs", nargs="+", type=Path, default=[])
    parser.add_argument("--pages", type=int, nargs="+", default=[300])
    parser.add_argument("--model", default="fast", choices=["fast", "cascade", "accurate", "cheap"])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--engines", nargs="+", default=["local", "ray"], choices=["local", "ray"])
    parser.add_argument("--engine", default="local")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    if args.part == "one":
        print(json.dumps(scan(args.store, args.warcs, model=args.model, workers=args.workers, engine=args.engine)))
        return
    with tempfile.TemporaryDirectory(prefix="bench-scan-") as folder:
        result = {"rate": rate, "memory": memory, "kill": kill}[args.part](args, Path(folder))
    before = json.loads(args.out.read_text(encoding="utf-8")) if args.out.exists() else {}
    args.out.write_text(json.dumps(before | result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
