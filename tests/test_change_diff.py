"""What changed between two scans: each kind of change, with its cause, and never "gone" for what was not read."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from claimcheck.cli import cli
from claimcheck.errors import UsageError
from claimcheck.scan.diff import compare_scans, version_changes
from claimcheck.scan.diff_report import diff_headline, diff_page, diff_rows, diff_values
from claimcheck.scan.selection import scan_pair, scan_ref, site_named
from store_rows import START, PageSpec, SaidClaim, add_scan, new_store, versions

HOST = "clinic.example"
HOME, FAQ, PAIN = (f"https://{HOST}/{path}" for path in ("", "faq", "pain"))
FDA = SaidClaim("Ketamine is FDA approved for depression.", "contradicted", "approval_legal")
CURE = SaidClaim("Infusions cure every migraine for good.", "contradicted", "efficacy_pain")
PRICE = SaidClaim("A visit costs about four hundred dollars.", "supported", "cost_insurance")
SAFE = SaidClaim(
    "Ketamine infusions are completely safe and have no side effects.", "contradicted", "safety_side_effects"
)
SAFER = SaidClaim("Ketamine infusions are very safe and have few side effects.", "overstated", "safety_side_effects")
NEWER = versions(corpus="6a" * 32)


@pytest.fixture
def store(tmp_path):
    opened = new_store(tmp_path / "scans.db")
    yield opened
    opened.close()


def compare(store, before, after, version=None):
    """Return what changed from one scan's pages to those of a scan a month on."""
    with store.session() as session:
        first = add_scan(session, HOST, before)
        last = add_scan(session, HOST, after, at=START + timedelta(days=30), version=version)
        return compare_scans(session, scan_ref(session, first), scan_ref(session, last))


def texts(items):
    return [item.claim.text for item in items]


def test_nothing_changed_is_said_so(store):
    diff = compare(store, [PageSpec(HOME, [FDA, PRICE])], [PageSpec(HOME, [FDA, PRICE])])
    assert (diff.new, diff.gone, diff.reworded, diff.moved, diff.unseen, diff.pages) == ((),) * 6
    assert diff_headline(diff) == "No claim changed: all 2 are as they were."


def test_a_new_claim_and_one_that_is_gone_from_a_page_read_again(store):
    diff = compare(store, [PageSpec(HOME, [FDA])], [PageSpec(HOME, [PRICE])])
    assert (texts(diff.new), texts(diff.gone)) == ([PRICE.text], [FDA.text])
    assert not diff.new[0].is_first_read
    assert not diff.gone[0].with_page


@pytest.mark.parametrize(
    "page",
    [
        PageSpec(FAQ, state="failed", reason="timeout"),
        PageSpec(FAQ, state="failed", reason="http-503"),
        PageSpec(FAQ, state="refused", reason="robots-disallowed"),
        PageSpec(FAQ, state="refused", reason="page-limit"),
        PageSpec(FAQ, state="queued"),
        None,
    ],
)
def test_a_claim_on_a_page_that_was_not_read_is_not_seen_and_never_gone(store, page):
    diff = compare(
        store, [PageSpec(HOME, [PRICE]), PageSpec(FAQ, [FDA])], [PageSpec(HOME, [PRICE]), *([page] if page else [])]
    )
    assert diff.gone == ()
    assert texts(diff.unseen) == [FDA.text]
    assert [change.kind for change in diff.pages] == ["unread"]


def test_a_claim_is_not_gone_while_one_of_its_pages_is_unread(store):
    before = [PageSpec(HOME, [FDA]), PageSpec(FAQ, [FDA])]
    diff = compare(store, before, [PageSpec(HOME, [PRICE]), PageSpec(FAQ, state="failed", reason="timeout")])
    assert (texts(diff.unseen), diff.gone) == ([FDA.text], ())
    assert [page.url for page in diff.unseen[0].pages] == [FAQ]


@pytest.mark.parametrize("reason", ["http-404", "http-410"])
def test_a_claim_goes_with_a_page_that_the_server_says_is_no_more(store, reason):
    diff = compare(
        store,
        [PageSpec(HOME, [PRICE]), PageSpec(FAQ, [FDA])],
        [PageSpec(HOME, [PRICE]), PageSpec(FAQ, state="failed", reason=reason)],
    )
    assert texts(diff.gone) == [FDA.text]
    assert diff.gone[0].with_page
    assert [change.kind for change in diff.pages] == ["vanished"]


