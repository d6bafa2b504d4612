"""Decisions: rounds, blindness, conflict, undo, leases; nothing is overwritten, whoever is quicker."""

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from claimcheck.review.decisions import Choice, adjudicate, bulk_decide, decide, undo
from claimcheck.review.errors import ConflictError, InvalidError, MissingError, NotAllowedError
from claimcheck.review.finding import alike, finding_detail
from claimcheck.review.leases import acquire, lease_on, release
from claimcheck.review.notes import add_note, assign, notes_on
from claimcheck.review.options import ReviewOptions, needs_two, set_options
from claimcheck.review.standing import Kind, State
from claimcheck.store.models import ClaimRow, utc_now
from claimcheck.store.review_models import DecisionRow, ReviewStateRow
from review_store import add_people, add_scan, change, confirm, opened, seen


@pytest.fixture
def case(tmp_path):
    """A store of one site with five findings and six people, in an open session."""
    with opened(f"sqlite:///{tmp_path / 'store.sqlite'}") as store, store.session() as session:
        ids = add_scan(session)
        yield session, add_people(session), ids


def double(session, people):
    set_options(session, people["lea"], ReviewOptions(double_share=1))


def test_confirming_records_the_models_verdict(case):
    session, people, ids = case
    made = decide(session, people["ann"], ids[0], confirm("as cited"), seen=None)
    assert (made.state, made.label) == (State.DECIDED, "contradicted")
    row = session.query(DecisionRow).one()
    assert (row.kind, row.label, row.note, row.round, row.account_id) == (
        "confirm", "contradicted", "as cited", "first", people["ann"].id,
    )  # fmt: skip


def test_changing_and_dismissing_record_the_persons_verdict(case):
    session, people, ids = case
    assert decide(session, people["ann"], ids[0], change("overstated"), seen=None).label == "overstated"
    dismissed = Choice(Kind.DISMISS, reason="opinion")
    assert decide(session, people["ann"], ids[1], dismissed, seen=None).label == "not_a_claim"


@pytest.mark.parametrize(
    "values",
    [
        {"kind": Kind.CHANGE, "reason": "too-harsh"},
        {"kind": Kind.CONFIRM, "label": "supported"},
        {"kind": Kind.CHANGE, "label": "true", "reason": "too-harsh"},
        {"kind": Kind.CHANGE, "label": "not_a_claim", "reason": "too-harsh"},
        {"kind": Kind.DISMISS},
        {"kind": Kind.DISMISS, "reason": "too-harsh"},
        {"kind": Kind.DISMISS, "reason": "no-such"},
        {"kind": Kind.DISMISS, "reason": "other"},
        {"kind": Kind.CONFIRM, "note": "x" * 4001},
        {"kind": Kind.CONFIRM, "note": "a\x00b"},
        {"kind": Kind.UNDO},
    ],
)
def test_choices_that_make_no_sense_are_refused(values):
    with pytest.raises(InvalidError):
        Choice(**values)


def test_changing_to_the_same_verdict_is_refused(case):
    session, people, ids = case
    with pytest.raises(InvalidError, match="contradicted already"):
        decide(session, people["ann"], ids[0], change("contradicted"), seen=None)


def test_evidence_is_struck_only_if_cited_and_added_only_if_known(case):
    session, people, ids = case
    ann = people["ann"]
    with pytest.raises(InvalidError, match="does not cite"):
        decide(session, ann, ids[0], Choice(Kind.CONFIRM, evidence_struck=("no-such",)), seen=None)
    with pytest.raises(InvalidError, match="no evidence record"):
        decide(session, ann, ids[0], Choice(Kind.CONFIRM, evidence_added=("no-such",)), seen=None)
    made = decide(session, ann, ids[0], Choice(Kind.CONFIRM, evidence_struck=("depression-response",)), seen=None)
    assert made.decision.evidence_struck == ("depression-response",)


def test_readers_cannot_decide_nor_reviewers_adjudicate(case):
    session, people, ids = case
    for act in (
        lambda: decide(session, people["rex"], ids[0], confirm(), seen=None),
        lambda: bulk_decide(session, people["rex"], confirm(), finding_ids=ids),
        lambda: undo(session, people["rex"], ids[0]),
        lambda: add_note(session, people["rex"], ids[0], "hello"),
        lambda: acquire(session, people["rex"], ids[0]),
        lambda: assign(session, people["rex"], ids[0], "rex"),
        lambda: adjudicate(session, people["ann"], ids[0], confirm(), seen=None),
        lambda: set_options(session, people["ann"], ReviewOptions(double_share=1)),
    ):
        with pytest.raises(NotAllowedError):
            act()
    assert session.query(DecisionRow).count() == 0


