"""Writing what was checked into the store: a page with its findings in one transaction, claims judged once.

Every write may be repeated without harm (a page leaves the state ``fetched`` once; claims, judgements, findings and
occurrences are unique), so that a scan killed anywhere loses nothing finished and repeats nothing.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from claimcheck.records import Claim, PageFinding, Severity, Verdict
from claimcheck.report.contract import claim_values
from claimcheck.scan.work import PreparedPage, Unreadable, claim_key
from claimcheck.store.models import (
    Base,
    ClaimRow,
    FindingRow,
    JudgementRow,
    OccurrenceRow,
    PageRow,
    PageTextRow,
    ScanRow,
    VersionRow,
    utc_now,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy import Dialect
    from sqlalchemy.dialects.sqlite import Insert
    from sqlalchemy.orm import Session

__all__ = [
    "SEVERITIES",
    "JudgedClaims",
    "KnownClaim",
    "Recorded",
    "insert_missing",
    "record_failure",
    "record_judgements",
    "record_page",
    "record_version",
]

SEVERITIES: Mapping[Severity, int] = {
    Severity.NONE: 0,
    Severity.LOW: 1,
    Severity.MEDIUM: 2,
    Severity.HIGH: 3,
}
# 50,000 known claims take about 25 MB; the others are asked of the database.
REMEMBERED_CLAIMS = 50_000
# SQLite takes 32,766 variables a statement, PostgreSQL 65,535.
ROWS_AT_A_TIME = 500
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class KnownClaim:
    """A judged claim as findings need it."""

    claim_id: int
    judgement_id: int
    topic: str
    label: str
    confidence: float
    needs_review: bool
    severity: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a page added to a scan: its different claims, and the labels of findings that are new in the scan."""

    claims: int
    new_labels: tuple[str, ...]


class JudgedClaims:
    """The claims that a version has judged: the database, with the latest ones at hand."""

    def __init__(self, version_id: int, size: int = REMEMBERED_CLAIMS) -> None:
        self.version_id = version_id
        self._size = size
        self._known: OrderedDict[str, KnownClaim] = OrderedDict()

    def find(self, session: "Session", keys: Iterable[str]) -> dict[str, KnownClaim]:
        """Return those of the claims that are judged, by key."""
        keys = list(keys)
        found: dict[str, KnownClaim] = {}
        for key in keys:
            if key in self._known:
                self._known.move_to_end(key)
                found[key] = self._known[key]
        found |= self._read(session, [key for key in keys if key not in found])
        return found

    def _read(self, session: "Session", keys: Sequence[str]) -> dict[str, KnownClaim]:
        import sqlalchemy as sa

        columns = (
            ClaimRow.key,
            ClaimRow.id,
            JudgementRow.id,
            ClaimRow.topic,
            JudgementRow.label,
            JudgementRow.confidence,
            JudgementRow.needs_review,
            JudgementRow.severity,
        )
        found: dict[str, KnownClaim] = {}
        for part in _parts(keys):
            query = sa.select(*columns).join_from(JudgementRow, ClaimRow)
            query = query.where(JudgementRow.version_id == self.version_id, ClaimRow.key.in_(part))
            found |= {row[0]: KnownClaim(*row[1:]) for row in session.execute(query)}
        for key, known in found.items():
            self._known[key] = known
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        return found


def record_version(session: "Session", versions: Mapping[str, Any]) -> int:
    """Return the id of the row for what judges; a new one is made when there is none."""
    import sqlalchemy as sa

    sha256 = _digest(versions)
    corpus = versions.get("corpus", {})
    row = {
        "sha256": sha256,
        "pack": str(corpus.get("pack", "")),
        "corpus_sha256": str(corpus.get("sha256", "")),
        "models_sha256": _digest(versions.get("models", {})),
        "values": dict(versions),
        "created_at": utc_now(),
    }
    insert_missing(session, VersionRow, [row])
    return session.scalars(sa.select(VersionRow.id).where(VersionRow.sha256 == sha256)).one()


def record_judgements(
    session: "Session",
    version_id: int,
    claims: Sequence[Claim],
    vectors: "NDArray[np.float32]",
    verdicts: Sequence[Verdict],
) -> None:
    """Add claims and their judgements by a version; a claim or judgement that is there already stays as it is."""
    import sqlalchemy as sa

    keys = [claim_key(claim.text) for claim in claims]
    rows = [
        {"key": key, "text": claim.text, "topic": claim.topic, "vector": vector.astype("<f2").tobytes()}
        for key, claim, vector in zip(keys, claims, vectors, strict=True)
    ]
    for part in _parts(rows):
        statement = _insert(session.get_bind().dialect, ClaimRow)
        # Claims of an earlier version get the vector of this one's encoder: only vectors of one encoder compare.
        newest = {"vector": statement.excluded.vector}
        session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=newest), part)
    stored: dict[str, ClaimRow] = {}
    for some in _parts(keys):
        stored |= {row.key: row for row in session.scalars(sa.select(ClaimRow).where(ClaimRow.key.in_(some)))}
    judgements = []
    for key, claim, verdict in zip(keys, claims, verdicts, strict=True):
        values = _judgement_values(verdict)
        if stored[key].text != claim.text:
            # The same words with other signs: the offsets are of this text, and the store keeps the first.
            values["strong_words"] = []
        judgements.append({"claim_id": stored[key].id, "version_id": version_id, **values})
    insert_missing(session, JudgementRow, judgements)


