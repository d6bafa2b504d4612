"""What one worker does to pages and claims: reading a captured page into claims, and judging claims in batches.

A page goes in as a place in the archive and comes out as text and claims, or as the reason why it cannot be read. Both
are pure functions of what was captured, the corpus and the models, so that a scan that was stopped and resumed ends as
one that was not.
"""

import hashlib
import re
import unicodedata
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from claimcheck.claims import headings_of
from claimcheck.errors import ClaimcheckError, DamagedDataError, SourceError
from claimcheck.records import Claim, Coverage, Page, PageFinding, Verdict
from claimcheck.retrieval import Encoder
from claimcheck.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from claimcheck.pipeline import PageClaims

__all__ = [
    "ArchiveReader",
    "CheckerLike",
    "CheckerLoader",
    "JudgeJob",
    "Judged",
    "PageReader",
    "PageTask",
    "PageWork",
    "PreparedPage",
    "Said",
    "SteadyEncoder",
    "Unreadable",
    "WorkLoader",
    "claim_key",
]

INTERNAL_ERROR = "internal-error"
# Sentence embeddings kept by a worker: 20,000 of 384 floats are 31 MB, the boilerplate of hundreds of sites.
REMEMBERED_SENTENCES = 20_000
REMEMBERED_PAGES = 64
# A longer heading is no help to someone who looks for the place on the page.
HEADING_LENGTH = 300
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_TOKEN = re.compile(r"\d+(?:[.,:/]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*|[%$€£?<>≤≥~±+=&@#]")


@dataclass(frozen=True, slots=True)
class PageTask:
    """A captured page to read: where it lies in the archive, and its place in the order of its scan."""

    page_id: int
    scan_id: int
    depth: int
    url: str
    warc_file: str
    offset: int
    length: int
    capture_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A claim where a page makes it; ``claim`` is its number among the page's different claims."""

    claim: int
    start: int
    end: int
    sentence: str
    block: str
    visible: bool
    heading: str


@dataclass(frozen=True, slots=True)
class PreparedPage:
    """A page read into text and claims; ``claims`` are the different ones, ``vectors`` theirs, shape (claims, d)."""

    page_id: int
    text: str
    text_sha256: str
    title: str
    sentences: int
    coverage: Coverage
    findings: tuple[PageFinding, ...]
    claims: tuple[Claim, ...]
    vectors: "NDArray[np.float32]"
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A page that could not be read: a stable code, a sentence for people, and a traceback when claimcheck is wrong."""

    page_id: int
    reason: str
    detail: str
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class JudgeJob:
    """A batch of claims to judge, with their embeddings, shape (claims, d)."""

    number: int
    claims: tuple[Claim, ...]
    vectors: "NDArray[np.float32]"


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdicts of a batch; a claim on which judging broke has its traceback in place of a verdict."""

    number: int
    verdicts: tuple[Verdict | str, ...]


class CheckerLike(Protocol):
    """What checking in batches needs of ``claimcheck.pipeline.Checker``."""

    @property
    def versions(self) -> Mapping[str, object]:
        """What judges: versions and digests, as a report has them."""
        ...

    def claims_of(self, page: Page) -> "PageClaims":
        """Return the sentences and claims of a page."""
        ...

    def findings_of(self, made: "PageClaims") -> tuple[PageFinding, ...]:
        """Return what the page does as a whole."""
        ...

    def judge_claims(self, claims: Sequence[Claim], vectors: "NDArray[np.float32]") -> tuple[Verdict, ...]:
        """Return one verdict a claim, in order."""
        ...


class PageReader(Protocol):
    """Turns a captured page into an extracted one."""

    def __call__(self, task: PageTask) -> Page:
        """Return the page, or raise a SourceError or a DamagedDataError that says why there is none."""
        ...


class WorkLoader(Protocol):
    """Makes the work of a worker, in the worker: it can be pickled, what it loads need not be."""

    def __call__(self) -> "PageWork":
        """Return what reads pages and judges claims."""
        ...


@dataclass(frozen=True, slots=True)
class ArchiveReader:
    """Reads pages from the captures of an archive, with the same extraction as ``claimcheck check``."""

    archive: Path

    def __call__(self, task: PageTask) -> Page:
        """Return the page; raises SourceError, or DamagedDataError when the capture is broken."""
        from claimcheck.capture import page_of, read_capture

        captured = read_capture(self.archive, task.warc_file, task.offset, task.length)
        if task.capture_sha256 and captured.capture_sha256 != task.capture_sha256:
            raise DamagedDataError(
                f"{task.warc_file} at {task.offset}: the capture is not the one that was made; run claimcheck verify"
            )
        return page_of(captured)


@dataclass(frozen=True, slots=True)
class CheckerLoader:
    """Loads the shipped models and a pack, each worker its own, over the captures of an archive."""

    settings: Settings
    archive: Path

    def __call__(self) -> "PageWork":
        """Return the work; raises UsageError or DamagedDataError when a pack or model is missing."""
        from claimcheck.pipeline import Checker, load_stages

        stages = load_stages(self.settings)
        steady = replace(stages, encoder=SteadyEncoder(stages.encoder))
        return PageWork(Checker(self.settings, steady), ArchiveReader(self.archive))


