"""How many flags are missed: a random sample of unflagged claims for reviewers, and what their answers say.

The size bounds the rate of misses if none is found (``intervals.sample_size``: hypergeometric, near 3 / rate for many
claims). The draw depends on the store and the seed alone. Reviewers see the claim and its page, not the verdict: who
reads "supported" looks less hard.
"""

import csv
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimcheck.errors import UsageError
from claimcheck.records import Label
from claimcheck.scan.export import finding_rows
from claimcheck.scan.followup import FLAGGED
from claimcheck.scan.intervals import Interval, bound_after_none, sample_size, wilson
from claimcheck.store.models import FindingRow, SiteRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["SAMPLE_COLUMNS", "STRATA", "MissEstimate", "Sample", "SampleOptions", "draw_sample", "estimate_misses",
           "sample_rows"]  # fmt: skip

STRATA = ("none", "site", "topic")
SAMPLE_COLUMNS = (
    "finding_id", "site", "url", "page_title", "heading", "sentence", "claim", "topic", "fetched_at", "stratum",
    "stratum_size", "population", "reviewer_label", "reviewer", "note",
)  # fmt: skip
MAX_FILE = 50_000_000
ANSWERS = tuple(label.value for label in Label)


@dataclass(frozen=True, slots=True)
class SampleOptions:
    """What a sample is to show: misses under ``max_rate`` at this confidence; ``size`` overrides the formula.

    ``stratify``: none, site or topic; the sample then has the same share of each.
    """

    max_rate: float = 0.05
    confidence: float = 0.95
    seed: int = 1
    size: int | None = None
    stratify: str = "none"


@dataclass(frozen=True, slots=True)
class Sample:
    """The findings drawn, by stratum, of ``population`` unflagged ones; ``sizes`` are the strata's."""

    population: int
    drawn: Mapping[str, tuple[int, ...]]
    sizes: Mapping[str, int]

    @property
    def size(self) -> int:
        """How many were drawn."""
        return sum(map(len, self.drawn.values()))


@dataclass(frozen=True, slots=True)
class MissEstimate:
    """What reviewers found: ``misses`` of ``answered``; ``rate`` with its Wilson interval.

    ``bound`` is the greatest rate that the sample leaves open when it shows no miss, None otherwise; ``expected`` is
    the rate times the population.
    """

    population: int
    drawn: int
    answered: int
    misses: int
    rate: Interval
    bound: float | None
    confidence: float

    @property
    def expected(self) -> tuple[int, int]:
        """Between how many and how many unflagged claims should have been flagged."""
        return round(self.rate.low * self.population), round(self.rate.high * self.population)


def draw_sample(session: "Session", scan_ids: Sequence[int], options: SampleOptions) -> Sample:
    """Return a sample of the scans' unflagged findings, the same for the same store and seed.

    :raises UsageError: when an option makes no sense or there is nothing unflagged to draw from.
    """
    if options.stratify not in STRATA:
        raise UsageError(f"found strata {options.stratify!r}, expected one of {', '.join(STRATA)}")
    if not (0 < options.max_rate < 1 and 0 < options.confidence < 1):
        raise UsageError("the rate of misses and the confidence lie between 0 and 1")
    strata = _population(session, scan_ids, options.stratify)
    sizes = {name: len(found) for name, found in strata.items()}
    population = sum(sizes.values())
    if not population:
        raise UsageError("there is no unflagged claim to draw from in these scans")
    wanted = sample_size(population, options.max_rate, confidence=options.confidence)
    wanted = min(population, options.size) if options.size is not None else wanted
    generator = random.Random(options.seed)  # noqa: S311 - a draw that can be repeated, not a secret
    shares = _allocate(sizes, wanted)
    drawn = {name: tuple(sorted(generator.sample(strata[name], shares[name]))) for name in sorted(strata)}
    return Sample(population, drawn, sizes)


