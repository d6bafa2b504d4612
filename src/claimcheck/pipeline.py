"""The stages wired together: a page or a list of claims in, a report out.

Example::

    from claimcheck import Checker
    report = Checker.load().check_text("Ketamine is FDA approved for depression.")
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from claimcheck.claims import (
    LinearTopic,
    LinearWorthiness,
    Subject,
    TopicModel,
    WorthinessModel,
    assign_topics,
    extract_claims,
    headings_of,
    sentence_label,
)
from claimcheck.corpus.reader import Corpus, YamlCorpusReader, list_packs
from claimcheck.entailment import CrossEncoder, OnnxCrossEncoder, TorchCrossEncoder
from claimcheck.errors import SourceError, UsageError
from claimcheck.findings import page_findings
from claimcheck.page import Limits, is_foreign, load_source, page_from_text, split_sentences
from claimcheck.records import (
    Block,
    BlockKind,
    Claim,
    Coverage,
    Label,
    Match,
    Page,
    PageFinding,
    Report,
    Sentence,
    Severity,
    SourceRef,
    Span,
    Verdict,
)
from claimcheck.retrieval import Encoder, HybridRetriever, OnnxEncoder, Retriever, load_index
from claimcheck.settings import Settings, data_folder, settings_from_environment
from claimcheck.verdict.aggregate import LinearAggregator
from claimcheck.verdict.judge import Judge, LinearJudge, Prepared, SecondReader
from claimcheck.verdict.overstates import LinearWays
from claimcheck.verdict.phrasing import LinearPhrasing
from claimcheck.version import __version__

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Checker", "PageClaims", "Stages"]

# Labelled wordings that vote on a claim; of 4, 8, 12 and 20 the calibration set liked 12 best.
WORDINGS = 12
# Confidence of the small reader below which the large one reads a claim too (docs/results.md: accuracy and speed).
CASCADE_BELOW = 0.8
ALWAYS = 1.01


@dataclass(frozen=True, slots=True)
class Stages:
    """Everything a checker is made of; each part may be replaced by another that keeps its protocol."""

    corpus: Corpus
    encoder: Encoder
    retriever: Retriever
    worthiness: WorthinessModel
    topics: TopicModel
    pair_reader: CrossEncoder
    judge: Judge
    versions: dict[str, object]


@dataclass(frozen=True, slots=True)
class PageClaims:
    """A page read but not judged: sentences, the check-worthy ones, claims and their embeddings, shape (claims, d)."""

    page: Page
    sentences: tuple[Sentence, ...]
    worthy: "NDArray[np.bool_]"
    claims: tuple[Claim, ...]
    vectors: "NDArray[np.float32]"


class Checker:
    """Checks pages and claims against one evidence pack."""

    def __init__(self, settings: Settings, stages: Stages) -> None:
        self.settings = settings
        self.stages = stages
        manifest = stages.corpus.manifest
        self._subject = Subject(manifest.subject, manifest.aliases)

    @classmethod
    def load(cls, settings: Settings | None = None) -> "Checker":
        """Return a checker with the shipped models and the pack that the settings name.

        :raises UsageError: when there is no such pack or the settings are wrong.
        :raises DamagedDataError: when a model or corpus file is missing or damaged.
        """
        settings = settings or settings_from_environment()
        return cls(settings, load_stages(settings))

    @property
    def versions(self) -> dict[str, object]:
        """What made the checker's reports: claimcheck's version, the pack, digests of models and settings."""
        return self.stages.versions

    def check_url(self, url: str, *, allow_private: bool = False, limits: Limits | None = None) -> Report:
        """Return the report on the page at an http(s) address.

        :raises SourceError: when it cannot be read; its subclasses say why.
        """
        if not url.lower().startswith(("http://", "https://")):
            raise UsageError(f"found {url!r}, expected an address that begins with http:// or https://")
        return self.check_source(url, allow_private=allow_private, limits=limits)

    def check_file(self, path: str | Path, *, limits: Limits | None = None) -> Report:
        """Return the report on an HTML, text, Markdown or PDF file.

        :raises SourceError: when it cannot be read; its subclasses say why.
        """
        return self.check_source(str(path), limits=limits)

    def check_source(self, spec: str, *, allow_private: bool = False, limits: Limits | None = None) -> Report:
        """Return the report on a URL, a file, or "-" for standard input.

        :raises SourceError: when it cannot be read; its subclasses say why.
        """
        return self.check_page(load_source(spec, allow_private=allow_private, limits=limits))

    def check_text(self, text: str, *, uri: str = "text") -> Report:
        """Return the report on a plain text.

        :raises SourceError: when it is empty or not English.
        """
        return self.check_page(page_from_text(text.encode(), uri=uri))

    def check_many(self, specs: Iterable[str], *, allow_private: bool = False) -> Iterator[Report | SourceError]:
        """Yield one report a source, in order; a source that cannot be read yields its error and the rest goes on."""
        for spec in specs:
            try:
                yield self.check_source(spec, allow_private=allow_private)
            except SourceError as error:
                yield error

    def check_page(self, page: Page) -> Report:
        """Return the report on an extracted page."""
        made = self.claims_of(page)
        verdicts = self.judge_claims(made.claims, made.vectors)
        labels, worthy = sentence_verdicts(made.sentences, made.worthy, verdicts)
        findings = page_findings(page, made.sentences, verdicts, self.stages.corpus.manifest)
        return Report(page, made.sentences, labels, worthy, verdicts, findings, self.stages.versions)

    def claims_of(self, page: Page) -> PageClaims:
        """Return a page's sentences and its claims with their topics and embeddings, nothing judged yet."""
        sentences = split_sentences(page)
        vectors = self._encode([sentence.text for sentence in sentences])
        worth = self.stages.worthiness.predict(sentences, vectors, headings_of(sentences))
        foreign = {i for i, block in enumerate(page.blocks) if is_foreign(page.text[block.start : block.end])}
        worth = np.where([sentence.block in foreign for sentence in sentences], 0.0, worth)
        threshold = self.settings.worthiness_threshold or self.stages.worthiness.threshold
        claims = extract_claims(page, sentences, worth.tolist(), threshold=threshold, subject=self._subject)
        known = {sentence.text: vectors[i] for i, sentence in enumerate(sentences)}
        of_claims = self._claim_vectors(claims, known) if claims else vectors[:0]
        claims = assign_topics(claims, of_claims, self.stages.topics)
        return PageClaims(page, sentences, worth >= threshold, claims, of_claims)

    def judge_claims(self, claims: Sequence[Claim], vectors: "NDArray[np.float32]") -> tuple[Verdict, ...]:
        """Return one verdict a claim, in order, from claims with their topics and embeddings, shape (claims, d).

        A text that comes again (a slogan, a call-out) is judged once.
        """
        if not claims:
            return ()
        prepared = self._prepared(claims, vectors)
        first = {claim.text: i for i, claim in reversed(list(enumerate(claims)))}
        once = sorted(first.values())
        verdicts = dict(zip(once, self.stages.judge.judge([prepared[i] for i in once]), strict=True))
        return tuple(repeated(verdicts[first[claim.text]], claim) for claim in claims)

    def findings_of(self, made: PageClaims) -> tuple[PageFinding, ...]:
        """Return what a page does as a whole, which hangs on what its claims say and not on how they are judged."""
        unjudged = [Verdict(claim, Label.UNVERIFIED, {}, 0.0, True, Severity.NONE, (), "", ()) for claim in made.claims]
        return page_findings(made.page, made.sentences, unjudged, self.stages.corpus.manifest)

    def check_claims(
        self, lines: Sequence[str], *, uri: str = "claims", evidence: Sequence[Sequence[str]] | None = None
    ) -> Report:
        """Return the report on claims given one a line: no extraction, no splitting; blank lines are skipped.

        ``evidence`` hands over record ids for each line that is not blank, in place of retrieval: the oracle of the
        retrieval stage.

        :raises UsageError: when ``evidence`` has another length or names an unknown record.
        """
        page, sentences = claims_page(lines, uri)
        claims = tuple(
            Claim(f"c{i}", s.text, s.start, s.end, s.text, "other") for i, s in enumerate(sentences, start=1)
        )
        if evidence is not None and len(evidence) != len(claims):
            raise UsageError(f"found evidence for {len(evidence)} claims, expected one list for each of {len(claims)}")
        verdicts: tuple[Verdict, ...] = ()
        if claims:
            vectors = self._claim_vectors(claims, {})
            claims = assign_topics(claims, vectors, self.stages.topics)
            if evidence is None:
                verdicts = self.judge_claims(claims, vectors)
            else:
                verdicts = tuple(self.stages.judge.judge(self._prepared(claims, vectors, evidence)))
        labels = tuple(verdict.label for verdict in verdicts)
        return Report(page, sentences, labels, (True,) * len(sentences), verdicts, (), self.stages.versions)

    def judge_pairs(self, pairs: Sequence[tuple[str, str]]) -> "NDArray[np.float32]":
        """Return the reader's probabilities for (claim, evidence text) pairs, shape (pairs, 4), uncalibrated.

        Columns: supported, overstated, contradicted, not_enough.
        """
        return self.stages.pair_reader.predict(pairs)

    def retrieve(self, claims: Sequence[str], top_k: int) -> list[list[Match]]:
        """Return the ``top_k`` matches of each claim, best first."""
        return self.stages.retriever.search(self._encode(claims), claims, top_k)

    def _encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        return self.stages.encoder.encode(texts)

    def _prepared(
        self,
        claims: Sequence[Claim],
        vectors: "NDArray[np.float32]",
        evidence: Sequence[Sequence[str]] | None = None,
    ) -> list[Prepared]:
        texts = [claim.text for claim in claims]
        if evidence is None:
            matches = self.stages.retriever.search(vectors, texts, self.settings.top_k)
        else:
            matches = self._handed_over(vectors, texts, evidence)
        wordings = self.stages.retriever.wordings(vectors, WORDINGS)
        return [Prepared(claim, vectors[i], tuple(matches[i]), tuple(wordings[i])) for i, claim in enumerate(claims)]

    def _claim_vectors(
        self, claims: tuple[Claim, ...], known: "dict[str, NDArray[np.float32]]"
    ) -> "NDArray[np.float32]":
        """Return the claims' embeddings; a claim that is its whole sentence is not embedded again."""
        new = list(dict.fromkeys(claim.text for claim in claims if claim.text not in known))
        table = known | dict(zip(new, self._encode(new), strict=True)) if new else known
        return np.stack([table[claim.text] for claim in claims])

    def _handed_over(
        self, vectors: "NDArray[np.float32]", texts: Sequence[str], evidence: Sequence[Sequence[str]]
    ) -> list[list[Match]]:
        """Return the records handed over for each claim, in their order, with the scores retrieval gives them."""
        for record_id in {record_id for ids in evidence for record_id in ids}:
            self.stages.corpus.get(record_id)
        ranked = self.stages.retriever.search(vectors, texts, len(self.stages.corpus.records))
        result = []
        for matches, ids in zip(ranked, evidence, strict=True):
            by_id = {match.record.id: match for match in matches}
            result.append([replace(by_id[i], rank=rank) for rank, i in enumerate(ids) if i in by_id])
        return result


