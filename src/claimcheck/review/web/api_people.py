"""The JSON API of people and the team: signing in, tokens, accounts, options, the trail."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from claimcheck.review.accounts import account_named, accounts, add_account, set_active, set_password, set_role
from claimcheck.review.errors import NotAllowedError
from claimcheck.review.options import ReviewOptions, review_options, set_options
from claimcheck.review.permissions import Account, Act, may, require
from claimcheck.review.sessions import (
    ApiToken,
    NewToken,
    add_token,
    change_password,
    revoke_token,
    sign_in,
    sign_out,
    tokens_of,
)
from claimcheck.review.trail import TrailEntry, TrailHead, head, trail_page, verify_trail
from claimcheck.review.web.deps import Acting, Asking, client_address, config_of, store_of
from claimcheck.review.web.login import clear_cookie, set_cookie
from claimcheck.review.web.problems import PROBLEM_RESPONSES
from claimcheck.review.web.schemas import (
    AccountBody,
    AccountChange,
    OptionsBody,
    PasswordBody,
    RowId,
    SignInBody,
    TokenBody,
    TrailQuery,
    UserName,
)

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", responses=PROBLEM_RESPONSES)


@dataclass(frozen=True, slots=True)
class Me:
    """Who is asking, what the role permits, and the CSRF token of a browser's session ('' for a program)."""

    account: Account
    may: list[str]
    csrf: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class TrailCheck:
    """What is wrong with the trail, and its newest row: keep this one elsewhere."""

    problems: list[str]
    head: TrailHead


def _me(account: Account, csrf: str, expires_at: datetime | None) -> Me:
    return Me(account, [str(act) for act in Act if may(account, act)], csrf, expires_at)


@router.post("/session", status_code=201, tags=["session"])
def post_session(request: Request, response: Response, body: SignInBody) -> Me:
    """Sign in: the cookie comes with the answer, and every change takes its ``csrf`` in X-CSRF-Token."""
    signed_in = sign_in(store_of(request), body.name, body.password, address=client_address(request))
    set_cookie(response, config_of(request), signed_in)
    return _me(signed_in.account, signed_in.csrf, signed_in.expires_at)


@router.get("/session", tags=["session"])
def get_session(caller: Asking) -> Me:
    """Return who is asking."""
    return _me(caller.account, caller.csrf, caller.signed_in.expires_at if caller.signed_in else None)


@router.delete("/session", status_code=204, tags=["session"])
def delete_session(request: Request, response: Response, caller: Acting) -> None:
    """Sign out; a token is revoked instead."""
    if caller.signed_in is None:
        return
    with caller.session() as session:
        sign_out(session, caller.signed_in)
    clear_cookie(response, config_of(request))


@router.put("/password", status_code=204, tags=["session"])
def put_password(request: Request, response: Response, caller: Acting, body: PasswordBody) -> None:
    """Change one's own password; other sessions and tokens end."""
    if caller.signed_in is None:
        raise NotAllowedError("a token cannot change the password; sign in")
    store, address = store_of(request), client_address(request)
    signed_in = change_password(store, caller.signed_in, body.old, body.new, address=address)
    set_cookie(response, config_of(request), signed_in)


@router.get("/tokens", tags=["session"])
def get_tokens(caller: Asking) -> list[ApiToken]:
    """Return one's own tokens."""
    with caller.session() as session:
        return list(tokens_of(session, caller.account))


@router.post("/tokens", status_code=201, tags=["session"])
def post_token(caller: Acting, body: TokenBody) -> NewToken:
    """Make a token; its secret is shown this once."""
    if caller.signed_in is None:
        raise NotAllowedError("a token cannot make tokens; sign in")
    with caller.session() as session:
        return add_token(session, caller.account, body.name, days=body.days)


@router.delete("/tokens/{token_id}", status_code=204, tags=["session"])
def delete_token(caller: Acting, token_id: RowId) -> None:
    """Revoke one of one's own tokens."""
    with caller.session() as session:
        revoke_token(session, caller.account, token_id)


@router.get("/users", tags=["people"])
def get_users(caller: Asking) -> list[Account]:
    """Return everybody."""
    require(caller.account, Act.READ)
    with caller.session() as session:
        return list(accounts(session))


@router.post("/users", status_code=201, tags=["people"])
def post_user(caller: Acting, body: AccountBody) -> Account:
    """Add a person; for admins."""
    require(caller.account, Act.MANAGE_ACCOUNTS)
    with caller.session() as session:
        return add_account(
            session,
            caller.account,
            body.name,
            body.role,
            password=body.password,
            display_name=body.display_name,
        )


@router.patch("/users/{name}", tags=["people"])
def patch_user(caller: Acting, name: UserName, body: AccountChange) -> Account:
    """Change a person's role, let them in or shut them out, or give them a password; for admins."""
    require(caller.account, Act.MANAGE_ACCOUNTS)
    with caller.session() as session:
        account = account_named(session, name)
        if body.role is not None:
            account = set_role(session, caller.account, name, body.role)
        if body.active is not None:
            account = set_active(session, caller.account, name, body.active)
        if body.password is not None:
            account = set_password(session, caller.account, name, body.password)
        return account


@router.get("/options", tags=["team"])
def get_options(caller: Asking) -> ReviewOptions:
    """Return the review's options."""
    require(caller.account, Act.READ)
    with caller.session() as session:
        return review_options(session)


@router.put("/options", tags=["team"])
def put_options(caller: Acting, body: OptionsBody) -> ReviewOptions:
    """Set the review's options; for leads."""
    options = ReviewOptions(body.double_share, body.lease_minutes)
    with caller.session() as session:
        return set_options(session, caller.account, options)


@router.get("/trail", tags=["team"])
def get_trail(caller: Asking, query: Annotated[TrailQuery, Query()]) -> list[TrailEntry]:
    """Return rows of the trail; for leads. What waits for a second review is left out."""
    with caller.session() as session:
        return list(trail_page(session, caller.account, after=query.after, limit=query.limit, subject=query.subject))


@router.get("/trail/check", tags=["team"])
def get_trail_check(request: Request, caller: Asking) -> TrailCheck:
    """Check the whole trail and what it records; for leads. Takes seconds on a long one."""
    require(caller.account, Act.READ_TRAIL)
    problems = verify_trail(store_of(request))
    with caller.session() as session:
        return TrailCheck(problems, head(session))
