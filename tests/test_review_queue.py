"""The queue: filters, keyset pages, neighbours, counts, search, saved views; on both databases where SQL differs."""

import contextlib

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from claimcheck.review.counting import counts
from claimcheck.review.decisions import decide
from claimcheck.review.errors import InvalidError, MissingError
from claimcheck.review.filters import Filters, Order
from claimcheck.review.finding import context_of, finding_detail, page_of
from claimcheck.review.notes import assign
from claimcheck.review.options import ReviewOptions, set_options
from claimcheck.review.projection import sync
from claimcheck.review.queue import neighbours, queue
from claimcheck.review.views import delete_view, save_view, saved_views
from claimcheck.store.models import FindingRow
from review_store import CLAIMS, add_people, add_scan, confirm, database, opened


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request, tmp_path_factory):
    """Two sites, the first scanned twice; the second scan of it lacks the last claim."""
    with contextlib.ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('queue') / 'store.sqlite'}"
        else:
            url = stack.enter_context(database(request.getfixturevalue("postgres_server"), "queue"))
        store = stack.enter_context(opened(url))
        with store.session() as session:
            old = add_scan(session)
            other = add_scan(session, "other.example", claims=CLAIMS[:2])
            new = add_scan(session, claims=CLAIMS[:4], day=7)
            session.get(FindingRow, new[3]).is_new = True
            people = add_people(session)
            sync(session)
        yield store, people, old, other, new


@pytest.fixture
def case(filled):
    """The filled store's session, taken back after the test."""
    store, *rest = filled
    with Session(store.engine, expire_on_commit=False) as session:
        yield session, *rest
        session.rollback()


def ids_of(session, account, **filters):
    order = filters.pop("order", Order.SEVERITY)
    return [item.finding_id for item in queue(session, account, Filters(**filters), order=order).items]


def test_a_sites_latest_finished_scan_is_in_the_queue_by_severity(case):
    session, people, old, other, new = case
    # Severity, then confidence, then the newer.
    assert ids_of(session, people["ann"]) == [new[0], other[0], new[1], other[1], new[2], new[3]]
    assert ids_of(session, people["ann"], scan=1) == old


def test_filters_narrow_and_combine(case):
    session, people, _, other, new = case
    decide(session, people["ann"], new[0], confirm(), seen=None)
    assign(session, people["bob"], new[1], "bob")
    ann, bob = people["ann"], people["bob"]
    for filters, expected in (
        ({"site": "other.example"}, other),
        ({"site": "OTHER.example"}, other),
        ({"site": "nowhere.example"}, []),
        ({"topic": "safety"}, [new[3]]),
        ({"verdict": "overstated"}, new[2:4]),
        ({"severity": "medium"}, new[2:4]),
        ({"needs_review": True}, [new[3]]),
        ({"new": True}, [new[3]]),
        ({"min_confidence": 0.85, "max_confidence": 0.92}, [new[1], other[1]]),
        ({"state": "decided"}, [new[0]]),
        ({"label": "contradicted"}, [new[0]]),
        ({"undecided": True, "site": "clinic.example"}, new[1:4]),
        ({"verdict": "overstated", "topic": "efficacy"}, [new[2]]),
        ({"verdict": "supported"}, []),
    ):
        assert ids_of(session, ann, **filters) == expected, filters
    assert ids_of(session, bob, mine=True) == [new[1]]
    assert ids_of(session, ann, mine=True) == []


def test_orders_other_than_severity(case):
    session, people, _, other, new = case
    assert ids_of(session, people["ann"], order=Order.NEWEST) == [*reversed(new), *reversed(other)]
    assert ids_of(session, people["ann"], order=Order.UNSURE) == [new[3], new[2], other[1], new[1], other[0], new[0]]


def test_pages_by_cursor_are_the_whole_queue_there_and_back(case):
    session, people, *_ = case
    for order in Order:
        check_pages(session, people["ann"], order)


def check_pages(session, ann, order):
    whole = ids_of(session, ann, order=order)
    seen, cursor, pages = [], "", []
    while True:
        page = queue(session, ann, Filters(), order=order, cursor=cursor, limit=4)
        pages.append(page)
        seen += [item.finding_id for item in page.items]
        cursor = page.next_cursor
        if not cursor:
            break
    assert seen == whole
    assert pages[0].previous_cursor == ""
    back = queue(session, ann, Filters(), order=order, cursor=pages[1].previous_cursor, limit=4)
    assert back.items == pages[0].items
    assert back.previous_cursor == ""


