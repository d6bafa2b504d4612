"""What people decided, as rows that ``claimcheck evaluate`` reads and models learn from."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Exists, select
from sqlalchemy.orm import Session, aliased

from claimcheck.review.projection import decisions_on
from claimcheck.review.standing import Decision, standing_of
from claimcheck.store.models import ClaimRow, FindingRow, JudgementRow, SiteRow
from claimcheck.store.review_models import ReviewStateRow

__all__ = ["TrainingRow", "training_rows"]

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """A decided claim: see ``evaluate.rows`` for the format. ``domain`` is the site, which rows are resampled by.

    ``evidence`` is what the deciders left standing. ``predicted`` is the models' verdict, ``rounds`` who decided:
    first, second (two who agree) or adjudication.
    """

    text: str
    label: str
    topic: str
    domain: str
    evidence: tuple[str, ...]
    predicted: str
    rounds: str
    finding: int

    def as_json(self) -> str:
        """Return the row as one line of JSON."""
        values: dict[str, object] = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(values | {"evidence": [{"id": record_id} for record_id in self.evidence]}, ensure_ascii=False)


def training_rows(session: Session) -> Iterator[TrainingRow]:
    """Yield each claim of each site as it was decided last, streaming, in the order of findings.

    Claims dismissed as none are among them, labelled ``not_a_claim``: ``evaluate`` counts and leaves them out.
    """
    last = 0
    while True:
        query = (
            select(ReviewStateRow, ClaimRow.text, SiteRow.host, JudgementRow.evidence)
            .join(ClaimRow, ClaimRow.id == ReviewStateRow.claim_id)
            .join(SiteRow, SiteRow.id == ReviewStateRow.site_id)
            .join(FindingRow, FindingRow.id == ReviewStateRow.finding_id)
            .join(JudgementRow, JudgementRow.id == FindingRow.judgement_id)
            .where(ReviewStateRow.done.is_(True), ReviewStateRow.finding_id > last, ~_decided_later())
            .order_by(ReviewStateRow.finding_id)
            .limit(_CHUNK)
        )
        found = session.execute(query).all()
        if not found:
            return
        made = decisions_on(session, [row.finding_id for row, *_ in found])
        for row, claim, host, evidence in found:
            cited = [str(item.get("id")) for item in evidence if isinstance(item, dict)]
            decided = _deciders(made[row.finding_id])
            kept = _evidence(cited, decided)
            rounds = str(decided[-1].round)
            yield TrainingRow(claim, row.label, row.topic, host, kept, row.verdict, rounds, row.finding_id)
        last = found[-1][0].finding_id
        session.expunge_all()


def _decided_later() -> Exists:
    later = aliased(ReviewStateRow)
    return (
        select(later.finding_id)
        .where(
            later.claim_id == ReviewStateRow.claim_id,
            later.site_id == ReviewStateRow.site_id,
            later.done.is_(True),
            later.finding_id > ReviewStateRow.finding_id,
        )
        .exists()
    )


def _deciders(decisions: list[Decision]) -> list[Decision]:
    standing = standing_of(decisions)
    if standing.adjudication:
        return [standing.adjudication]
    return [decision for decision in (standing.first, standing.second) if decision]


def _evidence(cited: list[str], decided: list[Decision]) -> tuple[str, ...]:
    added = [record_id for decision in decided for record_id in decision.evidence_added]
    struck = {record_id for decision in decided for record_id in decision.evidence_struck}
    return tuple(record_id for record_id in dict.fromkeys([*cited, *added]) if record_id not in struck)
