"""A laptop's first start: one local admin, let in by a link that works once, so that one command is enough."""

import getpass
import re
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from claimcheck.errors import UsageError
from claimcheck.review.accounts import account_of, add_account, count_accounts
from claimcheck.review.acts import lock
from claimcheck.review.permissions import Account, Role
from claimcheck.review.projection import sync
from claimcheck.review.sessions import make_login_link
from claimcheck.store.open import Store
from claimcheck.store.review_models import AccountRow

__all__ = ["Start", "prepare"]


@dataclass(frozen=True, slots=True)
class Start:
    """What a start found or made. ``link_token`` is '' where people sign in by password."""

    account: Account | None
    link_token: str
    is_first: bool
    scans: int


def prepare(store: Store, *, is_local: bool) -> Start:
    """Return what a start needs: new scans queued, and on this machine alone, a link for the admin without password.

    :raises UsageError: when others can reach the review and there is nobody to sign in.
    """
    with store.session() as session:
        lock(session)
        scans = sync(session)
        is_first = count_accounts(session) == 0
        if not is_local:
            if is_first:
                raise UsageError(
                    "there are no accounts yet, and others could reach the review; add one with "
                    "`claimcheck review add-user NAME --role admin --store …`"
                )
            return Start(None, "", is_first=False, scans=scans)
        account = add_account(session, None, _own_name(), Role.ADMIN) if is_first else _without_password(session)
        token = make_login_link(session, account) if account else ""
        return Start(account, token, is_first, scans)


def _without_password(session: Session) -> Account | None:
    row = session.scalar(
        select(AccountRow)
        .where(AccountRow.password_hash == "", AccountRow.role == str(Role.ADMIN), AccountRow.active)
        .order_by(AccountRow.id)
        .limit(1)
    )
    return account_of(row) if row else None


def _own_name() -> str:
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):
        name = ""
    return re.sub(r"[^a-z0-9._-]", "", name.lower()).lstrip("._-")[:40] or "admin"
