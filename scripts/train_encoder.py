r"""Fine-tune the retriever's bi-encoder: claims to the statements of the records that decide them.

    python scripts/train_encoder.py --base BASE/all-MiniLM-L6-v2 --corpus corpus/ketamine \
        --gold ../shared/gold --out runs/encoder

Multiple-negatives ranking with the corpus's own hard negatives. Examples of benchmark records are never read; linked
claims of one domain in ten are held out, and recall at 1, 5 and 10 on them is printed before and after.
"""

import argparse
import hashlib
import json
import random
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.losses import MultipleNegativesRankingLoss
from sentence_transformers.training_args import BatchSamplers

from claimcheck.corpus.reader import YamlCorpusReader
from open_datasets import read_rows


def held_out(domain):
    """Return whether a domain is kept for measuring: one in ten, by hash."""
    return hashlib.sha256(domain.encode()).digest()[0] % 10 == 0


def triples(corpus, linked, variants, seed):
    """Return (claim, statement that decides it, statement that does not) rows."""
    rng = random.Random(seed)
    by_id = {record.id: record for record in corpus.records}
    rows = []
    for record in corpus.records:
        if record.fold == "benchmark":
            continue
        negatives = [by_id[i].statement for i in record.hard_negatives if i in by_id]
        for example in record.examples:
            rows.append((example.text, record.statement, rng.choice(negatives or [record.statement])))
    for row in linked:
        if held_out(row["domain"]):
            continue
        negatives = [by_id[i].statement for i in row["irrelevant"] if i in by_id]
        for item in row["evidence"][:2]:
            if item["id"] in by_id and negatives:
                rows.append((row["text"], by_id[item["id"]].statement, rng.choice(negatives)))
    for row in variants:
        if row.get("record") in by_id:
            record = by_id[row["record"]]
            negatives = [by_id[i].statement for i in record.hard_negatives if i in by_id]
            rows.append((row["text"], record.statement, rng.choice(negatives)))
    return [row for row in rows if row[1] != row[2]]


def recall(model, corpus, linked):
    """Return the share of held-out linked claims whose evidence is among the nearest 1, 5 and 10 statements."""
    rows = [row for row in linked if held_out(row["domain"]) and row["evidence"]]
    statements = model.encode([record.statement for record in corpus.records], normalize_embeddings=True)
    ids = [record.id for record in corpus.records]
    claims = model.encode([row["text"] for row in rows], normalize_embeddings=True)
    order = np.argsort(-(claims @ statements.T), axis=1)
    return {
        f"recall@{k}": round(
            float(
                np.mean(
                    [
                        any(ids[j] in {e["id"] for e in row["evidence"]} for j in best[:k])
                        for row, best in zip(rows, order, strict=True)
                    ]
                )
            ),
            3,
        )
        for k in (1, 5, 10)
    } | {"claims": len(rows)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True)
    parser.add_argument("--corpus", type=Path, nargs="+", required=True)
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=float, default=2)
    parser.add_argument("--lr", type=float, default=5e-5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=13)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    linked = list(read_rows(args.gold / "claims_train_linked.jsonl"))
    rows = []
    for folder in args.corpus:
        corpus = YamlCorpusReader().read(folder)
        variants = folder / "training" / "variants.jsonl"
        is_first = folder == args.corpus[0]
        rows += triples(
            corpus, linked if is_first else [], list(read_rows(variants)) if variants.is_file() else [], args.seed
        )
    random.Random(args.seed).shuffle(rows)
    model = SentenceTransformer(args.base)
    model.max_seq_length = 96
    main_corpus = YamlCorpusReader().read(args.corpus[0])
    print("before", json.dumps(recall(model, main_corpus, linked)), flush=True)
    data = Dataset.from_dict(
        {"anchor": [r[0] for r in rows], "positive": [r[1] for r in rows], "negative": [r[2] for r in rows]}
    )
    training = SentenceTransformerTrainingArguments(
        output_dir=str(args.out / "checkpoints"), num_train_epochs=args.epochs, per_device_train_batch_size=64,
        learning_rate=args.lr, warmup_steps=0.1, bf16=True, use_cpu=True, seed=args.seed, report_to=[],
        logging_steps=50, save_steps=200, save_total_limit=1, batch_sampler=BatchSamplers.NO_DUPLICATES,
        disable_tqdm=True, dataloader_pin_memory=False,
    )  # fmt: skip
    SentenceTransformerTrainer(
        model=model, args=training, train_dataset=data, loss=MultipleNegativesRankingLoss(model, scale=25.0)
    ).train()
    print("after", json.dumps(recall(model, main_corpus, linked)), f"{len(rows)} rows", flush=True)
    model.save(str(args.out))


if __name__ == "__main__":
    main()
