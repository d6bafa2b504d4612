"""Time claimcheck beside what a user would otherwise assemble, the stages apart, and growth with claims and corpus.

    python scripts/bench_check.py --base BASE [--out docs/bench.json]

Side by side, same claims, one run: claimcheck with shipped models, against sentence-transformers' all-mpnet-base-v2
embeddings and a base-size cross-encoder over the five nearest records, both torch fp32. Also: --help, a 1,000-word text
in a new and in a running process with its peak memory, and corpora up to 100,000 records made by variation.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

CLAIMS = [
    "Ketamine is FDA approved for depression.", "Ketamine blocks NMDA receptors in the brain.",
    "Up to 90% of our patients are cured after one infusion.",
    "Infusions may bring relief within 24 hours for some people.",
    "There are no long-term side effects.", "Ketamine rewires the brain and repairs damaged neurons.",
    "Common side effects include nausea and a temporary rise in blood pressure.", "Ketamine is not addictive.",
    "A course is usually six infusions over two to three weeks.", "Spravato must be given under supervision.",
]  # fmt: skip
PARAGRAPH = (
    "Ketamine infusions can ease symptoms of treatment-resistant depression within hours. The effect of one infusion "
    "usually lasts about a week. Our team will meet you at the door. Side effects include nausea and dizziness, and we "
    "watch your blood pressure throughout. Ketamine is FDA approved as an anesthetic and used off-label for "
    "depression. "
)


def distinct(count):
    """Return ``count`` claims, no two the same, since a repeated claim is judged once."""
    return [f"{CLAIMS[i % len(CLAIMS)][:-1]}, says clinic {i}." for i in range(count)]


def seconds(action, repeats=3):
    """Return the fastest of several runs, in seconds."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - start)
    return best


def claimcheck_rate(checker, claims):
    return seconds(lambda: checker.check_claims(claims)) / len(claims)


def assembled_rate(base, claims, statements):
    """Return seconds a claim of mpnet embeddings and a base-size cross-encoder over the five nearest, torch fp32."""
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = str(base / "all-mpnet-base-v2")
    embedder = SentenceTransformer(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    reader = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=4).eval()
    corpus = embedder.encode(statements, normalize_embeddings=True)

    def run():
        vectors = embedder.encode(claims, normalize_embeddings=True)
        near = np.argsort(-(vectors @ corpus.T), axis=1)[:, :5]
        pairs = [(claim, statements[j]) for claim, row in zip(claims, near, strict=True) for j in row]
        with torch.inference_mode():
            for start in range(0, len(pairs), 16):
                part = pairs[start : start + 16]
                batch = tokenizer(
                    [a for a, _ in part], [b for _, b in part], padding=True, truncation=True, return_tensors="pt"
                )
                reader(**batch)

    return seconds(run, repeats=2) / len(claims)


def stage_times(checker, claims):
    """Return milliseconds a claim for each stage."""
    from claimcheck.records import Claim
    from claimcheck.verdict.judge import Prepared

    stages = checker.stages
    vectors = stages.encoder.encode(claims)
    matches = stages.retriever.search(vectors, claims, checker.settings.top_k)
    near = stages.retriever.wordings(vectors, 12)
    prepared = [
        Prepared(Claim(f"c{i}", t, 0, len(t), t, "other"), vectors[i], tuple(matches[i]), tuple(near[i]))
        for i, t in enumerate(claims)
    ]
    judge = stages.judge
    whole = seconds(lambda: judge.judge(prepared))
    read = seconds(lambda: judge.read(prepared))
    per = 1000 / len(claims)
    return {
        "embedding": round(seconds(lambda: stages.encoder.encode(claims)) * per, 2),
        "retrieval": round(seconds(lambda: stages.retriever.search(vectors, claims, 8)) * per, 2),
        "reading": round(read * per, 2),
        "aggregation, words, explanation": round(max(whole - read, 0) * per, 2),
    }


def corpus_growth(checker, sizes):
    """Return milliseconds a claim of retrieval at each corpus size; records beyond the pack's are noisy copies."""
    from claimcheck.corpus.reader import Corpus
    from claimcheck.retrieval import HybridRetriever, Index

    stages, rng = checker.stages, np.random.default_rng(7)
    bare = [replace(record, examples=()) for record in stages.corpus.records]
    vectors = stages.encoder.encode(CLAIMS)
    statements = stages.encoder.encode([record.statement for record in bare])
    times = {}
    for size in sizes:
        records = tuple(replace(bare[i % len(bare)], id=f"r{i}") for i in range(size))
        noisy = statements[np.arange(size) % len(bare)] + rng.normal(0, 0.02, (size, statements.shape[1])).astype(
            np.float32
        )
        noisy /= np.linalg.norm(noisy, axis=1, keepdims=True)
        index = Index(noisy, np.zeros((0, noisy.shape[1]), np.float32), np.zeros(0, np.int32), "bench")
        retriever = HybridRetriever(Corpus(stages.corpus.manifest, records, "bench"), index)
        times[str(size)] = round(seconds(lambda r=retriever: r.search(vectors, CLAIMS, 8)) * 1000 / len(CLAIMS), 2)
    return times


def new_process(arguments, text=None):
    """Return wall seconds and peak memory in MB of a new claimcheck process."""
    command = [sys.executable, "-m", "claimcheck", *arguments]
    start = time.perf_counter()
    done = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(done.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(arguments)} failed with status {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--base", type=Path, help="folder of base encoders; without it the side-by-side part is left out"
    )
    parser.add_argument("--model", default="fast")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    from claimcheck import Checker, Settings

    words = " ".join(PARAGRAPH.replace("Ketamine", f"In case {i}, ketamine") for i in range(30)).split()[:1000]
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.txt"
        page.write_text(" ".join(words), encoding="utf-8")
        help_seconds = min(new_process(["--help"])[0] for _ in range(5))
        runs = [new_process(["check", str(page), "--format", "json", "--model", args.model]) for _ in range(3)]
    checker = Checker.load(Settings(model=args.model))
    text = page_text = " ".join(words)
    report = checker.check_text(page_text)
    result = {
        "model": args.model,
        "help_seconds": round(help_seconds, 3),
        "thousand_words_new_process_seconds": round(min(r[0] for r in runs), 2),
        "thousand_words_running_seconds": round(seconds(lambda: checker.check_text(text)), 2),
        "thousand_words_claims": len(report.verdicts),
        "peak_memory_mb": round(max(r[1] for r in runs)),
        "ms_a_claim_by_stage": stage_times(checker, distinct(40)),
        "ms_a_claim_by_claims": {
            str(n): round(1000 * claimcheck_rate(checker, distinct(n)), 2) for n in (1, 10, 40, 160)
        },
        "retrieval_ms_a_claim_by_records": corpus_growth(checker, (500, 5_000, 20_000, 100_000)),
    }
    if args.base:
        ours = claimcheck_rate(checker, distinct(20))
        theirs = assembled_rate(args.base, distinct(20), [r.statement for r in checker.stages.corpus.records])
        ours = min(ours, claimcheck_rate(checker, distinct(20)))
        result |= {
            "ms_a_claim": round(ours * 1000, 1),
            "assembled_ms_a_claim": round(theirs * 1000, 1),
            "times_faster": round(theirs / ours, 1),
        }
    result["peak_memory_of_this_process_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(json.dumps(result, indent=1))
    if args.out:
        args.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
