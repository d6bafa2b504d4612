"""People: accounts, passwords, sessions, links, tokens, throttling."""

import dataclasses
from datetime import timedelta

import pytest
from sqlalchemy import text

from claimcheck.errors import UsageError
from claimcheck.review import passwords, sessions
from claimcheck.review.accounts import account_named, accounts, add_account, set_active, set_password, set_role
from claimcheck.review.errors import (
    ConflictError,
    InvalidError,
    MissingError,
    NotAllowedError,
    SignInError,
    ThrottledError,
)
from claimcheck.review.permissions import PERMISSIONS, Account, Act, Role, may, require
from claimcheck.review.sessions import (
    account_by_token,
    add_token,
    make_login_link,
    revoke_token,
    sign_in,
    sign_in_by_link,
    sign_out,
    signed_in_by,
    tokens_of,
)
from claimcheck.review.starting import prepare
from claimcheck.review.throttle import record_failure, require_patience
from review_store import PASSWORD, START, add_people, opened

HOME = "192.0.2.1"


@pytest.fixture
def store(tmp_path):
    with opened(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        yield store


@pytest.fixture
def people(store):
    with store.session() as session:
        return add_people(session, passwords=True)


def test_the_table_of_permissions_is_what_is_promised():
    allowed = {role: {act for act in Act if role in PERMISSIONS[act]} for role in Role}
    assert allowed[Role.READER] == {Act.READ}
    assert allowed[Role.REVIEWER] == {Act.READ, Act.DECIDE}
    assert allowed[Role.LEAD] == set(Act) - {Act.MANAGE_ACCOUNTS}
    assert allowed[Role.ADMIN] == set(Act)
    shut_out = Account(1, "x", "x", Role.ADMIN, active=False)
    assert not may(shut_out, Act.READ)
    with pytest.raises(NotAllowedError):
        require(shut_out, Act.READ)


def test_passwords_are_kept_as_argon2id_and_tell_nothing():
    made = passwords.hash_password(PASSWORD)
    assert made.startswith("$argon2id$") and PASSWORD not in made
    assert made != passwords.hash_password(PASSWORD)
    assert passwords.matches(made, PASSWORD)
    assert not passwords.matches(made, PASSWORD + "x")
    assert not passwords.matches("", PASSWORD)
    assert not passwords.matches("no hash", PASSWORD)
    assert not passwords.matches(made, "\ud800")
    for wrong in ("short", "x" * 300):
        with pytest.raises(InvalidError):
            passwords.hash_password(wrong)


def test_signing_in_opens_a_session_that_ends(store, people):
    signed_in = sign_in(store, " Ann ", PASSWORD, address=HOME, now=START)
    with store.session() as session:
        assert signed_in_by(session, signed_in.token, now=START).account == people["ann"]
        assert signed_in_by(session, signed_in.token, now=START + timedelta(hours=12)) is None
        assert signed_in_by(session, signed_in.csrf, now=START) is None
        kept = session.execute(text("SELECT * FROM login_session")).one()
        assert signed_in.token not in kept
        sign_out(session, signed_in)
        assert signed_in_by(session, signed_in.token, now=START) is None


def test_wrong_names_and_passwords_are_told_alike_and_cost_alike(store, people, monkeypatch):
    with store.session() as session:
        set_active(session, None, "bob", active=False)
    looked_at = []
    real = passwords.matches
    monkeypatch.setattr(sessions, "matches", lambda kept, sent: looked_at.append(sent) or real(kept, sent))
    messages = set()
    for name, password in (
        ("ann", "wrong"),
        ("nobody", PASSWORD),
        ("bob", PASSWORD),
        ("' OR 1=1 --", "x"),
        ("a\x00", "x"),
    ):
        with pytest.raises(SignInError) as caught:
            sign_in(store, name, password, address=HOME)
        messages.add(str(caught.value))
    assert len(messages) == 1
    assert len(looked_at) == 5


def test_failures_make_the_next_wait_longer_and_longer(store, people):
    now = START
    for _ in range(5):
        with pytest.raises(SignInError):
            sign_in(store, "ann", "wrong", address=HOME, now=now)
    waits = []
    for _ in range(4):
        with pytest.raises(ThrottledError) as caught:
            sign_in(store, "ann", PASSWORD, address=HOME, now=now)
        waits.append(caught.value.retry_after)
        now += timedelta(seconds=caught.value.retry_after)
        with pytest.raises(SignInError):
            sign_in(store, "ann", "wrong", address=HOME, now=now)
    assert waits == [1, 2, 4, 8]
    # From her own machine ann still gets in, and a right password there forgets that pair's failures only.
    assert sign_in(store, "ann", PASSWORD, address="192.0.2.2", now=now).account.name == "ann"
    with pytest.raises(ThrottledError):
        sign_in(store, "ann", PASSWORD, address=HOME, now=now)
    assert sign_in(store, "ann", PASSWORD, address=HOME, now=now + timedelta(seconds=16))


def test_guessing_from_many_addresses_or_at_many_names_is_slowed_too(store):
    with store.session() as session:
        for number in range(31):
            record_failure(session, "ann", f"192.0.2.{number}", START)
        with pytest.raises(ThrottledError):
            require_patience(session, "ann", "198.51.100.1", START)
        for number in range(31):
            record_failure(session, f"name{number}", "203.0.113.9", START)
        with pytest.raises(ThrottledError):
            require_patience(session, "another", "203.0.113.9", START)
        require_patience(session, "another", "198.51.100.1", START)
        # The wide rules never wait longer than a minute: nobody can shut a person out for good.
        require_patience(session, "ann", "198.51.100.1", START + timedelta(seconds=61))
        assert "ann" not in str(session.execute(text("SELECT * FROM login_throttle")).all())


def test_a_hash_of_another_cost_is_made_anew(store, people):
    from argon2 import PasswordHasher

    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with store.session() as session:
        session.execute(text("UPDATE account SET password_hash = :cheap WHERE name = 'ann'"), {"cheap": cheap})
    sign_in(store, "ann", PASSWORD, address=HOME)
    with store.session() as session:
        kept = session.scalar(text("SELECT password_hash FROM account WHERE name = 'ann'"))
    assert kept != cheap and passwords.matches(kept, PASSWORD) and not passwords.needs_rehash(kept)


def test_a_new_password_ends_sessions_and_tokens(store, people):
    signed_in = sign_in(store, "ann", PASSWORD, address=HOME)
    with store.session() as session:
        secret = add_token(session, people["ann"], "script").secret
        assert account_by_token(session, secret) == people["ann"]
        set_password(session, people["ann"], "ann", PASSWORD + "!")
        assert signed_in_by(session, signed_in.token) is None
        assert account_by_token(session, secret) is None
    changed = sessions.change_password(store, dataclasses.replace(signed_in), PASSWORD + "!", PASSWORD, address=HOME)
    with store.session() as session:
        assert signed_in_by(session, changed.token)
    with pytest.raises(SignInError):
        sessions.change_password(store, changed, "wrong", PASSWORD, address=HOME)


def test_only_admins_manage_people_and_one_always_stays(store, people):
    with store.session() as session:
        for name in ("ann", "lea", "rex"):
            for act in (
                lambda by: add_account(session, by, "eve", Role.ADMIN),
                lambda by: set_role(session, by, by.name, Role.ADMIN),
                lambda by: set_active(session, by, "bob", active=False),
                lambda by: set_password(session, by, "bob", PASSWORD),
            ):
                with pytest.raises(NotAllowedError):
                    act(people[name])
        nested = session.begin_nested()
        with pytest.raises(ConflictError, match="no admin"):
            set_role(session, people["ada"], "ada", Role.READER)
        nested.rollback()
        nested = session.begin_nested()
        with pytest.raises(ConflictError, match="no admin"):
            set_active(session, people["ada"], "ada", active=False)
        nested.rollback()
        assert [account.name for account in accounts(session)] == ["ada", "ann", "bob", "lea", "leo", "rex"]


def test_names_that_cannot_be_shown_safely_are_refused(store):
    with store.session() as session:
        for name in ("", "Ann", "a b", "<b>", "a" * 41, "-x", "a\x00", "é", "a\n"):
            with pytest.raises(InvalidError):
                add_account(session, None, name, Role.READER)
        with pytest.raises(InvalidError):
            add_account(session, None, "eve", "root")
        with pytest.raises(InvalidError):
            add_account(session, None, "eve", Role.READER, display_name="\u202eevil")
        add_account(session, None, "eve", Role.READER)
        with pytest.raises(ConflictError, match="taken"):
            add_account(session, None, "eve", Role.READER)
        with pytest.raises(MissingError):
            account_named(session, "x' OR '1'='1")


def test_a_login_link_works_once_and_not_for_long(store, people):
    with store.session() as session:
        token = make_login_link(session, people["ada"], now=START)
        old = make_login_link(session, people["ada"], now=START - timedelta(hours=1))
        assert sign_in_by_link(session, token, now=START).account == people["ada"]
        for wrong in (token, old, "", "x"):
            with pytest.raises(SignInError):
                sign_in_by_link(session, wrong, now=START)


def test_tokens_are_ones_own(store, people):
    with store.session() as session:
        made = add_token(session, people["ann"], "script", days=1)
        assert made.secret not in str(session.execute(text("SELECT * FROM api_token")).all())
        with pytest.raises(MissingError):
            revoke_token(session, people["bob"], made.token.id)
        assert tokens_of(session, people["bob"]) == ()
        assert account_by_token(session, made.secret, now=made.token.expires_at) is None
        set_active(session, None, "ann", active=False)
        set_active(session, None, "ann", active=True)
        assert account_by_token(session, made.secret) is None
        made = add_token(session, people["ann"], "script")
        revoke_token(session, people["ann"], made.token.id)
        assert account_by_token(session, made.secret) is None


def test_the_first_start_on_a_laptop_makes_one_admin_and_a_link(store):
    first = prepare(store, is_local=True)
    assert first.is_first and first.account.role is Role.ADMIN and first.link_token
    again = prepare(store, is_local=True)
    assert not again.is_first and again.account == first.account and again.link_token != first.link_token
    with store.session() as session:
        assert sign_in_by_link(session, again.link_token).account == first.account
        set_password(session, None, first.account.name, PASSWORD)
    assert prepare(store, is_local=True).link_token == ""


def test_for_a_team_there_must_be_somebody_to_sign_in(store):
    with pytest.raises(UsageError, match="add-user"):
        prepare(store, is_local=False)
    with store.session() as session:
        add_people(session)
    assert prepare(store, is_local=False).link_token == ""
