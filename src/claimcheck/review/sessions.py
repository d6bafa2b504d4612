"""Being signed in: sessions of browsers, login links, and tokens for programs; the store keeps digests only."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from claimcheck.review.accounts import account_of, set_password
from claimcheck.review.acts import append, lock
from claimcheck.review.errors import InvalidError, MissingError, SignInError
from claimcheck.review.passwords import PASSWORD_LENGTHS, hash_password, matches, needs_rehash
from claimcheck.review.permissions import Account, Act, require
from claimcheck.review.throttle import clear_failures, record_failure, require_patience
from claimcheck.store.models import utc_now
from claimcheck.store.open import Store
from claimcheck.store.review_models import AccountRow, ApiTokenRow, LoginLinkRow, LoginSessionRow

__all__ = [
    "SESSION_HOURS",
    "ApiToken",
    "NewToken",
    "SignedIn",
    "account_by_token",
    "add_token",
    "change_password",
    "make_login_link",
    "revoke_token",
    "sign_in",
    "sign_in_by_link",
    "sign_out",
    "signed_in_by",
    "tokens_of",
]

# A working day: who leaves the desk for the night signs in again.
SESSION_HOURS = 12
LINK_MINUTES = 30
TOKEN_DAYS = 366
TOKEN_LIMIT = 20
# Programs' tokens are known by their start, so that scanners for leaked secrets find them.
TOKEN_PREFIX = "claimcheck_"  # noqa: S105 - the public part


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session. ``token`` goes into the cookie and nowhere else; ``csrf`` into forms and headers."""

    account: Account
    token: str
    csrf: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token for programs, without its secret."""

    id: int
    name: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token with its secret, shown this once."""

    token: ApiToken
    secret: str


def sign_in(store: Store, name: str, password: str, *, address: str, now: datetime | None = None) -> SignedIn:
    """Return a new session for the right name and password; anything else takes as long and says the same.

    :raises SignInError: when they do not match, or the account is shut out.
    :raises ThrottledError: when too many failures came before.
    """
    now = now or utc_now()
    name = name.strip().lower()[:100]
    with store.session() as session:
        require_patience(session, name, address, now)
        row = session.scalar(select(AccountRow).where(AccountRow.name == name)) if "\x00" not in name else None
        password_hash = row.password_hash if row and row.active else ""
    # Outside the transaction: argon2 takes tens of milliseconds on purpose, and nobody else should wait for it.
    is_right = matches(password_hash, password)
    with store.session() as session:
        lock(session)
        # Again under the lock: guesses sent side by side count one after the other.
        require_patience(session, name, address, now)
        row = session.get(AccountRow, row.id) if row else None
        if is_right and row and row.active and row.password_hash == password_hash:
            clear_failures(session, name, address)
            if needs_rehash(password_hash) and len(password) >= PASSWORD_LENGTHS[0]:
                row.password_hash = hash_password(password)
            append(session, account_of(row), "sign-in", f"account:{row.id}")
            return _open(session, row, now)
        record_failure(session, name, address, now)
        if row:
            append(session, None, "sign-in-failed", f"account:{row.id}")
    raise SignInError("the name and the password do not match")


def make_login_link(session: Session, account: Account, *, now: datetime | None = None) -> str:
    """Return a token that signs the account in once, within half an hour."""
    token = secrets.token_urlsafe(32)
    expires_at = (now or utc_now()) + timedelta(minutes=LINK_MINUTES)
    session.add(LoginLinkRow(token_sha256=_digest(token), account_id=account.id, expires_at=expires_at))
    append(session, account, "make-login-link", f"account:{account.id}")
    return token


def sign_in_by_link(session: Session, token: str, *, now: datetime | None = None) -> SignedIn:
    """Return a new session for a login link, which is spent.

    :raises SignInError: when the link is unknown, spent or too old.
    """
    now = now or utc_now()
    lock(session)
    link = session.get(LoginLinkRow, _digest(token))
    row = session.get(AccountRow, link.account_id) if link and link.expires_at > now else None
    if link is None or row is None or not row.active:
        raise SignInError("the link is spent or too old; start `claimcheck review` again for a new one")
    session.delete(link)
    append(session, account_of(row), "sign-in", f"account:{row.id}", {"by": "link"})
    return _open(session, row, now)