def test_a_decision_of_somebody_else_is_not_overwritten(case):
    session, people, ids = case
    decide(session, people["ann"], ids[0], confirm(), seen=None)
    with pytest.raises(ConflictError, match="already decided"):
        decide(session, people["bob"], ids[0], change(), seen=seen(session, people["bob"], ids[0]))
    assert session.query(DecisionRow).count() == 1


def test_the_slower_of_two_who_had_it_open_becomes_the_second_review(case):
    session, people, ids = case
    decide(session, people["ann"], ids[0], confirm(), seen=None)
    made = decide(session, people["bob"], ids[0], change(), seen=None)
    assert (made.decision.round, made.state) == ("second", State.CONFLICT)
    decide(session, people["ann"], ids[1], confirm(), seen=None)
    assert decide(session, people["bob"], ids[1], confirm(), seen=None).state is State.DECIDED


def test_a_third_is_told_and_nothing_recorded(case):
    session, people, ids = case
    for name in ("ann", "bob"):
        decide(session, people[name], ids[0], confirm(), seen=None)
    with pytest.raises(ConflictError):
        decide(session, people["lea"], ids[0], change(), seen=None)
    assert session.query(DecisionRow).count() == 2


def test_a_second_review_is_blind_until_it_is_in(case):
    session, people, ids = case
    double(session, people)
    decide(session, people["ann"], ids[0], confirm("my view"), seen=None)
    add_note(session, people["ann"], ids[0], "I think it is plain")
    add_note(session, people["lea"], ids[0], "Page was printed")
    for name in ("bob", "lea", "ada", "rex"):
        shown = finding_detail(session, people[name], ids[0])
        assert (shown.item.state, shown.item.label, shown.item.updated_at) == (State.OPEN, "", None)
        assert (shown.decisions, shown.seen, shown.mine, shown.double) == ((), None, None, False)
        assert [note.account for note in shown.notes] == ["lea"]
    own = finding_detail(session, people["ann"], ids[0])
    assert (own.item.state, own.mine.note) == (State.SECOND, "my view")
    made = decide(session, people["bob"], ids[0], change(), seen=None)
    assert (made.decision.round, made.decision.blind, made.state) == ("second", True, State.CONFLICT)
    after = finding_detail(session, people["bob"], ids[0])
    assert [decision.account for decision in after.decisions] == ["ann", "bob"]
    assert len(after.notes) == 2


def test_a_first_decision_taken_back_stays_hidden(case):
    session, people, ids = case
    decide(session, people["ann"], ids[0], change(), seen=None)
    undo(session, people["ann"], ids[0])
    assert finding_detail(session, people["bob"], ids[0]).decisions == ()
    assert len(finding_detail(session, people["ann"], ids[0]).decisions) == 2


def test_a_second_decision_made_again_is_not_blind(case):
    session, people, ids = case
    double(session, people)
    decide(session, people["ann"], ids[0], confirm(), seen=None)
    decide(session, people["bob"], ids[0], change(), seen=None)
    undo(session, people["bob"], ids[0])
    made = decide(session, people["bob"], ids[0], confirm(), seen=seen(session, people["bob"], ids[0]))
    assert (made.state, made.decision.blind) == (State.DECIDED, False)


def test_a_second_opinion_asks_somebody_else(case):
    session, people, ids = case
    asked = decide(session, people["ann"], ids[0], Choice(Kind.SECOND_OPINION, reason="unsure"), seen=None)
    assert asked.state is State.SECOND
    made = decide(session, people["bob"], ids[0], change("supported"), seen=None)
    assert (made.state, made.label) == (State.DECIDED, "supported")


