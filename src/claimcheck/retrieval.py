"""Evidence for claims: dense similarity to statements and to labelled wordings, fused with BM25.

The index holds one embedding a record statement and one a labelled example (a "wording"). A record scores by its
statement or by its nearest wording, whichever is closer, because clinics' words are far from those of papers. The index
is an ``.npz`` of plain arrays keyed by the digests of pack and encoder; one that fits is shipped, and another pack's is
built once and kept in the user's cache.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from claimcheck.corpus.reader import Corpus
from claimcheck.errors import DamagedDataError
from claimcheck.onnx import OnnxText
from claimcheck.records import EvidenceRecord, Example, Label, Match

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Encoder", "HybridRetriever", "Index", "OnnxEncoder", "Retriever", "Wording", "build_index", "load_index"]

# Weights of the fused score, chosen on claims_train_linked by scripts/tune_retrieval.py (docs/results.md has the
# table).
WORDING_WEIGHT = 0.7
BM25_WEIGHT = 0.1

INDEX_FORMAT = 1


class Encoder(Protocol):
    """Turns texts into unit vectors."""

    digest: str

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Return unit vectors, shape (len(texts), dimensions)."""


class OnnxEncoder:
    """The shipped bi-encoder: int8 ONNX, pooled and normalised in the graph."""

    def __init__(self, folder: Path, *, threads: int = 0) -> None:
        """Load the model in ``folder``.

        :raises DamagedDataError: when it is missing or damaged.
        """
        self._model = OnnxText(folder, threads=threads)
        self.digest = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Return unit vectors, shape (len(texts), dimensions)."""
        return self._model.run(list(texts))


@dataclass(frozen=True, slots=True)
class Wording:
    """A labelled example of the corpus near a claim, with its cosine similarity."""

    text: str
    label: Label
    record_id: str
    cosine: float


@dataclass(frozen=True, slots=True)
class Index:
    """Embeddings of a pack: statements (records, d), wordings (examples, d) and each wording's record number."""

    statements: "NDArray[np.float32]"
    wordings: "NDArray[np.float32]"
    owners: "NDArray[np.int32]"
    key: str


class Retriever(Protocol):
    """Finds the evidence that may bear on claims."""

    def search(self, vectors: "NDArray[np.float32]", texts: Sequence[str], top_k: int) -> list[list[Match]]:
        """Return for each claim its ``top_k`` matches, best first."""

    def wordings(self, vectors: "NDArray[np.float32]", top_k: int) -> list[list[Wording]]:
        """Return for each claim its ``top_k`` nearest labelled wordings, nearest first."""


def index_key(corpus: Corpus, encoder: Encoder) -> str:
    """Return the digest that ties an index to its pack and encoder."""
    return hashlib.sha256(f"{INDEX_FORMAT}:{corpus.sha256}:{encoder.digest}".encode()).hexdigest()


def indexed_examples(record: EvidenceRecord) -> tuple[Example, ...]:
    """Return the wordings of a record that the index holds: none kept for measuring, none of a retired record."""
    return () if record.fold == "benchmark" or record.status != "current" else record.examples


def build_index(corpus: Corpus, encoder: Encoder) -> Index:
    """Embed a pack's statements and labelled wordings."""
    texts = [example.text for record in corpus.records for example in indexed_examples(record)]
    owners = [number for number, record in enumerate(corpus.records) for _ in indexed_examples(record)]
    statements = encoder.encode([record.statement for record in corpus.records])
    wordings = encoder.encode(texts) if texts else np.zeros((0, statements.shape[1]), dtype=np.float32)
    return Index(statements, wordings, np.array(owners, dtype=np.int32), index_key(corpus, encoder))


def save_index(index: Index, path: Path) -> None:
    """Write an index in half precision, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            np.savez_compressed(
                stream,
                statements=index.statements.astype(np.float16),
                wordings=index.wordings.astype(np.float16),
                owners=index.owners,
                key=np.array(index.key),
            )
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_index(path: Path) -> Index:
    """Return the index stored at ``path``.

    :raises DamagedDataError: when it cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            return Index(
                data["statements"].astype(np.float32),
                data["wordings"].astype(np.float32),
                data["owners"],
                str(data["key"]),
            )
    except Exception as error:  # numpy and zipfile raise a dozen kinds on damaged files
        raise DamagedDataError(f"{path}: the index cannot be read ({error}); delete it, it will be rebuilt") from error


