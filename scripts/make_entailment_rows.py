"""Stage 1 rows: open entailment pairs for the cross-encoder.

    python scripts/make_entailment_rows.py --data ../shared/datasets --out runs/entailment.jsonl

By default only sets whose licence lets a shipped model be trained on them; ``--research`` adds the others for a model
that is measured on public test sets and never shipped.
"""

import argparse
import json
import random
from pathlib import Path

from open_datasets import LICENCES, exaggeration_rows, pair_rows, sampled

# rows a dataset: enough of each kind of reasoning, none drowning the biomedical ones
SHIPPED = {
    "scifact": 1305,
    "checkcovid": 1067,
    "pubmedqa": 500,
    "evinf2": 4000,
    "scone": 800,
    "fm2": 900,
    "mnlioverlap": 251,
}
RESEARCH = {"healthver": 7248, "covidfact": 3260, "nli4ct": 1000}
SPLITS = {"fm2": "dev"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--research", action="store_true")
    parser.add_argument("--leave-out", default="", help="comma-separated datasets to leave out")
    parser.add_argument("--seed", type=int, default=13)
    args = parser.parse_args()
    counts = SHIPPED | (RESEARCH if args.research else {})
    left_out = set(filter(None, args.leave_out.split(",")))
    rows = []
    for dataset, count in counts.items():
        if dataset in left_out:
            continue
        if not args.research and not LICENCES[dataset][1]:
            raise SystemExit(f"{dataset}: licence {LICENCES[dataset][0]!r} does not let a shipped model train on it")
        rows += sampled(pair_rows(args.data, dataset, SPLITS.get(dataset, "train")), count, args.seed)
    if args.research and "inscioutexaggeration" not in left_out:
        rows += list(exaggeration_rows(args.data, "train")) * 4
    random.Random(args.seed).shuffle(rows)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    print(f"{len(rows)} rows to {args.out}")


if __name__ == "__main__":
    main()
