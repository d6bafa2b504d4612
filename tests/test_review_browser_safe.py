"""The review's pages against hostile text, and without any script: what a clinic's page says stays text."""

import pytest

from review_browser import BROWSER_MARKS, browser, served
from review_store import PASSWORD, add_people, add_scan, opened
from test_review_browser_work import decisions

pytestmark = BROWSER_MARKS
PAYLOADS = (
    "<script>window.ran = 1</script> cures pain.",
    '<img src=x onerror="window.ran = 1"> cures it.',
    '"><svg onload=window.ran=1> cures OCD.',
    "{{ 7 * 7 }}{% include 'login.html' %} cures PTSD.",
    "' hx-get='/logout' hx-trigger='load' x=' cures all.",
    "javascript:window.ran=1 </textarea></title><script>window.ran=1</script>",
    "\u202egnorw si siht\u202c cures \x07\x1b[31mred\x1b[0m.",
)
HOST = '"><img src=x onerror=window.ran=1>.example'
HOSTILE = tuple((text, "<b>topic</b>", "contradicted", 3, 0.9, True) for text in PAYLOADS)


@pytest.fixture(scope="module")
def chromium():
    with browser() as launched:
        yield launched


@pytest.fixture
def hostile(chromium, tmp_path):
    """A store whose site, page, claims, evidence and explanations are all written by somebody who means harm."""
    from claimcheck.store.models import JudgementRow, PageRow

    with opened(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        with store.session() as session:
            add_people(session)
            add_scan(session, HOST, claims=HOSTILE)
            page = session.query(PageRow).one()
            page.title, page.url = PAYLOADS[1], "javascript:window.ran=1"
            for row in session.query(JudgementRow):
                row.explanation, row.overstates = PAYLOADS[0], [PAYLOADS[1]]
                source = dict(zip(("type", "title", "authors", "journal"), PAYLOADS, strict=False))
                source |= {"url": "javascript:window.ran=1", "year": 2020, "pmid": None, "doi": None}
                cited = dict(zip(("id", "statement", "stance", "certainty", "limits"), PAYLOADS[2:], strict=True))
                row.evidence = [cited | {"score": 1, "source": source}]
                number = dict(zip(("claim_text", "unit", "relation"), PAYLOADS, strict=False))
                values = {"claim_value": 1, "record_id": "r", "figure": "f", "low": 1, "high": 2}
                row.numbers = [number | values]
        with served(store, chromium) as site:
            yield site


def assert_harmless(page):
    # Navigation waited for the load event, which pictures that fail come before.
    assert page.evaluate("window.ran") is None
    assert page.locator("main script, main img, main [onload], main [onerror]").count() == 0
    assert page.locator("main [href^='javascript']").count() == 0
    assert [line for line in page.told if "404" not in line] == []


def test_hostile_text_stays_text_on_every_page(hostile):
    page = hostile.visit("ada")
    assert_harmless(page)
    assert "<script>window.ran = 1</script> cures pain." in page.inner_text(".findings")
    assert "{{ 7 * 7 }}" in page.inner_text(".findings")
    findings = page.locator(".findings .said").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    for address in [*findings, "/sites", "/dashboard", "/trail", "/conflicts", findings[0].replace("?", "/text?")]:
        page.goto(hostile.url + address)
        assert_harmless(page)
    page.goto(hostile.url + "/sites")
    page.locator("tbody a").first.click()
    assert page.inner_text("h1") == HOST
    assert_harmless(page)


def test_direction_overrides_and_terminal_sequences_are_taken_out(hostile):
    page = hostile.visit("ada", "/queue?search=gnorw")
    page.locator(".findings .said").first.click()
    shown = page.inner_text("main")
    assert "gnorw si siht" in shown
    assert not set(shown) & set("\u202e\u202c\x07\x1b")


def test_notes_and_names_of_views_stay_text(hostile):
    page = hostile.visit("ann")
    page.locator(".findings .said").first.click()
    page.fill("#note", PAYLOADS[5])
    page.click("text=Only add the note")
    assert PAYLOADS[5] in page.inner_text("#history")
    assert_harmless(page)
    page.goto(hostile.url + "/queue?severity=high")
    page.click("summary:text('Saved views')")
    page.fill("#view-name", PAYLOADS[1])
    page.click("text=Save view")
    assert PAYLOADS[1] in page.inner_text("#tabs")
    assert_harmless(page)


@pytest.mark.parametrize(
    "address",
    [
        "/queue?search=%22%3E%3Cscript%3Ewindow.ran=1%3C/script%3E",
        "/queue?site=%3Cimg%20src=x%20onerror=window.ran=1%3E",
        "/queue?verdict=%3Cscript%3Ewindow.ran=1%3C/script%3E",
        "/findings/%3Cscript%3E",
        "/sites/%3Cscript%3E",
        "/login?next=javascript:window.ran=1",
        "/trail?subject=%3Cscript%3Ewindow.ran=1%3C/script%3E",
    ],
)
def test_what_an_address_says_stays_text(hostile, address):
    page = hostile.visit("ada")
    page.goto(hostile.url + address)
    assert page.evaluate("window.ran") is None
    assert page.locator("main script").count() == 0
    assert [line for line in page.told if "status of 40" not in line] == []


def test_the_policy_itself_stops_a_script_that_got_in(hostile):
    page = hostile.visit("ann")
    page.evaluate("""() => {
        const script = document.createElement('script');
        script.textContent = 'window.ran = 1';
        document.querySelector('main').append(script);
        document.querySelector('main').setAttribute('onclick', 'window.ran = 1');
        document.querySelector('main').click();
    }""")
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in line for line in page.told)


