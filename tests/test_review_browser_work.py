"""A reviewer's work in a real browser: a queue by keyboard alone, second reviews, conflicts, undoing, the case file."""

import zipfile
from collections import Counter

import pytest

from case_store import HOST, make_case, review_case
from review_browser import BROWSER_MARKS, browser, served
from review_store import PASSWORD, add_people, add_scan, opened

pytestmark = BROWSER_MARKS
FIFTY = tuple(
    (f"Ketamine claim number {number} cures depression.", "efficacy", label, severity, 0.5 + number / 120, False)
    for number, (label, severity) in enumerate([("contradicted", 3), ("overstated", 2), ("unverified", 1)] * 17)
)[:50]


@pytest.fixture(scope="module")
def chromium():
    with browser() as launched:
        yield launched


@pytest.fixture
def clinic(chromium, tmp_path):
    """A store with a small scan and everybody in it, served."""
    with opened(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        with store.session() as session:
            add_people(session, passwords=True)
            add_scan(session)
        with served(store, chromium) as site:
            yield site


def decisions(store):
    from claimcheck.store.review_models import DecisionRow

    with store.session() as session:
        rows = session.query(DecisionRow).order_by(DecisionRow.id)
        return [(row.finding_id, row.kind, row.label, row.reason, row.round, row.account_id) for row in rows]


def key(page, *keys):
    for one in keys:
        page.keyboard.press(one)


def turn(page, *keys):
    """Press keys of which the last one leads to another page."""
    key(page, *keys[:-1])
    with page.expect_navigation():
        page.keyboard.press(keys[-1])


def test_signing_in_takes_the_right_password(clinic):
    page = clinic.window()
    page.goto(f"{clinic.url}/queue?severity=high")
    page.fill("#name", "ann")
    page.fill("#password", "not the password of ann")
    page.keyboard.press("Enter")
    assert "do not match" in page.inner_text("[role=alert]")
    page.fill("#password", PASSWORD)
    turn(page, "Enter")
    assert page.url == f"{clinic.url}/queue?severity=high"
    assert "ann" in page.inner_text("header")
    page.click("text=Sign out")
    page.goto(f"{clinic.url}/queue")
    assert "/login" in page.url


def test_a_queue_of_fifty_is_worked_by_keyboard_alone(chromium, tmp_path):
    with opened(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        with store.session() as session:
            add_people(session)
            add_scan(session, claims=FIFTY)
        with served(store, chromium) as site:
            page = site.visit("ann")
            assert "50 findings" in page.inner_text("#results")
            turn(page, "j", "Enter")
            for number in range(50):
                assert "/findings/" in page.url
                if number % 10 == 3:
                    turn(page, "4", "1", "Enter")  # supported: harsher than the evidence
                elif number % 10 == 5:
                    turn(page, "x", "4", "Enter")  # an opinion
                elif number % 10 == 7:
                    turn(page, "s", "1", "Enter")  # not sure
                else:
                    turn(page, "c")
            assert page.inner_text("#results h2") == "All done"
            kinds = Counter(row[1] for row in decisions(store))
            assert kinds == {"confirm": 35, "change": 5, "dismiss": 5, "second_opinion": 5}
            assert {row[3] for row in decisions(store) if row[1] == "dismiss"} == {"opinion"}
            assert len({row[0] for row in decisions(store)}) == 50
            assert page.told == []


def test_keys_that_are_typed_into_a_note_decide_nothing(clinic):
    page = clinic.visit("ann")
    turn(page, "j", "Enter")
    key(page, "n", "c", "x", "4", "u", "j")
    assert page.input_value("#note") == "cx4uj"
    assert decisions(clinic.store) == []
    key(page, "Escape")
    turn(page, "c")
    assert [row[1] for row in decisions(clinic.store)] == ["confirm"]


def test_the_number_of_the_verdict_itself_confirms_it_without_a_reason(clinic):
    page = clinic.visit("ann")
    turn(page, "j", "Enter")
    key(page, "1")
    assert page.is_checked("[name=choice][value=confirm]")
    turn(page, "Enter")
    assert [row[1:4] for row in decisions(clinic.store)] == [("confirm", "contradicted", "")]


def test_a_decision_is_undone_by_one_key_and_both_stay_in_the_trail(clinic):
    page = clinic.visit("ann")
    turn(page, "j", "Enter")
    first = page.url
    turn(page, "c")
    assert "Confirmed as Contradicted" in page.inner_text(".notice")
    turn(page, "u")
    assert page.url.split("?")[0] == first.split("?")[0]
    assert "Taken back" in page.inner_text(".notice")
    assert [row[1] for row in decisions(clinic.store)] == ["confirm", "undo"]
    lead = clinic.visit("lea", "/trail")
    assert lead.locator("td:text-is('undo')").count() == 1
    lead.click("text=Check the whole trail")
    assert "Whole:" in lead.inner_text(".notice")


def test_search_and_filters_narrow_the_queue_and_stand_in_its_address(clinic):
    page = clinic.visit("ann", "/queue")
    key(page, "/")
    page.keyboard.type("side eff")
    page.wait_for_url("**search=side**")
    page.wait_for_selector("#results :text('1 finding')")
    assert page.locator(".findings li").count() == 1
    assert "no side effects" in page.inner_text(".findings")
    page.goto(f"{clinic.url}/queue")
    page.select_option("#f-verdict", "contradicted")
    page.wait_for_url("**verdict=contradicted**")
    page.wait_for_selector("#results :text('2 findings')")
    page.reload()
    assert page.locator(".findings li").count() == 2
    page.click("summary:text('Saved views')")
    page.fill("#view-name", "Against the evidence")
    page.click("text=Save view")
    assert page.locator("#tabs a:text('Against the evidence')").get_attribute("href") == "/queue?verdict=contradicted"
    page.goto(f"{clinic.url}/queue?search=nothing+has+this")
    assert "Nothing matches" in page.inner_text("#results")


def test_selected_findings_are_decided_together_and_undone_together(clinic):
    page = clinic.visit("ann", "/queue")
    key(page, "j", "Space", "j", "Space")
    assert "2 selected" in page.inner_text(".bulk").replace("\n", " ")
    page.select_option("#bulk-choice", "dismiss")
    assert (
        page.locator("#bulk-reason optgroup:not([disabled]) option").first.get_attribute("value").startswith("dismiss")
    )
    page.select_option("#bulk-reason", "dismiss:opinion")
    page.click("text=Decide all")
    assert "Decided 2 findings together" in page.inner_text(".notice")
    assert [row[1] for row in decisions(clinic.store)] == ["dismiss", "dismiss"]
    turn(page, "u")
    assert [row[1] for row in decisions(clinic.store)] == ["dismiss", "dismiss", "undo", "undo"]


def test_claims_worded_alike_are_decided_with_one_of_them(chromium, tmp_path):
    with opened(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        with store.session() as session:
            add_people(session)
            for host in ("one.example", "two.example", "three.example"):
                add_scan(session, host)
        with served(store, chromium) as site:
            page = site.visit("ann")
            turn(page, "j", "Enter")
            assert "2 others worded alike" in page.inner_text("#decision")
            turn(page, "e", "c")
            assert [row[1] for row in decisions(store)] == ["confirm"] * 3
            assert "with 3 findings" in page.inner_text(".notice")


def test_a_second_reviewer_is_blind_and_a_lead_settles_the_conflict(clinic):
    lead = clinic.visit("lea", "/dashboard")
    lead.fill("#share", "100")
    lead.click("text=Save settings")
    ann = clinic.visit("ann")
    turn(ann, "j", "Enter")
    finding = ann.url.split("?")[0]
    key(ann, "n")
    ann.keyboard.type("The label says otherwise.")
    key(ann, "Escape")
    turn(ann, "c")
    assert "waits for a second reviewer" in ann.inner_text(".notice")

    bob = clinic.visit("bob")
    bob.goto(finding)
    assert "The label says otherwise" not in bob.content()
    assert "Nothing yet" in bob.inner_text("#history")
    turn(bob, "2", "1", "Enter")
    assert "decided otherwise" in bob.inner_text(".notice")

    lead.goto(clinic.url + "/conflicts")
    assert "The label says otherwise." in lead.inner_text("main")
    turn(lead, "j", "Enter")
    assert lead.inner_text("#decide-title") == "Adjudicate"
    turn(lead, "c")
    assert [row[4] for row in decisions(clinic.store)] == ["first", "second", "adjudication"]
    lead.goto(finding)
    assert "adjudication" in lead.inner_text("#history")
    lead.goto(clinic.url + "/conflicts")
    assert "No conflicts" in lead.inner_text("main")
    lead.goto(clinic.url + "/dashboard")
    assert "All topics" in lead.inner_text("[aria-label=Agreement]")


def test_a_finding_that_somebody_works_on_says_so_and_takes_no_decision(clinic):
    ann = clinic.visit("ann")
    turn(ann, "j", "Enter")
    bob = clinic.visit("bob", ann.url.removeprefix(clinic.url))
    assert "ann is working on it" in bob.inner_text(".decide")
    assert bob.locator("#decision").count() == 0
    # Going on gives it back.
    turn(ann, "j")
    bob.reload()
    assert bob.locator("#decision").count() == 1


def test_evidence_is_struck_and_added_by_a_decision(clinic):
    page = clinic.visit("ann")
    turn(page, "j", "Enter")
    finding = page.url
    page.check("[name=struck]")
    page.click("summary:text('Add evidence')")
    page.focus("#added")
    page.wait_for_selector("#records option", state="attached")
    record = page.locator("#records option").first.get_attribute("value")
    page.fill("#added", record)
    turn(page, "Escape", "c")
    page.goto(finding)
    assert "Struck by ann" in page.inner_text("main")
    assert "Added by ann" in page.inner_text("main")
    assert record in page.inner_text("main")


def test_help_opens_by_key_and_keys_can_be_switched_off(clinic):
    page = clinic.visit("ann")
    key(page, "?")
    assert page.is_visible("#keys")
    page.uncheck("#keys-on")
    key(page, "Escape")
    assert not page.is_visible("#keys")
    key(page, "g", "d")
    assert "/queue" in page.url
    key(page, "?")
    page.check("#keys-on")
    key(page, "Escape")
    turn(page, "g", "d")
    assert page.url == f"{clinic.url}/dashboard"


def test_a_reader_sees_everything_and_no_form_that_decides(clinic):
    page = clinic.visit("rex")
    page.locator(".findings .said").first.click()
    assert "does not decide" in page.inner_text(".decide")
    assert page.locator("main form").count() == 0
    assert page.goto(f"{clinic.url}/trail").status == 403
    assert page.goto(f"{clinic.url}/people").status == 403


def test_the_case_file_of_a_site_comes_as_one_zip(chromium, tmp_path):
    case = make_case(f"sqlite:///{tmp_path / 'case.sqlite'}", tmp_path)
    review_case(case)
    try:
        with served(case.store, chromium) as site:
            page = site.visit("ann", f"/sites/{HOST}")
            page.uncheck("[name=pdf]")
            with page.expect_download() as started:
                page.click("button:text('Case file')")
            path = tmp_path / "download.zip"
            started.value.save_as(path)
            assert started.value.suggested_filename == f"case-{HOST}.zip"
            names = {name.partition("/")[2] for name in zipfile.ZipFile(path).namelist()}
            assert "manifest.sha256" in names
    finally:
        case.store.close()
