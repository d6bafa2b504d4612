"""Keep the first N layers of a base encoder: the start of the large cross-encoder.

    python scripts/truncate_base.py --base BASE/all-mpnet-base-v2 --layers 8 --out runs/mpnet-8

The top layers of a sentence encoder serve its pooling; dropping them costs little after fine-tuning (Sajjad et al.,
"On the effect of dropping layers of pre-trained transformer models", Computer Speech & Language 2023) and brings the
int8 file under the size a git host takes, with two thirds of the time a claim.
"""

import argparse
from pathlib import Path

from transformers import AutoModel, AutoTokenizer


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True)
    parser.add_argument("--layers", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    model = AutoModel.from_pretrained(args.base)
    model.encoder.layer = model.encoder.layer[: args.layers]
    model.config.num_hidden_layers = args.layers
    model.save_pretrained(args.out)
    AutoTokenizer.from_pretrained(args.base).save_pretrained(args.out)


if __name__ == "__main__":
    main()
