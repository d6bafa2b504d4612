"""Attacks on the review over HTTP: each must fail, and says how it would have shown."""

import re

import pytest
from starlette.testclient import TestClient

from claimcheck.errors import UsageError
from claimcheck.review import sessions
from claimcheck.review.options import ReviewOptions, set_options
from claimcheck.review.web.config import WebConfig, is_loopback
from claimcheck.review.web.pages import routes
from claimcheck.review.web.security import CSP
from claimcheck.review.web.serve import ServeOptions, uvicorn_options
from review_client import API, LOCAL, served
from review_store import CLAIMS, PASSWORD, START

XSS = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'><svg/onload=alert(3)> ketamine"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with served(tmp_path_factory.mktemp("security")) as site:
        yield site


@pytest.fixture
def fresh(tmp_path):
    with served(tmp_path) as site:
        yield site


def test_the_session_cookie_is_for_this_site_and_no_script(site):
    cookie = site.client().post(f"{API}/session", json={"name": "ann", "password": PASSWORD}).headers["set-cookie"]
    flags = {part.strip().lower() for part in cookie.split(";")}
    assert {"httponly", "samesite=strict", "path=/"} <= flags
    assert "domain" not in cookie.lower() and "secure" not in flags


def test_over_https_the_cookie_is_bound_to_the_host(tmp_path):
    with served(tmp_path, public_url="https://review.example") as site:
        answer = site.client().post(f"{API}/session", json={"name": "ann", "password": PASSWORD})
        assert answer.status_code == 201
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-claimcheck=")
        assert "secure" in {part.strip().lower() for part in cookie.split(";")}
        assert answer.headers["strict-transport-security"].startswith("max-age=")


@pytest.mark.parametrize("path", ["/login", "/nowhere", f"{API}/queue", f"{API}/openapi.json", f"{API}/nowhere", "/"])
def test_every_answer_carries_the_headers(site, path):
    for client in (site.client(), site.signed_in("ann")):
        headers = client.get(path, follow_redirects=False).headers
        assert headers["content-security-policy"] == CSP
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers
    assert "unsafe" not in CSP and "default-src 'none'" in CSP


def test_static_files_are_kept_only_by_their_version(site):
    client = site.client()
    assert "immutable" in client.get("/static/htmx.min.js?v=1").headers["cache-control"]
    assert client.get("/static/htmx.min.js").headers["cache-control"] == "no-cache"
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"):
        assert client.get(path).status_code == 404


def test_the_vendored_script_is_the_one_noted():
    import hashlib
    from pathlib import Path

    from claimcheck.review import web

    static = Path(web.__file__).parent / "static"
    digest = hashlib.sha256((static / "htmx.min.js").read_bytes()).hexdigest()
    assert digest in (static / "README.md").read_text(encoding="utf-8")


def changes(client, finding_id, **options):
    """Try every kind of change; return the statuses."""
    made = [
        client.post(f"{API}/findings/{finding_id}/decisions", json={"kind": "confirm", "seen": None}, **options),
        client.post(f"{API}/findings/{finding_id}/undo", **options),
        client.post(f"{API}/decisions/bulk", json={"kind": "confirm", "finding_ids": [finding_id]}, **options),
        client.post(f"{API}/findings/{finding_id}/notes", json={"text": "x"}, **options),
        client.put(f"{API}/findings/{finding_id}/lease", **options),
        client.delete(f"{API}/findings/{finding_id}/lease", **options),
        client.put(f"{API}/findings/{finding_id}/assignment", json={"name": None}, **options),
        client.post(f"{API}/views", json={"name": "x", "filters": {}}, **options),
        client.delete(f"{API}/views/1", **options),
        client.post(f"{API}/tokens", json={"name": "x"}, **options),
        client.put(f"{API}/password", json={"old": PASSWORD, "new": PASSWORD * 2}, **options),
        client.put(f"{API}/options", json={"double_share": 1.0, "lease_minutes": 1}, **options),
        client.post(f"{API}/users", json={"name": "eve", "role": "admin", "password": PASSWORD}, **options),
        client.patch(f"{API}/users/ann", json={"role": "admin"}, **options),
        client.post(f"{API}/findings/{finding_id}/adjudication", json={"kind": "confirm", "seen": None}, **options),
        client.post("/logout", **options),
        client.delete(f"{API}/session", **options),
    ]
    return {answer.status_code for answer in made}


