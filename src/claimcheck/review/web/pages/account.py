"""One's own account: the password, tokens for programs, and the help page."""

from starlette.responses import Response

from claimcheck.review.errors import InvalidError, SignInError
from claimcheck.review.sessions import NewToken, add_token, change_password, revoke_token, tokens_of
from claimcheck.review.web.deps import client_address, config_of, store_of
from claimcheck.review.web.login import set_cookie
from claimcheck.review.web.pages.door import Visit, redirect, show
from claimcheck.store.review_models import AccountRow

__all__ = ["account_page", "end_token", "help_page", "new_password", "new_token"]


def account_page(visit: Visit) -> Response:
    """Return one's own account."""
    return _page(visit)


def help_page(visit: Visit) -> Response:
    """Return what the keys do."""
    return show(visit, "help.html", {})


def new_password(visit: Visit) -> Response:
    """Change one's own password; every other session and token of the account ends."""
    old, new, again = (next(iter(visit.form.values.get(name, ())), "") for name in ("old", "new", "again"))
    if new != again:
        raise InvalidError("the new password and its repetition differ; nothing was changed")
    request = visit.request
    try:
        signed_in = change_password(store_of(request), visit.signed_in, old, new, address=client_address(request))
    except SignInError as error:
        raise InvalidError("the old password is not right; nothing was changed") from error
    response = redirect("/account?done=password")
    set_cookie(response, config_of(request), signed_in)
    return response


def new_token(visit: Visit) -> Response:
    """Make a token for programs, shown this once."""
    days = visit.form.number("days") or 90
    return _page(visit, add_token(visit.session, visit.account, visit.form.text("name"), days=days))


def end_token(visit: Visit) -> Response:
    """Revoke a token of one's own."""
    revoke_token(visit.session, visit.account, visit.path_number("token"))
    return redirect("/account?done=token")


def _page(visit: Visit, made: NewToken | None = None) -> Response:
    row = visit.session.get_one(AccountRow, visit.account.id)
    told = {"password": "Your password is changed; your other sessions ended.", "token": "The token is revoked."}
    values = {
        "tokens": tokens_of(visit.session, visit.account),
        "made": made,
        "has_password": bool(row.password_hash),
        "told": told.get(visit.query.get("done", ""), ""),
    }
    return show(visit, "account.html", values)
