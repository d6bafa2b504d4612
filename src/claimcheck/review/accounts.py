"""People: adding them, their roles and passwords. Nobody is ever deleted, since the trail names them."""

import re

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from claimcheck.review.acts import append, lock
from claimcheck.review.errors import ConflictError, InvalidError, MissingError
from claimcheck.review.passwords import hash_password
from claimcheck.review.permissions import Account, Act, Role, require
from claimcheck.store.review_models import AccountRow, ApiTokenRow, LoginSessionRow

__all__ = [
    "account_named",
    "account_of",
    "accounts",
    "add_account",
    "count_accounts",
    "set_active",
    "set_password",
    "set_role",
]

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_DISPLAY_LIMIT = 100


def account_of(row: AccountRow) -> Account:
    """Return the row as a record, without its password's hash."""
    return Account(row.id, row.name, row.display_name, Role(row.role), row.active)


def accounts(session: Session) -> tuple[Account, ...]:
    """Return everybody, by name."""
    return tuple(account_of(row) for row in session.scalars(select(AccountRow).order_by(AccountRow.name)))


def count_accounts(session: Session) -> int:
    """Return how many people there are."""
    return session.scalar(select(func.count()).select_from(AccountRow)) or 0


def account_named(session: Session, name: str) -> Account:
    """Return the person with this name.

    :raises MissingError: when there is none.
    """
    return account_of(_row(session, name))


def add_account(
    session: Session, by: Account | None, name: str, role: Role | str, *, password: str = "", display_name: str = ""
) -> Account:
    """Return the person added; ``by`` is None on the command line. Without a password only a login link lets them in.

    :raises ConflictError: when the name is taken.
    :raises InvalidError: when the name, role or password will not do.
    :raises NotAllowedError: when ``by`` is no admin.
    """
    _require_admin(by)
    if not _NAME.fullmatch(name):
        raise InvalidError(f"found the name {name[:60]!r}, expected 1 to 40 of a-z, 0-9, '.', '_' and '-'")
    display_name = " ".join(display_name.split()) or name
    if len(display_name) > _DISPLAY_LIMIT or not display_name.isprintable():
        raise InvalidError(f"found an unusable display name, expected at most {_DISPLAY_LIMIT} printable characters")
    password_hash = hash_password(password) if password else ""
    lock(session)
    if session.scalar(select(AccountRow.id).where(AccountRow.name == name)):
        raise ConflictError(f"the name {name} is taken; choose another")
    row = AccountRow(name=name, display_name=display_name, password_hash=password_hash, role=_role(role), active=True)
    session.add(row)
    session.flush()
    append(session, by, "add-account", f"account:{row.id}", {"name": name, "role": row.role})
    return account_of(row)


def set_password(session: Session, by: Account | None, name: str, password: str) -> Account:
    """Return the person whose password is set; their sessions and API tokens end.

    :raises InvalidError: when the password will not do.
    :raises MissingError: when there is no such person.
    :raises NotAllowedError: when ``by`` is neither that person nor an admin.
    """
    if by is None or by.name != name:
        _require_admin(by)
    password_hash = hash_password(password)
    lock(session)
    row = _row(session, name)
    row.password_hash = password_hash
    _end_sessions(session, row.id)
    append(session, by, "set-password", f"account:{row.id}")
    return account_of(row)


def set_role(session: Session, by: Account | None, name: str, role: Role | str) -> Account:
    """Return the person with the new role.

    :raises ConflictError: when that would leave no admin.
    :raises InvalidError: when there is no such role.
    :raises MissingError: when there is no such person.
    :raises NotAllowedError: when ``by`` is no admin.
    """
    _require_admin(by)
    lock(session)
    row = _row(session, name)
    before, row.role = row.role, _role(role)
    _require_an_admin(session)
    append(session, by, "set-role", f"account:{row.id}", {"from": before, "to": row.role})
    return account_of(row)


def set_active(session: Session, by: Account | None, name: str, active: bool) -> Account:
    """Return the person, let in again or shut out; shutting out ends their sessions and API tokens.

    :raises ConflictError: when that would leave no admin.
    :raises MissingError: when there is no such person.
    :raises NotAllowedError: when ``by`` is no admin.
    """
    _require_admin(by)
    lock(session)
    row = _row(session, name)
    row.active = active
    _require_an_admin(session)
    if not active:
        _end_sessions(session, row.id)
    append(session, by, "activate" if active else "deactivate", f"account:{row.id}")
    return account_of(row)


def _require_admin(by: Account | None) -> None:
    # Whoever runs the command line holds the database itself.
    if by is not None:
        require(by, Act.MANAGE_ACCOUNTS)


def _require_an_admin(session: Session) -> None:
    session.flush()
    admins = select(AccountRow.id).where(AccountRow.role == str(Role.ADMIN), AccountRow.active)
    if not session.execute(admins.limit(1)).first():
        raise ConflictError("that would leave no admin; make somebody else one first")


def _role(role: Role | str) -> str:
    if role not in set(Role):
        raise InvalidError(f"found the role {role!r}, expected one of {', '.join(Role)}")
    return str(role)


def _row(session: Session, name: str) -> AccountRow:
    is_name = _NAME.fullmatch(name) is not None
    row = session.scalar(select(AccountRow).where(AccountRow.name == name)) if is_name else None
    if row is None:
        raise MissingError(f"found no account {name[:60]!r}; see `claimcheck review list-users`")
    return row


def _end_sessions(session: Session, account_id: int) -> None:
    for table in (LoginSessionRow, ApiTokenRow):
        session.query(table).where(table.account_id == account_id).delete(synchronize_session=False)
