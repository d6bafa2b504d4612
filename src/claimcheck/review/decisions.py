"""Decisions: each one a new row, in the transaction of its trail entry, under the lock that orders all acts.

What a reviewer had seen when deciding goes in as ``seen`` (the newest decision shown to them, or None). If the finding
moved on since, nothing is overwritten: a decision of somebody else who was just as quick becomes the second review.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from claimcheck.records import Label
from claimcheck.review.acts import append, decision_digest, lock
from claimcheck.review.errors import ConflictError, InvalidError
from claimcheck.review.evidence import known_record
from claimcheck.review.leases import release, require_free
from claimcheck.review.options import ReviewOptions, needs_two, review_options
from claimcheck.review.permissions import Account, Act, require
from claimcheck.review.projection import decisions_on, project, state_row
from claimcheck.review.reasons import OTHER, REASONS, reasons_for
from claimcheck.review.standing import Decision, Kind, Round, Standing, State, standing_of
from claimcheck.review.texts import require_storable
from claimcheck.review.visibility import newest_seen
from claimcheck.store.models import FindingRow, JudgementRow, VersionRow, utc_now
from claimcheck.store.review_models import DecisionRow, ReviewStateRow

__all__ = ["BULK_LIMIT", "NOTE_LIMIT", "Choice", "Decided", "adjudicate", "bulk_decide", "decide", "undo"]

NOTE_LIMIT = 4_000
EVIDENCE_LIMIT = 20
BULK_LIMIT = 500
VERDICTS = (Label.SUPPORTED, Label.OVERSTATED, Label.CONTRADICTED, Label.UNVERIFIED)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person wants to decide. ``label`` is for a change only: the other kinds have theirs."""

    kind: Kind
    label: str = ""
    reason: str = ""
    note: str = ""
    evidence_added: tuple[str, ...] = ()
    evidence_struck: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_choice(self)


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as recorded, and where its finding stands now as its author may see it."""

    decision: Decision
    state: State
    label: str


def _check_choice(choice: Choice) -> None:
    if choice.kind is Kind.UNDO:
        raise InvalidError("to take a decision back, undo it")
    if (choice.kind is Kind.CHANGE) != bool(choice.label):
        raise InvalidError("a change names the new verdict, and nothing else does")
    if choice.label and choice.label not in VERDICTS:
        raise InvalidError(f"found the verdict {choice.label!r}, expected one of {', '.join(VERDICTS)}")
    if choice.reason not in REASONS and (choice.reason or choice.kind is not Kind.CONFIRM):
        codes = ", ".join(reason.code for reason in reasons_for(choice.kind))
        raise InvalidError(f"found the reason {choice.reason!r}, expected one of {codes}")
    if choice.reason and choice.kind not in REASONS[choice.reason].kinds:
        raise InvalidError(f"the reason {choice.reason!r} does not go with {choice.kind}")
    if choice.reason == OTHER and not choice.note.strip():
        raise InvalidError("another reason has to be given in the note")
    require_storable("note", choice.note, longest=NOTE_LIMIT)
    if max(len(choice.evidence_added), len(choice.evidence_struck)) > EVIDENCE_LIMIT:
        raise InvalidError(f"found more than {EVIDENCE_LIMIT} records added or struck")


def decide(session: Session, account: Account, finding_id: int, choice: Choice, *, seen: int | None) -> Decided:
    """Return the decision made on a finding: the first, the second where one is due, or a new one for one's own.

    :raises ConflictError: when somebody else holds the finding, or decided it first.
    :raises InvalidError: when the choice does not fit the finding.
    :raises MissingError: when there is no such finding.
    :raises NotAllowedError: when the account may not decide.
    """
    require(account, Act.DECIDE)
    lock(session)
    row = state_row(session, finding_id)
    require_free(session, account, finding_id)
    decisions = decisions_on(session, [finding_id])[finding_id]
    return _decide(session, account, row, _Attempt(choice, decisions, seen, review_options(session)))


def bulk_decide(
    session: Session, account: Account, choice: Choice, *, finding_ids: Sequence[int]
) -> tuple[Decided, ...]:
    """Return the decisions made on all these findings, or none at all: each must still be open to the account.

    :raises ConflictError: when one of them is not open to the account.
    :raises InvalidError: when there are none, too many, or the choice does not fit one of them.
    :raises MissingError: when there is no such finding.
    :raises NotAllowedError: when the account may not decide.
    """
    require(account, Act.DECIDE)
    ids = sorted(set(finding_ids))
    if not 1 <= len(ids) <= BULK_LIMIT:
        raise InvalidError(f"found {len(ids)} findings to decide together, expected 1 to {BULK_LIMIT}")
    if choice.evidence_struck:
        raise InvalidError("evidence is struck for one finding at a time: the findings do not cite the same")
    lock(session)
    options, batch = review_options(session), secrets.token_hex(8)
    rows = [state_row(session, finding_id) for finding_id in ids]
    made = decisions_on(session, ids)
    decided = []
    for row in rows:
        require_free(session, account, row.finding_id)
        decisions = made[row.finding_id]
        standing = standing_of(decisions)
        is_open = standing.state is State.OPEN or (standing.state is State.SECOND and standing.first_by != account.id)
        if not is_open:
            raise ConflictError(f"finding {row.finding_id} is already decided; nothing was changed: leave it out")
        seen = newest_seen(decisions, standing, account)
        decided.append(_decide(session, account, row, _Attempt(choice, decisions, seen, options, batch)))
    return tuple(decided)


def adjudicate(session: Session, account: Account, finding_id: int, choice: Choice, *, seen: int | None) -> Decided:
    """Return a lead's decision on a conflict, or over a finding that was decided: a record of its own.

    :raises ConflictError: when the finding waits for its reviewers, or moved on since the lead opened it.
    :raises InvalidError: when the choice does not fit the finding.
    :raises MissingError: when there is no such finding.
    :raises NotAllowedError: when the account is no lead, or is one of the two who disagree.
    """
    require(account, Act.ADJUDICATE)
    if choice.kind is Kind.SECOND_OPINION:
        raise InvalidError("an adjudication ends the matter; it cannot ask for a second opinion")
    lock(session)
    row = state_row(session, finding_id)
    require_free(session, account, finding_id)
    decisions = decisions_on(session, [finding_id])[finding_id]
    standing = standing_of(decisions)
    if standing.state not in {State.CONFLICT, State.DECIDED}:
        raise ConflictError(f"finding {finding_id} is not decided yet; there is nothing to adjudicate")
    if account.id in {made.account_id for made in (standing.first, standing.second) if made}:
        raise ConflictError("whoever decided a finding as a reviewer cannot adjudicate it; ask another lead")
    if seen != newest_seen(decisions, standing, account):
        raise ConflictError(f"finding {finding_id} was decided on since you opened it; open it again")
    attempt = _Attempt(choice, decisions, seen, review_options(session))
    supersedes = standing.adjudication.id if standing.adjudication else None
    return _record(session, account, row, attempt, _Place(Round.ADJUDICATION, supersedes, blind=False))


def undo(session: Session, account: Account, finding_id: int) -> Decided:
    """Return the row that takes back the account's own latest decision on a finding.

    :raises ConflictError: when there is none, or somebody decided after it.
    :raises MissingError: when there is no such finding.
    :raises NotAllowedError: when the account may not decide.
    """
    require(account, Act.DECIDE)
    lock(session)
    row = state_row(session, finding_id)
    decisions = decisions_on(session, [finding_id])[finding_id]
    standing = standing_of(decisions)
    mine = standing.of(account.id)
    if mine is None:
        raise ConflictError(f"you have no decision on finding {finding_id} to take back")
    _require_last(mine, standing)
    if mine.round is Round.ADJUDICATION:
        require(account, Act.ADJUDICATE)
    attempt = _Attempt(None, decisions, None, review_options(session))
    return _record(session, account, row, attempt, _Place(mine.round, mine.id, blind=mine.blind))


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A choice (None to undo) with what it is made on."""

    choice: Choice | None
    decisions: Sequence[Decision]
    seen: int | None
    options: ReviewOptions
    batch: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a decision goes among the others of its finding."""

    round: Round
    supersedes_id: int | None
    blind: bool


def _decide(session: Session, account: Account, row: ReviewStateRow, attempt: _Attempt) -> Decided:
    return _record(session, account, row, attempt, _place(account, row.finding_id, attempt))


def _place(account: Account, finding_id: int, attempt: _Attempt) -> _Place:
    standing = standing_of(attempt.decisions)
    is_fresh = attempt.seen == newest_seen(attempt.decisions, standing, account)
    mine = standing.of(account.id)
    moved_on = ConflictError(f"finding {finding_id} was decided on since you opened it; open it again")
    if mine is not None:
        _require_last(mine, standing)
        if mine.round is Round.ADJUDICATION:
            raise ConflictError(f"you adjudicated finding {finding_id}; adjudicate it anew to change that")
        if not is_fresh:
            raise moved_on
        return _Place(mine.round, mine.id, blind=mine.blind)
    if standing.state is State.OPEN:
        if not is_fresh:
            raise moved_on
        return _Place(Round.FIRST, None, blind=True)
    if standing.state is State.SECOND:
        if not is_fresh:
            raise moved_on
        return _Place(Round.SECOND, None, blind=not _was_second(account, attempt.decisions))
    # Decided by one other person while this one had the finding open and undecided: both rows are kept.
    raced = standing.second is None and standing.adjudication is None and _saw_open(attempt)
    if raced and standing.first is not None:
        return _Place(Round.SECOND, None, blind=True)
    raise ConflictError(f"finding {finding_id} is already decided; a lead can decide it anew")


def _saw_open(attempt: _Attempt) -> bool:
    before = [decision for decision in attempt.decisions if attempt.seen is not None and decision.id <= attempt.seen]
    since = [decision for decision in attempt.decisions if decision not in before]
    known = attempt.seen is None or any(decision.id == attempt.seen for decision in before)
    # Beyond the time of a lease it is no race but an old page: its author is told instead.
    window = timedelta(minutes=attempt.options.lease_minutes)
    is_race = bool(since) and utc_now() - since[0].created_at <= window
    return known and is_race and standing_of(before).state is State.OPEN


def _was_second(account: Account, decisions: Sequence[Decision]) -> bool:
    # After a second decision its author is shown the first; taken back and made again, it is not blind any more.
    return any(made.account_id == account.id and made.round is Round.SECOND for made in decisions)


def _require_last(mine: Decision, standing: Standing) -> None:
    later = [made for made in (standing.second, standing.adjudication) if made and made.id > mine.id]
    if later or (mine.round is Round.FIRST and standing.second):
        raise ConflictError("somebody decided after you; your decision stands as recorded, a lead can decide anew")


def _record(session: Session, account: Account, row: ReviewStateRow, attempt: _Attempt, place: _Place) -> Decided:
    choice = attempt.choice
    _check_fits(session, row, choice)
    is_first = place.round is Round.FIRST
    made = DecisionRow(
        finding_id=row.finding_id,
        account_id=account.id,
        round=str(place.round),
        kind=str(choice.kind if choice else Kind.UNDO),
        label=_label(choice, row.verdict) if choice else "",
        reason=choice.reason if choice else "",
        note=choice.note.strip() if choice else "",
        evidence_added=list(choice.evidence_added) if choice else [],
        evidence_struck=list(choice.evidence_struck) if choice else [],
        blind=place.blind,
        double=choice is not None and is_first and _needs_two(attempt, row.finding_id),
        batch=attempt.batch,
        supersedes_id=place.supersedes_id,
        created_at=utc_now(),
    )
    session.add(made)
    session.flush()
    decisions = decisions_on(session, [row.finding_id])[row.finding_id]
    standing = project(row, decisions)
    release(session, account, row.finding_id)
    detail = {"decision": made.id, "kind": made.kind, "round": made.round, "label": made.label}
    digest = {"decision_sha256": decision_digest(made), "state": str(standing.state)}
    action = "undo" if choice is None else "adjudicate" if place.round is Round.ADJUDICATION else "decide"
    append(session, account, action, f"finding:{row.finding_id}", detail | digest)
    recorded = next(decision for decision in decisions if decision.id == made.id)
    return Decided(replace(recorded, live=choice is not None), standing.state, standing.label)


def _needs_two(attempt: _Attempt, finding_id: int) -> bool:
    # Once two were required, a new first decision does not lift it.
    was = any(made.double for made in attempt.decisions)
    return was or needs_two(finding_id, attempt.options)


def _label(choice: Choice, verdict: str) -> str:
    fixed = {Kind.CONFIRM: verdict, Kind.DISMISS: str(Label.NOT_A_CLAIM), Kind.SECOND_OPINION: ""}
    return fixed.get(choice.kind, choice.label)


def _check_fits(session: Session, row: ReviewStateRow, choice: Choice | None) -> None:
    if choice is None:
        return
    if choice.kind is Kind.CHANGE and choice.label == row.verdict:
        raise InvalidError(f"the verdict is {row.verdict} already; confirm it, or change it to another")
    if not choice.evidence_added and not choice.evidence_struck:
        return
    judged = session.execute(
        select(JudgementRow.evidence, VersionRow.pack)
        .join(VersionRow, VersionRow.id == JudgementRow.version_id)
        .join(FindingRow, FindingRow.judgement_id == JudgementRow.id)
        .where(FindingRow.id == row.finding_id)
    ).one()
    cited = {str(item.get("id")) for item in judged.evidence if isinstance(item, dict)}
    for record_id in choice.evidence_struck:
        if record_id not in cited:
            raise InvalidError(
                f"the verdict on finding {row.finding_id} does not cite {record_id!r}, nor can it be struck"
            )
    for record_id in choice.evidence_added:
        known_record(judged.pack, record_id)
        if record_id in cited:
            raise InvalidError(f"finding {row.finding_id} cites {record_id!r} already")
