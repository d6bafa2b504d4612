"""The JSON contract "claimcheck.report/1": a report, or a source that failed, as plain values."""

from collections.abc import Mapping
from importlib import resources
from typing import Any

from claimcheck.records import Claim, Evidence, NumberCheck, Report, Source, Span, Verdict
from claimcheck.report.failure import Failure, Outcome
from claimcheck.report.words import counts

__all__ = ["SCHEMA_ID", "claim_values", "outcome_values", "report_schema"]

SCHEMA_ID = "claimcheck.report/1"

# Four decimals say more than the models know, and keep the output the same from one machine to the next.
DECIMALS = 4


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) that every report and failure keeps to."""
    import json

    text = resources.files("claimcheck.report").joinpath("report.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def outcome_values(outcome: Outcome) -> dict[str, Any]:
    """Return a report or a failure as the values of one JSON object of the contract."""
    if isinstance(outcome, Failure):
        return {
            "schema": SCHEMA_ID,
            "source": {"kind": outcome.kind, "uri": outcome.uri},
            "error": {"reason": outcome.reason, "message": outcome.message},
        }
    return _report_values(outcome)


def _report_values(report: Report) -> dict[str, Any]:
    page = report.page
    return {
        "schema": SCHEMA_ID,
        "source": {
            "kind": page.source.kind,
            "uri": page.source.uri,
            "title": page.source.title,
            "retrieved_at": page.source.retrieved_at,
            "sha256": page.source.sha256,
        },
        "text": page.text,
        "sentences": [
            {
                "start": sentence.start,
                "end": sentence.end,
                "text": sentence.text,
                "block": sentence.kind.value,
                "visible": sentence.visible,
                "check_worthy": worthy,
                "label": label.value,
            }
            for sentence, label, worthy in zip(
                report.sentences, report.sentence_labels, report.check_worthy, strict=True
            )
        ],
        "page_findings": [
            {"kind": finding.kind, "explanation": finding.explanation, "spans": [_span(span) for span in finding.spans]}
            for finding in report.findings
        ],
        "coverage": {
            "characters_found": page.coverage.characters_found,
            "characters_kept": page.coverage.characters_kept,
            "images_without_text": page.coverage.images_without_text,
            "reasons_dropped": dict(sorted(page.coverage.reasons_dropped.items())),
        },
        "claims": [claim_values(verdict) for verdict in report.verdicts],
        "summary": _summary(report),
        "versions": _plain(report.versions),
    }


def _summary(report: Report) -> dict[str, int]:
    number = {label.value: count for label, count in counts(report).items()}
    return {name: number[name] for name in ("supported", "overstated", "contradicted", "unverified")}


def claim_values(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as the values of one claim of the contract."""
    claim: Claim = verdict.claim
    return {
        "id": claim.id,
        "text": claim.text,
        "sentence": {"start": claim.start, "end": claim.end, "text": claim.sentence},
        "topic": claim.topic,
        "label": verdict.label.value,
        "probabilities": {label.value: round(float(p), DECIMALS) for label, p in verdict.probabilities.items()},
        "confidence": round(float(verdict.confidence), DECIMALS),
        "needs_review": bool(verdict.needs_review),
        "severity": verdict.severity.value,
        "overstates": [way.value for way in verdict.overstates],
        "explanation": verdict.explanation,
        "evidence": [_evidence_values(evidence) for evidence in verdict.evidence],
        "numbers": [_number_values(number) for number in verdict.numbers],
        "strong_words": [_span(span) for span in verdict.strong_words],
    }


def _evidence_values(evidence: Evidence) -> dict[str, Any]:
    record = evidence.record
    return {
        "id": record.id,
        "statement": record.statement,
        "stance": evidence.stance.value,
        "score": round(float(evidence.score), DECIMALS),
        "certainty": record.certainty.value,
        "limits": record.limits,
        "source": _source_values(record.source),
    }


def _source_values(source: Source) -> dict[str, Any]:
    return {
        "type": source.type,
        "title": source.title,
        "authors": source.authors,
        "year": source.year,
        "journal": source.journal,
        "url": source.url,
        "pmid": source.pmid,
        "doi": source.doi,
    }


def _number_values(number: NumberCheck) -> dict[str, Any]:
    return {
        "claim_text": number.claim_text,
        "claim_value": number.claim_value,
        "unit": number.unit,
        "record_id": number.record_id,
        "figure": number.figure,
        "low": number.low,
        "high": number.high,
        "relation": number.relation,
    }


def _span(span: Span) -> dict[str, int]:
    return {"start": span.start, "end": span.end}


def _plain(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return a mapping or sequence of ``Report.versions`` as what ``json`` can write."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
