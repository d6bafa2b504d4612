"""Notes on findings, and who a finding is given to."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from claimcheck.review.accounts import account_named
from claimcheck.review.acts import append, lock, note_digest
from claimcheck.review.decisions import NOTE_LIMIT
from claimcheck.review.errors import InvalidError, NotAllowedError
from claimcheck.review.permissions import Account, Act, may, require
from claimcheck.review.projection import state_row
from claimcheck.review.texts import require_storable
from claimcheck.review.visibility import is_hidden
from claimcheck.store.models import utc_now
from claimcheck.store.review_models import AccountRow, NoteRow, ReviewStateRow

__all__ = ["Note", "add_note", "assign", "notes_on"]


@dataclass(frozen=True, slots=True)
class Note:
    """A remark, who made it and when."""

    id: int
    finding_id: int
    account_id: int
    account: str
    text: str
    created_at: datetime


def add_note(session: Session, account: Account, finding_id: int, text: str) -> Note:
    """Return the note added to a finding.

    :raises InvalidError: when it is empty or too long.
    :raises MissingError: when there is no such finding.
    :raises NotAllowedError: when the account may not decide.
    """
    require(account, Act.DECIDE)
    text = text.strip()
    if not text:
        raise InvalidError("found an empty note; write something")
    require_storable("note", text, longest=NOTE_LIMIT)
    lock(session)
    state_row(session, finding_id)
    row = NoteRow(finding_id=finding_id, account_id=account.id, text=text, created_at=utc_now())
    session.add(row)
    session.flush()
    append(session, account, "note", f"finding:{finding_id}", {"note": row.id, "note_sha256": note_digest(row)})
    return Note(row.id, finding_id, account.id, account.name, text, row.created_at)


def notes_on(session: Session, account: Account, finding_id: int) -> tuple[Note, ...]:
    """Return the notes that the account may see, oldest first: while a first decision is hidden, so are its author's.

    :raises MissingError: when there is no such finding.
    """
    row = state_row(session, finding_id)
    query = (
        select(NoteRow, AccountRow.name)
        .join(AccountRow, AccountRow.id == NoteRow.account_id)
        .where(NoteRow.finding_id == finding_id)
        .order_by(NoteRow.id)
    )
    if is_hidden(row.state, row.first_by, account):
        query = query.where(NoteRow.account_id != row.first_by)
    return tuple(
        Note(note.id, note.finding_id, note.account_id, name, note.text, note.created_at)
        for note, name in session.execute(query)
    )


def assign(session: Session, account: Account, finding_id: int, name: str | None) -> str | None:
    """Return the name that the finding is given to now; None leaves it to anybody.

    A reviewer takes a free finding, or gives back their own; a lead gives any finding to anybody who may decide.

    :raises InvalidError: when that person may not decide.
    :raises MissingError: when there is no such finding or person.
    :raises NotAllowedError: when the account may not give it away.
    """
    require(account, Act.DECIDE)
    lock(session)
    row = state_row(session, finding_id)
    target = account_named(session, name) if name is not None else None
    if target and not may(target, Act.DECIDE):
        raise InvalidError(f"{target.name} may not decide findings; give it to a reviewer")
    _require_own(account, row, target)
    before, row.assigned_to = row.assigned_to, target.id if target else None
    if before != row.assigned_to:
        session.flush()
        append(session, account, "assign", f"finding:{finding_id}", {"from": before, "to": row.assigned_to})
    return target.name if target else None


def _require_own(account: Account, row: ReviewStateRow, target: Account | None) -> None:
    takes = target is None or target.id == account.id
    is_free = row.assigned_to in {None, account.id}
    if may(account, Act.ASSIGN) or (takes and is_free):
        return
    if not takes:
        require(account, Act.ASSIGN)
    raise NotAllowedError("this finding is given to somebody else; a lead can give it to you")
