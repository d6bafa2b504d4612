"""From a store to a case file's records: the confirmed findings of one site's scan, with all that bears on them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from claimcheck.errors import UsageError
from claimcheck.records import Label
from claimcheck.review.acts import GENESIS, TrailEntry, TrailHead
from claimcheck.review.casefile.pages import Cited, cited_pages
from claimcheck.review.casefile.people import People
from claimcheck.review.casefile.rates import known_rates, reviewed_kinds
from claimcheck.review.casefile.records import FLAGGED, CaseFile, CaseFinding, CaseScan, LeftOut
from claimcheck.review.casefile.stored import evidence_of, judged_of
from claimcheck.review.projection import FINISHED, decisions_on
from claimcheck.review.standing import Decision, Standing, State, standing_of
from claimcheck.scan.coverage import coverage_of
from claimcheck.settings import data_folder
from claimcheck.store.models import FindingRow, ScanRow, SiteRow, utc_now
from claimcheck.store.review_models import ReviewStateRow, TrailRow
from claimcheck.version import __version__

__all__ = ["CASE_ACT", "CaseOptions", "gather_case"]

# The trail's act of making a case file. It is no part of the next one, so that the same store gives the same file.
CASE_ACT = "export-case"
_AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class CaseOptions:
    """What a case file is made of: a scan (the latest finished one without), and how it is made.

    ``reference`` is the reader's own file number; ``anonymous`` leaves names out; ``at`` is the time stated as the
    file's making (now without).
    """

    scan_id: int | None = None
    reference: str = ""
    anonymous: bool = False
    at: datetime | None = None
    pdf: bool = True


def gather_case(session: Session, host: str, options: CaseOptions | None = None) -> CaseFile:
    """Return the case of a site: findings that people decided to be contradicted or overstated, in page order.

    Finished scans must be in the queue (``sync``).

    :raises UsageError: when there is no such site or finished scan, or no finding of it was confirmed.
    :raises DamagedDataError: when a row that the file would quote was altered.
    """
    options = options or CaseOptions()
    scan = _scan(session, host, options.scan_id)
    states = list(session.scalars(select(ReviewStateRow).where(ReviewStateRow.scan_id == scan.id)))
    decisions = _decisions(session, [row.finding_id for row in states if row.first_by is not None])
    standings = {finding_id: standing_of(made) for finding_id, made in decisions.items()}
    confirmed = [
        i for i, standing in standings.items() if standing.state is State.DECIDED and standing.label in FLAGGED
    ]
    if not confirmed:
        raise _nothing_confirmed(session, scan, states)
    cited = cited_pages(session, confirmed)
    acts = _acts(session, confirmed)
    account_ids = (decision.account_id for i in confirmed for decision in decisions[i])
    people = People(session, account_ids, anonymous=options.anonymous)
    source = _Gathered(decisions, standings, cited, acts, people)
    rows = _findings(session, confirmed)
    versions = scan.version.values if scan.version else {}
    return CaseFile(
        host=scan.site.host,
        start_url=scan.site.start_url,
        reference=options.reference,
        made_at=options.at or utc_now(),
        made_with=__version__,
        anonymous=options.anonymous,
        scan=CaseScan(scan.id, scan.started_at, scan.finished_at, scan.run.manifest_lines, scan.run.manifest_head),
        versions=versions,
        pages=cited.pages,
        findings=_numbered(rows, source),
        left_out=_left_out(states, standings),
        coverage=coverage_of(session, [scan.id]),
        known_rates=known_rates(data_folder("models"), versions),
        reviewed=reviewed_kinds(session),
        trail=tuple(_shown(entry, people) for entry in acts),
        trail_head=_head(session),
    )


@dataclass(frozen=True, slots=True)
class _Gathered:
    decisions: Mapping[int, Sequence[Decision]]
    standings: Mapping[int, Standing]
    cited: Cited
    acts: Sequence[TrailEntry]
    people: People


def _scan(session: Session, host: str, scan_id: int | None) -> ScanRow:
    name = host.strip().lower()
    site = session.scalar(select(SiteRow).where(SiteRow.host == name))
    if site is None:
        known = session.scalars(select(SiteRow.host).order_by(SiteRow.host).limit(3)).all()
        others = f"the store knows {', '.join(known)} …" if known else "the store is empty"
        raise UsageError(f"found no site {name[:80]!r} in the store; {others}")
    query = select(ScanRow).where(ScanRow.site_id == site.id, ScanRow.state == FINISHED)
    if scan_id is not None:
        query = query.where(ScanRow.id == scan_id)
    query = query.options(joinedload(ScanRow.site), joinedload(ScanRow.run), joinedload(ScanRow.version))
    scan = session.scalars(query.order_by(ScanRow.finished_at.desc(), ScanRow.id.desc()).limit(1)).first()
    if scan is None:
        which = "finished scan" if scan_id is None else f"finished scan {scan_id}"
        raise UsageError(f"found no {which} of {name}; `claimcheck scan {name}` makes or resumes one")
    return scan


def _nothing_confirmed(session: Session, scan: ScanRow, states: Sequence[ReviewStateRow]) -> UsageError:
    waiting = sum(row.verdict in FLAGGED and not row.done for row in states)
    row = ReviewStateRow
    query = (
        select(row.scan_id, func.count())
        .where(row.site_id == scan.site_id, row.scan_id != scan.id, row.done.is_(True), row.label.in_(FLAGGED))
        .group_by(row.scan_id)
        .order_by(row.scan_id.desc())
    )
    earlier = session.execute(query.limit(1)).first()
    advice = f"; the earlier scan {earlier[0]} has {earlier[1]}: --scan {earlier[0]}" if earlier else ""
    return UsageError(
        f"found no confirmed finding in scan {scan.id} of {scan.site.host} ({waiting} flagged and not decided); "
        f"decide them with `claimcheck review`{advice}"
    )


def _decisions(session: Session, finding_ids: Sequence[int]) -> dict[int, list[Decision]]:
    made: dict[int, list[Decision]] = {}
    for start in range(0, len(finding_ids), _AT_A_TIME):
        made |= decisions_on(session, finding_ids[start : start + _AT_A_TIME])
    return made


def _findings(session: Session, finding_ids: Sequence[int]) -> list[FindingRow]:
    rows: list[FindingRow] = []
    for start in range(0, len(finding_ids), _AT_A_TIME):
        query = select(FindingRow).where(FindingRow.id.in_(finding_ids[start : start + _AT_A_TIME]))
        query = query.options(joinedload(FindingRow.claim), joinedload(FindingRow.judgement))
        rows += session.scalars(query).all()
    return rows


def _numbered(rows: Sequence[FindingRow], source: _Gathered) -> tuple[CaseFinding, ...]:
    first = {row.id: source.cited.places[row.id][0] for row in rows}
    in_order = sorted(rows, key=lambda row: (first[row.id].page, first[row.id].start, row.id))
    return tuple(_finding(number, row, source) for number, row in enumerate(in_order, 1))


def _finding(number: int, row: FindingRow, source: _Gathered) -> CaseFinding:
    acts = {
        int(detail["decision"]): entry for entry in source.acts if "decision" in (detail := json.loads(entry.detail))
    }
    standing = source.standings[row.id]
    binding = [standing.adjudication] if standing.adjudication else [standing.first, standing.second]
    added = dict.fromkeys(record_id for made in binding if made for record_id in made.evidence_added)
    struck = dict.fromkeys(record_id for made in binding if made for record_id in made.evidence_struck)
    return CaseFinding(
        number=number,
        finding_id=row.id,
        quote=source.cited.quotes[row.id],
        claim=row.claim.text,
        topic=row.topic,
        label=Label(standing.label),
        judged=judged_of(row.judgement),
        pages=source.cited.page_counts[row.id],
        places=source.cited.places[row.id],
        evidence=evidence_of(row.judgement, row.judgement.version.pack, added, struck),
        decisions=source.people.decisions(source.decisions[row.id], acts),
    )


def _left_out(states: Sequence[ReviewStateRow], standings: Mapping[int, Standing]) -> LeftOut:
    counted = dict.fromkeys(LeftOut.__slots__, 0)
    names = {State.SECOND: "waiting", State.CONFLICT: "conflict"}
    for row in states:
        standing = standings.get(row.finding_id)
        state = standing.state if standing else State.OPEN
        if state is State.DECIDED and standing is not None:
            if standing.label not in FLAGGED:
                counted[standing.label] += 1
        elif state is State.OPEN:
            counted["undecided" if row.verdict in FLAGGED else "unflagged"] += 1
        else:
            counted[names[state]] += 1
    return LeftOut(**counted)


def _acts(session: Session, finding_ids: Sequence[int]) -> tuple[TrailEntry, ...]:
    columns = tuple(getattr(TrailRow, name) for name in TrailEntry.__slots__)
    found: list[TrailEntry] = []
    for start in range(0, len(finding_ids), _AT_A_TIME):
        subjects = [f"finding:{finding_id}" for finding_id in finding_ids[start : start + _AT_A_TIME]]
        found += [TrailEntry(*row) for row in session.execute(select(*columns).where(TrailRow.subject.in_(subjects)))]
    return tuple(sorted(found, key=lambda entry: entry.seq))


def _shown(entry: TrailEntry, people: People) -> TrailEntry:
    """Return the entry as the file shows it: in an anonymous one without its account, whatever the act."""
    if not people.anonymous or entry.account_id is None:
        return entry
    return replace(entry, account_id=None, actor=people.name(entry.account_id))


def _head(session: Session) -> TrailHead:
    query = select(TrailRow.seq, TrailRow.sha256).where(TrailRow.action != CASE_ACT).order_by(TrailRow.seq.desc())
    row = session.execute(query.limit(1)).first()
    return TrailHead(row.seq, row.sha256) if row else TrailHead(0, GENESIS)
