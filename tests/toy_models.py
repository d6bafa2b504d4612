"""Small stand-ins with the stages' protocols, for tests of what joins them; the models are tested elsewhere."""

import re
import zlib
from collections.abc import Sequence

import numpy as np


class BagOfWords:
    """An encoder whose cosine is word overlap."""

    digest = "bag-of-words"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return unit vectors, shape (len(texts), 256)."""
        out = np.zeros((len(texts), 256), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()):
                out[row, zlib.crc32(word.encode()) % 256] += 1
        return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)


class ScriptedReader:
    """A cross-encoder that answers by the first phrase of its script that a claim holds, else not_enough."""

    def __init__(self, script: dict[str, int]) -> None:
        self.script = script
        self.asked: list[tuple[str, str]] = []

    def predict(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        """Return 0.91 for the scripted output and 0.03 elsewhere, shape (len(pairs), 4)."""
        self.asked.extend(pairs)
        out = np.full((len(pairs), 4), 0.03, dtype=np.float32)
        for row, (claim, _) in enumerate(pairs):
            column = next((c for phrase, c in self.script.items() if phrase in claim), 3)
            out[row, column] = 0.91
        return out


class NoPhrasing:
    """A phrasing model that leans nowhere."""

    def probabilities(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """Return a quarter for each label, shape (len(texts), 4)."""
        return np.full((len(texts), 4), 0.25)
