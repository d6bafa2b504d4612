"""What `claimcheck corpus validate` can find wrong with a pack: one record for all of it, one table of its kinds."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["ERROR_KINDS", "WARNING_KINDS", "Problem", "has_errors"]

# Each kind with what is wrong. An error makes the pack unfit for use; a warning is for the curator to weigh.
ERROR_KINDS: Mapping[str, str] = {
    "unreadable": "a file is missing, is no UTF-8 YAML, or holds something other than what its name promises",
    "duplicate-key": "a field is written twice in one mapping, so that one of its values would be lost",
    "schema": "a field is missing, unknown, of another kind, or holds an unknown code",
    "pmid": "a PMID is not one to eight digits",
    "doi": "a DOI has not the form 10.<registrant>/<suffix>",
    "url": "an address is not http or https",
    "date": "a date is not YYYY-MM-DD, is no day of the calendar, or lies in the future",
    "duplicate-id": "two records have the same id",
    "unknown-reference": "a record names another that the pack does not hold",
    "self-reference": "a record names itself",
    "unknown-topic": "a record's topic is in none of the manifest's topics",
    "pack-name": "the manifest's name is not that of its folder",
    "figure-mismatch": "a number in the statement is not among the figures",
    "duplicate-text": "two examples or statements are the same but for case, punctuation and spaces",
    "incomplete-triple": "a triple is not one supported, one overstated and one contradicted wording",
    "label-balance": "a verdict has too small a share of the pack's examples",
}
WARNING_KINDS: Mapping[str, str] = {
    "few-examples": "a record has few examples",
    "near-duplicate": "two texts are all but the same to the encoder",
    "stale": "a record was last checked long ago",
    "unverified-records": "records rest on memory: no text that confirms them was read",
    "incomplete-source": "a source has no author or agency, no year, or only a descriptive title",
    "insecure-url": "a source is known by an http address only",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: where (file, line and record, as far as known), what kind, and a one-line message."""

    kind: str
    message: str
    file: str
    record: str = ""
    line: int = 0

    @property
    def severity(self) -> str:
        """Return ``error`` or ``warning``, which the kind decides."""
        return "warning" if self.kind in WARNING_KINDS else "error"

    @property
    def where(self) -> str:
        """Return the place in the form that editors and terminals turn into a link."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.record}" if self.record else place


def has_errors(problems: tuple[Problem, ...]) -> bool:
    """Tell whether any problem is an error."""
    return any(problem.severity == "error" for problem in problems)