def test_nothing_changes_without_the_sessions_own_csrf_token(fresh):
    ada, other = fresh.signed_in("ada"), fresh.signed_in("ann")
    before = state_of(fresh)
    for token in ("", "x", other.headers["X-CSRF-Token"], ada.cookies["claimcheck"]):
        ada.headers["X-CSRF-Token"] = token
        assert changes(ada, fresh.ids[0]) == {403}
    del ada.headers["X-CSRF-Token"]
    assert changes(ada, fresh.ids[0]) == {403}
    assert state_of(fresh) == before


def forms():
    """Return the address of every form of the pages, with 1 for what it names."""
    return [re.sub(r"\{\w+\}", "1", route.path) for route in routes() if "POST" in (route.methods or ())]


def test_no_form_of_the_pages_is_taken_without_the_token_or_from_elsewhere(fresh):
    ada = fresh.signed_in("ada")
    token = ada.headers.pop("X-CSRF-Token")
    before = state_of(fresh)
    assert len(forms()) >= 10
    for path in forms():
        for data in ({}, {"csrf": ""}, {"csrf": token[:-1]}):
            assert ada.post(path, data=data, follow_redirects=False).status_code == 403, path
        evil = ada.post(path, data={"csrf": token}, headers={"Origin": "https://evil.example"}, follow_redirects=False)
        assert evil.status_code == 403, path
        nobody = fresh.client().post(path, data={"csrf": token}, follow_redirects=False)
        assert nobody.status_code in {303, 401}, path
    assert state_of(fresh) == before


def test_readers_get_nowhere_with_the_pages_forms(fresh):
    rex = fresh.signed_in("rex")
    before = state_of(fresh)
    refused = {path for path in forms() if rex.post(path, follow_redirects=False).status_code == 403}
    assert {path for path in forms() if path.startswith(("/findings", "/queue", "/people"))} <= refused
    assert state_of(fresh) == before


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:9999"},
     {"Origin": "https://127.0.0.1:8765"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)  # fmt: skip
def test_nothing_changes_at_another_sites_request_even_with_the_token(fresh, headers):
    ada = fresh.signed_in("ada")
    before = state_of(fresh)
    assert changes(ada, fresh.ids[0], headers=headers) == {403}
    assert state_of(fresh) == before
    own = {"Origin": LOCAL, "Sec-Fetch-Site": "same-origin"}
    assert ada.post(f"{API}/findings/{fresh.ids[0]}/notes", json={"text": "x"}, headers=own).status_code == 201


def test_signing_in_is_not_forged_either(fresh):
    # Otherwise somebody could be signed in as another and work in their name without noticing.
    client = fresh.client()
    sent = {"name": "ann", "password": PASSWORD}
    assert client.post("/login", data=sent).status_code == 403
    page = client.get("/login")
    token = re.search(r'name="csrf" value="([^"]+)"', page.text).group(1)
    assert fresh.client().post("/login", data={**sent, "csrf": token}).status_code == 403
    assert client.post("/login", data={**sent, "csrf": "x"}).status_code == 403
    answer = client.post("/login", data={**sent, "csrf": token}, follow_redirects=False)
    assert answer.status_code == 303 and "claimcheck" in client.cookies
    evil = {"Origin": "https://evil.example"}
    assert fresh.client().post(f"{API}/session", json=sent, headers=evil).status_code == 403