def test_a_lead_adjudicates_a_conflict_in_a_record_of_its_own(case):
    session, people, ids = case
    decide(session, people["ann"], ids[0], confirm(), seen=None)
    decide(session, people["bob"], ids[0], change(), seen=None)
    lea = people["lea"]
    with pytest.raises(ConflictError, match="since you opened it"):
        adjudicate(session, lea, ids[0], confirm(), seen=None)
    made = adjudicate(session, lea, ids[0], confirm(), seen=seen(session, lea, ids[0]))
    assert (made.decision.round, made.state, made.label) == ("adjudication", State.DECIDED, "contradicted")
    with pytest.raises(ConflictError, match="decided after you"):
        undo(session, people["ann"], ids[0])
    assert session.query(DecisionRow).count() == 3


def test_who_disagreed_cannot_adjudicate(case):
    session, people, ids = case
    decide(session, people["lea"], ids[0], confirm(), seen=None)
    decide(session, people["bob"], ids[0], change(), seen=None)
    with pytest.raises(ConflictError, match="another lead"):
        adjudicate(session, people["lea"], ids[0], confirm(), seen=seen(session, people["lea"], ids[0]))
    assert adjudicate(session, people["leo"], ids[0], change(), seen=seen(session, people["leo"], ids[0])).label


def test_undoing_adds_a_row_and_brings_back_what_was_before(case):
    session, people, ids = case
    ann = people["ann"]
    decide(session, ann, ids[0], confirm(), seen=None)
    decide(session, ann, ids[0], change(), seen=seen(session, ann, ids[0]))
    assert finding_detail(session, ann, ids[0]).item.label == "supported"
    assert undo(session, ann, ids[0]).label == "contradicted"
    assert undo(session, ann, ids[0]).state is State.OPEN
    with pytest.raises(ConflictError, match="no decision"):
        undo(session, ann, ids[0])
    assert session.query(DecisionRow).count() == 4


def test_only_ones_own_decision_is_undone(case):
    session, people, ids = case
    decide(session, people["ann"], ids[0], confirm(), seen=None)
    with pytest.raises(ConflictError, match="no decision"):
        undo(session, people["ada"], ids[0])


def test_bulk_decides_all_or_none(case):
    session, people, ids = case
    decide(session, people["bob"], ids[2], confirm(), seen=None)
    nested = session.begin_nested()
    with pytest.raises(ConflictError, match=f"finding {ids[2]}"):
        bulk_decide(session, people["ann"], confirm(), finding_ids=ids)
    nested.rollback()
    assert session.query(DecisionRow).count() == 1
    made = bulk_decide(session, people["ann"], confirm(), finding_ids=[ids[0], ids[1]])
    assert [decided.label for decided in made] == ["contradicted", "contradicted"]
    assert len({decided.decision.batch for decided in made}) == 1 and made[0].decision.batch


def test_claims_grouped_as_the_same_are_alike(case):
    session, people, _ = case
    more = add_scan(session, "other.example", claims=[("Ketamine can cure depression.", *rest(0))])
    first = session.query(ClaimRow).filter_by(text="Ketamine cures depression.").one()
    session.query(ClaimRow).filter_by(text="Ketamine can cure depression.").one().group_id = first.id
    session.flush()
    items = alike(session, people["ann"], more[0])
    assert [item.host for item in items] == ["other.example", "clinic.example"]
    assert items[0].alike == 2


def rest(number):
    from review_store import CLAIMS

    return CLAIMS[number][1:]


def test_a_lease_keeps_others_from_deciding(case):
    session, people, ids = case
    acquire(session, people["ann"], ids[0])
    with pytest.raises(ConflictError, match="worked on by ann"):
        acquire(session, people["bob"], ids[0])
    with pytest.raises(ConflictError, match="worked on by ann"):
        decide(session, people["bob"], ids[0], confirm(), seen=None)
    assert not release(session, people["bob"], ids[0])
    decide(session, people["ann"], ids[0], confirm(), seen=None)
    assert lease_on(session, ids[0]) is None


def test_a_lease_ends_and_is_renewed(case):
    from datetime import timedelta

    session, people, ids = case
    lease = acquire(session, people["ann"], ids[0])
    later = acquire(session, people["ann"], ids[0], now=utc_now() + timedelta(minutes=5))
    assert later.expires_at > lease.expires_at
    taken = acquire(session, people["bob"], ids[0], now=later.expires_at)
    assert taken.account == "bob"


