"""Build the shipped index of every pack: run it after any change of corpus or encoder.

Usage: python scripts/build_index.py
"""

from pathlib import Path

from claimcheck.corpus.reader import YamlCorpusReader, list_packs
from claimcheck.retrieval import OnnxEncoder, build_index, save_index

ROOT = Path(__file__).resolve().parent.parent


def main():
    encoder = OnnxEncoder(ROOT / "models" / "encoder")
    for name in list_packs(ROOT / "corpus"):
        corpus = YamlCorpusReader().read(ROOT / "corpus" / name)
        index = build_index(corpus, encoder)
        path = ROOT / "models" / "index" / f"{name}.npz"
        save_index(index, path)
        size = f"{path.stat().st_size / 1e6:.1f} MB"
        print(f"{path.name}: {len(index.statements)} statements, {len(index.wordings)} wordings, {size}")


if __name__ == "__main__":
    main()