def test_a_page_that_now_reads_as_another_was_read(store):
    after = [PageSpec(HOME, [PRICE]), PageSpec(FAQ, state="duplicate", reason="duplicate-body", duplicate_of=HOME)]
    diff = compare(store, [PageSpec(HOME, [PRICE]), PageSpec(FAQ, [FDA])], after)
    assert (texts(diff.gone), diff.unseen) == ([FDA.text], ())


def test_a_duplicate_of_a_page_that_failed_was_not_read(store):
    after = [
        PageSpec(HOME, [PRICE]),
        PageSpec(PAIN, state="failed", reason="unreadable"),
        PageSpec(FAQ, state="duplicate", reason="duplicate-body", duplicate_of=PAIN),
    ]
    diff = compare(store, [PageSpec(HOME, [PRICE]), PageSpec(FAQ, [FDA])], after)
    assert (texts(diff.unseen), diff.gone) == ([FDA.text], ())


def test_which_of_two_alike_pages_was_checked_moves_no_claim(store):
    alike = {"state": "duplicate", "reason": "duplicate-body"}
    diff = compare(
        store,
        [PageSpec(HOME, [FDA]), PageSpec(FAQ, duplicate_of=HOME, **alike)],
        [PageSpec(FAQ, [FDA]), PageSpec(HOME, duplicate_of=FAQ, **alike)],
    )
    assert (diff.moved, diff.pages, diff.unchanged) == ((), (), 1)


def test_a_reworded_claim_is_matched_by_meaning_with_its_words(store):
    diff = compare(store, [PageSpec(HOME, [SAFE, PRICE])], [PageSpec(HOME, [SAFER, CURE, PRICE])])
    assert [(item.before.text, item.after.text, item.cause) for item in diff.reworded] == [
        (SAFE.text, SAFER.text, "page")
    ]
    assert [word.text for word in diff.reworded[0].words if word.kind == "removed"] == ["completely", "no"]
    assert [word.text for word in diff.reworded[0].words if word.kind == "added"] == ["very", "few"]
    assert (texts(diff.new), diff.gone) == ([CURE.text], ())


def test_a_claim_that_stands_elsewhere_has_moved(store):
    before, after = (
        [PageSpec(HOME, [FDA]), PageSpec(FAQ, [PRICE])],
        [PageSpec(HOME, [CURE]), PageSpec(FAQ, [PRICE, FDA])],
    )
    moved = compare(store, before, after).moved
    assert [(item.kind, item.removed, item.added) for item in moved] == [("moved", (HOME,), (FAQ,))]


def test_a_claim_taken_off_one_of_its_pages_is_withdrawn_from_it(store):
    before, after = [PageSpec(HOME, [FDA]), PageSpec(FAQ, [FDA])], [PageSpec(HOME, [FDA]), PageSpec(FAQ, [PRICE])]
    moved = compare(store, before, after).moved
    assert [(item.kind, item.removed) for item in moved] == [("withdrawn", (FAQ,))]


def test_a_footer_on_a_new_page_is_no_change_of_the_claim(store):
    diff = compare(store, [PageSpec(HOME, [FDA])], [PageSpec(HOME, [FDA]), PageSpec(FAQ, [FDA])])
    assert (diff.moved, diff.unchanged) == ((), 1)
    assert [change.kind for change in diff.pages] == ["new"]


def test_a_page_read_for_the_first_time_may_hold_older_claims(store):
    before = [PageSpec(HOME, [PRICE]), PageSpec(FAQ, state="failed", reason="timeout")]
    diff = compare(store, before, [PageSpec(HOME, [PRICE]), PageSpec(FAQ, [FDA])])
    assert [(item.claim.text, item.is_first_read) for item in diff.new] == [(FDA.text, True)]


def judged(said, label):
    return SaidClaim(said.text, label, said.topic)


def test_the_same_claim_judged_differently_is_laid_to_what_judged_it(store):
    diff = compare(store, [PageSpec(HOME, [PRICE])], [PageSpec(HOME, [judged(PRICE, "overstated")])], NEWER)
    assert [(item.before.label, item.after.label, item.versions) for item in diff.verdicts] == [
        ("supported", "overstated", ("corpus",))
    ]
    assert (diff.reworded, diff.unchanged) == ((), 0)