def repeated(verdict: Verdict, claim: Claim) -> Verdict:
    """Return a verdict for another claim of the same text; its words are found where the sentence stands again."""
    if verdict.claim == claim:
        return verdict
    shift = claim.start - verdict.claim.start
    same = claim.sentence == verdict.claim.sentence
    spans = tuple(Span(span.start + shift, span.end + shift) for span in verdict.strong_words) if same else ()
    return replace(verdict, claim=claim, strong_words=spans)


def load_stages(settings: Settings) -> Stages:
    """Return the stages that settings name, with shipped models.

    :raises UsageError: when there is no such pack.
    :raises DamagedDataError: when a file is missing or damaged.
    """
    import platformdirs

    models, packs = data_folder("models"), data_folder("corpus")
    if settings.pack not in list_packs(packs):
        raise UsageError(f"found no pack {settings.pack!r}; there are {', '.join(list_packs(packs))}")
    corpus = YamlCorpusReader().read(packs / settings.pack)
    encoder = OnnxEncoder(models / "encoder", threads=settings.threads)
    index = load_index(
        corpus,
        encoder,
        shipped=models / "index" / f"{settings.pack}.npz",
        cache=Path(platformdirs.user_cache_dir("claimcheck", appauthor=False)),
    )
    reader: CrossEncoder
    if settings.backend == "torch":
        reader = TorchCrossEncoder(settings.torch_model)
    else:
        reader = OnnxCrossEncoder(models / "reader-fast", threads=settings.threads)
    aggregator = LinearAggregator.load(models / "verdict" / "aggregator.json", "fast")
    second = None
    if settings.backend == "onnx" and settings.model != "fast":
        second = SecondReader(
            OnnxCrossEncoder(models / "reader-accurate", threads=settings.threads),
            LinearAggregator.load(models / "verdict" / "aggregator.json", "accurate"),
            CASCADE_BELOW if settings.model == "cascade" else ALWAYS,
        )
    ways = LinearWays.load(models / "verdict" / "overstates.json")
    phrasing = LinearPhrasing.load(models / "verdict")
    return Stages(
        corpus=corpus,
        encoder=encoder,
        retriever=HybridRetriever(corpus, index),
        worthiness=LinearWorthiness.load(models / "claims" / "worthiness.json"),
        topics=LinearTopic.load(models / "claims" / "topics.json"),
        pair_reader=second.reader if second and settings.model == "accurate" else reader,
        judge=LinearJudge(reader, aggregator, ways, phrasing, second=second, min_confidence=settings.min_confidence),
        versions=versions(settings, corpus, models),
    )