def test_findings_are_given_away_by_leads_and_taken_by_reviewers(case):
    session, people, ids = case
    assert assign(session, people["ann"], ids[0], "ann") == "ann"
    with pytest.raises(NotAllowedError, match="somebody else"):
        assign(session, people["bob"], ids[0], "bob")
    with pytest.raises(NotAllowedError, match="to others"):
        assign(session, people["ann"], ids[0], "bob")
    with pytest.raises(InvalidError, match="may not decide"):
        assign(session, people["lea"], ids[0], "rex")
    assert assign(session, people["lea"], ids[0], "bob") == "bob"
    assert assign(session, people["bob"], ids[0], None) is None


def test_the_share_of_double_reviews_is_kept_and_the_same_each_time():
    options = ReviewOptions(double_share=0.2)
    drawn = [number for number in range(5_000) if needs_two(number, options)]
    # Within five standard deviations of 1,000.
    assert 858 <= len(drawn) <= 1_142
    assert drawn == [number for number in range(5_000) if needs_two(number, options)]
    assert not any(needs_two(number, ReviewOptions()) for number in range(100))
    assert all(needs_two(number, ReviewOptions(double_share=1)) for number in range(100))


def test_findings_of_a_running_scan_are_not_reviewed(case):
    session, people, _ = case
    running = add_scan(session, "new.example", state="running")
    with pytest.raises(MissingError):
        decide(session, people["ann"], running[0], confirm(), seen=None)


def test_notes_are_refused_when_empty(case):
    session, people, ids = case
    with pytest.raises(InvalidError):
        add_note(session, people["ann"], ids[0], "  ")
    assert notes_on(session, people["ann"], ids[0]) == ()


def test_the_database_refuses_to_change_what_was_recorded(store_url):
    with opened(store_url) as store:
        with store.session() as session:
            ids = add_scan(session)
            people = add_people(session)
            decide(session, people["ann"], ids[0], confirm(), seen=None)
            add_note(session, people["ann"], ids[0], "a note")
        for statement in (
            "UPDATE decision SET label = 'supported'", "DELETE FROM decision", "UPDATE note SET text = 'x'",
            "DELETE FROM note", "UPDATE trail SET actor = 'x'", "DELETE FROM trail",
        ):  # fmt: skip
            with pytest.raises(DatabaseError, match="append-only"), store.session() as session:
                session.execute(text(statement))


def test_two_who_decide_at_once_lose_nothing(store_url):
    with opened(store_url) as store:
        with store.session() as session:
            ids = add_scan(session)
            people = add_people(session)
        results = at_once(store, [(people["ann"], confirm()), (people["bob"], change())], ids[0])
        assert sorted(results) == ["conflict", "decided"]
        with store.session() as session:
            rows = session.query(DecisionRow).order_by(DecisionRow.id).all()
            assert [row.round for row in rows] == ["first", "second"]
            assert {row.account_id for row in rows} == {people["ann"].id, people["bob"].id}
            assert session.get(ReviewStateRow, ids[0]).state == "conflict"


def test_one_who_decides_twice_at_once_is_told(store_url):
    with opened(store_url) as store:
        with store.session() as session:
            ids = add_scan(session)
            people = add_people(session)
        results = at_once(store, [(people["ann"], confirm()), (people["ann"], change())], ids[0])
        assert sorted(results) == ["decided", "told"]
        with store.session() as session:
            assert session.query(DecisionRow).count() == 1


def test_one_of_many_gets_the_lease(store_url):
    with opened(store_url) as store:
        with store.session() as session:
            ids = add_scan(session)
            people = add_people(session)
        deciders = [people[name] for name in ("ann", "bob", "lea", "leo", "ada")]
        barrier, taken = threading.Barrier(len(deciders)), []

        def take(account):
            barrier.wait(10)
            try:
                with store.session() as session:
                    acquire(session, account, ids[0])
                taken.append(account.name)
            except ConflictError:
                pass

        run_all([threading.Thread(target=take, args=(account,)) for account in deciders])
        assert len(taken) == 1


def at_once(store, attempts, finding_id):
    barrier, results = threading.Barrier(len(attempts)), []

    def attempt(account, choice):
        barrier.wait(10)
        try:
            with store.session() as session:
                results.append(str(decide(session, account, finding_id, choice, seen=None).state))
        except ConflictError:
            results.append("told")

    run_all([threading.Thread(target=attempt, args=pair) for pair in attempts])
    return results


def run_all(threads):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
