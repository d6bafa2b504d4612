"""Train a cross-encoder on {claim, premise, label | target, weight} rows: any stage, resumable, seeded.

    python scripts/train_cross_encoder.py --base BASE --rows runs/entailment.jsonl --out runs/stage1-small --lr 6e-5

``target`` is a distribution over the four outputs (a teacher's), ``label`` one of them. A run that was stopped goes on
from its last checkpoint when started again with the same arguments. Every finished run adds a line to runs/table.jsonl.
"""

import argparse
import json
import time
from pathlib import Path

import torch
from datasets import Dataset
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
    set_seed,
)
from transformers.trainer_utils import get_last_checkpoint

from open_datasets import OUTPUTS, read_rows


class SoftTargetTrainer(Trainer):
    """Cross-entropy against a distribution, weighted by row."""

    def compute_loss(self, model, inputs, return_outputs=False, **_):
        """Return the weighted mean loss of a batch, with the outputs when they are asked for."""
        target, weight = inputs.pop("target"), inputs.pop("weight")
        outputs = model(**inputs)
        per_row = -(target * outputs.logits.float().log_softmax(-1)).sum(-1)
        loss = (per_row * weight).sum() / weight.sum()
        return (loss, outputs) if return_outputs else loss


def target_of(row, smoothing):
    """Return a row's target distribution over the outputs."""
    if "target" in row:
        return [float(value) for value in row["target"]]
    rest = smoothing / (len(OUTPUTS) - 1)
    return [1 - smoothing if name == row["label"] else rest for name in OUTPUTS]


def tokenised(rows, tokenizer, max_tokens, smoothing):
    """Return the rows as a Dataset of token ids, targets, weights and lengths."""

    def encode(batch):
        return tokenizer(batch["claim"], batch["premise"], truncation="longest_first", max_length=max_tokens)

    data = Dataset.from_dict(
        {
            "claim": [row["claim"] for row in rows],
            "premise": [row["premise"] for row in rows],
            "target": [target_of(row, smoothing) for row in rows],
            "weight": [float(row.get("weight", 1.0)) for row in rows],
        }
    ).map(encode, batched=True, remove_columns=["claim", "premise"])
    return data.add_column("length", [len(ids) for ids in data["input_ids"]])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True)
    parser.add_argument("--rows", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=float, default=2)
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--max-tokens", type=int, default=192)
    parser.add_argument("--smoothing", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--freeze", type=int, default=0, help="keep the embeddings and this many lower layers as they are"
    )
    args = parser.parse_args()
    set_seed(args.seed)
    torch.set_num_threads(args.threads)
    rows = [row for path in args.rows for row in read_rows(path)]
    tokenizer = AutoTokenizer.from_pretrained(args.base)
    model = AutoModelForSequenceClassification.from_pretrained(
        args.base, num_labels=len(OUTPUTS), id2label=dict(enumerate(OUTPUTS)),
        label2id={name: index for index, name in enumerate(OUTPUTS)}, ignore_mismatched_sizes=True,
    )  # fmt: skip
    if args.freeze:
        # Word knowledge is in the lower layers already; leaving them alone saves a quarter of the time.
        body = model.base_model
        for part in (body.embeddings, *body.encoder.layer[: args.freeze]):
            part.requires_grad_(False)
    training = TrainingArguments(
        output_dir=str(args.out / "checkpoints"), num_train_epochs=args.epochs, learning_rate=args.lr,
        per_device_train_batch_size=args.batch, warmup_steps=0.06, weight_decay=0.01, lr_scheduler_type="linear",
        bf16=True, use_cpu=True, seed=args.seed, save_steps=400, save_total_limit=1, logging_steps=50, report_to=[],
        train_sampling_strategy="group_by_length", length_column_name="length", remove_unused_columns=False,
        dataloader_pin_memory=False, disable_tqdm=True,
    )  # fmt: skip
    data = tokenised(rows, tokenizer, args.max_tokens, args.smoothing)
    collate = DataCollatorWithPadding(tokenizer)

    def collator(features):
        return collate([{key: value for key, value in row.items() if key != "length"} for row in features])

    trainer = SoftTargetTrainer(model=model, args=training, train_dataset=data, data_collator=collator)
    started = time.time()
    last = get_last_checkpoint(training.output_dir) if Path(training.output_dir).is_dir() else None
    result = trainer.train(resume_from_checkpoint=last)
    model.save_pretrained(args.out)
    tokenizer.save_pretrained(args.out)
    line = {
        "run": args.out.name, "base": str(args.base), "rows": len(rows), "epochs": args.epochs, "lr": args.lr,
        "seed": args.seed, "loss": round(result.training_loss, 4),
        "minutes": round((time.time() - started) / 60, 1),
    }  # fmt: skip
    with (args.out.parent / "table.jsonl").open("a", encoding="utf-8") as table:
        table.write(json.dumps(line) + "\n")
    print(json.dumps(line))


if __name__ == "__main__":
    main()
