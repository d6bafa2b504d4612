"""Text through an ONNX encoder: one tokenizer and one session, batches sorted by length.

Shared by the retriever's encoder and the cross-encoders, which differ only in what the graph returns. A model is a
folder with ``model.onnx``, ``tokenizer.json`` and ``config.json``, loaded from disk and never fetched.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from claimcheck.errors import DamagedDataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["OnnxText", "read_config"]

# Of 4, 8, 16 and 32 on two cores 8 costs least a claim for both readers: padding outweighs the gain beyond.
BATCH = 8


def read_config(folder: Path) -> dict[str, Any]:
    """Return ``config.json`` of a model folder.

    :raises DamagedDataError: when it is missing or not JSON.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedDataError(f"{folder}: config.json cannot be read ({error}); reinstall claimcheck") from error
    if not isinstance(config, dict):
        raise DamagedDataError(f"{folder}: config.json holds {type(config).__name__}, expected an object")
    return config


class OnnxText:
    """An ONNX graph over tokenised text; ``run`` returns its first output, one row a text."""

    def __init__(self, folder: Path, *, threads: int = 0) -> None:
        """Load the model in ``folder``.

        :raises DamagedDataError: when a file is missing or damaged.
        """
        import onnxruntime
        from tokenizers import Tokenizer

        self.config = read_config(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # Spinning threads win nothing at these batch sizes and take a core from whoever shares the machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._tokenizer.enable_truncation(int(self.config["max_tokens"]), strategy="longest_first")
            self._tokenizer.enable_padding(
                pad_id=int(self.config["pad_token_id"]), pad_token=str(self.config["pad_token"])
            )
        except Exception as error:  # onnxruntime and tokenizers raise bare Exception on damaged files
            raise DamagedDataError(f"{folder}: the model does not load ({error}); reinstall claimcheck") from error
        self._inputs = {item.name for item in self._session.get_inputs()}
        self._width = int(self._session.get_outputs()[0].shape[-1])

    def run(self, texts: Sequence[str] | Sequence[tuple[str, str]]) -> "NDArray[np.float32]":
        """Return the graph's first output, shape (len(texts), width), in the order of ``texts``."""
        output = np.zeros((len(texts), self._width), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: sum(map(len, texts[i])))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            encodings = self._tokenizer.encode_batch([texts[i] for i in rows])
            feed = {
                "input_ids": np.array([e.ids for e in encodings], dtype=np.int64),
                "attention_mask": np.array([e.attention_mask for e in encodings], dtype=np.int64),
            }
            if "token_type_ids" in self._inputs:
                feed["token_type_ids"] = np.array([e.type_ids for e in encodings], dtype=np.int64)
            output[rows] = self._session.run(None, feed)[0]
        return output
