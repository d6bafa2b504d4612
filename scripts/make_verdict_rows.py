r"""Rows that teach the verdict: claims with the evidence that retrieval finds, and single (claim, record) pairs.

    python scripts/make_verdict_rows.py --encoder models/encoder --corpus corpus/ketamine corpus/regenerative \
        --gold ../shared/gold --out runs/rows

Writes train.jsonl (rows for train_cross_encoder.py), calibration.jsonl (real claims kept from the reader, for the
aggregator) and benchmark.jsonl (examples of benchmark records). A set row holds the claim and its two best records; a
pair row one record. Real claims of one pass are set against a second, blind pass (scripts/data/second_pass.tsv): where
the two differ the target is shared between both labels.
"""

import argparse
import hashlib
import json
import random
from collections import Counter
from pathlib import Path

import numpy as np

from claimcheck.corpus.reader import YamlCorpusReader
from claimcheck.entailment import premise, premise_set
from claimcheck.retrieval import HybridRetriever, OnnxEncoder, load_index
from open_datasets import OUTPUTS, read_rows

SET_SIZE = 2
# Weight of a row by where its label comes from: two agreeing passes over a real claim count most.
WEIGHTS = {"real": 1.6, "example": 1.0, "variant": 1.0, "page": 1.3, "claim": 1.3, "negative": 0.7, "pair": 0.8}
HERE = Path(__file__).resolve().parent
SHIPPED_INDEX = HERE.parent / "models" / "index"


def kept_for_calibration(domain):
    """Return whether a domain of linked claims calibrates instead of training: one in six, by hash."""
    return hashlib.sha256(b"calibration" + domain.encode()).digest()[0] % 6 == 0


def target(weights):
    """Return a distribution over the outputs from label weights; unverified reads as not_enough."""
    values = [
        weights.get(name, 0.0) + (weights.get("unverified", 0.0) if name == "not_enough" else 0.0) for name in OUTPUTS
    ]
    total = sum(values)
    return [round(0.96 * value / total + 0.01, 4) for value in values]


def real_target(row, second):
    """Return the target of a real claim from its first pass, with its sureness, and the blind second pass."""
    first = {row["label"]: {1: 1.0, 2: 1.5, 3: 2.5}[row["sure"]]}
    label, sure = second.get(row["id"], (None, 0))
    votes = Counter(first)
    if label:
        votes[label] += {1: 0.7, 2: 1.2, 3: 1.8}[sure]
    votes.pop("not_a_claim", None)
    return target(votes) if votes else None


def claim_items(args, corpora):
    """Return claims to learn from: text, target, weight and the record that decides it, if one is known."""
    linked = list(read_rows(args.gold / "claims_train_linked.jsonl"))
    domains = {row["id"]: row["domain"] for row in linked}
    items = real_items(linked)
    for folder, corpus in corpora:
        items += example_items(corpus) + training_items(folder / "training", domains)
    return items


def real_items(linked):
    """Return the real claims of clinics that do not calibrate."""
    second = {}
    for line in (HERE / "data" / "second_pass.tsv").read_text(encoding="utf-8").splitlines():
        row_id, label, sure = line.split("\t")[:3]
        second[row_id] = (label, int(sure))
    items = []
    for row in linked:
        if row["label"] == "not_a_claim" or kept_for_calibration(row["domain"]):
            continue
        goal = real_target(row, second)
        if goal:
            items.append(
                {
                    "claim": row["text"],
                    "target": goal,
                    "weight": WEIGHTS["real"],
                    "records": [item["id"] for item in row["evidence"]],
                    "stances": {e["id"]: e["stance"] for e in row["evidence"]},
                    "irrelevant": row["irrelevant"],
                    "kind": "real",
                }
            )
    return items


def example_items(corpus):
    """Return the labelled examples of a pack's records, those kept for measuring left out."""
    return [
        {
            "claim": example.text,
            "target": target({str(example.verdict): 1.0}),
            "weight": WEIGHTS["example"],
            "records": [record.id],
            "stances": {record.id: str(example.verdict)},
            "irrelevant": list(record.hard_negatives),
            "kind": "example",
        }
        for record in corpus.records
        if record.fold != "benchmark"
        for example in record.examples
    ]


def training_items(folder, domains):
    """Return the training claims of a pack; ``domains`` gives the domain of each real claim by its id."""
    items = []
    for name, kind in (("variants.jsonl", "variant"), ("pages.jsonl", "page"), ("claims.jsonl", "claim")):
        for row in read_rows(folder / name) if (folder / name).is_file() else ():
            # A variant of a claim that calibrates would tell the reader what it is measured on.
            if kept_for_calibration(domains.get(row.get("of", ""), "")) and row.get("of"):
                continue
            items += [
                {
                    "claim": claim["text"],
                    "target": target({claim["verdict"]: 1.0}),
                    "weight": WEIGHTS[kind],
                    "records": [claim["record"]] if claim.get("record") else [],
                    "stances": {},
                    "irrelevant": [],
                    "kind": kind,
                }
                for claim in (row["claims"] if kind == "page" else [row])
            ]
    return items


