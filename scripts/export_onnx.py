"""Export a trained model to the shipped form: int8 ONNX, tokenizer, JSON config, all in one folder.

    python scripts/export_onnx.py encoder runs/encoder models/encoder
    python scripts/export_onnx.py reader runs/reader-fast models/reader-fast
    python scripts/export_onnx.py reader runs/reader-accurate models/reader-accurate --blocks

Weights are quantised to int8 a channel, activations at run time with one scale a tensor (onnxruntime's dynamic
quantisation). With --blocks, weights and activations get a scale for each 128 values (MatMulNBits): some 1.6 times
slower, nearly exact, and a row's result does not hang on the others of its batch. The largest difference from the float
model over sample inputs is printed; a model card is written by scripts/make_results.py.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

BLOCK = 128
# MatMulNBits' accuracy_level: activations in int8 too, block by block.
INT8_ACTIVATIONS = 4
MAX_TOKENS = {"encoder": 96, "reader": 224}
SAMPLES = [
    ("Ketamine is FDA approved for depression.", "(high certainty) Ketamine is approved as an anesthetic only."),
    ("It may help some people.", "(low certainty) In 41 adults, 59% responded after six open-label infusions."),
    (
        "No long-term side effects.",
        "(moderate certainty) Long-term data are scarce; bladder harm occurs in heavy users.",
    ),
]


class Encoder(torch.nn.Module):
    """Mean pooling and normalisation inside the graph, so that one call gives unit vectors."""

    def __init__(self, folder):
        super().__init__()
        self.model = AutoModel.from_pretrained(folder, attn_implementation="eager")

    def forward(self, input_ids, attention_mask, token_type_ids=None):
        """Return unit vectors, shape (texts, d)."""
        extra = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        states = self.model(input_ids=input_ids, attention_mask=attention_mask, **extra).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        pooled = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
        return torch.nn.functional.normalize(pooled, dim=1)


class Reader(torch.nn.Module):
    """Logits over the four outputs."""

    def __init__(self, folder):
        super().__init__()
        self.model = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager")

    def forward(self, input_ids, attention_mask, token_type_ids=None):
        """Return logits, shape (pairs, 4)."""
        extra = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        return self.model(input_ids=input_ids, attention_mask=attention_mask, **extra).logits


def quantize_blocks(raw, out):
    """Write the model with 8-bit matrices of 128-value blocks, and its embeddings in int8."""
    quantizer = MatMulNBitsQuantizer(
        onnx.load(raw), bits=8, block_size=BLOCK, is_symmetric=True, accuracy_level=INT8_ACTIVATIONS
    )
    quantizer.process()
    halfway = raw.with_name("blocks.onnx")
    onnx.save(quantizer.model.model, halfway)
    quantize_dynamic(halfway, out, op_types_to_quantize=["Gather"], weight_type=QuantType.QInt8)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["encoder", "reader"])
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--blocks", action="store_true", help="a scale for each 128 values: slower and nearly exact")
    args = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(args.source)
    model = (Encoder if args.kind == "encoder" else Reader)(args.source).eval().float()
    texts = SAMPLES if args.kind == "reader" else [claim for claim, _ in SAMPLES]
    batch = tokenizer(
        texts if args.kind == "encoder" else [a for a, _ in texts],
        None if args.kind == "encoder" else [b for _, b in texts],
        padding=True,
        return_tensors="pt",
    )
    names = [name for name in ("input_ids", "attention_mask", "token_type_ids") if name in batch]
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "float.onnx"
        torch.onnx.export(
            model, tuple(batch[name] for name in names), str(raw), input_names=names, output_names=["output"],
            dynamic_axes={name: {0: "batch", 1: "tokens"} for name in names} | {"output": {0: "batch"}},
            opset_version=17, dynamo=False,
        )  # fmt: skip
        if args.blocks:
            quantize_blocks(raw, args.out / "model.onnx")
        else:
            quantize_dynamic(raw, args.out / "model.onnx", weight_type=QuantType.QInt8, per_channel=True)
        feed = {name: batch[name].numpy() for name in names}
        exact = onnxruntime.InferenceSession(str(raw)).run(None, feed)[0]
        small = onnxruntime.InferenceSession(str(args.out / "model.onnx")).run(None, feed)[0]
    shutil.copy(args.source / "tokenizer.json", args.out / "tokenizer.json")
    config = {
        "format": 1, "kind": args.kind, "max_tokens": MAX_TOKENS[args.kind], "pad_token": tokenizer.pad_token,
        "pad_token_id": tokenizer.pad_token_id, "parameters": sum(p.numel() for p in model.parameters()),
        **({"labels": ["supported", "overstated", "contradicted", "not_enough"]} if args.kind == "reader" else {}),
    }  # fmt: skip
    (args.out / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    size = (args.out / "model.onnx").stat().st_size / 1e6
    print(f"{args.out}: {size:.1f} MB, largest difference from float {np.abs(exact - small).max():.3f}")


if __name__ == "__main__":
    main()
