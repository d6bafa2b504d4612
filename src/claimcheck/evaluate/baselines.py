"""What any checker has to beat on the same rows: the commonest label, the claim's words alone, a zero-shot model."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from claimcheck.entailment import OUTPUTS, CrossEncoder, TorchCrossEncoder
from claimcheck.errors import UsageError
from claimcheck.evaluate.judging import Judge
from claimcheck.evaluate.rows import Dataset, PairRow, read_dataset

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Baseline", "Majority", "TfidfLogistic", "ZeroShot", "train_tfidf", "zero_shot"]

ZERO_SHOT_EVIDENCE = 5
# Inverse regularisation, fixed beforehand: a baseline tuned on the rows it is measured on would be flattered.
STRENGTH = 10.0


class Baseline(Protocol):
    """A way to label rows that is not the checker."""

    @property
    def name(self) -> str:
        """Return a stable name: majority, tfidf or zero_shot."""
        ...

    @property
    def note(self) -> str:
        """Return one sentence on what it is and saw."""
        ...

    def probabilities(self, dataset: Dataset, labels: Sequence[str]) -> "NDArray[np.float64]":
        """Return probabilities, shape (rows, labels)."""
        ...


class Majority:
    """Gives every row the label that is commonest among the very rows measured, with the labels' shares."""

    name = "majority"
    note = "every row gets the label that is commonest among these rows"

    def probabilities(self, dataset: Dataset, labels: Sequence[str]) -> "NDArray[np.float64]":
        """Return the share of each label, the same for every row."""
        counts = Counter(row.label for row in dataset.rows)
        shares = np.array([counts[label] for label in labels], dtype=float) / len(dataset.rows)
        return np.tile(shares, (len(dataset.rows), 1))


@dataclass(frozen=True, slots=True)
class TfidfLogistic:
    """Logistic regression over the claim's words and word pairs: what can be had without any evidence."""

    texts: tuple[str, ...]
    targets: tuple[str, ...]
    source: str
    name: str = "tfidf"

    @property
    def note(self) -> str:
        """Return what it was trained on."""
        kind = "words of the claim alone (TF-IDF, logistic regression)"
        return f"{kind}, trained on {len(self.texts)} rows of {self.source}"

    def probabilities(self, dataset: Dataset, labels: Sequence[str]) -> "NDArray[np.float64]":
        """Return the classifier's probabilities; a label that training lacked gets 0.

        :raises UsageError: when scikit-learn is not installed.
        """
        try:
            from sklearn.feature_extraction.text import (  # type: ignore[import-untyped,import-not-found,unused-ignore]  # an extra, untyped
                TfidfVectorizer,
            )
            from sklearn.linear_model import (  # type: ignore[import-untyped,import-not-found,unused-ignore]  # an extra, untyped
                LogisticRegression,
            )
        except ImportError as error:
            raise UsageError("--baselines needs scikit-learn: `pip install 'claimcheck[train]'`") from error
        vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        model = LogisticRegression(C=STRENGTH, max_iter=2000, class_weight="balanced")
        model.fit(vectors.fit_transform(self.texts), self.targets)
        found = model.predict_proba(vectors.transform(_texts(dataset)))
        table = np.zeros((len(dataset.rows), len(labels)))
        for column, label in enumerate(model.classes_):
            table[:, list(labels).index(label)] = found[:, column]
        return table


def train_tfidf(path: Path, dataset: Dataset) -> TfidfLogistic:
    """Return the words-only baseline for rows, trained on a file of rows of their kind, without any text they share.

    :raises UsageError: when the file's rows are of another kind, or fewer than two labels are left to learn.
    :raises SourceError: when the file cannot be read.
    """
    if dataset.kind == "units":
        raise UsageError("--baselines learns from claims and pairs; leave it out for units")
    train = read_dataset(path, kind=dataset.kind)
    measured = set(map(_normal, _texts(dataset)))
    kept = [
        (text, row.label) for text, row in zip(_texts(train), train.rows, strict=True) if _normal(text) not in measured
    ]
    if len({label for _, label in kept}) < 2:
        raise UsageError(f"{path}: its rows have fewer than two labels beside the texts measured; name other rows")
    shared = len(train.rows) - len(kept)
    source = train.name + (f", {shared} left out because their text is measured" if shared else "")
    return TfidfLogistic(tuple(text for text, _ in kept), tuple(label for _, label in kept), source)


def _texts(dataset: Dataset) -> list[str]:
    return [row.claim for row in dataset.pairs] or [row.text for row in dataset.claims]


def _normal(text: str) -> str:
    return " ".join(text.lower().split())


class ZeroShot:
    """An entailment model that never saw a label of ours, over the five nearest records (or the pair's own text).

    It reads evidence first and the claim second, as such models are trained. A claim is as supported, overstated or
    contradicted as the record that says so most, and unsettled as the record that settles it most leaves it.
    """

    name = "zero_shot"

    def __init__(self, reader: CrossEncoder, judge: Judge, model: str) -> None:
        self._reader, self._judge = reader, judge
        self.note = f"{model}, not trained on these labels, over the {ZERO_SHOT_EVIDENCE} nearest records"

    def probabilities(self, dataset: Dataset, labels: Sequence[str]) -> "NDArray[np.float64]":
        """Return probabilities in the order of ``labels``, whose last is "not enough" or "unverified".

        :raises UsageError: when the rows are units.
        """
        if dataset.kind == "units":
            raise UsageError("--zero-shot judges claims and pairs; leave it out for units")
        evidence = self._evidence(dataset)
        claims = _texts(dataset)
        pairs = [(text, claim) for claim, texts in zip(claims, evidence, strict=True) for text in texts]
        read = self._reader.predict(pairs) if pairs else np.zeros((0, len(OUTPUTS)))
        table, start = np.zeros((len(claims), len(labels))), 0
        for row, texts in enumerate(evidence):
            own = read[start : start + len(texts)]
            start += len(texts)
            table[row] = [*own[:, :-1].max(axis=0), own[:, -1].min()] if len(texts) else [0, 0, 0, 1]
        result: NDArray[np.float64] = table / table.sum(axis=1, keepdims=True)
        return result

    def _evidence(self, dataset: Dataset) -> list[list[str]]:
        if dataset.pairs:
            return [[row.evidence] for row in dataset.pairs if isinstance(row, PairRow)]
        found = self._judge.retrieve([row.text for row in dataset.claims], ZERO_SHOT_EVIDENCE)
        return [[match.record.statement for match in matches] for matches in found]


def zero_shot(model: str, judge: Judge) -> ZeroShot:
    """Return the zero-shot baseline with a cross-encoder from a folder or a hub.

    :raises UsageError: when torch is not installed, or the model is not there or has unknown labels.
    """
    return ZeroShot(TorchCrossEncoder(model), judge, model)
