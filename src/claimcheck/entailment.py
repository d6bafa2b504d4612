"""How one claim stands to evidence: probabilities of supported, overstated, contradicted and not enough.

The cross-encoder reads the claim and one statement, or several statements together (an evidence set); the four outputs
mean the same in both cases. ``not_enough`` says that what was read does not settle the claim.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from claimcheck.errors import DamagedDataError, UsageError
from claimcheck.onnx import OnnxText
from claimcheck.records import EvidenceRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["OUTPUTS", "CrossEncoder", "OnnxCrossEncoder", "TorchCrossEncoder", "premise", "premise_set", "softmax"]

_Float = TypeVar("_Float", bound="np.floating[Any]")

OUTPUTS = ("supported", "overstated", "contradicted", "not_enough")

# What a cross-encoder trained elsewhere calls its outputs, translated once.
_FOREIGN = {
    "entailment": "supported",
    "support": "supported",
    "supports": "supported",
    "contradiction": "contradicted",
    "refutes": "contradicted",
    "contradict": "contradicted",
    "neutral": "not_enough",
    "not_enough_info": "not_enough",
    "nei": "not_enough",
}


def premise(record: EvidenceRecord) -> str:
    """Return a record as the cross-encoder reads it: its certainty, then its statement."""
    return f"({record.certainty.replace('_', ' ')} certainty) {record.statement}"


def premise_set(records: Sequence[EvidenceRecord]) -> str:
    """Return several records as one text, best first."""
    return " ".join(premise(record) for record in records)


class CrossEncoder(Protocol):
    """Judges (claim, premise) pairs."""

    def predict(self, pairs: Sequence[tuple[str, str]]) -> "NDArray[np.float32]":
        """Return uncalibrated probabilities, shape (len(pairs), 4), columns in the order of ``OUTPUTS``."""


def softmax(logits: "NDArray[_Float]") -> "NDArray[_Float]":
    """Return row-wise softmax of ``logits``, shape and precision unchanged."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: NDArray[_Float] = shifted / shifted.sum(axis=1, keepdims=True)
    return result


class OnnxCrossEncoder:
    """The shipped cross-encoder: int8 ONNX on the CPU."""

    def __init__(self, folder: Path, *, threads: int = 0) -> None:
        """Load the model in ``folder``.

        :raises DamagedDataError: when it is missing, damaged or has other outputs.
        """
        self._model = OnnxText(folder, threads=threads)
        if tuple(self._model.config.get("labels", ())) != OUTPUTS:
            raise DamagedDataError(f"{folder}: config.json names other labels than {', '.join(OUTPUTS)}")

    def predict(self, pairs: Sequence[tuple[str, str]]) -> "NDArray[np.float32]":
        """Return uncalibrated probabilities, shape (len(pairs), 4)."""
        return softmax(self._model.run(list(pairs)))


class TorchCrossEncoder:
    """Any cross-encoder that transformers can load, on the GPU if there is one.

    Three-way entailment models serve too: their labels are translated, and "overstated" gets probability 0.
    """

    def __init__(self, name: str, *, batch_size: int = 16, max_tokens: int = 256) -> None:
        """Load the model from a local folder or a hub.

        :raises UsageError: when the extra is not installed or the model has unknown labels.
        """
        if not name:
            raise UsageError("the torch backend needs the model's folder or hub name in `torch_model`")
        try:
            import torch
            from transformers import AutoModelForSequenceClassification, AutoTokenizer
        except ImportError as error:
            raise UsageError("the torch backend needs `pip install 'claimcheck[train]'`") from error
        self._torch = torch
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(name)
            self._model: Any = AutoModelForSequenceClassification.from_pretrained(name).to(self._device).eval()
        except (OSError, ValueError) as error:
            raise UsageError(f"found no cross-encoder at {name!r} ({error})") from error
        self._columns = output_columns(self._model.config.id2label, name)
        self._batch_size, self._max_tokens = batch_size, max_tokens

    def predict(self, pairs: Sequence[tuple[str, str]]) -> "NDArray[np.float32]":
        """Return uncalibrated probabilities, shape (len(pairs), 4)."""
        output = np.zeros((len(pairs), len(OUTPUTS)), dtype=np.float32)
        order = sorted(range(len(pairs)), key=lambda i: sum(map(len, pairs[i])))
        for start in range(0, len(order), self._batch_size):
            rows = order[start : start + self._batch_size]
            batch = self._tokenizer(
                [pairs[i][0] for i in rows],
                [pairs[i][1] for i in rows],
                truncation="longest_first",
                max_length=self._max_tokens,
                padding=True,
                return_tensors="pt",
            ).to(self._device)
            with self._torch.inference_mode():
                logits = self._model(**batch).logits.float().cpu().numpy()
            output[np.ix_(rows, self._columns)] = softmax(logits)
        return output


def output_columns(id2label: dict[int, str], name: str) -> list[int]:
    """Return, for each output of a foreign model, its column among ``OUTPUTS``.

    :raises UsageError: when a label is unknown.
    """
    columns = []
    for index in range(len(id2label)):
        label = str(id2label[index]).lower().replace(" ", "_").replace("-", "_")
        label = _FOREIGN.get(label, label)
        if label not in OUTPUTS:
            raise UsageError(
                f"{name}: found the label {id2label[index]!r}, expected names such as {', '.join(OUTPUTS)}"
            )
        columns.append(OUTPUTS.index(label))
    return columns
