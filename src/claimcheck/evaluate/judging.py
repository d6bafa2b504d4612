"""Gold rows through the checker: each comes back as a ``Judged``, whatever the stage it was judged by.

An oracle puts gold in the place of one stage, so that what is still wrong is the fault of the stages after it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from claimcheck.claims import sentence_label
from claimcheck.entailment import OUTPUTS
from claimcheck.errors import ClaimcheckError, UsageError
from claimcheck.evaluate.rows import CLAIM_LABELS, ClaimRow, PairRow, UnitRow
from claimcheck.records import Label, Match, Page, Report, Sentence, Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "Cited",
    "Judge",
    "Judged",
    "judge_claims",
    "judge_gold_claims",
    "judge_pairs",
    "judge_units",
    "load_pages",
    "retrieved_ids",
]

RETRIEVED = 10


class Judge(Protocol):
    """What an evaluation needs of ``claimcheck.pipeline.Checker``."""

    def check_page(self, page: Page) -> Report:
        """Return the report of one page."""
        ...

    def check_claims(
        self, lines: Sequence[str], *, uri: str = ..., evidence: Sequence[Sequence[str]] | None = ...
    ) -> Report:
        """Return the report of claims as they stand, in their order; ``evidence`` replaces retrieval."""
        ...

    def judge_pairs(self, pairs: Sequence[tuple[str, str]]) -> "NDArray[np.float32]":
        """Return probabilities for (claim, evidence) pairs, shape (pairs, 4), columns in the order of ``OUTPUTS``."""
        ...

    def retrieve(self, claims: Sequence[str], top_k: int) -> list[list[Match]]:
        """Return the ``top_k`` matches of each claim, best first."""
        ...


@dataclass(frozen=True, slots=True)
class Cited:
    """Evidence as shown beside an error; a pair's evidence has no id."""

    id: str
    statement: str
    stance: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A gold row with what was predicted for it.

    ``probabilities`` follow the stage's labels and are empty where a stage gives none; ``confidence`` is NaN there.
    """

    text: str
    gold: str
    predicted: str
    group: str
    probabilities: tuple[float, ...] = ()
    confidence: float = float("nan")
    needs_review: bool = False
    evidence: tuple[Cited, ...] = ()


def judge_claims(
    judge: Judge, rows: Sequence[ClaimRow], *, evidence: Sequence[Sequence[str]] | None = None
) -> list[Judged]:
    """Return the rows judged in one call, as ``claimcheck check --claims`` judges them.

    :raises ClaimcheckError: when there is not one verdict a row.
    """
    report = _checked(judge, [row.text for row in rows], evidence)
    return [
        Judged(
            row.text,
            row.label,
            str(verdict.label),
            row.group,
            tuple(float(verdict.probabilities.get(Label(label), 0.0)) for label in CLAIM_LABELS),
            verdict.confidence,
            verdict.needs_review,
            _cited(verdict),
        )
        for row, verdict in zip(rows, report.verdicts, strict=True)
    ]


def _checked(judge: Judge, texts: Sequence[str], evidence: Sequence[Sequence[str]] | None = None) -> Report:
    report = judge.check_claims(texts, uri="evaluation", evidence=evidence)
    if len(report.verdicts) != len(texts):
        raise ClaimcheckError(
            f"found {len(report.verdicts)} verdicts for {len(texts)} claims, expected one each; report this as a bug"
        )
    return report


def _cited(verdict: Verdict) -> tuple[Cited, ...]:
    return tuple(Cited(item.record.id, item.record.statement, str(item.stance)) for item in verdict.evidence)


def judge_pairs(judge: Judge, rows: Sequence[PairRow]) -> list[Judged]:
    """Return pairs judged by the pair model alone: the most probable of its four outputs."""
    table = judge.judge_pairs([(row.claim, row.evidence) for row in rows])
    if table.shape != (len(rows), len(OUTPUTS)):
        raise ClaimcheckError(f"found probabilities of shape {table.shape}, expected ({len(rows)}, {len(OUTPUTS)})")
    judged = []
    for row, values in zip(rows, table, strict=True):
        best = int(values.argmax())
        cited = (Cited("", row.evidence, ""),)
        judged.append(
            Judged(
                row.claim,
                row.label,
                OUTPUTS[best],
                row.group,
                tuple(map(float, values)),
                float(values[best]),
                False,
                cited,
            )
        )
    return judged


def retrieved_ids(judge: Judge, rows: Sequence[ClaimRow], top_k: int = RETRIEVED) -> list[list[str]]:
    """Return the ids of the records found for each row, best first."""
    found = judge.retrieve([row.text for row in rows], top_k)
    return [[match.record.id for match in matches] for matches in found]


def load_pages(rows: Sequence[UnitRow], folder: Path) -> dict[str, Page]:
    """Return the pages that units come from, by file name.

    :raises UsageError: when a name is not a file's in the folder, or a unit's text does not stand where it should.
    :raises SourceError: when a page cannot be read.
    """
    from claimcheck.page import load_source

    pages: dict[str, Page] = {}
    for row in rows:
        if row.file not in pages:
            if Path(row.file).name != row.file or row.file in {"", ".", ".."}:
                raise UsageError(f"found the page {row.file!r}, expected the bare name of a file in {folder}")
            pages[row.file] = load_source(str(folder / row.file))
        text = pages[row.file].text
        found = text[row.start : row.end]
        if row.end > len(text) or (row.text and found != row.text):
            raise UsageError(
                f"{row.file}: at {row.start} to {row.end} stands {found[:60]!r}, expected {row.text[:60]!r}; "
                "are these the pages that were labelled?"
            )
    return pages


def judge_units(judge: Judge, rows: Sequence[UnitRow], pages: Mapping[str, Page]) -> list[Judged]:
    """Return units with the label of the report's sentence that overlaps each most, the first of those equally wide."""
    reports = {name: judge.check_page(page) for name, page in pages.items()}
    judged = []
    for row in rows:
        report = reports[row.file]
        text = row.text or report.page.text[row.start : row.end]
        best, width = -1, 0
        for number, sentence in enumerate(report.sentences):
            shared = min(row.end, sentence.end) - max(row.start, sentence.start)
            if shared > width:
                best, width = number, shared
        if best < 0:
            judged.append(Judged(text, row.label, str(Label.NOT_A_CLAIM), row.group))
            continue
        label = report.sentence_labels[best]
        judged.append(_unit(text, row, label, _verdicts_in(report, report.sentences[best])))
    return judged