def _population(session: "Session", scan_ids: Sequence[int], stratify: str) -> dict[str, list[int]]:
    import sqlalchemy as sa

    named: Any = {"none": sa.literal("all"), "site": SiteRow.host, "topic": FindingRow.topic}[stratify]
    strata: dict[str, list[int]] = defaultdict(list)
    for scan_id in sorted(scan_ids):
        query = sa.select(FindingRow.id, named).join_from(FindingRow, SiteRow)
        query = query.where(FindingRow.scan_id == scan_id, FindingRow.label.not_in(FLAGGED)).order_by(FindingRow.id)
        for finding_id, name in session.execute(query.execution_options(yield_per=5000)):
            strata[name].append(finding_id)
    return strata


def _allocate(sizes: Mapping[str, int], wanted: int) -> dict[str, int]:
    """Return how many to draw of each stratum: in proportion, what is left over to the largest remainders."""
    total = sum(sizes.values())
    exact = {name: wanted * size / total for name, size in sizes.items()}
    shares = {name: int(value) for name, value in exact.items()}
    left = wanted - sum(shares.values())
    for name in sorted(sizes, key=lambda name: (shares[name] - exact[name], name))[:left]:
        shares[name] += 1
    return shares


def sample_rows(session: "Session", scan_ids: Sequence[int], sample: Sample) -> Iterator[dict[str, Any]]:
    """Yield the drawn findings as rows for reviewers, in random order, their answers empty."""
    stratum_of = {finding_id: name for name, found in sample.drawn.items() for finding_id in found}
    rows: list[dict[str, Any]] = []
    ids = sorted(stratum_of)
    for start in range(0, len(ids), 500):
        rows += finding_rows(session, sorted(scan_ids), finding_ids=ids[start : start + 500])
    # By severity the unflagged would come with those that the machine trusts least first, which tells of its verdict.
    random.Random(len(rows)).shuffle(rows)  # noqa: S311 - an order, not a secret
    for row in rows:
        stratum = stratum_of[row["finding_id"]]
        extra = {"stratum": stratum, "stratum_size": sample.sizes[stratum], "population": sample.population}
        empty = {"reviewer_label": "", "reviewer": "", "note": ""}
        yield {name: (row | extra | empty)[name] for name in SAMPLE_COLUMNS}


def estimate_misses(path: Path, *, confidence: float = 0.95) -> MissEstimate:
    """Return what the reviewers' answers in a sample's file say; rows without an answer are left out and counted.

    :raises UsageError: when the file is not such a sample, or an answer is not a verdict.
    """
    answers, population = _answers(path)
    given = [answer for answer in answers.values() if answer]
    if not given:
        raise UsageError(f"{path}: no row has a reviewer_label yet; expected one of {', '.join(ANSWERS)}")
    misses = sum(answer in FLAGGED for answer in given)
    rate = wilson(misses, len(given), confidence=confidence)
    bound = None if misses else bound_after_none(population, len(given), confidence=confidence)
    return MissEstimate(population, len(answers), len(given), misses, rate, bound, confidence)


def _answers(path: Path) -> tuple[dict[int, str], int]:
    try:
        if path.stat().st_size > MAX_FILE:
            raise UsageError(f"{path}: larger than {MAX_FILE // 1_000_000} MB; expected a sample's CSV")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as a sample's CSV in UTF-8 ({error})") from error
    reader = csv.DictReader(text.splitlines(keepends=True))
    missing = {"finding_id", "population", "reviewer_label"} - set(reader.fieldnames or ())
    if missing:
        raise UsageError(f"{path}: has no column {', '.join(sorted(missing))}; expected a file of `export --sample`")
    answers: dict[int, str] = {}
    population = 0
    for row in reader:
        answer = (row["reviewer_label"] or "").strip().lower().replace(" ", "_")
        try:
            number, population = int(row["finding_id"]), int(row["population"])
        except (TypeError, ValueError) as error:
            raise UsageError(f"{path}, line {reader.line_num}: finding_id and population are numbers") from error
        if answer and answer not in ANSWERS:
            raise UsageError(
                f"{path}, line {reader.line_num}: found {answer!r}, expected one of {', '.join(ANSWERS)} or nothing"
            )
        if number in answers:
            raise UsageError(f"{path}, line {reader.line_num}: finding {number} is there twice; keep one answer")
        answers[number] = answer
    if len(answers) > population:
        raise UsageError(f"{path}: {len(answers)} rows of a population of {population}; a column was altered")
    return answers, population
