"""Measure readers alone on the real claims kept from them: the label each gives over a claim's evidence set.

    python scripts/measure_reader.py --gold ../shared/gold models/reader-fast models/reader-accurate

Before any aggregator: how runs of train_cross_encoder.py are compared, never on claims_dev. A folder with model.onnx is
an exported reader, any other one a checkpoint of transformers.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from sklearn.metrics import cohen_kappa_score

from claimcheck.corpus.reader import YamlCorpusReader
from claimcheck.entailment import OnnxCrossEncoder, TorchCrossEncoder, premise_set
from claimcheck.retrieval import HybridRetriever, OnnxEncoder, load_index
from claimcheck.verdict.judge import SET_SIZE
from fit_verdict import NAMES, calibration_rows, prepare


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readers", type=Path, nargs="+")
    parser.add_argument("--corpus", type=Path, default=Path("corpus/ketamine"))
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    corpus = YamlCorpusReader().read(args.corpus)
    encoder = OnnxEncoder(args.models / "encoder", threads=args.threads)
    index = load_index(
        corpus, encoder, shipped=args.models / "index" / f"{corpus.manifest.name}.npz", cache=Path("runs")
    )
    rows = [row for row in calibration_rows(args.gold, args.corpus / "training" / "variants.jsonl") if row["real"]]
    prepared = prepare([row["text"] for row in rows], encoder, HybridRetriever(corpus, index))
    pairs = [(p.claim.text, premise_set([m.record for m in p.matches[:SET_SIZE]])) for p in prepared]
    gold = np.array([NAMES.index(row["label"]) for row in rows])
    for folder in args.readers:
        exported = (folder / "model.onnx").is_file()
        reader = OnnxCrossEncoder(folder, threads=args.threads) if exported else TorchCrossEncoder(str(folder))
        # The fourth output, not enough, is read as unverified.
        found = reader.predict(pairs)
        surprise = -np.log(np.clip(found[np.arange(len(gold)), gold], 1e-4, 1)).mean()
        kappa = cohen_kappa_score(gold, found.argmax(axis=1))
        line = {"reader": folder.name, "n": len(gold), "kappa": round(kappa, 3), "log_loss": round(float(surprise), 3)}
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
