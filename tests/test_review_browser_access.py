"""The review's pages are for everybody: axe-core finds no serious fault, and they fit a phone."""

from dataclasses import dataclass

import pytest

from case_store import HOST, make_case, review_case
from review_browser import BROWSER_MARKS, browser, served

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install 'claimcheck[dev]'")
pytestmark = BROWSER_MARKS
PAGES = (
    "/queue", "/queue?undecided=1", "/queue?search=nothing+at+all", "/dashboard", "/sites", f"/sites/{HOST}",
    "/conflicts", "/trail", "/people", "/account", "/help", "/findings/999999", "/api/v1/docs",
)  # fmt: skip


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    """A reviewed clinic with an admin who is none of its reviewers, and an open conflict."""
    from claimcheck.review.accounts import account_named, add_account
    from claimcheck.review.decisions import Choice, decide
    from claimcheck.review.standing import Kind

    folder = tmp_path_factory.mktemp("access")
    case = make_case(f"sqlite:///{folder / 'case.sqlite'}", folder)
    review_case(case)
    with case.store.session() as session:
        add_account(session, None, "ada", "admin")
        bob = account_named(session, "bob")
        conflict = case.finding("Insurance")
        decide(session, bob, conflict, Choice(Kind.DISMISS, reason="opinion"), seen=None)
    with browser() as launched, served(case.store, launched) as site:
        numbers = [case.finding(words) for words in ("The effects", "One infusion", "Ketamine is not", "Insurance")]
        findings = [f"/findings/{number}" for number in numbers]
        yield site, (*PAGES, *findings, f"{findings[0]}/text", f"{findings[0]}/records")
    case.store.close()


@dataclass
class Seen:
    """A page as axe and a phone see it. The scheme changes colours only, so the dark one is asked about contrast."""

    light: list
    dark: list
    width: int


def serious(page, *rules):
    """Return what axe-core, which the first call puts into the page, finds serious: rule and element."""
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    if page.evaluate("typeof window.axe") == "undefined":
        found = axe.Axe().run(page, options=options).response["violations"]
    else:
        found = page.evaluate("options => axe.run(options)", options)["violations"]
    return [(fault["id"], fault["nodes"][0]["html"]) for fault in found if fault["impact"] in {"serious", "critical"}]


@pytest.fixture(scope="module")
def seen(clinic):
    """Every page, visited once."""
    site, pages = clinic
    page = site.visit("ada")
    return {address: look(page, site.url + address) for address in pages} | {
        "/login": look(site.window(), f"{site.url}/login")
    }


def look(page, url):
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(url)
    light = serious(page)
    page.emulate_media(color_scheme="dark")
    dark = serious(page, "color-contrast", "link-in-text-block")
    page.set_viewport_size({"width": 390, "height": 800})
    return Seen(light, dark, page.evaluate("document.documentElement.scrollWidth"))


def test_no_page_has_a_serious_fault(seen):
    assert {address: page.light for address, page in seen.items() if page.light} == {}


def test_no_page_has_too_little_contrast_in_the_dark(seen):
    assert {address: page.dark for address, page in seen.items() if page.dark} == {}


def test_every_page_fits_a_phone(seen):
    assert {address: page.width for address, page in seen.items() if page.width > 390} == {}


def test_the_forms_that_open_on_demand_have_no_serious_fault(clinic):
    site, pages = clinic
    page = site.visit("ada", "/queue?state=open")
    page.keyboard.press("?")
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Space")
    assert page.is_visible(".bulk")
    assert serious(page) == []
    page.goto(
        site.url + next(address for address in pages if address.startswith("/findings/") and "9999" not in address)
    )
    page.keyboard.press("x")
    page.click("summary:text('Add evidence')")
    assert page.is_visible(".reasons.dismiss")
    assert serious(page) == []


def test_axe_would_find_a_fault(clinic):
    site, _ = clinic
    page = site.visit("ada", color_scheme="dark")
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert [name for name, _ in serious(page)] == ["button-name"]
    page.evaluate("document.querySelector('h1').style.setProperty('color', '#333')")
    assert [name for name, _ in serious(page, "color-contrast")] == ["color-contrast"]


def test_what_has_the_focus_is_seen_and_what_was_done_is_told(clinic):
    site, _ = clinic
    page = site.visit("ada", "/queue?state=open")
    page.keyboard.press("j")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert outline == "3px"
    page.keyboard.press("Space")
    page.locator("#live:text-is('Selected')").wait_for(state="attached")
    page.keyboard.press("k")
    page.locator("#live:text('First row')").wait_for(state="attached")
