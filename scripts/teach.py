r"""Mix a teacher's probabilities into the targets of training rows (distillation).

    python scripts/teach.py --rows runs/mix/part-1.jsonl --teacher models/reader-accurate --share 0.5 \
        --out runs/taught/part-1.jsonl

The new target is share × teacher + (1 − share) × the row's own: the label still speaks where the teacher errs. Hinton
et al. 2015 (arXiv:1503.02531); the teacher reads the very rows, at temperature 1.
"""

import argparse
import json
from pathlib import Path

from claimcheck.entailment import OnnxCrossEncoder
from open_datasets import read_rows
from train_cross_encoder import target_of


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, required=True, help="folder of an exported reader")
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    rows = list(read_rows(args.rows))
    taught = OnnxCrossEncoder(args.teacher, threads=args.threads).predict([(r["claim"], r["premise"]) for r in rows])
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with args.out.open("w", encoding="utf-8") as out:
        for row, teacher in zip(rows, taught.tolist(), strict=True):
            own = target_of(row, 0.05)
            mixed = [round(args.share * t + (1 - args.share) * o, 4) for t, o in zip(teacher, own, strict=True)]
            out.write(json.dumps({**row, "target": mixed}, ensure_ascii=False) + "\n")
    print(len(rows), "rows taught")


if __name__ == "__main__":
    main()
