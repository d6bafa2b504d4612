"""Measure claim splitting on labelled page units, with an oracle for check-worthiness.

    python scripts/measure_claims.py --pages corpus/ketamine/pages/*.jsonl --pack corpus/ketamine [--show 40]

Every unit that has gold claims is split as if its check-worthiness were known. Printed: the share of units with the
right number of claims, of units with too many and too few, and the mean token F1 of the best pairing of gold and
predicted claims (an unpaired claim counts 0), for all units and for those with several gold claims.
"""

import argparse
import random
import re
from collections import Counter
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from claimcheck.claims import Subject, claim_texts, headings_of, page_subject
from claimcheck.corpus.reader import YamlCorpusReader
from train_worthiness import read_pages


def token_f1(first, second):
    """Return the F1 of two texts' word counts."""
    a, b = (Counter(re.findall(r"[a-z0-9%]+", text.lower())) for text in (first, second))
    common = sum((a & b).values())
    return 2 * common / (a.total() + b.total()) if common else 0.0


def pairing(gold, predicted):
    """Return the mean token F1 of the best pairing, unpaired claims counted as 0."""
    if not gold or not predicted:
        return 0.0
    table = np.array([[token_f1(g, p) for p in predicted] for g in gold])
    rows, columns = linear_sum_assignment(-table)
    return float(table[rows, columns].sum() / max(len(gold), len(predicted)))


def main():
    """Parse, split, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path, nargs="+", required=True)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--show", type=int, default=0, help="print this many of the units that differ most")
    parser.add_argument("--seed", type=int, default=13)
    args = parser.parse_args()
    manifest = YamlCorpusReader().read(args.pack).manifest
    subject = Subject(manifest.subject, manifest.aliases)
    rows = []
    for _, sentences, units in read_pages(args.pages):
        treatment = page_subject("\n".join(s.text for s in sentences), subject)
        headings = headings_of(sentences)
        for index, unit in enumerate(units):
            gold = [claim["text"] for claim in unit["claims"]]
            if gold:
                texts = claim_texts(sentences, index, headings[index], treatment, subject)
                rows.append((pairing(gold, texts), unit["text"], gold, list(texts)))
    for name, chosen in (("all", rows), ("several", [row for row in rows if len(row[2]) > 1])):
        difference = np.array([len(row[3]) - len(row[2]) for row in chosen])
        overlap = np.mean([row[0] for row in chosen])
        whole = np.mean([pairing(row[2], [row[1]]) for row in chosen])
        print(
            f"{name}: {len(chosen)} units, right number {np.mean(difference == 0):.3f}, too many "
            f"{np.mean(difference > 0):.3f}, too few {np.mean(difference < 0):.3f}, token F1 {overlap:.3f} "
            f"(each unit left as it stands: {whole:.3f})"
        )
    wrong = [row for row in rows if row[0] < 0.8 or len(row[2]) != len(row[3])]
    for score, text, gold, texts in random.Random(args.seed).sample(wrong, min(args.show, len(wrong))):
        print(f"\n{score:.2f} {text}\n   gold {gold}\n   made {texts}")


if __name__ == "__main__":
    main()
