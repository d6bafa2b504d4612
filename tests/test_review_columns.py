"""Counts from the columns in memory are what the database would count, whatever was done meanwhile."""

import random

import pytest
import sqlalchemy as sa

from claimcheck.review import columns
from claimcheck.review.accounts import add_account
from claimcheck.review.columns import columns_of
from claimcheck.review.counting import counts
from claimcheck.review.decisions import Choice, decide, undo
from claimcheck.review.filters import Filters, conditions
from claimcheck.review.notes import assign
from claimcheck.review.options import ReviewOptions, set_options
from claimcheck.review.projection import sync
from claimcheck.review.standing import Kind
from claimcheck.store import open_store
from claimcheck.store.review_models import ReviewStateRow
from store_rows import fill

FILTERS = (
    Filters(), Filters(undecided=True), Filters(verdict="overstated"), Filters(state="decided"),
    Filters(state="second"), Filters(state="open", topic="durability"), Filters(severity="high", new=True),
    Filters(mine=True, undecided=True), Filters(site="clinic-1-001.example", needs_review=True),
    Filters(site="nowhere.example"), Filters(label="overstated"), Filters(scan=1), Filters(scan=99),
)  # fmt: skip


@pytest.fixture
def store(store_url):
    opened = open_store(store_url)
    fill(opened, sites=3, pages=4, claims=24)
    with opened.session() as session:
        sync(session)
    yield opened
    opened.close()


@pytest.fixture
def people(store):
    with store.session() as session:
        roles = {"lead": "lead", "ann": "reviewer", "bob": "reviewer"}
        made = {name: add_account(session, None, name, role) for name, role in roles.items()}
        set_options(session, made["lead"], ReviewOptions(double_share=0.5))
    return made


def counted(session, account, filters, **more):
    narrowed = Filters.from_values(filters.as_values() | more)
    query = sa.select(sa.func.count()).select_from(ReviewStateRow).where(*conditions(session, account, narrowed))
    return session.scalar(query)


def check(store, people):
    with store.session() as session:
        for account in people.values():
            for filters in FILTERS:
                found = counts(session, account, filters)
                assert found.total == counted(session, account, filters)
                for name, maps in (("verdict", found.verdicts), ("topic", found.topics), ("state", found.states),
                                   ("severity", found.severities), ("site", found.sites)):  # fmt: skip
                    assert 0 not in maps.values()
                    for value, number in maps.items():
                        assert number == counted(session, account, filters, **{name: value}), (filters, name, value)
                for name in ("undecided", "needs_review", "mine", "new"):
                    assert getattr(found, name) == counted(session, account, filters, **{name: True}), (filters, name)


def test_counts_follow_decisions_of_everybody(store, people):
    rng = random.Random(3)  # noqa: S311 - the same draws each time
    check(store, people)
    with store.session() as session:
        ids = list(session.scalars(sa.select(ReviewStateRow.finding_id)))
    for finding_id in rng.sample(ids, 25):
        account = people[rng.choice(["ann", "bob"])]
        with store.session() as session:
            decide(session, account, finding_id, Choice(Kind.CONFIRM), seen=None)
        with store.session() as session:
            if rng.random() < 0.3:
                undo(session, account, finding_id)
            assign(session, people["lead"], finding_id, rng.choice(["ann", "bob", None]))
    check(store, people)


def test_counts_follow_a_scan_that_finished(store, people):
    check(store, people)
    fill(store, sites=2, pages=4, claims=20, seed=9)
    fill(store, sites=3, pages=4, claims=20)
    with store.session() as session:
        sync(session)
    check(store, people)


def test_what_is_rolled_back_is_counted_by_nobody(store, people):
    with store.session() as session:
        before = counts(session, people["ann"], Filters(state="decided")).total
        finding_id = session.scalar(sa.select(sa.func.min(ReviewStateRow.finding_id)))
        set_options(session, people["lead"], ReviewOptions(double_share=0.0))
    with pytest.raises(KeyError), store.session() as session:
        decide(session, people["ann"], finding_id, Choice(Kind.CONFIRM), seen=None)
        assert counts(session, people["ann"], Filters(state="decided")).total == before + 1
        raise KeyError("rolled back")
    with store.session() as session:
        assert counts(session, people["ann"], Filters(state="decided")).total == before
    check(store, people)


def test_only_what_changed_is_read_again(store, people, monkeypatch):
    with store.session() as session:
        first = columns_of(session, None)
        finding_id = int(first.finding_id[5])
    asked = []
    real = columns._rows
    monkeypatch.setattr(columns, "_rows", lambda session, scope: asked.append(real(session, scope)) or asked[-1])
    with store.session() as session:
        assert columns_of(session, None) is first
    with store.session() as session:
        decide(session, people["ann"], finding_id, Choice(Kind.CONFIRM), seen=None)
    with store.session() as session:
        columns_of(session, None)
    assert [[row[0] for row in rows] for rows in asked] == [[finding_id]]


def test_many_changes_are_read_whole(store, people, monkeypatch):
    monkeypatch.setattr(columns, "_CHANGES", 2)
    check(store, people)
    with store.session() as session:
        for finding_id in session.scalars(sa.select(ReviewStateRow.finding_id).limit(5)).all():
            decide(session, people["ann"], finding_id, Choice(Kind.CONFIRM), seen=None)
    check(store, people)
