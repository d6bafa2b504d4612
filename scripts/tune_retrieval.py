"""Choose the weights of wordings and BM25 in retrieval: recall on linked claims kept from the encoder's training.

    python scripts/tune_retrieval.py --gold ../shared/gold

Prints recall at 1, 5 and 10 for each pair of weights, on all linked claims and on the domains the encoder never saw.
"""

import argparse
import json
from pathlib import Path

import numpy as np

import claimcheck.retrieval as retrieval
from claimcheck.corpus.reader import YamlCorpusReader
from open_datasets import read_rows
from train_encoder import held_out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, default=Path("corpus/ketamine"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    args = parser.parse_args()
    corpus = YamlCorpusReader().read(args.corpus)
    encoder = retrieval.OnnxEncoder(args.models / "encoder")
    index = retrieval.build_index(corpus, encoder)
    retriever = retrieval.HybridRetriever(corpus, index)
    known = {record.id for record in corpus.records}
    rows = [
        row for row in read_rows(args.gold / "claims_train_linked.jsonl") if {e["id"] for e in row["evidence"]} & known
    ]
    texts = [row["text"] for row in rows]
    vectors = encoder.encode(texts)
    unseen = np.array([held_out(row["domain"]) for row in rows])
    for wording in (0.0, 0.8, 0.9, 0.95, 1.0):
        for bm25 in (0.0, 0.05, 0.1, 0.15, 0.25):
            retrieval.WORDING_WEIGHT, retrieval.BM25_WEIGHT = wording, bm25
            found = retriever.search(vectors, texts, 10)
            ranks = np.array([
                next((m.rank for m in matches if m.record.id in {e["id"] for e in row["evidence"]}), 99)
                for row, matches in zip(rows, found, strict=True)
            ])  # fmt: skip
            line = {"wording": wording, "bm25": bm25}
            for name, mask in (("all", np.ones(len(rows), bool)), ("unseen", unseen)):
                line |= {f"{name}@{k}": round(float((ranks[mask] < k).mean()), 3) for k in (1, 5, 10)}
            print(json.dumps(line | {"n_unseen": int(unseen.sum())}), flush=True)


if __name__ == "__main__":
    main()
