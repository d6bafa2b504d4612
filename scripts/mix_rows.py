r"""Draw the rows of one training pass: a share of each kind, split into shards that two cores train on side by side.

    python scripts/mix_rows.py --rows runs/rows/train.jsonl --out runs/mix --shards 2 --seed 1 \
        --take real-set=1 claim-set=1 page-set=1 example-set=0.3 variant-set=0.25 pair=0.08 negative=0.09

Writes OUT/part-1.jsonl … ; a share above 1 repeats rows. Shards are trained from one base (train_cross_encoder.py) and
averaged (average_models.py), which halves the time of a pass where one process cannot use both cores.
"""

import argparse
import json
import random
from collections import Counter
from pathlib import Path

from open_datasets import read_rows


def drawn(rows, share, rng):
    """Return ``share`` of the rows at random; above 1, every row once and the rest again."""
    whole, rest = divmod(share, 1)
    return rows * int(whole) + rng.sample(rows, round(rest * len(rows)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--take", nargs="+", required=True, metavar="KIND=SHARE")
    parser.add_argument("--seen", type=Path, nargs="*", default=[], help="rows of earlier passes")
    parser.add_argument(
        "--again", type=float, default=1.0, help="share of the rows seen before, real claims apart, to keep"
    )
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--seed", type=int, default=13)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    shares = {kind: float(share) for kind, share in (item.split("=") for item in args.take)}
    rows = [row for path in args.rows for row in read_rows(path)]
    unknown = shares.keys() - {row["kind"] for row in rows}
    if unknown:
        parser.error(f"found no rows of kind {', '.join(sorted(unknown))}")
    mixed = [
        row
        for kind, share in sorted(shares.items())
        for row in drawn([row for row in rows if row["kind"] == kind], share, rng)
    ]
    seen = {(row["claim"], row["kind"]) for path in args.seen for row in read_rows(path)}
    # Real claims are the scarcest rows and come back in every pass.
    mixed = [
        row
        for row in mixed
        if row["kind"] == "real-set" or (row["claim"], row["kind"]) not in seen or rng.random() < args.again
    ]
    rng.shuffle(mixed)
    args.out.mkdir(parents=True, exist_ok=True)
    for shard in range(args.shards):
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in mixed[shard :: args.shards]]
        (args.out / f"part-{shard + 1}.jsonl").write_text("".join(lines), encoding="utf-8")
    print(len(mixed), "rows", dict(Counter(row["kind"] for row in mixed)))


if __name__ == "__main__":
    main()
