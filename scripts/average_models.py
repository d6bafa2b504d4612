"""Average the weights of models trained from one base on shards of one pass (local SGD, one round).

    python scripts/average_models.py runs/acc-d1 runs/acc-d2 --out runs/acc-d

The tokenizer and configuration are the first model's. Averaging is sound only for models that started from the same
weights and moved little; the result is measured like any other run.
"""

import argparse
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file


def averaged(folders):
    """Return the mean of the models' tensors.

    :raises ValueError: when they don't have the same tensors.
    """
    states = [load_file(folder / "model.safetensors") for folder in folders]
    if any(state.keys() != states[0].keys() for state in states):
        raise ValueError("found models with different tensors, expected shards of one pass")
    return {name: torch.stack([state[name].float() for state in states]).mean(0) for name in states[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(args.models[0] / name, args.out / name)
    save_file(averaged(args.models), args.out / "model.safetensors", metadata={"format": "pt"})


if __name__ == "__main__":
    main()
