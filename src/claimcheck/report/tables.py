"""Reports for machines: JSON, JSON Lines and CSV."""

import csv
import io
import json
from collections.abc import Sequence

from claimcheck.records import Label, Report, Verdict
from claimcheck.report.contract import outcome_values
from claimcheck.report.failure import Failure, Outcome
from claimcheck.report.shown import one_line, source_link
from claimcheck.report.words import citation, decisive

__all__ = ["CSV_COLUMNS", "LINE_ENDS", "csv_cell", "to_csv", "to_json", "to_jsonl"]

CSV_COLUMNS = (
    "source", "title", "retrieved_at", "sha256", "claim_id", "label", "severity", "confidence", "needs_review", "claim",
    "sentence", "start", "end", "topic", "overstates", "explanation", "p_supported", "p_overstated", "p_contradicted",
    "p_unverified", "evidence", "decisive_statement", "decisive_certainty", "decisive_limits", "citation", "link",
    "error",
)  # fmt: skip

# Legal in JSON strings, but they end a line for some readers of JSON Lines (Python's str.splitlines among them).
LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}

# A spreadsheet runs a cell that opens with one of these as a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def to_json(outcomes: Sequence[Outcome]) -> str:
    """Return one object of the contract for one source, and a list of them, in order, for several."""
    values = [outcome_values(outcome) for outcome in outcomes]
    return json.dumps(values[0] if len(values) == 1 else values, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def to_jsonl(outcomes: Sequence[Outcome]) -> str:
    """Return one object of the contract a line, in order."""
    lines = (json.dumps(outcome_values(outcome), ensure_ascii=False, allow_nan=False) for outcome in outcomes)
    return "".join(line.translate(LINE_ENDS) + "\n" for line in lines)


def to_csv(outcomes: Sequence[Outcome]) -> str:
    """Return a header and one row a claim, all sources in one table.

    A source that could not be read is a row with its ``error``, and a page without claims has no row. Cells that a
    spreadsheet would run as a formula are prefixed with an apostrophe.
    """
    stream = io.StringIO()
    writer = csv.DictWriter(stream, CSV_COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for outcome in outcomes:
        if isinstance(outcome, Failure):
            writer.writerow(
                {"source": csv_cell(outcome.uri), "error": csv_cell(f"{outcome.reason}: {outcome.message}")}
            )
        else:
            writer.writerows(_row(outcome, verdict) for verdict in outcome.verdicts)
    return stream.getvalue()


def csv_cell(text: str) -> str:
    """Return the text on one line, prefixed with an apostrophe where a spreadsheet would run it as a formula."""
    line = one_line(text)
    return f"'{line}" if text.startswith(_FORMULA) or line.startswith(_FORMULA) else line


def _row(report: Report, verdict: Verdict) -> dict[str, object]:
    source, claim, evidence = report.page.source, verdict.claim, decisive(verdict)
    row: dict[str, object] = {
        "source": csv_cell(source.uri),
        "title": csv_cell(source.title),
        "retrieved_at": source.retrieved_at,
        "sha256": source.sha256,
        "claim_id": csv_cell(claim.id),
        "label": verdict.label.value,
        "severity": verdict.severity.value,
        "confidence": f"{verdict.confidence:.4f}",
        "needs_review": "yes" if verdict.needs_review else "no",
        "claim": csv_cell(claim.text),
        "sentence": csv_cell(claim.sentence),
        "start": claim.start,
        "end": claim.end,
        "topic": csv_cell(claim.topic),
        "overstates": " ".join(way.value for way in verdict.overstates),
        "explanation": csv_cell(verdict.explanation),
        "evidence": csv_cell(" ".join(f"{item.record.id}:{item.stance.value}" for item in verdict.evidence)),
    }
    for label in (Label.SUPPORTED, Label.OVERSTATED, Label.CONTRADICTED, Label.UNVERIFIED):
        if label in verdict.probabilities:
            row[f"p_{label.value}"] = f"{verdict.probabilities[label]:.4f}"
    if evidence:
        row |= {
            "decisive_statement": csv_cell(evidence.record.statement),
            "decisive_certainty": evidence.record.certainty.value,
            "decisive_limits": csv_cell(evidence.record.limits),
            "citation": csv_cell(citation(evidence.record.source)),
            "link": csv_cell(source_link(evidence.record.source)),
        }
    return row