def record_page(session: "Session", page: PreparedPage, known: Mapping[str, KnownClaim]) -> Recorded | None:
    """Move a page from fetched to checked with its findings and occurrences; None when it was no longer fetched."""
    import sqlalchemy as sa

    values = {
        "state": "checked",
        "reason": "",
        "detail": "",
        "checked_at": utc_now(),
        "title": page.title,
        "sentences": page.sentences,
        "characters_found": page.coverage.characters_found,
        "characters_kept": page.coverage.characters_kept,
        "images_without_text": page.coverage.images_without_text,
        "reasons_dropped": dict(sorted(page.coverage.reasons_dropped.items())),
        "findings": [_finding_values(finding) for finding in page.findings],
    }
    # The update comes first: it takes the lock, and tells whether another process was quicker.
    if not _leave_fetched(session, page.page_id, values):
        return None
    insert_missing(session, PageTextRow, [{"sha256": page.text_sha256, "text": page.text}])
    of_page = sa.update(PageRow).where(PageRow.id == page.page_id)
    session.execute(of_page.values(text_sha256=page.text_sha256))
    scan = session.execute(
        sa.select(ScanRow.id, ScanRow.site_id).join_from(PageRow, ScanRow).where(PageRow.id == page.page_id)
    ).one()
    judged = [known[claim_key(claim.text)] for claim in page.claims]
    ids, new = _findings(session, page, judged, scan.id, scan.site_id)
    occurrences = {
        (ids[judged[said.claim].claim_id], said.start): {
            "finding_id": ids[judged[said.claim].claim_id],
            "page_id": page.page_id,
            "start": said.start,
            "end": said.end,
            "block": said.block,
            "visible": said.visible,
            "heading": said.heading,
        }
        for said in page.said
    }
    insert_missing(session, OccurrenceRow, list(occurrences.values()))
    return Recorded(len(judged), tuple(item.label for item in judged if item.claim_id in new))


def record_failure(session: "Session", failure: Unreadable) -> bool:
    """Move a page from fetched to failed with its reason; False when it was no longer fetched."""
    detail = failure.detail.replace("\0", "")
    values = {"state": "failed", "reason": failure.reason[:60], "detail": detail, "checked_at": utc_now()}
    return _leave_fetched(session, failure.page_id, values)


def insert_missing(session: "Session", table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, passing over those that a unique constraint says are there already."""
    for part in _parts(rows):
        session.execute(_insert(session.get_bind().dialect, table).on_conflict_do_nothing(), part)


def _insert(dialect: "Dialect", table: type[Base]) -> "Insert":
    from sqlalchemy.dialects import postgresql, sqlite

    # Both have the same method; PostgreSQL's class is of another module.
    return sqlite.insert(table) if dialect.name == "sqlite" else postgresql.insert(table)  # type: ignore[return-value]  # the two have one interface


def _leave_fetched(session: "Session", page_id: int, values: Mapping[str, Any]) -> bool:
    import sqlalchemy as sa

    statement = sa.update(PageRow).where(PageRow.id == page_id, PageRow.state == "fetched").values(**values)
    result: Any = session.execute(statement)
    return bool(result.rowcount)


def _findings(
    session: "Session", page: PreparedPage, judged: Sequence[KnownClaim], scan_id: int, site_id: int
) -> tuple[dict[int, int], set[int]]:
    """Return the finding of each claim by the claim's id, and which claims had none before."""
    import sqlalchemy as sa

    wanted = {item.claim_id: item for item in judged}
    ids = _finding_ids(session, scan_id, list(wanted))
    new = wanted.keys() - ids.keys()
    first = {judged[said.claim].claim_id: said.sentence for said in reversed(page.said)}
    rows = [
        {
            "scan_id": scan_id,
            "site_id": site_id,
            "page_id": page.page_id,
            "claim_id": claim_id,
            "judgement_id": item.judgement_id,
            "sentence": first[claim_id],
            "topic": item.topic,
            "label": item.label,
            "confidence": item.confidence,
            "needs_review": item.needs_review,
            "severity": item.severity,
            "pages": 0,
            "created_at": utc_now(),
        }
        for claim_id, item in wanted.items()
        if claim_id in new
    ]
    insert_missing(session, FindingRow, rows)
    ids |= _finding_ids(session, scan_id, list(new))
    for part in _parts(list(ids.values())):
        session.execute(sa.update(FindingRow).where(FindingRow.id.in_(part)).values(pages=FindingRow.pages + 1))
    return ids, set(new)


def _finding_ids(session: "Session", scan_id: int, claim_ids: Sequence[int]) -> dict[int, int]:
    import sqlalchemy as sa

    found: dict[int, int] = {}
    for part in _parts(claim_ids):
        query = sa.select(FindingRow.claim_id, FindingRow.id)
        query = query.where(FindingRow.scan_id == scan_id, FindingRow.claim_id.in_(part))
        found |= {claim_id: finding_id for claim_id, finding_id in session.execute(query)}
    return found


def _judgement_values(verdict: Verdict) -> dict[str, Any]:
    values = claim_values(verdict)
    kept = ("label", "probabilities", "confidence", "needs_review", "overstates", "explanation", "evidence", "numbers")
    row = {name: values[name] for name in (*kept, "strong_words")}
    return row | {"severity": SEVERITIES[verdict.severity]}


def _finding_values(finding: PageFinding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "explanation": finding.explanation,
        "spans": [{"start": span.start, "end": span.end} for span in finding.spans],
    }


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def _parts(items: Sequence[_Item]) -> Iterator[list[_Item]]:
    iterator = iter(items)
    while part := list(islice(iterator, ROWS_AT_A_TIME)):
        yield part
