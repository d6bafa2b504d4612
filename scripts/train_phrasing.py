"""Train the phrasing model: a claim's own words and embedding, no evidence.

    python scripts/train_phrasing.py --gold ../shared/gold --models models

Learns from the same claims as the readers and leaves out the same ones (calibration domains, benchmark records).
"""

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from claimcheck.corpus.reader import YamlCorpusReader
from claimcheck.retrieval import OnnxEncoder
from claimcheck.verdict.phrasing import EMBEDDING_SCALE, LinearPhrasing, terms
from make_verdict_rows import claim_items

LABELS = ("supported", "overstated", "contradicted", "unverified")
# Claims as pages make them count more than wordings written round one record (docs/results.md has the trials).
WEIGHTS = {"real": 2.0, "page": 1.5, "claim": 1.5, "variant": 0.7, "example": 0.6}
MAX_TERMS = 25_000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument(
        "--corpus", type=Path, nargs="+", default=[Path("corpus/ketamine"), Path("corpus/regenerative")]
    )
    parser.add_argument("--models", type=Path, default=Path("models"))
    args = parser.parse_args()
    corpora = [(folder, YamlCorpusReader().read(folder)) for folder in args.corpus]
    items = claim_items(args, corpora)
    texts = [item["claim"] for item in items]
    # Soft targets become the likelier label; the weight of the claim carries the doubt.
    labels = np.array([LABELS[int(np.argmax(item["target"]))] for item in items])
    weights = np.array([WEIGHTS[item["kind"]] * max(item["target"]) for item in items])
    vectors = OnnxEncoder(args.models / "encoder").encode(texts)
    tfidf = TfidfVectorizer(analyzer=terms, min_df=2, sublinear_tf=True, max_features=MAX_TERMS)
    lexical = tfidf.fit_transform(texts)
    matrix = hstack([lexical, csr_matrix(EMBEDDING_SCALE * vectors)]).tocsr()
    fitted = LogisticRegression(C=1.5, max_iter=400).fit(matrix, labels, sample_weight=weights)
    order = [list(fitted.classes_).index(name) for name in LABELS]
    out = args.models / "verdict"
    out.mkdir(parents=True, exist_ok=True)
    vocabulary = tfidf.get_feature_names_out().tolist()
    (out / "phrasing.json").write_text(json.dumps({"terms": vocabulary}, ensure_ascii=False) + "\n", encoding="utf-8")
    np.savez_compressed(
        out / "phrasing.npz",
        idf=tfidf.idf_.astype(np.float32),
        weights=fitted.coef_[order].astype(np.float16),
        bias=fitted.intercept_[order].astype(np.float32),
    )
    stored = LinearPhrasing.load(out).probabilities(vectors[:200], texts[:200])
    exact = fitted.predict_proba(matrix[:200])[:, order]
    print(
        dict(Counter(item["kind"] for item in items)),
        f"{len(vocabulary)} terms, largest difference after storing {np.abs(stored - exact).max():.4f}",
    )


if __name__ == "__main__":
    main()