def signed_in_by(session: Session, token: str, *, now: datetime | None = None) -> SignedIn | None:
    """Return the session that a cookie's token names, or None when there is none any more."""
    row = session.execute(
        select(LoginSessionRow, AccountRow)
        .join(AccountRow, AccountRow.id == LoginSessionRow.account_id)
        .where(
            LoginSessionRow.token_sha256 == _digest(token),
            LoginSessionRow.expires_at > (now or utc_now()),
            AccountRow.active,
        )
    ).first()
    return SignedIn(account_of(row[1]), token, row[0].csrf, row[0].expires_at) if row else None


def sign_out(session: Session, signed_in: SignedIn) -> None:
    """End a session."""
    lock(session)
    session.execute(delete(LoginSessionRow).where(LoginSessionRow.token_sha256 == _digest(signed_in.token)))
    append(session, signed_in.account, "sign-out", f"account:{signed_in.account.id}")


def change_password(store: Store, signed_in: SignedIn, old: str, new: str, *, address: str) -> SignedIn:
    """Return a new session for somebody who changes their own password; their other sessions and tokens end.

    :raises InvalidError: when the new password will not do.
    :raises SignInError: when the old one is not theirs.
    :raises ThrottledError: when too many wrong ones came before.
    """
    account = signed_in.account
    with store.session() as session:
        has_one = bool(session.get_one(AccountRow, account.id).password_hash)
    if has_one:
        # The same slow, throttled look at a password as at the door.
        sign_in(store, account.name, old, address=address)
    with store.session() as session:
        set_password(session, account, account.name, new)
        return _open(session, session.get_one(AccountRow, account.id), utc_now())


def add_token(session: Session, account: Account, name: str, *, days: int = 90) -> NewToken:
    """Return a new token for programs that act as the account.

    :raises InvalidError: when its name or days will not do, or there are too many.
    """
    require(account, Act.READ)
    name = " ".join(name.split())
    if not 1 <= len(name) <= 100 or not name.isprintable() or not 1 <= days <= TOKEN_DAYS:
        raise InvalidError(f"a token has a name of 1 to 100 printable characters and 1 to {TOKEN_DAYS} days")
    lock(session)
    now = utc_now()
    if len(tokens_of(session, account)) >= TOKEN_LIMIT:
        raise InvalidError(f"there are {TOKEN_LIMIT} tokens already; revoke one first")
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = ApiTokenRow(
        account_id=account.id,
        name=name,
        token_sha256=_digest(secret),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    append(session, account, "add-token", f"token:{row.id}", {"name": name, "days": days})
    return NewToken(ApiToken(row.id, row.name, row.created_at, row.expires_at), secret)


def tokens_of(session: Session, account: Account) -> tuple[ApiToken, ...]:
    """Return the account's own tokens, oldest first."""
    rows = session.scalars(select(ApiTokenRow).where(ApiTokenRow.account_id == account.id).order_by(ApiTokenRow.id))
    return tuple(ApiToken(row.id, row.name, row.created_at, row.expires_at) for row in rows)


def revoke_token(session: Session, account: Account, token_id: int) -> None:
    """End one of the account's own tokens.

    :raises MissingError: when the account has no such token.
    """
    lock(session)
    row = session.get(ApiTokenRow, token_id)
    if row is None or row.account_id != account.id:
        raise MissingError(f"you have no token {token_id}")
    session.delete(row)
    append(session, account, "revoke-token", f"token:{token_id}")


def account_by_token(session: Session, secret: str, *, now: datetime | None = None) -> Account | None:
    """Return the account that a program's token acts as, or None."""
    row = session.scalar(
        select(AccountRow)
        .join(ApiTokenRow, ApiTokenRow.account_id == AccountRow.id)
        .where(
            ApiTokenRow.token_sha256 == _digest(secret),
            ApiTokenRow.expires_at > (now or utc_now()),
            AccountRow.active,
        )
    )
    return account_of(row) if row else None


def _open(session: Session, row: AccountRow, now: datetime) -> SignedIn:
    session.execute(delete(LoginSessionRow).where(LoginSessionRow.expires_at <= now))
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    expires_at = now + timedelta(hours=SESSION_HOURS)
    session.add(
        LoginSessionRow(
            token_sha256=_digest(token), account_id=row.id, csrf=csrf, created_at=now, expires_at=expires_at
        )
    )
    session.flush()
    return SignedIn(account_of(row), token, csrf, expires_at)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
