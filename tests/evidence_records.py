"""Evidence records for tests, with every field that a test does not care about filled in."""

from claimcheck.corpus.reader import record_from_mapping
from claimcheck.records import EvidenceRecord


def a_record(**fields: object) -> EvidenceRecord:
    """Return a valid record with ``fields`` in place of its own."""
    row: dict[str, object] = {
        "id": "a-record",
        "topic": "a_topic",
        "statement": "A drug helped adults.",
        "population": "40 adults",
        "direction": "benefit",
        "certainty": "low",
        "certainty_reason": "one small trial",
        "limits": "Short follow-up.",
        "source": {
            "type": "rct",
            "title": "A trial",
            "authors": "Doe et al.",
            "year": 2020,
            "url": "https://example.org/trial",
        },
        "status": "current",
        "checked": "2026-01-01",
        "verified": "search",
    }
    return record_from_mapping(row | fields, "test")