def load_index(corpus: Corpus, encoder: Encoder, *, shipped: Path, cache: Path) -> Index:
    """Return the pack's index: the shipped one if its key fits, else the cached one, else a new one, then cached."""
    key = index_key(corpus, encoder)
    for path in (shipped, cache / f"{corpus.manifest.name}-{key[:16]}.npz"):
        if path.is_file():
            index = read_index(path)
            if index.key == key and len(index.statements) == len(corpus.records):
                return index
    index = build_index(corpus, encoder)
    try:
        save_index(index, cache / f"{corpus.manifest.name}-{key[:16]}.npz")
    except OSError:
        # A read-only home is no reason to fail: the index is in memory, only the next start is slower.
        return index
    return index


def bm25_tokens(text: str) -> list[str]:
    """Return lower-case words and numbers with plural endings cut, which is all the stemming these texts need."""
    words = re.findall(r"[a-z]+|\d+(?:\.\d+)?", text.lower())
    return [word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word for word in words]


class HybridRetriever:
    """Fuses cosine similarity with BM25 (Robertson and Zaragoza, 2009; the bm25s library)."""

    def __init__(self, corpus: Corpus, index: Index) -> None:
        import bm25s

        self._records = corpus.records
        self._index = index
        self._examples = [(example, record.id) for record in corpus.records for example in indexed_examples(record)]
        documents = [bm25_tokens(f"{r.topic.replace('_', ' ')} {r.statement}") for r in corpus.records]
        # A retracted or superseded record stays in the pack for old reports; no new verdict rests on it.
        self._retired = np.array([record.status != "current" for record in corpus.records])
        self._vocabulary = {token for document in documents for token in document}
        self._bm25 = bm25s.BM25(method="lucene")
        self._bm25.index(documents, show_progress=False)

    def search(self, vectors: "NDArray[np.float32]", texts: Sequence[str], top_k: int) -> list[list[Match]]:
        """Return for each claim its ``top_k`` matches, best first; ``vectors`` has shape (claims, d)."""
        if len(texts) == 0:
            return []
        cosine = self._record_cosines(vectors)
        lexical = np.stack([self._lexical(text) for text in texts])
        ceiling = np.maximum(lexical.max(axis=1, keepdims=True), 1e-9)
        fused = cosine + BM25_WEIGHT * lexical / ceiling
        fused[:, self._retired] = -np.inf
        top_k = min(top_k, int((~self._retired).sum()))
        best = np.argsort(-fused, axis=1, kind="stable")[:, :top_k]
        return [
            [
                Match(self._records[j], float(fused[i, j]), float(cosine[i, j]), float(lexical[i, j]), rank)
                for rank, j in enumerate(best[i])
            ]
            for i in range(len(texts))
        ]

    def wordings(self, vectors: "NDArray[np.float32]", top_k: int) -> list[list[Wording]]:
        """Return for each claim its ``top_k`` nearest labelled wordings, nearest first."""
        if not self._examples:
            return [[] for _ in range(len(vectors))]
        similarity = vectors @ self._index.wordings.T
        best = np.argsort(-similarity, axis=1, kind="stable")[:, :top_k]
        result = []
        for i, row in enumerate(best):
            found = [(self._examples[j], float(similarity[i, j])) for j in row]
            result.append([Wording(example.text, example.verdict, owner, cosine) for (example, owner), cosine in found])
        return result

    def _record_cosines(self, vectors: "NDArray[np.float32]") -> "NDArray[np.float32]":
        cosine = vectors @ self._index.statements.T
        if len(self._index.owners):
            near = WORDING_WEIGHT * (vectors @ self._index.wordings.T)
            # Wordings lie record by record, so the best of each record is one reduction over its run.
            starts = np.flatnonzero(np.diff(self._index.owners, prepend=-1))
            owners = self._index.owners[starts]
            cosine[:, owners] = np.maximum(cosine[:, owners], np.maximum.reduceat(near, starts, axis=1))
        return cosine

    def _lexical(self, text: str) -> "NDArray[np.float32]":
        tokens = [token for token in bm25_tokens(text) if token in self._vocabulary]
        if not tokens:
            return np.zeros(len(self._records), dtype=np.float32)
        scores: NDArray[np.float32] = self._bm25.get_scores(tokens)
        return scores