@pytest.mark.parametrize(
    "address",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nX: y", "evil"],
)
def test_signing_in_leads_nowhere_else(site, address):
    client = site.client()
    page = client.get("/login", params={"next": address})
    token = re.search(r'name="csrf" value="([^"]+)"', page.text).group(1)
    sent = {"name": "ann", "password": PASSWORD, "csrf": token, "next": address}
    answer = client.post("/login", data=sent, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/queue?undecided=1"


def test_signing_in_leads_back_to_the_page_that_was_asked_for(site):
    client = site.client()
    answer = client.get("/login?next=/findings/1%3Fverdict%3Doverstated")
    token = re.search(r'name="csrf" value="([^"]+)"', answer.text).group(1)
    sent = {"name": "ann", "password": PASSWORD, "csrf": token, "next": "/findings/1?verdict=overstated"}
    location = client.post("/login", data=sent, follow_redirects=False).headers["location"]
    assert location == "/findings/1?verdict=overstated"


def test_guessing_passwords_is_slowed(fresh, monkeypatch):
    monkeypatch.setattr(sessions, "utc_now", lambda: START)
    client = fresh.client()
    statuses = [client.post(f"{API}/session", json={"name": "ann", "password": "wrong"}).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    answer = client.post(f"{API}/session", json={"name": "ann", "password": PASSWORD})
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "127.0.0.1:x", "[::2]", "0.0.0.0", "localhost.", "[::1]evil"]
)
def test_other_hosts_are_not_served(site, host):
    client = site.client()
    for path in ("/login", f"{API}/openapi.json"):
        assert client.get(path, headers={"Host": host}).status_code == 400


def test_own_hosts_are_served(site):
    for host in ("127.0.0.1:8765", "localhost", "LOCALHOST:1", "[::1]", "[::1]:8765"):
        assert site.client().get(f"{API}/openapi.json", headers={"Host": host}).status_code == 200
    team = WebConfig("https://review.example")
    assert team.serves("review.example") and team.serves("Review.Example")
    assert not team.serves("127.0.0.1") and not team.serves("review.example:8000")


def test_bodies_are_bounded_whatever_they_claim(site):
    ann = site.signed_in("ann")
    path = f"{API}/findings/{site.ids[0]}/notes"
    assert ann.post(path, content=b"x" * 300_000).status_code == 413
    assert ann.post(path, content=(b"x" * 1000 for _ in range(300))).status_code == 413
    assert ann.post("/login", content=(b"x" * 1000 for _ in range(300))).status_code in {400, 403, 413}
    assert ann.post(path, content=b"{}", headers={"Content-Length": "-1"}).status_code == 400
    files = {"file": ("x.txt", b"x", "text/plain")}
    assert site.client().post("/login", files=files).status_code in {400, 403}


def test_readers_and_reviewers_cannot_do_more_through_the_api(fresh):
    before = state_of(fresh)
    rex = fresh.signed_in("rex")
    mine = {f"{API}/views", f"{API}/tokens", f"{API}/password", f"{API}/session", "/logout"}
    refused = [
        ("POST", f"/findings/{fresh.ids[0]}/decisions", {"kind": "confirm", "seen": None}),
        ("POST", f"/findings/{fresh.ids[0]}/undo", None),
        ("POST", f"/findings/{fresh.ids[0]}/adjudication", {"kind": "confirm", "seen": None}),
        ("POST", "/decisions/bulk", {"kind": "confirm", "finding_ids": fresh.ids}),
        ("POST", f"/findings/{fresh.ids[0]}/notes", {"text": "x"}),
        ("PUT", f"/findings/{fresh.ids[0]}/lease", None),
        ("DELETE", f"/findings/{fresh.ids[0]}/lease", None),
        ("PUT", f"/findings/{fresh.ids[0]}/assignment", {"name": "rex"}),
        ("PUT", "/options", {"double_share": 1.0, "lease_minutes": 1}),
        ("POST", "/users", {"name": "eve", "role": "admin", "password": PASSWORD}),
        ("PATCH", "/users/rex", {"role": "admin"}),
        ("GET", "/trail", None),
        ("GET", "/trail/check", None),
    ]
    for method, path, body in refused:
        assert rex.request(method, API + path, json=body).status_code == 403, path
    # Whoever adds an operation that changes something says here whether readers may.
    document = rex.get(f"{API}/openapi.json").json()
    changing = {path for path, operations in document["paths"].items() if set(operations) - {"get"}}
    covered = {re.sub(r"/\d+/", "/{finding_id}/", API + path).replace("/rex", "/{name}") for _, path, _ in refused}
    assert changing - covered - mine == {f"{API}/views/{{view_id}}", f"{API}/tokens/{{token_id}}"}
    ann = fresh.signed_in("ann")
    for method, path, body in [item for item in refused if item[1].startswith(("/options", "/users", "/trail"))]:
        assert ann.request(method, API + path, json=body).status_code == 403
    assert state_of(fresh) == before