def evidence_for(items, corpus, encoder, top_k):
    """Return for each item its retrieved records; an example's own wordings are left out of its ranking."""
    index = load_index(corpus, encoder, shipped=SHIPPED_INDEX / f"{corpus.manifest.name}.npz", cache=Path("runs"))
    bare = index.__class__(index.statements, index.wordings[:0], index.owners[:0], index.key)
    vectors = np.asarray(encoder.encode([item["claim"] for item in items]), dtype=np.float32)
    texts = [item["claim"] for item in items]
    # A real claim sees the wordings of the index; an example would find itself, so it is ranked by statements alone.
    seen = [i for i, item in enumerate(items) if item["kind"] != "example"]
    unseen = [i for i, item in enumerate(items) if item["kind"] == "example"]
    found = [None] * len(items)
    for rows, built in ((seen, index), (unseen, bare)):
        if rows:
            retriever = HybridRetriever(corpus, built)
            for i, matches in zip(rows, retriever.search(vectors[rows], [texts[i] for i in rows], top_k), strict=True):
                found[i] = [match.record for match in matches]
    return found


def rows_of(item, found, by_id, rng):
    """Yield the training rows of one claim."""
    best = list(found[:SET_SIZE])
    known = [by_id[i] for i in item["records"] if i in by_id]
    if known and not any(record in best for record in known) and rng.random() < 0.8:
        best = [*best[: SET_SIZE - 1], known[0]]
        rng.shuffle(best)
    yield {
        "claim": item["claim"],
        "premise": premise_set(best),
        "target": item["target"],
        "weight": item["weight"],
        "kind": item["kind"] + "-set",
    }
    for record_id, stance in list(item["stances"].items())[:2]:
        if record_id in by_id:
            yield {
                "claim": item["claim"],
                "premise": premise(by_id[record_id]),
                "target": target({stance: 1.0}),
                "weight": WEIGHTS["pair"],
                "kind": "pair",
            }
    negatives = [i for i in item["irrelevant"] if i in by_id]
    if negatives and rng.random() < 0.45:
        record = by_id[rng.choice(negatives)]
        yield {
            "claim": item["claim"],
            "premise": premise(record),
            "target": target({"not_enough": 1.0}),
            "weight": WEIGHTS["negative"],
            "kind": "negative",
        }


def write(path, rows):
    """Write rows as JSON lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, nargs="+", required=True)
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=13)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    encoder = OnnxEncoder(args.encoder, threads=args.threads)
    corpora = [(folder, YamlCorpusReader().read(folder)) for folder in args.corpus]
    args.out.mkdir(parents=True, exist_ok=True)
    train = []
    items = claim_items(args, corpora)
    for _, corpus in corpora:
        mine = [item for item in items if belongs(item, corpus, corpora)]
        by_id = {record.id: record for record in corpus.records}
        for item, found in zip(mine, evidence_for(mine, corpus, encoder, 8), strict=True):
            train += rows_of(item, found, by_id, rng)
    rng.shuffle(train)
    write(args.out / "train.jsonl", train)
    print(len(train), "train rows", dict(Counter(row["kind"] for row in train)))
    corpus = corpora[0][1]
    write_measuring(args, corpus, encoder)


def belongs(item, corpus, corpora):
    """Return whether an item is of this pack: by its record, else the first pack."""
    owners = {record.id for record in corpus.records}
    return bool(owners & set(item["records"])) or (not item["records"] and corpus is corpora[0][1])


def write_measuring(args, corpus, encoder):
    """Write the claims kept from training, with the evidence retrieval finds for them."""
    real = [row | {"source": "claims_train"} for row in read_rows(args.gold / "claims_train.jsonl")]
    real += [
        row | {"source": "linked"}
        for row in read_rows(args.gold / "claims_train_linked.jsonl")
        if kept_for_calibration(row["domain"]) and row["label"] != "not_a_claim"
    ]
    dev = [row | {"source": "claims_dev"} for row in read_rows(args.gold / "claims_dev.jsonl")]
    bench = [
        {"text": e.text, "label": str(e.verdict), "record": r.id, "triple": e.triple}
        for r in corpus.records
        if r.fold == "benchmark"
        for e in r.examples
    ]
    for name, rows in (("calibration", real), ("dev", dev), ("benchmark", bench)):
        items = [{"claim": row["text"], "kind": "real"} for row in rows]
        found = evidence_for(items, corpus, encoder, 8)
        write(
            args.out / f"{name}.jsonl",
            [
                row | {"claim": row["text"], "premise": premise_set(best[:SET_SIZE]), "found": [r.id for r in best]}
                for row, best in zip(rows, found, strict=True)
            ],
        )
        print(len(rows), name, "rows")


if __name__ == "__main__":
    main()