class SteadyEncoder:
    """An encoder that reads each text by itself and remembers the last ones.

    The int8 encoder scales activations over a batch, so a vector depends on its neighbours there (cosines as low as
    0.95 were seen); one text a batch costs a tenth more and gives the same vector each time, which can be remembered.
    """

    def __init__(self, encoder: Encoder, size: int = REMEMBERED_SENTENCES) -> None:
        self._encoder = encoder
        self._size = size
        self._known: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._width = 0
        self.digest = encoder.digest

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Return unit vectors, shape (len(texts), dimensions)."""
        if not texts:
            return np.zeros((0, self._width), dtype=np.float32)
        rows = np.stack([self._vector(text) for text in texts])
        self._width = rows.shape[1]
        return rows

    def _vector(self, text: str) -> "NDArray[np.float32]":
        if text in self._known:
            self._known.move_to_end(text)
            return self._known[text]
        vector: NDArray[np.float32] = self._encoder.encode([text])[0]
        self._known[text] = vector
        if len(self._known) > self._size:
            self._known.popitem(last=False)
        return vector


class PageWork:
    """Reads pages into claims and judges claims, with one checker."""

    def __init__(self, checker: CheckerLike, read: PageReader) -> None:
        self._checker = checker
        self._read = read
        self._pages: OrderedDict[str, PreparedPage] = OrderedDict()

    @property
    def versions(self) -> Mapping[str, object]:
        """What judges, as a report has it."""
        return self._checker.versions

    def reading_with(self, read: PageReader) -> "PageWork":
        """Return the same work over other pages: the models and what they remember are shared."""
        other = PageWork(self._checker, read)
        other._pages = self._pages
        return other

    def prepare(self, task: PageTask) -> PreparedPage | Unreadable:
        """Return a page's text and claims, or why it cannot be read; no exception leaves this."""
        try:
            return self._prepared(_storable(self._read(task)), task)
        except SourceError as error:
            return Unreadable(task.page_id, error.reason, _without_source(error))
        except ClaimcheckError as error:
            return Unreadable(task.page_id, "damaged-capture", str(error))
        except Exception as error:
            return Unreadable(task.page_id, INTERNAL_ERROR, _bug(error), _trace())

    def judge(self, job: JudgeJob) -> Judged:
        """Return the verdicts of a batch; a claim that breaks the judge spoils no other one's verdict."""
        try:
            return Judged(job.number, tuple(self._checker.judge_claims(job.claims, job.vectors)))
        except Exception:
            return Judged(job.number, tuple(self._judge_one(job, i) for i in range(len(job.claims))))

    def _judge_one(self, job: JudgeJob, i: int) -> Verdict | str:
        try:
            return self._checker.judge_claims(job.claims[i : i + 1], job.vectors[i : i + 1])[0]
        except Exception:
            return _trace()

    def _prepared(self, page: Page, task: PageTask) -> PreparedPage:
        digest = hashlib.sha256(page.text.encode()).hexdigest()
        # The same text in other blocks may make other claims, so that blocks are part of what is remembered.
        key = hashlib.sha256(f"{digest}{page.blocks}".encode()).hexdigest()
        known = self._pages.get(key)
        if known is None:
            known = self._read_claims(page, digest)
            self._pages[key] = known
            while len(self._pages) > REMEMBERED_PAGES or _characters(self._pages) > 8_000_000:
                self._pages.popitem(last=False)
        else:
            self._pages.move_to_end(key)
        return replace(known, page_id=task.page_id, title=page.source.title, coverage=page.coverage)

    def _read_claims(self, page: Page, digest: str) -> PreparedPage:
        made = self._checker.claims_of(page)
        by_start = {sentence.start: i for i, sentence in enumerate(made.sentences)}
        headings = headings_of(made.sentences)
        numbers: dict[str, int] = {}
        claims: list[Claim] = []
        rows: list[int] = []
        said: list[Said] = []
        for row, claim in enumerate(made.claims):
            key = claim_key(claim.text)
            if key not in numbers:
                numbers[key] = len(claims)
                claims.append(_of_its_own(claim, len(claims)))
                rows.append(row)
            i = by_start[claim.start]
            sentence = made.sentences[i]
            said.append(
                Said(
                    numbers[key],
                    sentence.start,
                    sentence.end,
                    sentence.text,
                    sentence.kind.value,
                    sentence.visible,
                    headings[i][:HEADING_LENGTH],
                )
            )
        return PreparedPage(
            0,
            page.text,
            digest,
            page.source.title,
            len(made.sentences),
            page.coverage,
            self._checker.findings_of(made),
            tuple(claims),
            made.vectors[rows],
            tuple(said),
        )


def claim_key(text: str) -> str:
    """Return the SHA-256 of a claim's words in lower case, without punctuation.

    Numbers are kept whole, and so are signs that change what is said: %, a currency, a question mark.
    """
    tokens = _TOKEN.findall(unicodedata.normalize("NFKC", text).lower().replace("’", "'"))
    # A text of nothing but signs is its own key: else all such texts would be one claim.
    return hashlib.sha256(" ".join(tokens or [text]).encode("utf-8", "replace")).hexdigest()


def _of_its_own(claim: Claim, number: int) -> Claim:
    """Return a claim as if it stood alone: its verdict must not depend on the page where it was first met."""
    return Claim(f"c{number + 1}", claim.text, 0, len(claim.text), claim.text, claim.topic)


def _storable(page: Page) -> Page:
    """Return the page without characters that a database refuses; each becomes one other, so that offsets hold."""
    text, title = (_UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", part) for part in (page.text, page.source.title))
    return replace(page, text=text, source=replace(page.source, title=title))


def _characters(pages: Mapping[str, PreparedPage]) -> int:
    return sum(len(page.text) for page in pages.values())


def _without_source(error: SourceError) -> str:
    return str(error).removeprefix(f"{' '.join(error.source.split())}: ")


def _bug(error: Exception) -> str:
    text = " ".join(str(error).split())[:200]
    return f"claimcheck failed on this page ({type(error).__name__}: {text}); please report it with the log"


def _trace() -> str:
    import traceback

    return traceback.format_exc(limit=-12)
