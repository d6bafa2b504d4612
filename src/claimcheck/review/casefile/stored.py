"""From the JSON that a judgement keeps back to records; a row that was altered is damage, not a value."""

from collections.abc import Mapping
from typing import Any

from claimcheck.errors import DamagedDataError
from claimcheck.records import Certainty, Evidence, EvidenceRecord, Label, NumberCheck, Overstatement, Source, Stance
from claimcheck.review.casefile.records import CaseEvidence, Judged
from claimcheck.review.errors import InvalidError
from claimcheck.review.evidence import known_record
from claimcheck.store.models import JudgementRow

__all__ = ["evidence_of", "judged_of"]


def judged_of(row: JudgementRow) -> Judged:
    """Return what claimcheck said of a claim.

    :raises DamagedDataError: when the row is not what a scan writes.
    """
    try:
        return Judged(
            label=Label(row.label),
            probabilities={Label(name): float(value) for name, value in row.probabilities.items()},
            confidence=row.confidence,
            needs_review=row.needs_review,
            overstates=tuple(Overstatement(name) for name in row.overstates),
            explanation=row.explanation,
            numbers=tuple(NumberCheck(**values) for values in row.numbers),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise _damaged(row.id, error) from error


def evidence_of(
    row: JudgementRow, pack: str, added: Mapping[str, None], struck: Mapping[str, None]
) -> tuple[CaseEvidence, ...]:
    """Return the evidence of a judgement as kept with it, each piece marked when struck, then what reviewers added.

    :raises DamagedDataError: when the row is not what a scan writes.
    """
    try:
        cited = [_evidence(values) for values in row.evidence]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(row.id, error) from error
    kept = [CaseEvidence(item, "struck" if item.record.id in struck else "cited") for item in cited]
    ids = {item.record.id for item in cited}
    kept += [CaseEvidence(_added(pack, record_id), "added") for record_id in added if record_id not in ids]
    return tuple(kept)


def _added(pack: str, record_id: str) -> Evidence:
    try:
        record = known_record(pack, record_id)
    except InvalidError:
        # The corpus moved on since; the decision still names the record.
        record = _record(record_id, "(This record is not in the corpus installed here.)", Certainty.VERY_LOW, "", {})
    return Evidence(record, Stance.CONTEXT, 0.0)


def _evidence(values: Mapping[str, Any]) -> Evidence:
    certainty, source = Certainty(values["certainty"]), dict(values["source"])
    record = _record(str(values["id"]), str(values["statement"]), certainty, str(values["limits"]), source)
    return Evidence(record, Stance(values["stance"]), float(values["score"]))


def _record(
    record_id: str, statement: str, certainty: Certainty, limits: str, source: Mapping[str, Any]
) -> EvidenceRecord:
    year = source.get("year")
    cited = Source(
        type=str(source.get("type") or ""),
        title=str(source.get("title") or ""),
        authors=str(source.get("authors") or ""),
        year=int(year) if year else None,
        journal=str(source.get("journal") or ""),
        url=str(source.get("url") or ""),
        pmid=str(source["pmid"]) if source.get("pmid") else None,
        doi=str(source["doi"]) if source.get("doi") else None,
    )
    # What a judgement does not keep of a record is left empty; a case file shows none of it.
    return EvidenceRecord(
        record_id, "", statement, "", "", "", "", "", {}, "", certainty, "", limits, cited, "", "", ""
    )  # fmt: skip


def _damaged(judgement_id: int, error: Exception) -> DamagedDataError:
    return DamagedDataError(f"judgement {judgement_id} of the store was altered ({error}); run `claimcheck verify`")