def test_broken_cursors_are_refused(case):
    session, people, *_ = case
    newest, words = "WyJuZXdlc3QiLCJvbiIsMV0", "WyJzZXZlcml0eSIsIm9uIiwiYSIsMSwxXQ"
    for cursor in ("x", "W10", "e30", newest, words, "é", "W" * 300):
        with pytest.raises(InvalidError, match="cursor"):
            queue(session, people["ann"], Filters(), cursor=cursor)


def test_neighbours_are_those_of_the_queue_even_after_deciding(case):
    session, people, _, other, new = case
    ann, filters = people["ann"], Filters(undecided=True)
    before = neighbours(session, ann, new[1], filters)
    assert (before.previous_id, before.next_id) == (other[0], other[1])
    decide(session, ann, new[1], confirm(), seen=None)
    assert neighbours(session, ann, new[1], filters) == before
    assert neighbours(session, ann, new[0], filters).previous_id is None


def test_a_finding_that_waits_for_a_second_review_looks_open_to_all_but_the_first(case):
    session, people, _, _, new = case
    set_options(session, people["lea"], ReviewOptions(double_share=1))
    decide(session, people["ann"], new[0], confirm(), seen=None)
    for name in ("bob", "lea", "ada", "rex"):
        assert new[0] in ids_of(session, people[name], undecided=True)
        assert new[0] in ids_of(session, people[name], state="open")
        assert ids_of(session, people[name], state="second") == []
        assert counts(session, people[name], Filters()).states == {"open": 6}
    assert new[0] not in ids_of(session, people["ann"], undecided=True)
    assert ids_of(session, people["ann"], state="second") == [new[0]]
    assert counts(session, people["ann"], Filters()).states == {"open": 5, "second": 1}


def test_counts_are_those_of_the_queue(case):
    session, people, _, _, new = case
    decide(session, people["ann"], new[0], confirm(), seen=None)
    made = counts(session, people["ann"], Filters(site="clinic.example"))
    assert (made.total, made.undecided, made.needs_review, made.new, made.mine) == (4, 3, 1, 1, 0)
    assert made.verdicts == {"contradicted": 2, "overstated": 2}
    assert made.sites == {"clinic.example": 4, "other.example": 2}
    assert made.states == {"open": 3, "decided": 1}
    assert made.severities == {"high": 2, "medium": 2}
    narrowed = counts(session, people["ann"], Filters(verdict="overstated"))
    assert (narrowed.total, narrowed.verdicts) == (2, {"contradicted": 4, "overstated": 2})
    bounded = counts(session, people["ann"], Filters(min_confidence=0.9))
    assert (bounded.total, bounded.is_bounded) == (4, False)


def test_search_finds_words_by_their_beginning(case):
    session, people, _, other, new = case
    ann = people["ann"]
    assert ids_of(session, ann, search="fda APPROVED") == [new[1], other[1]]
    assert ids_of(session, ann, search="guarant") == [new[2]]
    assert ids_of(session, ann, search="uarant") == []
    assert ids_of(session, ann, search="other.example cures") == [other[0]]
    assert counts(session, ann, Filters(search="ketamine")).total == 4


HOSTILE = (
    "' OR 1=1 --", '"', "%", "_", "*", "') UNION SELECT password_hash FROM account --", "NEAR(a b)", "x:b", "! & | ()",
    "ketamine'; DROP TABLE finding; --", "\\", "-ketamine-x", "^x", "{x}: y", "(" * 100,
)  # fmt: skip


def test_hostile_searches_are_words_or_nothing(case):
    session, people, *_ = case
    for hostile in HOSTILE:
        assert ids_of(session, people["ann"], search=hostile) == [], hostile
        assert ids_of(session, people["ann"], site=hostile) == ids_of(session, people["ann"], topic=hostile) == []
    assert session.scalar(text("SELECT count(*) FROM finding")) == 11


@pytest.mark.parametrize(
    "values",
    [{"verdict": "true"}, {"severity": "worst"}, {"state": "x"}, {"min_confidence": 0.9, "max_confidence": 0.1},
     {"min_confidence": float("nan")}, {"scan": 0}, {"scan": 2**40}, {"search": "x" * 201}, {"search": "a\x00"},
     {"group": True}, {"undecided": "yes"}, {"site": 3}],
)  # fmt: skip
def test_filters_that_make_no_sense_are_refused(values):
    with pytest.raises(InvalidError):
        Filters(**values)