def test_others_views_and_tokens_are_out_of_reach(fresh):
    ann, bob = fresh.signed_in("ann"), fresh.signed_in("bob")
    view = ann.post(f"{API}/views", json={"name": "private", "filters": {"search": "secret"}}).json()
    token = ann.post(f"{API}/tokens", json={"name": "private"}).json()["token"]
    assert "private" not in bob.get(f"{API}/views").text + bob.get(f"{API}/tokens").text
    for path in (f"/views/{view['id']}", f"/tokens/{token['id']}"):
        theirs, nobodys = bob.delete(API + path), bob.delete(re.sub(r"\d+$", "999", API + path))
        assert theirs.status_code == nobodys.status_code == 404
    assert len(ann.get(f"{API}/views").json()) == len(ann.get(f"{API}/tokens").json()) == 1


def test_the_first_of_two_blind_reviews_leaks_nowhere(fresh):
    secret = "the-first-opinion"  # noqa: S105 - a note's text
    with fresh.store.session() as session:
        set_options(session, fresh.people["lea"], ReviewOptions(double_share=1))
    first = fresh.ids[0]
    ann = fresh.signed_in("ann")
    body = {"kind": "change", "label": "unverified", "reason": "too-harsh", "note": secret, "seen": None}
    paths = (
        f"/findings/{first}", f"/findings/{first}/alike", f"/findings/{fresh.ids[1]}", "/queue", "/queue?state=open",
        "/queue?undecided=1", "/queue?label=unverified", "/counts", "/trail?limit=1000",
        f"/trail?subject=finding:{first}", "/agreement",
    )  # fmt: skip
    others = {name: fresh.signed_in(name) for name in ("bob", "lea", "ada", "rex")}
    fresh.store.session()
    seen = {(name, path): client.get(API + path).text for name, client in others.items() for path in paths}
    ann.post(f"{API}/findings/{first}/notes", json={"text": secret})
    assert ann.post(f"{API}/findings/{first}/decisions", json=body).status_code == 201
    for (name, path), before in seen.items():
        after = others[name].get(API + path)
        assert secret not in after.text, (name, path)
        if "/trail" in path:
            assert f"finding:{first}" not in after.text, (name, path)
        elif f"/findings/{first}" != path:
            assert after.text == before, (name, path)
    mine = others["bob"].get(f"{API}/findings/{first}").json()
    assert (mine["item"]["state"], mine["decisions"], mine["notes"]) == ("open", [], [])


SQL = ("' OR '1'='1", "1; DROP TABLE decision", "'; UPDATE account SET role='admin' --", "\\'", '" OR ""="', "%' --")


def test_sql_in_any_value_is_a_value(fresh):
    ann = fresh.signed_in("ann")
    before = state_of(fresh)
    for sql in SQL:
        for name in ("site", "topic", "verdict", "severity", "state", "label", "scan", "search", "order", "cursor"):
            answer = ann.get(f"{API}/queue", params={name: sql})
            assert answer.status_code in {200, 400, 422}
            if answer.status_code == 200:
                assert answer.json()["items"] == []
        assert ann.get(f"{API}/findings/{sql}").status_code in {404, 422}
        assert fresh.client().post(f"{API}/session", json={"name": sql, "password": sql}).status_code in {401, 429}
    assert state_of(fresh) == before
    note = ann.post(f"{API}/findings/{fresh.ids[0]}/notes", json={"text": SQL[2]}).json()
    assert note["text"] == SQL[2]