@pytest.mark.parametrize(
    ("elsewhere", "cause"),
    [
        (None, "either"),
        (judged(SAFE, "contradicted"), "page"),
        (judged(SAFE, "overstated"), "version"),
        (judged(SAFE, "unverified"), "both"),
    ],
)
def test_where_words_and_version_changed_the_old_words_under_the_new_version_decide(store, elsewhere, cause):
    if elsewhere:
        with store.session() as session:
            add_scan(session, "other.example", [PageSpec("https://other.example/", [elsewhere])], version=NEWER)
    diff = compare(store, [PageSpec(HOME, [SAFE])], [PageSpec(HOME, [SAFER])], NEWER)
    assert [item.cause for item in diff.reworded] == [cause]


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({"claimcheck": "0.3.0"}, ("claimcheck",)),
        ({"corpus": "00" * 32}, ("corpus",)),
        ({"models": "00" * 32}, ("models",)),
        ({"settings": "00" * 32}, ("settings",)),
        ({"corpus": "00" * 32, "models": "00" * 32}, ("corpus", "models")),
        ({}, ()),
    ],
)
def test_what_differs_between_versions_is_named(changed, names):
    assert version_changes(versions(), versions(**changed)) == names


def test_embeddings_of_different_encoders_are_not_compared(store):
    other = versions() | {"models": {"encoder": "00" * 32}}
    diff = compare(store, [PageSpec(HOME, [SAFE])], [PageSpec(HOME, [SAFER])], other)
    assert diff.compares_words
    assert [item.after.text for item in diff.reworded] == [SAFER.text]


def test_the_last_two_finished_scans_are_compared(store):
    with store.session() as session:
        ids = [
            add_scan(session, HOST, [PageSpec(HOME, [FDA])], at=START + timedelta(days=day), state=state)
            for day, state in ((0, "finished"), (10, "finished"), (20, "finished"), (30, "running"))
        ]
        site = site_named(session, f"https://{HOST}/anything")
        assert [scan.scan_id for scan in scan_pair(session, site)] == ids[1:3]
        assert [scan.scan_id for scan in scan_pair(session, site, after=ids[1])] == ids[:2]
        assert [scan.scan_id for scan in scan_pair(session, site, before=ids[0])] == [ids[0], ids[2]]
        for wrong in ({"after": ids[0]}, {"after": ids[3]}, {"before": ids[2]}, {"before": 999}):
            with pytest.raises(UsageError):
                scan_pair(session, site, **wrong)


def test_a_site_that_is_not_there_is_named_with_the_nearest(store):
    with store.session() as session:
        add_scan(session, HOST, [PageSpec(HOME, [FDA])])
        with pytest.raises(UsageError, match=r"clinik\.example.*it has clinic\.example"):
            site_named(session, "clinik.example")


HOSTILE = SaidClaim("<script>alert(1)</script> is =SUM(A1) safe \x1b[31mred\u202e.", "contradicted", "addiction")


def test_hostile_text_reaches_no_page_raw(store):
    diff = compare(store, [PageSpec(HOME, [PRICE])], [PageSpec(HOME, [HOSTILE], title="<b>title")])
    page = diff_page(diff)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not {"\x1b", "\u202e"} & set(page)


def test_rows_and_values_hold_every_change(store):
    diff = compare(
        store,
        [PageSpec(HOME, [SAFE, FDA]), PageSpec(FAQ, [CURE])],
        [PageSpec(HOME, [SAFER, PRICE]), PageSpec(FAQ, state="failed", reason="timeout")],
    )
    assert [row["change"] for row in diff_rows(diff)] == ["new", "gone", "not seen", "reworded", "page unread"]
    values = json.loads(json.dumps(diff_values(diff)))
    assert values["schema"] == "claimcheck.diff/1"
    assert {name: len(values[name]) for name in ("new", "gone", "not_seen", "reworded", "pages")} == {
        "new": 1, "gone": 1, "not_seen": 1, "reworded": 1, "pages": 1
    }  # fmt: skip


@pytest.mark.parametrize("name", ["terminal", "json", "csv", "html"])
def test_the_command_gives_each_format(store, tmp_path, name):
    compare(store, [PageSpec(HOME, [SAFE])], [PageSpec(HOME, [SAFER, HOSTILE])])
    done = CliRunner().invoke(cli, ["diff", HOST, "--store", str(tmp_path / "scans.db"), "--format", name])
    assert done.exit_code == 0
    assert "few" in done.stdout
    assert "\x1b[31mred" not in done.stdout
    if name == "terminal":
        assert "[-completely-] {+very+}" in done.stdout


def test_the_command_makes_no_store(tmp_path):
    done = CliRunner().invoke(cli, ["diff", HOST, "--store", str(tmp_path / "none.db")])
    assert done.exit_code == 2
    assert not (tmp_path / "none.db").exists()