def judge_gold_claims(judge: Judge, rows: Sequence[UnitRow]) -> list[Judged]:
    """Return units judged by their gold claims, in place of what the page stages would find: the oracle of those.

    :raises UsageError: when a unit does not name its claims.
    """
    for row in rows:
        if row.claims is None:
            raise UsageError(f"{row.file}: the unit at {row.start} names no claims, which --oracle claims needs")
    texts = [claim.text for row in rows for claim in row.claims or ()]
    verdicts = iter(_checked(judge, texts).verdicts if texts else ())
    judged = []
    for row in rows:
        own = [next(verdicts) for _ in row.claims or ()]
        label = sentence_label([verdict.label for verdict in own])
        judged.append(_unit(row.text or " ".join(c.text for c in row.claims or ()), row, label, own))
    return judged


def _verdicts_in(report: Report, sentence: Sentence) -> list[Verdict]:
    return [verdict for verdict in report.verdicts if verdict.claim.start == sentence.start]


def _unit(text: str, row: UnitRow, label: Label, verdicts: Sequence[Verdict]) -> Judged:
    decisive = next((verdict for verdict in verdicts if verdict.label is label), None)
    if decisive is None:
        return Judged(text, row.label, str(label), row.group)
    return Judged(
        text,
        row.label,
        str(label),
        row.group,
        confidence=decisive.confidence,
        needs_review=decisive.needs_review,
        evidence=_cited(decisive),
    )