def test_filters_are_kept_and_read_back():
    filters = Filters(site="clinic.example", needs_review=True, min_confidence=0.5)
    assert filters.as_values() == {"site": "clinic.example", "needs_review": True, "min_confidence": 0.5}
    assert Filters.from_values(filters.as_values()) == filters
    with pytest.raises(InvalidError, match="expected some of"):
        Filters.from_values({"__class__": 1})


def test_saved_views_are_ones_own_unless_shared(case):
    session, people, *_ = case
    ann, bob = people["ann"], people["bob"]
    mine = save_view(session, ann, "to do", Filters(undecided=True))
    shared = save_view(session, ann, "approval", Filters(topic="approval"), shared=True)
    assert [view.name for view in saved_views(session, ann)] == ["approval", "to do"]
    assert [(view.name, view.owner) for view in saved_views(session, bob)] == [("approval", "ann")]
    for view in (mine, shared):
        with pytest.raises(MissingError):
            delete_view(session, bob, view.id)
    again = save_view(session, ann, "to do", Filters(mine=True))
    assert again.id == mine.id
    delete_view(session, ann, mine.id)
    assert [view.name for view in saved_views(session, ann)] == ["approval"]


def test_the_detail_shows_the_sentence_in_its_page_and_the_other_findings(case):
    session, people, _, _, new = case
    shown = finding_detail(session, people["ann"], new[1])
    assert shown.context.before == "Welcome. Ketamine cures depression. "
    assert shown.context.sentence == "Ketamine is FDA approved for pain."
    assert shown.context.is_start and shown.context.is_end
    assert [item.finding_id for item in shown.on_page] == [new[0], new[2], new[3]]
    assert shown.occurrences[0].warc_offset == 17
    assert shown.judgement.evidence[0].source["title"] == "A review"
    page = page_of(session, people["ann"], new[1])
    assert page.text[page.start : page.end] == shown.context.sentence
    assert [mark.finding_id for mark in page.marks] == new


def test_the_history_is_the_same_claim_at_this_site_before(case):
    session, people, old, _, new = case
    decide(session, people["ann"], old[0], confirm("then"), seen=None)
    history = finding_detail(session, people["bob"], new[0]).history
    assert [(item.finding_id, item.label, item.decision.note) for item in history] == [(old[0], "contradicted", "then")]
    set_options(session, people["lea"], ReviewOptions(double_share=1))
    decide(session, people["ann"], old[1], confirm("then"), seen=None)
    hidden = finding_detail(session, people["bob"], new[1]).history[0]
    assert (hidden.state, hidden.label, hidden.decision) == ("open", "", None)


def test_context_is_cut_at_words():
    text = "one two three four five six seven"
    context = context_of(text, 8, 13, length=6)
    assert (context.before, context.sentence, context.after) == ("two ", "three", " four")
    assert not context.is_start and not context.is_end


def test_a_missing_finding_is_said_to_be_missing(case):
    session, people, *_ = case
    with pytest.raises(MissingError):
        finding_detail(session, people["ann"], 999)


def test_the_queue_reads_an_index_and_sorts_nothing(tmp_path):
    with opened(f"sqlite:///{tmp_path / 'store.sqlite'}") as store, store.session() as session:
        add_scan(session)
        people = add_people(session)
        plans = []
        from sqlalchemy import event

        @event.listens_for(store.engine, "before_cursor_execute")
        def explain(connection, cursor, statement, parameters, context, many):
            if statement.startswith("SELECT review_state.severity"):
                cursor.execute("EXPLAIN QUERY PLAN " + statement, parameters)
                plans.append(" | ".join(row[3] for row in cursor.fetchall()))

        for filters in (
            Filters(), Filters(undecided=True), Filters(verdict="overstated"), Filters(topic="safety"),
            Filters(site="clinic.example"), Filters(mine=True), Filters(scan=1), Filters(state="conflict"),
        ):  # fmt: skip
            queue(session, people["ann"], filters)
        assert len(plans) == 8
        assert [plan for plan in plans if "USING" not in plan or "TEMP B-TREE" in plan] == []
