"""Say what each kind of training data brings: a linear model trained on more and more of it.

    python scripts/learning_curve.py --gold ../shared/gold --out docs/learning.json

Embeddings of the shipped encoder and word pairs, logistic regression; measured on the real claims kept from all
training, never on claims_dev. Far weaker than the readers, but minutes instead of hours a point.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score

from claimcheck.retrieval import OnnxEncoder
from claimcheck.verdict.phrasing import EMBEDDING_SCALE, terms
from fit_verdict import calibration_rows
from make_verdict_rows import kept_for_calibration
from open_datasets import read_rows


def training_claims(gold, folder):
    """Return (text, label, kind) of real claims and of written ones, the latter in their files' order."""
    real = [
        (row["text"], row["label"], "real")
        for row in read_rows(gold / "claims_train_linked.jsonl")
        if row["label"] != "not_a_claim" and not kept_for_calibration(row["domain"])
    ]
    pages = [(c["text"], c["verdict"], "page") for row in read_rows(folder / "pages.jsonl") for c in row["claims"]]
    claims = [(row["text"], row["verdict"], "claim") for row in read_rows(folder / "claims.jsonl")]
    return real, pages, claims


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, default=Path("corpus/ketamine"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    folder = args.corpus / "training"
    kept = [row for row in calibration_rows(args.gold, folder / "variants.jsonl") if row["real"]]
    real, pages, claims = training_claims(args.gold, folder)
    order = np.random.default_rng(13).permutation(len(claims))
    everything = [*real, *pages, *(claims[i] for i in order)]
    texts = [text for text, _, _ in everything] + [row["text"] for row in kept]
    lexical = TfidfVectorizer(analyzer=terms, min_df=2, sublinear_tf=True, max_features=30_000).fit_transform(texts)
    vectors = OnnxEncoder(args.models / "encoder").encode(texts)
    matrix = hstack([csr_matrix(EMBEDDING_SCALE * vectors), lexical]).tocsr()
    labels = np.array([label for _, label, _ in everything])
    gold = np.array([row["label"] for row in kept])
    base = len(real) + len(pages)
    sizes = {"real claims": len(real), "and pages": base}
    sizes |= {f"and {share:.0%} of the realistic claims": base + round(share * len(claims)) for share in (0.25, 0.5, 1)}
    points = []
    for name, size in sizes.items():
        fitted = LogisticRegression(C=1.5, max_iter=200).fit(matrix[:size], labels[:size])
        kappa = cohen_kappa_score(gold, fitted.predict(matrix[len(everything) :]))
        points.append({"data": name, "claims": size, "kappa": round(float(kappa), 3)})
        print(points[-1], flush=True)
    args.out.write_text(json.dumps({"n": len(gold), "points": points}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
