"""What a scan read and did not: a clean site differs from a blind scan."""

import pytest

from claimcheck.scan.coverage import blindness_of, coverage_of, coverage_words, reason_words
from store_rows import PageSpec, SaidClaim, add_scan, new_store

HOST = "clinic.example"
FINE = SaidClaim("A visit costs about four hundred dollars.", "supported", "cost_insurance")
FALSE = SaidClaim("Ketamine is FDA approved for depression.", "contradicted", "approval_legal", needs_review=True)


@pytest.fixture
def store(tmp_path):
    opened = new_store(tmp_path / "scans.db")
    yield opened
    opened.close()


def page(number, **values):
    return PageSpec(f"https://{HOST}/{number}", **values)


def covered(store, pages):
    with store.session() as session:
        return coverage_of(session, [add_scan(session, HOST, pages)])


def failed(count, reason="timeout", start=100):
    return [page(start + number, state="failed", reason=reason) for number in range(count)]


@pytest.mark.parametrize(
    ("read", "unread", "grade", "words"),
    [
        (20, 0, "whole", "All 20 pages found were read. The one claim on the 20 pages read was not flagged."),
        (80, 12, "partial", "12 of 92 pages could not be read. The one claim on the 80 pages read was not flagged."),
        (8, 72, "mostly unread", "Only 8 of 80 pages could be read, so most of the site was not seen. The one "
         "claim on the 8 pages read was not flagged."),
        (0, 5, "blind", "No page of the site could be read, so this says nothing about its claims."),
        (0, 0, "blind", "No page of the site could be read, so this says nothing about its claims."),
    ],
)  # fmt: skip
def test_a_clean_site_differs_from_a_blind_scan(store, read, unread, grade, words):
    found = covered(store, [page(n, claims=[FINE]) for n in range(read)] + failed(unread))
    assert (found.read, found.unread, blindness_of(found), coverage_words(found)) == (read, unread, grade, words)


def test_flagged_claims_are_counted_in_the_sentence(store):
    found = covered(store, [page(1, claims=[FINE, FALSE])])
    assert coverage_words(found) == (
        "The one page found was read. 1 of the 2 claims on the 1 page read was flagged as contradicted or overstated."
    )
    assert (found.claims["contradicted"], found.needs_review) == (1, 1)


def test_no_flag_among_several_claims_is_said_with_what_was_read(store):
    other = SaidClaim("Some patients feel better within hours.", "unverified", "onset")
    found = covered(store, [page(1, claims=[FINE, other]), *failed(1)])
    assert coverage_words(found) == (
        "1 of 2 pages could not be read. None of the 2 claims on the 1 page read was flagged."
    )


def test_a_limit_that_was_reached_leaves_a_view_partial(store):
    found = covered(
        store, [*(page(n, claims=[FINE]) for n in range(99)), page(99, state="refused", reason="page-limit")]
    )
    assert found.share > 0.95
    assert (blindness_of(found), found.limits_reached) == ("partial", ("page-limit",))


@pytest.mark.parametrize(
    ("state", "reason"),
    [("refused", "off-site"), ("refused", "not-a-page"), ("failed", "http-404"), ("failed", "http-410")],
)
def test_what_is_no_page_of_the_site_does_not_count_as_unread(store, state, reason):
    found = covered(store, [page(1, claims=[FINE]), page(2, state=state, reason=reason)])
    assert (found.found, found.readable, found.unread) == (2, 1, 0)
    assert [(item.state, item.reason, item.count) for item in found.reasons] == [(state, reason, 1)]


@pytest.mark.parametrize("reason", ["robots-disallowed", "depth-limit", "trap"])
def test_what_was_refused_on_the_site_counts_as_unread(store, reason):
    assert covered(store, [page(1, claims=[FINE]), page(2, state="refused", reason=reason)]).unread == 1


@pytest.mark.parametrize("state", ["queued", "captured", "fetched"])
def test_a_page_left_on_its_way_is_unfinished(store, state):
    found = covered(store, [page(1, claims=[FINE]), page(2, state=state)])
    assert (found.unread, found.reasons[0].reason) == (1, "unfinished")


def test_a_duplicate_is_read_with_the_page_that_it_is_like(store):
    alike = {"state": "duplicate", "reason": "duplicate-body"}
    first = f"https://{HOST}/1"
    found = covered(store, [page(1, claims=[FINE]), page(2, duplicate_of=first, **alike)])
    assert (found.checked, found.alike, found.read, found.readable) == (1, 1, 2, 2)
    lost = covered(store, [page(1, state="failed", reason="unreadable"), page(2, duplicate_of=first, **alike)])
    assert (lost.duplicate, lost.alike, blindness_of(lost)) == (1, 0, "blind")


def test_text_images_and_rendering_are_summed(store):
    found = covered(
        store,
        [
            page(1, claims=[FINE], images=3, dropped={"navigation": 40, "script": 5}, rendered=True),
            page(2, claims=[FALSE], images=1, dropped={"navigation": 2}),
        ],
    )
    assert (found.images_without_text, found.rendered) == (4, 1)
    assert found.dropped == {"navigation": 42, "script": 5}
    assert found.characters_found == found.characters_kept + 47


def test_sites_are_counted_together(store):
    with store.session() as session:
        ids = [add_scan(session, host, [PageSpec(f"https://{host}/", [FINE])]) for host in ("a.example", "b.example")]
        found = coverage_of(session, ids)
    assert (found.scans, found.read, found.total_claims) == (2, 2, 2)


def test_reasons_have_words():
    assert reason_words("http-404") == "the server has no such page (404)"
    assert reason_words("http-503") == "the server answered 503"
    assert reason_words("redirect-loop") == "redirect loop"
