"""The queue's page: a filtered table of findings, what each other filter would leave, views, and bulk decisions."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from claimcheck.report.words import LABEL_ORDER
from claimcheck.review.counting import Counts, counts
from claimcheck.review.decisions import undo
from claimcheck.review.errors import InvalidError
from claimcheck.review.filters import Filters, Order
from claimcheck.review.permissions import Account, Act, may
from claimcheck.review.queue import queue
from claimcheck.review.views import delete_view, save_view, saved_views
from claimcheck.review.web.pages.addresses import BANDS, View, address_of, query_of, view_of
from claimcheck.review.web.pages.choices import bulk_choice_of, decide_together, reason_groups
from claimcheck.review.web.pages.door import Visit, redirect, show, whole
from claimcheck.review.web.pages.flash import flash_of
from claimcheck.review.web.pages.rendering import STATE_WORD, label_word
from claimcheck.store.review_models import DecisionRow

__all__ = ["decide_bulk", "home", "keep_view", "queue_page", "remove_view", "undo_bulk"]

PAGE_SIZE = 50
# A group is decided as one: all of it on one page, as far as a page goes.
GROUP_SIZE = 200
SITES_SHOWN = 200
ORDERS: Mapping[Order, str] = {
    Order.SEVERITY: "most severe first",
    Order.UNSURE: "least certain first",
    Order.NEWEST: "newest first",
}


@dataclass(frozen=True, slots=True)
class Tab:
    """A link to a view, with how many findings it holds; None where nobody counted."""

    name: str
    query: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a filter."""

    value: str
    name: str
    count: int | None
    chosen: bool


def home(_visit: Visit) -> Response:
    """Go to what waits for whoever came."""
    return redirect("/queue?undecided=1")


def queue_page(visit: Visit) -> Response:
    """Return the queue as its address narrows it."""
    view = view_of(visit.query)
    filters = view.filters
    size = GROUP_SIZE if filters.group is not None else PAGE_SIZE
    found = queue(
        visit.session, visit.account, filters, order=view.order, cursor=visit.query.get("cursor", ""), limit=size
    )
    total = counts(visit.session, visit.account, filters)
    everything = counts(visit.session, visit.account, Filters())
    views = saved_views(visit.session, visit.account)
    batch = visit.query.get("batch", "")
    made = _batch(visit.session, visit.account, batch)
    title, text = _empty_words(view, everything)
    values = {
        "view": view,
        "filters": filters,
        "heading": "Claims worded alike" if filters.group is not None else "Queue",
        "items": found.items,
        "total": total,
        "more_words": "all on this page" if filters.group is not None and not found.next_cursor else "",
        "tabs": [*_tabs(visit.account, everything), *(Tab(one.name, View(one.filters).query, None) for one in views)],
        "selects": _selects(view, total),
        "flags": _flags(filters, total),
        "orders": ORDERS.items(),
        "reason_groups": reason_groups(),
        "previous_page": found.previous_cursor and address_of("/queue", view, cursor=found.previous_cursor),
        "next_page": found.next_cursor and address_of("/queue", view, cursor=found.next_cursor),
        "empty_title": title,
        "empty_text": text,
        "own_views": [
            {"id": one.id, "name": one.name, "shared": one.shared, "query": View(one.filters).query}
            for one in views
            if one.owner == visit.account.name
        ],
        "batch": batch if made else "",
        "flash": flash_of(visit),
        "cursor": visit.query.get("cursor", ""),
        "told": f"Decided {len(made)} finding{'s' if len(made) != 1 else ''} together." if made else "",
    }
    response = show(visit, "queue.html", values)
    if visit.is_part:
        response.headers["HX-Push-Url"] = address_of("/queue", view)
    return response


def decide_bulk(visit: Visit) -> Response:
    """Decide the selected findings together, and go back to the queue they were selected in."""
    view = view_of(query_of(visit.form.text("back")))
    ids = [whole("finding", value) for value in visit.form.texts("finding")]
    if not ids:
        raise InvalidError("nothing is selected; select findings in the queue first")
    batch = decide_together(visit, ids, bulk_choice_of(visit.form))
    return redirect(address_of("/queue", view, batch=batch))