def versions(settings: Settings, corpus: Corpus, models: Path) -> dict[str, object]:
    """Return what made a report: claimcheck's version, the pack, a digest of each model's files, the settings."""
    used = ["encoder", "reader-fast", "verdict", "claims"]
    if settings.backend == "onnx" and settings.model != "fast":
        used.append("reader-accurate")
    digests: dict[str, str] = {name: folder_digest(models / name) for name in used}
    if settings.backend == "torch":
        digests["reader-fast"] = f"torch:{settings.torch_model}"
    return {
        "claimcheck": __version__,
        "corpus": {
            "pack": corpus.manifest.name,
            "version": corpus.manifest.version,
            "records": len(corpus.records),
            "sha256": corpus.sha256,
        },
        "models": digests,
        "settings_sha256": settings.digest(),
    }


def folder_digest(folder: Path) -> str:
    """Return the SHA-256 over the names and bytes of a model folder's files, cards left out."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.glob("*") if p.suffix in {".onnx", ".json", ".npz"}):
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def sentence_verdicts(
    sentences: Sequence[Sentence], worthy: "NDArray[np.bool_]", verdicts: Sequence[Verdict]
) -> tuple[tuple[Label, ...], tuple[bool, ...]]:
    """Return each sentence's label, the most serious of its claims', and whether it made any claim."""
    by_start: dict[int, list[Label]] = {}
    for verdict in verdicts:
        by_start.setdefault(verdict.claim.start, []).append(verdict.label)
    found = [by_start.get(sentence.start, []) for sentence in sentences]
    labels = tuple(sentence_label(of_claims, of_claims[0] if of_claims else None) for of_claims in found)
    return labels, tuple(bool(w) and s.start in by_start for w, s in zip(worthy, sentences, strict=True))


def claims_page(lines: Sequence[str], uri: str) -> tuple[Page, tuple[Sentence, ...]]:
    """Return a page whose text is the claims, one a line, with one sentence for each."""
    texts = [" ".join(line.split()) for line in lines]
    texts = [text for text in texts if text]
    blocks, sentences, position = [], [], 0
    for number, text in enumerate(texts):
        end = position + len(text)
        blocks.append(Block(position, end, BlockKind.LIST_ITEM))
        sentences.append(Sentence(position, end, text, number, BlockKind.LIST_ITEM))
        position = end + 1
    whole = "\n".join(texts)
    source = SourceRef(
        "claims",
        uri,
        f"{len(texts)} claim{'' if len(texts) == 1 else 's'}",
        datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        hashlib.sha256(whole.encode()).hexdigest(),
    )
    return Page(whole, tuple(blocks), source, Coverage(len(whole), len(whole))), tuple(sentences)
