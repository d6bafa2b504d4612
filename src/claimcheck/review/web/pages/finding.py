"""A finding's page: what the page said, what the models made of it, the evidence, and the form that decides it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from claimcheck.report.words import LABEL_ORDER
from claimcheck.review.accounts import accounts
from claimcheck.review.errors import ConflictError, InvalidError
from claimcheck.review.evidence import pack_records
from claimcheck.review.finding import FindingDetail, Occurrence, finding_detail
from claimcheck.review.leases import Lease, acquire, release
from claimcheck.review.notes import Note
from claimcheck.review.permissions import Account, Act, may
from claimcheck.review.queue import QueueItem, neighbours
from claimcheck.review.standing import Decision, Kind, State
from claimcheck.review.visibility import waits_for
from claimcheck.review.web.pages.addresses import View, address_of, view_of
from claimcheck.review.web.pages.captured import Sentence, captured_text
from claimcheck.review.web.pages.choices import reason_groups
from claimcheck.review.web.pages.door import Visit, show, whole
from claimcheck.review.web.pages.evidence import added_cards, cards_of, numbers_of, runs_of
from claimcheck.review.web.pages.flash import flash_of
from claimcheck.review.web.pages.rendering import label_word
from claimcheck.store.models import utc_now
from claimcheck.store.review_models import ReviewStateRow

__all__ = ["Option", "Panel", "finding_page", "open_alike", "panel_of", "records_page", "text_page"]

ALIKE_LIMIT = 500
RENEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Option:
    """A decision to choose: its value in the form, its words and the key that chooses it."""

    value: str
    name: str
    key: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """The form that decides: ``act`` is decide, adjudicate or '' for none, ``words`` says why or what it does."""

    act: str
    title: str
    words: str
    confirm: str = ""
    options: tuple[Option, ...] = ()
    can_undo: bool = False
    is_folded: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the finding's history: a decision or a note."""

    time: datetime
    decision: Decision | None = None
    note: Note | None = None


def finding_page(visit: Visit) -> Response:
    """Return a finding's page; whoever may decide it keeps it for a while by opening it."""
    finding_id, view = visit.path_number("finding"), view_of(visit.query)
    if visit.query.get("left"):
        # Going on to the next one gives this one back at once, not when its time is up.
        release(visit.session, visit.account, whole("finding", visit.query["left"]))
    detail = finding_detail(visit.session, visit.account, finding_id)
    panel = panel_of(detail, visit.account)
    lease, held = _lease(visit, detail, panel)
    places = detail.occurrences
    place = places[min(_index(visit), len(places) - 1)] if places else None
    beside = neighbours(visit.session, visit.account, finding_id, view.filters, order=view.order)
    here = _Here(view, finding_id)
    values = {
        **_texts(visit.session, detail, place),
        "detail": detail,
        "item": detail.item,
        "judgement": detail.judgement,
        "place": place,
        "places": [(number, other) for number, other in enumerate(places) if other is not place],
        "view": view,
        "panel": _closed(held) if held else panel,
        "lease": lease,
        "previous": here.beside(beside.previous_id),
        "next": here.beside(beside.next_id),
        "queue_address": address_of("/queue", view),
        "here": address_of(f"/findings/{finding_id}", view),
        "events": _events(detail),
        "alike_open": len(open_alike(visit.session, visit.account, detail.item)) if panel.act == "decide" else 0,
        "reason_groups": reason_groups() if panel.act == "decide" else reason_groups()[:2],
        "people": _deciders(visit),
        "flash": flash_of(visit),
        "sides": [made for made in detail.decisions if made.live and made.round != "adjudication"]
        if detail.item.state is State.CONFLICT
        else [],
    }
    return show(visit, "finding.html", values)


def text_page(visit: Visit) -> Response:
    """Return the whole text of a page that makes the finding, as captured."""
    finding_id, view = visit.path_number("finding"), view_of(visit.query)
    detail = finding_detail(visit.session, visit.account, finding_id)
    if not detail.occurrences:
        raise InvalidError("the store has no place of this finding on a page")
    place = detail.occurrences[min(_index(visit), len(detail.occurrences) - 1)]
    this = Sentence(place.start, place.end, finding_id, detail.item.verdict)
    captured = captured_text(visit.session, place.page_id, this, whole=True)
    values = {"detail": detail, "item": detail.item, "place": place, "captured": captured, "view": view}
    return show(visit, "text.html", values | {"here": address_of(f"/findings/{finding_id}", view)})


def records_page(visit: Visit) -> Response:
    """Return the evidence that can be added to a finding: as a page, or as suggestions for its form."""
    finding_id = visit.path_number("finding")
    detail = finding_detail(visit.session, visit.account, finding_id)
    cited = {card.id for card in detail.judgement.evidence}
    words = visit.query.get("q", "").lower().split()
    records = [
        record
        for record in pack_records(detail.judgement.pack)
        if record.id not in cited and all(word in f"{record.id} {record.statement}".lower() for word in words)
    ]
    values = {"records": records, "item": detail.item, "q": visit.query.get("q", ""), "view": view_of(visit.query)}
    return show(visit, "part_records.html" if visit.is_part else "records.html", values)