def undo_bulk(visit: Visit) -> Response:
    """Take back a bulk decision of one's own, whole, and go back to the queue."""
    view = view_of(query_of(visit.form.text("back")))
    made = _batch(visit.session, visit.account, visit.form.text("batch"))
    if not made:
        raise InvalidError("found no bulk decision of yours to take back")
    for finding_id in made:
        undo(visit.session, visit.account, finding_id)
    return redirect(address_of("/queue", view))


def keep_view(visit: Visit) -> Response:
    """Save the view that a queue's page shows."""
    view = view_of(query_of(visit.form.text("back")))
    is_shared = visit.form.text("shared") == "1"
    save_view(visit.session, visit.account, visit.form.text("name"), view.filters, shared=is_shared)
    return redirect(address_of("/queue", view))


def remove_view(visit: Visit) -> Response:
    """Delete a saved view of one's own."""
    delete_view(visit.session, visit.account, visit.path_number("view"))
    return redirect("/queue")


def _batch(session: Session, account: Account, batch: str) -> list[int]:
    query = select(DecisionRow.finding_id).where(DecisionRow.batch == batch, DecisionRow.account_id == account.id)
    return list(session.scalars(query.order_by(DecisionRow.id))) if batch else []


def _tabs(account: Account, everything: Counts) -> list[Tab]:
    tabs = [
        Tab("Waiting for you", "undecided=1", everything.undecided),
        Tab("Assigned to me", "mine=1", everything.mine),
        Tab("Unsure, needs review", "needs_review=1", everything.needs_review),
        Tab("New since last scan", "new=1", everything.new),
    ]
    if may(account, Act.ADJUDICATE):
        tabs.append(Tab("Conflicts", "state=conflict", everything.states.get("conflict", 0)))
    tabs.append(Tab("Decided", "state=decided", everything.states.get("decided", 0)))
    return [*tabs, Tab("All", "", everything.total)]


def _selects(view: View, total: Counts) -> list[tuple[str, str, list[Option]]]:
    filters = view.filters
    severities = {"high": "high", "medium": "medium", "low": "low", "none": "none"}
    topics = {topic: topic.replace("_", " ").replace("-", " ") for topic in sorted(total.topics)}
    sites = {host: host for host in sorted(list(total.sites)[:SITES_SHOWN])}
    labels = {str(label): label_word(label) for label in LABEL_ORDER}
    return [
        ("severity", "Severity", _options(severities, total.severities, filters.severity)),
        ("verdict", "Verdict", _options(labels, total.verdicts, filters.verdict)),
        ("confidence", "Confidence", _options(BANDS, {}, view.confidence)),
        ("topic", "Topic", _options(topics, total.topics, filters.topic)),
        ("site", "Site", _options(sites, total.sites, filters.site)),
        ("state", "State", _options({str(key): word for key, word in STATE_WORD.items()}, total.states, filters.state)),
    ]


def _options(names: Mapping[str, str], numbers: Mapping[str, int], chosen: str) -> list[Option]:
    shown = dict(names) | ({chosen: chosen} if chosen and chosen not in names else {})
    return [
        Option(value, name, numbers.get(value, 0) if numbers else None, value == chosen)
        for value, name in shown.items()
    ]


def _flags(filters: Filters, total: Counts) -> list[tuple[str, str, int | None, bool]]:
    is_counted = bool(total.states)
    return [
        (name, title, number if is_counted else None, getattr(filters, name))
        for name, title, number in (
            ("undecided", "waiting for you", total.undecided),
            ("mine", "assigned to me", total.mine),
            ("needs_review", "unsure: needs review", total.needs_review),
            ("new", "new since last scan", total.new),
        )
    ]


def _empty_words(view: View, everything: Counts) -> tuple[str, str]:
    if not everything.total:
        return (
            "No findings yet",
            "Nothing was scanned into this store, or no scan has finished. Scan a site first.",
        )
    if view.query == "undecided=1":
        return "All done", "Nothing waits for you: every finding is decided, or waits for somebody else."
    return "Nothing matches", "No finding has all of this. Take a filter away, or search for fewer words."
