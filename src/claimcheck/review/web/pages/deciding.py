"""What a finding's forms do: decide, adjudicate, undo, note, assign, keep; each goes back to where its author was."""

from starlette.responses import HTMLResponse, Response

from claimcheck.review.decisions import adjudicate, decide, undo
from claimcheck.review.errors import InvalidError
from claimcheck.review.leases import acquire
from claimcheck.review.notes import add_note, assign
from claimcheck.review.queue import items_by_id, neighbours
from claimcheck.review.web.pages.addresses import View, address_of, query_of, view_of
from claimcheck.review.web.pages.choices import choice_of, decide_together
from claimcheck.review.web.pages.door import Visit, redirect
from claimcheck.review.web.pages.finding import open_alike

__all__ = ["decide_finding", "give_finding", "keep_finding", "note_finding", "settle_finding", "undo_finding"]


def decide_finding(visit: Visit) -> Response:
    """Decide a finding, the open ones worded alike with it if that was ticked, and go on to the next in the queue."""
    finding_id, view = visit.path_number("finding"), _view(visit)
    choice = choice_of(visit.form)
    others = _alike(visit, finding_id) if visit.form.text("alike") == "1" else []
    following = _next(visit, finding_id, view, set(others))
    if others:
        decide_together(visit, [finding_id, *others], choice)
    else:
        decide(visit.session, visit.account, finding_id, choice, seen=visit.form.number("seen"))
    return redirect(_onward(following, view, finding_id))


def settle_finding(visit: Visit) -> Response:
    """Adjudicate a finding, and go on to the next in the queue."""
    finding_id, view = visit.path_number("finding"), _view(visit)
    following = _next(visit, finding_id, view, set())
    choice = choice_of(visit.form)
    adjudicate(visit.session, visit.account, finding_id, choice, seen=visit.form.number("seen"))
    return redirect(_onward(following, view, finding_id))


def undo_finding(visit: Visit) -> Response:
    """Take back one's own decision on a finding, and go to it."""
    finding_id = visit.path_number("finding")
    undo(visit.session, visit.account, finding_id)
    return redirect(address_of(f"/findings/{finding_id}", _view(visit), undone=finding_id))


def note_finding(visit: Visit) -> Response:
    """Add a note to a finding without deciding it, and stay there."""
    finding_id = visit.path_number("finding")
    add_note(visit.session, visit.account, finding_id, visit.form.text("note"))
    return redirect(address_of(f"/findings/{finding_id}", _view(visit)) + "#history")


def give_finding(visit: Visit) -> Response:
    """Take a finding, give it back or, as a lead, give it to somebody; and go back to where that was asked for."""
    finding_id, view = visit.path_number("finding"), _view(visit)
    name: str | None = visit.form.text("to") or None
    if visit.form.text("take"):
        name = visit.account.name if visit.form.text("take") == "yes" else None
    assign(visit.session, visit.account, finding_id, name)
    if visit.form.text("at") == "finding":
        return redirect(address_of(f"/findings/{finding_id}", view))
    return redirect(address_of("/queue", view, cursor=visit.form.text("cursor")) + f"#f-{finding_id}")


def keep_finding(visit: Visit) -> Response:
    """Keep a finding for some minutes more; the answer says until when."""
    lease = acquire(visit.session, visit.account, visit.path_number("finding"))
    return HTMLResponse(f"Kept for you until {lease.expires_at:%H:%M} UTC")


def _view(visit: Visit) -> View:
    return view_of(query_of(visit.form.text("back")))


def _alike(visit: Visit, finding_id: int) -> list[int]:
    items = items_by_id(visit.session, visit.account, [finding_id])
    if visit.form.texts("struck"):
        raise InvalidError("evidence is struck for one finding at a time; decide the others from the queue")
    return open_alike(visit.session, visit.account, items[0]) if items else []


def _next(visit: Visit, finding_id: int, view: View, leaving: set[int]) -> int | None:
    """Return the next finding of the queue that is not decided along with this one."""
    here: int | None = finding_id
    # Alike findings often follow one another; those decided together are stepped over, as far as a page goes.
    for _ in range(len(leaving) + 1):
        here = neighbours(visit.session, visit.account, here or 0, view.filters, order=view.order).next_id
        if here is None or here not in leaving:
            return here
    return None


def _onward(following: int | None, view: View, finding_id: int) -> str:
    path = f"/findings/{following}" if following else "/queue"
    return address_of(path, view, done=finding_id)
