"""The JSON API: what it does, how it refuses, and Schemathesis over its OpenAPI document."""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import one_of
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from review_client import API, served
from review_store import PASSWORD


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with served(tmp_path_factory.mktemp("api")) as site:
        yield site


@pytest.fixture(scope="module")
def program(site):
    return site.program("ann")


@pytest.fixture
def fresh(tmp_path):
    with served(tmp_path) as site:
        yield site


def test_a_finding_goes_from_the_queue_to_a_decision_and_back(fresh):
    ann = fresh.signed_in("ann")
    queue = ann.get(f"{API}/queue", params={"undecided": True, "verdict": "contradicted"}).json()
    finding_id = queue["items"][0]["finding_id"]
    detail = ann.get(f"{API}/findings/{finding_id}").json()
    body = {"kind": "change", "label": "overstated", "reason": "too-harsh", "note": "see study", "seen": detail["seen"]}
    made = ann.post(f"{API}/findings/{finding_id}/decisions", json=body)
    assert made.status_code == 201 and made.json()["label"] == "overstated"
    assert ann.get(f"{API}/findings/{finding_id}").json()["mine"]["note"] == "see study"
    undone = ann.post(f"{API}/findings/{finding_id}/undo").json()
    assert (undone["state"], undone["decision"]["kind"]) == ("open", "undo")


def test_bulk_lease_note_assignment_views_and_neighbours(fresh):
    ann, (first, second, third, *_) = fresh.signed_in("ann"), fresh.ids
    assert ann.put(f"{API}/findings/{first}/lease").json()["account"] == "ann"
    assert fresh.signed_in("bob").put(f"{API}/findings/{first}/lease").status_code == 409
    assert ann.delete(f"{API}/findings/{first}/lease").status_code == 204
    made = ann.post(f"{API}/decisions/bulk", json={"kind": "confirm", "finding_ids": [first, second]})
    assert [item["state"] for item in made.json()] == ["decided", "decided"]
    again = ann.post(f"{API}/decisions/bulk", json={"kind": "confirm", "finding_ids": [second, third]})
    assert again.status_code == 409
    assert ann.get(f"{API}/findings/{third}").json()["item"]["state"] == "open"
    assert ann.post(f"{API}/findings/{third}/notes", json={"text": "hm"}).status_code == 201
    assert ann.put(f"{API}/findings/{third}/assignment", json={"name": "ann"}).json() == {"name": "ann"}
    view = ann.post(f"{API}/views", json={"name": "mine", "filters": {"mine": True}}).json()
    assert ann.get(f"{API}/views").json() == [view]
    assert view["filters"]["mine"] is True
    assert ann.delete(f"{API}/views/{view['id']}").status_code == 204
    beside = ann.get(f"{API}/findings/{second}/neighbours").json()
    assert beside == {"previous_id": first, "next_id": third}
    assert ann.get(f"{API}/findings/{first}/alike").json()[0]["finding_id"] == first


def test_leads_adjudicate_and_read_the_trail(fresh):
    first = fresh.ids[0]
    for name, body in (("ann", {"kind": "confirm"}), ("bob", {"kind": "dismiss", "reason": "opinion"})):
        fresh.signed_in(name).post(f"{API}/findings/{first}/decisions", json={"seen": None, **body})
    lea = fresh.signed_in("lea")
    detail = lea.get(f"{API}/findings/{first}").json()
    assert detail["item"]["state"] == "conflict"
    made = lea.post(f"{API}/findings/{first}/adjudication", json={"kind": "confirm", "seen": detail["seen"]})
    assert made.json()["decision"]["round"] == "adjudication"
    actions = [entry["action"] for entry in lea.get(f"{API}/trail", params={"subject": f"finding:{first}"}).json()]
    assert actions == ["decide", "decide", "adjudicate"]
    check = lea.get(f"{API}/trail/check").json()
    assert check["problems"] == [] and check["head"]["seq"] > 3
    options = {"double_share": 0.5, "lease_minutes": 5}
    assert lea.put(f"{API}/options", json=options).json() == lea.get(f"{API}/options").json() == options
    assert lea.get(f"{API}/agreement").json()[0]["findings"] == 1


def test_admins_manage_people(fresh):
    ada = fresh.signed_in("ada")
    body = {"name": "eve", "role": "reviewer", "password": PASSWORD}
    assert ada.post(f"{API}/users", json=body).status_code == 201
    assert ada.post(f"{API}/users", json=body).status_code == 409
    eve = fresh.signed_in("eve")
    assert ada.patch(f"{API}/users/eve", json={"role": "reader"}).json()["role"] == "reader"
    assert "decide" not in eve.get(f"{API}/session").json()["may"]
    assert eve.post(f"{API}/findings/{fresh.ids[0]}/notes", json={"text": "x"}).status_code == 403
    ada.patch(f"{API}/users/eve", json={"active": False})
    assert eve.get(f"{API}/session").status_code == 401
    assert ada.patch(f"{API}/users/ada", json={"role": "reader"}).status_code == 409


def test_tokens_are_made_by_people_and_shown_once(fresh):
    ann = fresh.signed_in("ann")
    made = ann.post(f"{API}/tokens", json={"name": "script"}).json()
    program = fresh.client()
    program.headers["Authorization"] = f"Bearer {made['secret']}"
    assert program.get(f"{API}/session").json()["account"]["name"] == "ann"
    assert made["secret"] not in ann.get(f"{API}/tokens").text
    # A program changes things without CSRF token, but makes no tokens and no passwords.
    assert program.post(f"{API}/findings/{fresh.ids[0]}/notes", json={"text": "x"}).status_code == 201
    assert program.post(f"{API}/tokens", json={"name": "more"}).status_code == 403
    assert program.put(f"{API}/password", json={"old": PASSWORD, "new": PASSWORD * 2}).status_code == 403
    assert ann.delete(f"{API}/tokens/{made['token']['id']}").status_code == 204
    assert program.get(f"{API}/session").status_code == 401


