"""The page of people: adding them, their roles, shutting them out, new passwords."""

from starlette.responses import Response

from claimcheck.review.accounts import accounts, add_account, set_active, set_password, set_role
from claimcheck.review.web.pages.door import Visit, redirect, show

__all__ = ["add_person", "change_active", "change_role", "people_page", "reset_password"]

_TOLD = {
    "added": "The account is made.",
    "role": "The role is changed.",
    "active": "Done. Whoever is shut out was signed out everywhere.",
    "password": "The password is set; they were signed out everywhere.",
}


def people_page(visit: Visit) -> Response:
    """Return everybody."""
    told = _TOLD.get(visit.query.get("done", ""), "")
    return show(visit, "people.html", {"people": accounts(visit.session), "told": told})


def add_person(visit: Visit) -> Response:
    """Add a person."""
    form = visit.form
    add_account(
        visit.session,
        visit.account,
        form.text("name"),
        form.text("role"),
        password=next(iter(form.values.get("password", ())), ""),
        display_name=form.text("display_name"),
    )
    return redirect("/people?done=added")


def change_role(visit: Visit) -> Response:
    """Give a person another role."""
    set_role(visit.session, visit.account, visit.path_text("name"), visit.form.text("role"))
    return redirect("/people?done=role")


def change_active(visit: Visit) -> Response:
    """Shut a person out, or let them in again."""
    set_active(visit.session, visit.account, visit.path_text("name"), visit.form.text("active") == "1")
    return redirect("/people?done=active")


def reset_password(visit: Visit) -> Response:
    """Set a person's password."""
    password = next(iter(visit.form.values.get("password", ())), "")
    set_password(visit.session, visit.account, visit.path_text("name"), password)
    return redirect("/people?done=password")
