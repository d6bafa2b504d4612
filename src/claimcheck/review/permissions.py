"""Who may do what: one table, asked by the domain and by the pages alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from claimcheck.review.errors import NotAllowedError

__all__ = ["PERMISSIONS", "Account", "Act", "Role", "may", "require"]


class Role(StrEnum):
    """What a person is in the review."""

    READER = "reader"
    REVIEWER = "reviewer"
    LEAD = "lead"
    ADMIN = "admin"


class Act(StrEnum):
    """Something that a role permits."""

    READ = "read"
    DECIDE = "decide"
    ADJUDICATE = "adjudicate"
    ASSIGN = "assign"
    READ_TRAIL = "read_trail"
    SET_OPTIONS = "set_options"
    MANAGE_ACCOUNTS = "manage_accounts"


_DECIDERS = frozenset({Role.REVIEWER, Role.LEAD, Role.ADMIN})
_LEADS = frozenset({Role.LEAD, Role.ADMIN})

# READ: queue, findings, dashboard, own saved views. DECIDE: decisions, notes, leases, taking a finding for oneself.
# ASSIGN: giving a finding to somebody else.
PERMISSIONS: Mapping[Act, frozenset[Role]] = {
    Act.READ: frozenset(Role),
    Act.DECIDE: _DECIDERS,
    Act.ADJUDICATE: _LEADS,
    Act.ASSIGN: _LEADS,
    Act.READ_TRAIL: _LEADS,
    Act.SET_OPTIONS: _LEADS,
    Act.MANAGE_ACCOUNTS: frozenset({Role.ADMIN}),
}

_WORDS: Mapping[Act, str] = {
    Act.READ: "read the review",
    Act.DECIDE: "decide findings",
    Act.ADJUDICATE: "adjudicate",
    Act.ASSIGN: "assign findings to others",
    Act.READ_TRAIL: "read the trail",
    Act.SET_OPTIONS: "change the review's options",
    Act.MANAGE_ACCOUNTS: "manage accounts",
}


@dataclass(frozen=True, slots=True)
class Account:
    """A person as the rest of the review knows them."""

    id: int
    name: str
    display_name: str
    role: Role
    active: bool = True


def may(account: Account, act: Act) -> bool:
    """Return whether the account's role permits the act."""
    return account.active and account.role in PERMISSIONS[act]


def require(account: Account, act: Act) -> None:
    """Return if the account's role permits the act.

    :raises NotAllowedError: when it does not.
    """
    if not may(account, act):
        needed = ", ".join(role for role in Role if role in PERMISSIONS[act])
        raise NotAllowedError(f"a {account.role} may not {_WORDS[act]}; that takes one of: {needed}")