def test_a_changed_password_keeps_this_browser_and_ends_the_others(fresh):
    ann, elsewhere = fresh.signed_in("ann"), fresh.signed_in("ann")
    wrong = ann.put(f"{API}/password", json={"old": "wrong", "new": PASSWORD * 2})
    assert wrong.status_code == 401
    assert ann.put(f"{API}/password", json={"old": PASSWORD, "new": PASSWORD * 2}).status_code == 204
    assert ann.get(f"{API}/session").status_code == 200
    assert elsewhere.get(f"{API}/session").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/nowhere", {}, 404),
        ("GET", "/findings/999999", {}, 404),
        ("GET", "/findings/0", {}, 422),
        ("GET", "/findings/99999999999999999999", {}, 422),
        ("GET", "/findings/x", {}, 422),
        ("GET", "/queue?limit=9999", {}, 422),
        ("GET", "/queue?cursor=x", {}, 400),
        ("GET", "/queue?unknown=1", {}, 422),
        ("GET", "/queue?min_confidence=0.9&max_confidence=0.1", {}, 400),
        ("PATCH", "/queue", {}, 405),
        ("POST", "/findings/1/decisions", {"content": b"{"}, 422),
        ("POST", "/findings/1/decisions", {"content": b"\xff\xfe"}, 422),
        ("POST", "/findings/1/decisions", {"content": b"[" * 200_000}, 400),
        ("POST", "/findings/1/decisions", {"json": [[[[]]]]}, 422),
        ("POST", "/findings/1/decisions", {"json": {"kind": "confirm"}}, 422),
        ("POST", "/findings/1/decisions", {"json": {"kind": "confirm", "seen": "1"}}, 422),
        ("POST", "/findings/1/decisions", {"json": {"kind": "confirm", "seen": None, "admin": True}}, 422),
        ("POST", "/findings/1/decisions", {"json": {"kind": "undo", "seen": None}}, 400),
        ("POST", "/findings/1/decisions", {"json": {"kind": "confirm", "note": "a\x00", "seen": None}}, 422),
        ("POST", "/findings/1/decisions", {"content": b'{"kind":"confirm","note":"\\ud800","seen":null}'}, 422),
        ("POST", "/decisions/bulk", {"json": {"kind": "confirm", "finding_ids": []}}, 422),
        ("POST", "/decisions/bulk", {"json": {"kind": "confirm", "finding_ids": [999999]}}, 404),
        ("POST", "/findings/1/notes", {"json": {"text": "   "}}, 400),
        ("POST", "/findings/1/notes", {"json": {"text": "x" * 4001}}, 422),
        ("POST", "/views", {"json": {"name": "\u202e", "filters": {}}}, 400),
        ("PUT", "/findings/1/assignment", {"json": {"name": "nobody"}}, 404),
    ],
)
def test_bad_input_is_answered_by_a_problem(program, method, path, options, status):
    if "content" in options:
        options = {**options, "headers": {"Content-Type": "application/json"}}
    answer = program.request(method, API + path, **options)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status and problem["detail"]
    assert "Traceback" not in answer.text and "sqlalchemy" not in answer.text.lower()


def test_the_document_describes_every_route_and_needs_no_other_host(site):
    document = site.client().get(f"{API}/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    paths = {path.removeprefix(API) for path in document["paths"]}
    assert paths == {
        "/session", "/password", "/tokens", "/tokens/{token_id}", "/users", "/users/{name}", "/options", "/trail",
        "/trail/check", "/queue", "/counts", "/findings/{finding_id}", "/findings/{finding_id}/neighbours",
        "/findings/{finding_id}/alike", "/findings/{finding_id}/decisions", "/findings/{finding_id}/undo",
        "/findings/{finding_id}/adjudication", "/findings/{finding_id}/notes", "/findings/{finding_id}/lease",
        "/findings/{finding_id}/assignment", "/decisions/bulk", "/reasons", "/views", "/views/{view_id}", "/dashboard",
        "/agreement",
    }  # fmt: skip
    for operations in document["paths"].values():
        for operation in operations.values():
            assert operation["description"]
            assert "application/problem+json" in operation["responses"]["422"]["content"]
    page = site.signed_in("rex").get(f"{API}/docs")
    assert page.status_code == 200
    assert f"POST {API}/decisions/bulk" in page.text
    assert "<script" not in page.text or 'src="http' not in page.text


# In the suite few, to be quick; many with CLAIMCHECK_FUZZ=100.
EXAMPLES = int(os.environ.get("CLAIMCHECK_FUZZ", "4"))
CHECKS = (
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    response_headers_conformance, negative_data_rejection,
)  # fmt: skip


def test_schemathesis_finds_no_answer_that_the_document_does_not_promise(tmp_path):
    with served(tmp_path) as site:
        schema = schemathesis.openapi.from_asgi(f"{API}/openapi.json", site.app, headers={"Host": "127.0.0.1"})
        headers = {"Host": "127.0.0.1", "Authorization": f"Bearer {site.token('ada')}"}
        operations = [found.ok() for found in schema.get_all_operations()]
        assert len(operations) >= 30
        for operation in operations:
            modes = [operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode]
            given(case=one_of(modes))(check_with(headers))()


def check_with(headers):
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    def check(case):
        # Not to shut itself out: whoever asks is the only admin.
        if (case.path_parameters or {}).get("name") != "ada":
            case.call_and_validate(headers=headers, checks=CHECKS)

    return check
