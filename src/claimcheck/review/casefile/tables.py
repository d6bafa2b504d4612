"""The findings for machines: CSV for a spreadsheet, JSON Lines with everything, and the trail's rows."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from claimcheck.report.shown import one_line, source_link
from claimcheck.report.words import citation
from claimcheck.review.casefile import words
from claimcheck.review.casefile.records import CaseEvidence, CaseFile, CaseFinding

__all__ = ["CASE_COLUMNS", "FINDING_SCHEMA", "TRAIL_SCHEMA", "cell", "to_csv", "to_jsonl", "to_trail"]

FINDING_SCHEMA = "claimcheck.casefile.finding/1"
TRAIL_SCHEMA = "claimcheck.casefile.trail/1"
CASE_COLUMNS = (
    "number", "finding", "verdict", "quote", "claim", "topic", "page_title", "heading", "url", "last_visited", "pages",
    "visible", "why", "evidence", "citations", "decided_by", "role", "decided_at", "review", "reason", "note",
    "program_verdict", "program_confidence", "capture", "capture_sha256", "text_sha256", "start", "end",
)  # fmt: skip
# Legal in JSON strings, but they end a line for some readers of JSON Lines.
_LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}
# A spreadsheet runs a cell that opens with one of these as a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def cell(text: str) -> str:
    """Return the text as one line that no spreadsheet runs: an apostrophe goes before what opens a formula."""
    line = one_line(text)
    return f"'{line}" if text.startswith(_FORMULA) or line.startswith(_FORMULA) else line


def to_csv(case: CaseFile) -> str:
    """Return a header and one row a finding, in the order of the schedule."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, CASE_COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(_row(case, finding) for finding in case.findings)
    return stream.getvalue()


def to_jsonl(case: CaseFile) -> str:
    """Return one object a finding, texts untouched, everything the document shows of it and more."""
    return _lines(_values(case, finding) for finding in case.findings)


def to_trail(case: CaseFile) -> str:
    """Return a first line that says what follows, with the trail's head, then each row of the trail."""
    first = {
        "schema": TRAIL_SCHEMA,
        "anonymous": case.anonymous,
        "head": {"seq": case.trail_head.seq, "sha256": case.trail_head.sha256},
    }
    return _lines([first, *({name: getattr(entry, name) for name in entry.__slots__} for entry in case.trail)])


def _row(case: CaseFile, finding: CaseFinding) -> dict[str, object]:
    place, page = finding.places[0], case.page(finding.places[0].page)
    standing = [made for made in finding.decisions if made.stands and made.label == finding.label]
    used = [item.evidence.record for item in finding.evidence if item.status != "struck"]
    row: dict[str, object] = {
        "number": finding.number,
        "finding": finding.finding_id,
        "verdict": finding.label.value,
        "quote": cell(finding.quote),
        "claim": cell(finding.claim),
        "topic": cell(finding.topic),
        "page_title": cell(page.title),
        "heading": cell(place.heading),
        "url": cell(page.url),
        "last_visited": page.visited_at.isoformat() if page.visited_at else "",
        "pages": finding.pages,
        "visible": "yes" if place.visible else "no",
        "why": cell(words.why(finding)),
        "evidence": cell(" | ".join(record.statement for record in used)),
        "citations": cell(" | ".join(f"{citation(r.source)} {source_link(r.source)}".strip() for r in used)),
        "decided_by": cell("; ".join(made.person for made in standing)),
        "role": cell("; ".join(words.role_words(made.role) for made in standing)),
        "decided_at": "; ".join(made.at.isoformat() for made in standing),
        "review": cell("; ".join(words.round_words(made) for made in standing)),
        "reason": cell("; ".join(words.reason_words(made.reason) for made in standing if made.reason)),
        "note": cell(" | ".join(made.note for made in standing if made.note)),
        "program_verdict": finding.judged.label.value,
        "program_confidence": f"{finding.judged.confidence:.4f}",
        "capture": page.capture,
        "capture_sha256": page.capture_sha256,
        "text_sha256": page.text_sha256,
        "start": place.start,
        "end": place.end,
    }
    return row


def _values(case: CaseFile, finding: CaseFinding) -> dict[str, Any]:
    pages = {place.page: case.page(place.page) for place in finding.places}
    return {
        "schema": FINDING_SCHEMA,
        "site": case.host,
        "number": finding.number,
        "finding": finding.finding_id,
        "verdict": finding.label,
        "quote": finding.quote,
        "claim": finding.claim,
        "topic": finding.topic,
        "why": words.why(finding),
        "pages": finding.pages,
        "places": [asdict(place) | {"page": asdict(pages[place.page])} for place in finding.places],
        "program": asdict(finding.judged),
        "evidence": [_evidence(item) for item in finding.evidence],
        "decisions": [asdict(made) for made in finding.decisions],
        "scan": case.scan.id,
        "versions": dict(case.versions),
    }


def _evidence(item: CaseEvidence) -> dict[str, Any]:
    record = item.evidence.record
    return {
        "id": record.id,
        "status": item.status,
        "statement": record.statement,
        "stance": item.evidence.stance,
        "score": item.evidence.score,
        "certainty": record.certainty,
        "limits": record.limits,
        "source": asdict(record.source),
    }


def _lines(rows: Iterable[Mapping[str, Any]]) -> str:
    made = (json.dumps(row, ensure_ascii=False, allow_nan=False, default=_plain) for row in rows)
    return "".join(line.translate(_LINE_ENDS) + "\n" for line in made)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"found {type(value).__name__} in a row")
