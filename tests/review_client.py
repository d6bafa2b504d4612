"""The review's application over a small store, and clients of it that are signed in."""

import contextlib
from dataclasses import dataclass

from starlette.testclient import TestClient

from claimcheck.review.accounts import account_named
from claimcheck.review.projection import sync
from claimcheck.review.sessions import add_token, make_login_link, sign_in_by_link
from claimcheck.review.web.app import create_app
from claimcheck.review.web.config import WebConfig
from review_store import add_people, add_scan, opened

LOCAL = "http://127.0.0.1:8765"
API = "/api/v1"


@dataclass
class Site:
    """A served store: its application, people and findings."""

    store: object
    app: object
    people: dict
    ids: list
    base_url: str = LOCAL

    def client(self):
        """Return a client that nobody has signed in at."""
        return TestClient(self.app, base_url=self.base_url, raise_server_exceptions=False)

    def signed_in(self, name):
        """Return a client of somebody signed in, who sends the CSRF token with everything.

        By a link: a password costs a tenth of a second on purpose.
        """
        with self.store.session() as session:
            signed_in = sign_in_by_link(session, make_login_link(session, self.account(name)))
        client = self.client()
        client.cookies.set(self.app.state.config.cookie, signed_in.token)
        client.headers["X-CSRF-Token"] = signed_in.csrf
        return client

    def account(self, name):
        """Return a person, also one who was added since."""
        with self.store.session() as session:
            return account_named(session, name)

    def token(self, name):
        """Return a token of somebody's."""
        with self.store.session() as session:
            return add_token(session, self.people[name], "test").secret

    def program(self, name):
        """Return a client that names itself by somebody's token."""
        client = self.client()
        client.headers["Authorization"] = f"Bearer {self.token(name)}"
        return client


@contextlib.contextmanager
def served(folder, *, public_url="", claims=None):
    """Yield a served store of one scan."""
    with opened(f"sqlite:///{folder / 'store.sqlite'}") as store:
        with store.session() as session:
            ids = add_scan(session, **({"claims": claims} if claims else {}))
            people = add_people(session, passwords=True)
            sync(session)
        app = create_app(store, WebConfig(public_url))
        yield Site(store, app, people, ids, public_url or LOCAL)
