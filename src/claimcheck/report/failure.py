"""A source that could not be read, kept as a record so that a batch loses nothing."""

from dataclasses import dataclass

from claimcheck.errors import SourceError
from claimcheck.records import Report

__all__ = ["Failure", "Outcome", "failure_of"]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a source has no report: ``reason`` is a stable code for counting, ``message`` one line for people."""

    kind: str
    uri: str
    reason: str
    message: str


Outcome = Report | Failure


def failure_of(error: SourceError, *, kind: str = "") -> Failure:
    """Return the record of a source that could not be read; without ``kind`` it is told from the source's name."""
    uri = error.source
    if not kind:
        kind = "stdin" if uri == "-" else "url" if uri.lower().startswith(("http://", "https://")) else "file"
    return Failure(kind, uri, error.reason, str(error).removeprefix(f"{uri}: "))
