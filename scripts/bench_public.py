r"""Measure a reader on public test sets, beside published figures.

    python scripts/bench_public.py --data ../shared/datasets --out docs/public.json \
        --reader models/reader-fast --name fast
    python scripts/bench_public.py --data ../shared/datasets --torch runs/reader-research --name research

Claims against gold evidence, labels only, no retrieval. Three-way sets fold "overstated" into the larger of supported
and contradicted, since those sets have no such label; the exaggeration set asks overstated or not. The files differ
from the official ones by removed duplicates, so the last digit does not compare.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from sklearn.metrics import f1_score

from claimcheck.entailment import OUTPUTS, OnnxCrossEncoder, TorchCrossEncoder
from open_datasets import exaggeration_rows, pair_rows

PUBLISHED = {
    "healthver test": (
        "T5-base 79.6, SciBERT 77.2 (trained on HealthVer; Sarrouti et al. 2021); 48 trained on SciFact only"
    ),
    "scifact dev": "",
    "covidfact test": "",
    "insciout exaggeration test": "majority 25.3",
}


def collapse(probabilities, labels):
    """Return predictions among the labels that the set has."""
    scores = probabilities.copy()
    larger = np.where(scores[:, 0] >= scores[:, 2], 0, 2)
    scores[np.arange(len(scores)), larger] += scores[:, 1]
    scores[:, 1] = 0
    allowed = [OUTPUTS.index(label) for label in labels]
    return [labels[i] for i in scores[:, allowed].argmax(axis=1)]


def three_way(reader, rows):
    labels = [name for name in OUTPUTS if name in {row["label"] for row in rows}]
    predicted = collapse(reader.predict([(row["claim"], row["premise"]) for row in rows]), labels)
    return f1_score([row["label"] for row in rows], predicted, average="macro")


def exaggeration(reader, rows):
    """Return macro-F1 over same, exaggerates and downplays.

    A claim is never said to downplay without evidence of it.
    """
    read = reader.predict([(row["claim"], row["premise"]) for row in rows])
    reverse = reader.predict([(row["premise"], row["claim"]) for row in rows])
    predicted = []
    for forward, backward in zip(read, reverse, strict=True):
        over, under = forward[1] + forward[2], backward[1] + backward[2]
        predicted.append("same" if max(over, under) < 0.5 else "exaggerates" if over >= under else "downplays")
    return f1_score([row["gold"] for row in rows], predicted, average="macro")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--reader", type=Path)
    parser.add_argument("--torch")
    parser.add_argument("--name", required=True)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    reader = TorchCrossEncoder(args.torch) if args.torch else OnnxCrossEncoder(args.reader)
    sets = {
        "healthver test": list(pair_rows(args.data, "healthver", "test")),
        "scifact dev": list(pair_rows(args.data, "scifact", "dev")),
        "covidfact test": list(pair_rows(args.data, "covidfact", "test")),
    }
    result = {
        name: {"n": len(rows), "macro_f1": round(100 * three_way(reader, rows), 1)} for name, rows in sets.items()
    }
    rows = list(exaggeration_rows(args.data, "test"))
    result["insciout exaggeration test"] = {"n": len(rows), "macro_f1": round(100 * exaggeration(reader, rows), 1)}
    for name, row in result.items():
        row["published"] = PUBLISHED[name]
    print(json.dumps({args.name: result}, indent=1))
    if args.out:
        stored = json.loads(args.out.read_text(encoding="utf-8")) if args.out.is_file() else {}
        args.out.write_text(json.dumps(stored | {args.name: result}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