def test_without_any_script_the_work_goes_on_by_plain_forms(chromium, tmp_path):
    with opened(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        with store.session() as session:
            add_people(session, passwords=True)
            add_scan(session)
        with served(store, chromium) as site:
            page = site.window(java_script_enabled=False)
            page.goto(site.url)
            page.fill("#name", "ann")
            page.fill("#password", PASSWORD)
            page.click("text=Sign in")
            page.select_option("#f-verdict", "contradicted")
            page.click("text=Apply")
            assert page.locator(".findings li").count() == 2
            page.locator(".findings .said").first.click()
            # Reasons show only for what is chosen, by the stylesheet alone.
            assert not page.is_visible("[value='not-an-assertion']")
            page.check("[value=dismiss]")
            assert page.is_visible("[value='not-an-assertion']")
            page.check("[value='not-an-assertion']")
            page.fill("#note", "A heading.")
            page.click("text=Save decision")
            assert "Dismissed" in page.inner_text(".notice")
            page.click("text=Undo")
            assert "Taken back" in page.inner_text(".notice")
            page.click("text=Confirm: Contradicted")
            page.goto(f"{site.url}/queue?undecided=1")
            page.locator("[name=finding]").first.check()
            page.locator("[name=finding]").nth(1).check()
            page.click("text=Decide all")
            assert "Decided 2 findings" in page.inner_text(".notice")
            page.locator("button:text('Assign to me')").first.click()
            assert "assigned to me" in page.inner_text(".findings")
            assert [row[1] for row in decisions(store)] == ["dismiss", "undo", "confirm", "confirm", "confirm"]
            page.goto(f"{site.url}/help")
            assert "Confirm the verdict" in page.inner_text("main")


def test_a_choice_that_does_not_fit_is_told_and_changes_nothing(chromium, tmp_path):
    with opened(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        with store.session() as session:
            add_people(session)
            add_scan(session)
        with served(store, chromium) as site:
            page = site.visit("ann")
            page.locator(".findings .said").first.click()
            page.click("text=Save decision")
            assert "Nothing is chosen" in page.inner_text("[role=alert]")
            page.go_back()
            page.check("[value=dismiss]")
            page.click("text=Save decision")
            assert "expected one of" in page.inner_text("[role=alert]")
            assert decisions(store) == []
