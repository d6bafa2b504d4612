"""The trail: every act in it, chained; whatever is changed behind the triggers' back is found."""

import sqlite3
import threading

import pytest
from sqlalchemy import text

from claimcheck.review.accounts import set_role
from claimcheck.review.acts import canonical
from claimcheck.review.decisions import decide, undo
from claimcheck.review.errors import NotAllowedError
from claimcheck.review.notes import add_note, assign
from claimcheck.review.options import ReviewOptions, set_options
from claimcheck.review.trail import TrailHead, entries, head, trail_page, verify_trail
from review_store import add_people, add_scan, confirm, opened

TRIGGERS = ("decision_no_update", "decision_no_delete", "note_no_update", "note_no_delete",
            "trail_no_update", "trail_no_delete")  # fmt: skip


@pytest.fixture
def worked(tmp_path):
    """A store in which some acts were done."""
    with opened(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        with store.session() as session:
            ids = add_scan(session)
            people = add_people(session)
            decide(session, people["ann"], ids[0], confirm("first"), seen=None)
            decide(session, people["ann"], ids[1], confirm(), seen=None)
            undo(session, people["ann"], ids[1])
            add_note(session, people["bob"], ids[1], "look again")
            assign(session, people["lea"], ids[1], "bob")
        yield store, people, ids


def tampered(store, *statements):
    """Change the file as somebody could who holds it: the triggers dropped first."""
    path = store.engine.url.database
    store.engine.dispose()
    with sqlite3.connect(path) as connection:
        for trigger in TRIGGERS:
            connection.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            assert connection.execute(statement).rowcount != 0
    connection.close()
    return verify_trail(store)


def test_every_act_is_in_the_trail_and_the_chain_holds(worked):
    store, _, ids = worked
    assert verify_trail(store) == []
    with store.session() as session:
        found = list(entries(session))
        assert [entry.action for entry in found] == [
            *["add-account"] * 6, "decide", "decide", "undo", "note", "assign",
        ]  # fmt: skip
        assert [entry.seq for entry in found] == list(range(1, 12))
        assert found[6].actor == "ann" and found[6].subject == f"finding:{ids[0]}"
        assert head(session) == TrailHead(11, found[-1].sha256)
        assert all(entry.digest() == entry.sha256 for entry in found)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE trail SET actor = 'bob' WHERE seq = 7", "row 7 was changed"),
        ("UPDATE trail SET time = '2020-01-01T00:00:00+00:00' WHERE seq = 7", "row 7 was changed"),
        ("UPDATE trail SET detail = '{}' WHERE seq = 7", "row 7 was changed"),
        ("UPDATE trail SET sha256 = previous WHERE seq = 7", "row 7 was changed"),
        ("DELETE FROM trail WHERE seq = 7", "after row 6 comes row 8"),
        ("DELETE FROM trail WHERE seq = 11", None),
        ("UPDATE trail SET seq = CASE seq WHEN 3 THEN -4 WHEN 4 THEN 3 ELSE seq END", "row 3"),
        ("UPDATE decision SET label = 'supported' WHERE id = 1", "decision 1 was changed"),
        ("UPDATE decision SET note = '' WHERE id = 1", "decision 1 was changed"),
        ("UPDATE decision SET account_id = 3 WHERE id = 1", "decision 1 was changed"),
        ("UPDATE decision SET created_at = '2020-01-01 00:00:00' WHERE id = 1", "decision 1 was changed"),
        ("DELETE FROM decision WHERE id = 1", "decision 1 is recorded in the trail and gone"),
        ("INSERT INTO decision SELECT 9, finding_id, 3, round, kind, label, reason, note, evidence_added,"
         " evidence_struck, blind, double, batch, NULL, created_at FROM decision WHERE id = 1",
         "decision 9 is in no row"),
        ("UPDATE note SET text = 'fine' WHERE id = 1", "note 1 was changed"),
        ("DELETE FROM note WHERE id = 1", "note 1 is recorded in the trail and gone"),
        ("UPDATE review_state SET label = 'supported' WHERE finding_id = 1", "finding 1 is shown as"),
        ("UPDATE review_state SET state = 'decided' WHERE finding_id = 3", "finding 3 has a state without a decision"),
    ],
)  # fmt: skip
def test_tampering_is_found(worked, statement, words):
    store, _, _ = worked
    with store.session() as session:
        kept = head(session)
    problems = tampered(store, statement)
    if words is None:
        # An end cut off leaves a whole chain; a head kept elsewhere shows it.
        assert problems == []
        problems, words = verify_trail(store, expected_head=kept), "row 11 is not the one"
    assert any(words in problem for problem in problems), problems


def test_a_chain_made_anew_is_found_by_the_kept_head(worked):
    store, _, _ = worked
    with store.session() as session:
        kept = head(session)
        last = list(entries(session))[-1]
    forged = last.__class__(**{name: getattr(last, name) for name in last.__slots__} | {"actor": "ada"})
    change = f"UPDATE trail SET actor = 'ada', sha256 = '{forged.digest()}' WHERE seq = {last.seq}"  # noqa: S608 - the test is the forger
    problems = tampered(store, change)
    assert problems == []
    assert verify_trail(store, expected_head=kept) == ["trail: row 11 is not the one whose digest was kept"]


def test_an_act_that_fails_leaves_no_row(worked):
    store, people, _ = worked
    with pytest.raises(NotAllowedError), store.session() as session:
        set_role(session, people["ann"], "ann", "admin")
    with store.session() as session:
        assert head(session).seq == 11


def test_acts_at_once_make_one_chain(store_url):
    with opened(store_url) as store:
        with store.session() as session:
            ids = add_scan(session)
            people = add_people(session)
        errors = []

        def work(account):
            try:
                for number in range(5):
                    with store.session() as session:
                        add_note(session, account, ids[number], f"note {number}")
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(people[name],)) for name in ("ann", "bob", "lea", "ada")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert errors == []
        assert verify_trail(store) == []
        with store.session() as session:
            assert head(session).seq == 6 + 20
            assert session.scalar(text("SELECT count(*) FROM note")) == 20


def test_the_trail_hides_what_waits_for_a_second_review(worked):
    store, people, ids = worked
    with store.session() as session:
        set_options(session, people["lea"], ReviewOptions(double_share=1))
        decide(session, people["ann"], ids[2], confirm("mine"), seen=None)
        subject = f"finding:{ids[2]}"
        assert trail_page(session, people["lea"], subject=subject) == ()
        assert trail_page(session, people["ada"], subject=subject) == ()
        with pytest.raises(NotAllowedError):
            trail_page(session, people["ann"])
        decide(session, people["bob"], ids[2], confirm(), seen=None)
        assert len(trail_page(session, people["lea"], subject=subject)) == 2


def test_canonical_json_is_one_text():
    assert canonical({"b": 1, "a": "é\n"}) == '{"a":"\\u00e9\\n","b":1}'