def panel_of(detail: FindingDetail, account: Account) -> Panel:
    """Return the form that the account gets for a finding."""
    state, mine = detail.item.state, detail.mine
    live = [made for made in detail.decisions if made.live]
    can_undo = mine is not None and mine.id == max(made.id for made in live)
    if not may(account, Act.DECIDE):
        return Panel("", "Decision", "Your role reads; it does not decide.")
    if state is State.OPEN:
        return _form("decide", "Your decision", "", detail)
    is_author = account.id in {made.account_id for made in live if made.round != "adjudication"}
    is_lead = may(account, Act.ADJUDICATE) and not is_author
    if state is State.CONFLICT:
        if is_lead:
            words = "Two reviewers disagree. What you decide ends it, as a record of its own."
            return _form("adjudicate", "Adjudicate", words, detail)
        return Panel("", "Conflict", "Two reviewers disagree. A lead who is neither decides.", can_undo=can_undo)
    if mine is not None and mine.round != "adjudication" and can_undo:
        words = "It waits for a second reviewer." if state is State.SECOND else "Decided."
        return _form("decide", "Your decision stands", words, detail, mine)
    if is_lead:
        return _form("adjudicate", "Decided", f"Decided as {label_word(detail.item.label)}.", detail, mine)
    return Panel("", "Decided", f"Decided as {label_word(detail.item.label)}. A lead can decide it anew.")


def open_alike(session: Session, account: Account, item: QueueItem) -> list[int]:
    """Return the other current findings whose claims are worded alike and that are open to the account."""
    if item.alike < 2:
        return []
    row = ReviewStateRow
    query = (
        select(row.finding_id)
        .where(row.group_id == item.group_id, row.current.is_(True), row.finding_id != item.finding_id)
        .where(row.verdict == item.verdict, waits_for(account, lead=False))
    )
    return list(session.scalars(query.order_by(row.finding_id).limit(ALIKE_LIMIT - 1)))


def _deciders(visit: Visit) -> list[Account]:
    if not may(visit.account, Act.ASSIGN):
        return []
    return [person for person in accounts(visit.session) if may(person, Act.DECIDE)]


@dataclass(frozen=True, slots=True)
class _Here:
    view: View
    finding_id: int

    def beside(self, other: int | None) -> str:
        return address_of(f"/findings/{other}", self.view, left=self.finding_id) if other else ""


def _form(act: str, title: str, words: str, detail: FindingDetail, mine: Decision | None = None) -> Panel:
    verdict = detail.judgement.label
    chosen = "" if mine is None else f"change:{mine.label}" if mine.kind is Kind.CHANGE else str(mine.kind)
    options = []
    for number, label in enumerate(LABEL_ORDER, 1):
        is_verdict = label == verdict
        value = "confirm" if is_verdict else f"change:{label}"
        options.append(Option(value, str(label), str(number), value == chosen))
    options.append(Option("dismiss", "Not a claim: dismiss", "x", chosen == "dismiss"))
    if act == "decide":
        options.append(Option("second_opinion", "Second opinion", "s", chosen == "second_opinion"))
    is_folded = act == "adjudicate" and detail.item.state is State.DECIDED
    can_undo = mine is not None
    return Panel(act, title, words, verdict, tuple(options), can_undo=can_undo, is_folded=is_folded)


def _closed(held: str) -> Panel:
    return Panel("", "Taken", held)


def _lease(visit: Visit, detail: FindingDetail, panel: Panel) -> tuple[Lease | None, str]:
    if not panel.act or panel.is_folded:
        return None, ""
    held = detail.lease
    if held and held.account_id != visit.account.id:
        until = f"{held.expires_at:%H:%M}"
        return None, f"{held.account} is working on it until {until} UTC. Take another, or come back then."
    if held and held.expires_at - utc_now() > RENEW:
        # Looking again is no reason to write: a write is the dearest thing that a page does.
        return held, ""
    try:
        return acquire(visit.session, visit.account, detail.item.finding_id), ""
    except ConflictError as error:
        return None, str(error)


def _texts(session: Session, detail: FindingDetail, place: Occurrence | None) -> dict[str, object]:
    judgement = detail.judgement
    captured = None
    if place is not None:
        this = Sentence(place.start, place.end, detail.item.finding_id, detail.item.verdict)
        captured = captured_text(session, place.page_id, this)
    return {
        "captured": captured,
        "claim_runs": runs_of(detail.item.claim, judgement.strong_words),
        "cards": cards_of(judgement, detail.decisions),
        "added": added_cards(judgement, detail.decisions),
        "numbers": numbers_of(judgement),
    }


def _events(detail: FindingDetail) -> list[Event]:
    events = [Event(made.created_at, decision=made) for made in detail.decisions]
    events += [Event(note.created_at, note=note) for note in detail.notes]
    return sorted(events, key=lambda event: event.time, reverse=True)


def _index(visit: Visit) -> int:
    return whole("place", visit.query["place"]) if visit.query.get("place") else 0