def test_markup_in_every_text_stays_text(tmp_path):
    claims = [(XSS, *CLAIMS[0][1:]), *CLAIMS[1:]]
    with served(tmp_path, claims=claims) as site:
        first = site.ids[0]
        ada = site.signed_in("ada")
        ada.post(f"{API}/findings/{first}/notes", json={"text": XSS})
        other = {"kind": "dismiss", "reason": "other", "note": XSS, "seen": None}
        assert ada.post(f"{API}/findings/{first}/decisions", json=other).status_code == 201
        assert ada.post(f"{API}/views", json={"name": XSS[:60], "filters": {"search": XSS}}).status_code == 201
        eve = {"name": "eve", "role": "reader", "password": PASSWORD, "display_name": XSS[:99]}
        assert ada.post(f"{API}/users", json=eve).status_code == 201
        for path in (
            "/queue", f"/findings/{first}", "/dashboard", "/sites", "/trail", "/people", "/account", "/help",
            f"/queue?search={XSS}", f"/{XSS}", f"/login?next={XSS}", f"{API}/docs", f"/enter?token={XSS}",
        ):  # fmt: skip
            answer = ada.get(path)
            assert answer.headers["content-type"].startswith("text/html"), path
            for markup in ("<img src=x", "<script>alert", "<svg/onload"):
                assert markup not in answer.text, path
            assert not INLINE.search(tags_of(answer.text)), path
        shown = ada.get(f"{API}/findings/{first}")
        assert shown.headers["content-type"] == "application/json"
        assert shown.json()["context"]["sentence"] == XSS


# A script without an address, a handler, a style: the CSP would refuse each, and none of them is ours.
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style|javascript:")


def tags_of(html):
    """Return the tags alone: what an escaped text says is no markup."""
    return " ".join(re.findall(r"<[a-zA-Z][^<>]*>", re.sub(r"\"[^\"]*\"", '""', html)))


def test_a_login_link_is_for_this_machine_and_once(fresh):
    with fresh.store.session() as session:
        tokens = [sessions.make_login_link(session, fresh.people["ada"]) for _ in range(2)]
    remote = TestClient(fresh.app, base_url=LOCAL, client=("192.0.2.7", 5000))
    assert remote.get(f"/enter?token={tokens[0]}", follow_redirects=False).status_code == 401
    local = TestClient(fresh.app, base_url=LOCAL, client=("127.0.0.1", 5000))
    assert local.get(f"/enter?token={tokens[0]}", follow_redirects=False).status_code == 303
    assert local.get(f"{API}/session").json()["account"]["name"] == "ada"
    again = TestClient(fresh.app, base_url=LOCAL, client=("127.0.0.1", 5000))
    assert again.get(f"/enter?token={tokens[0]}", follow_redirects=False).status_code == 401


def test_who_is_not_signed_in_sees_the_form_or_a_problem(site):
    client = site.client()
    answer = client.get("/queue?verdict=overstated", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Fqueue%3Fverdict%3Doverstated")
    answer = client.get(f"{API}/queue")
    assert answer.status_code == 401 and "www-authenticate" in answer.headers
    for authorization in ("Bearer x", "Basic YTpi", "Bearer", "x"):
        assert site.signed_in("ann").get(f"{API}/queue", headers={"Authorization": authorization}).status_code == 401


def test_what_breaks_inside_is_not_shown(site, monkeypatch):
    from claimcheck.review.web import api

    def broken(*_arguments, **_options):
        raise RuntimeError("password=hunter2 at /srv/secret")

    monkeypatch.setattr(api, "dashboard", broken)
    answer = site.signed_in("ann").get(f"{API}/dashboard")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "hunter2" not in answer.text and "RuntimeError" not in answer.text
    assert answer.headers["content-security-policy"] == CSP


def test_beyond_this_machine_it_takes_https():
    for host in ("0.0.0.0", "192.0.2.1", "::", "review.example"):
        with pytest.raises(UsageError, match="public-url"):
            ServeOptions("store.sqlite", host=host)
        assert ServeOptions("store.sqlite", host=host, public_url="https://review.example").address
    for url in ("http://review.example", "https://", "https://a@b", "https://review.example/path", "x"):
        with pytest.raises(UsageError, match="https://HOST"):
            ServeOptions("store.sqlite", public_url=url)
    assert is_loopback("::1") and is_loopback("127.0.0.9") and not is_loopback("localhost.evil.example")
    local = uvicorn_options(ServeOptions("store.sqlite"))
    assert not local["proxy_headers"] and local["limit_concurrency"] and not local["server_header"]


def state_of(site):
    """Return everything that a change would change, as the store has it; sessions and failures come and go."""
    from sqlalchemy import text

    with site.store.session() as session:
        tables = ("decision", "note", "lease", "review_state", "review_option", "saved_view", "api_token", "account")
        return {table: session.execute(text(f"SELECT * FROM {table}")).all() for table in tables}  # noqa: S608 - table names of ours
