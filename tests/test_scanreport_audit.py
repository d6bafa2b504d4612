"""The audit table: shares of sites, counted by hand."""

import pytest

from claimcheck.claims.topics import TOPICS
from claimcheck.scan.audit import CATEGORIES, audit_of, audit_values
from claimcheck.scan.intervals import wilson
from claimcheck.scan.overview import topic_words
from store_rows import PageSpec, SaidClaim, add_scan, new_store

FDA = SaidClaim("Ketamine is FDA approved for depression.", "contradicted", "approval_legal")
SAFE = SaidClaim("Ketamine is completely safe.", "overstated", "safety_side_effects")
FINE = SaidClaim("Some patients feel better within hours.", "supported", "onset")
PRICE = SaidClaim("It is free.", "contradicted", "cost_insurance")
NO_RISK = ("no_risk_information",)


@pytest.fixture
def tables(tmp_path):
    store = new_store(tmp_path / "scans.db")
    with store.session() as session:
        ids = [
            add_scan(session, f"{name}.example", [PageSpec(f"https://{name}.example/", **values)], region=region)
            for name, region, values in (
                ("a", "Maryland", {"claims": [FDA, SAFE], "findings": NO_RISK}),
                ("b", "Maryland", {"claims": [SAFE, FINE], "findings": (*NO_RISK, "no_off_label_notice")}),
                ("c", "Texas", {"claims": [FINE]}),
                ("d", "Texas", {"claims": [PRICE]}),
                ("e", "", {"state": "failed", "reason": "timeout"}),
            )
        ]
        yield audit_of(session, ids)
    store.close()


def test_sites_are_counted_by_category(tables):
    rows = [(row.name, row.sites, row.of) for row in tables[0].rows]
    part = "of them contradicted by the evidence or the law"
    assert rows == [
        ("FDA approval or off-label use", 1, 4), (part, 1, 4), ("Addiction", 0, 4), (part, 0, 4), ("Safety", 2, 4),
        (part, 0, 4), ("Efficacy", 0, 4), (part, 0, 4), ("Any subject, these or others", 3, 4), (part, 2, 4),
        ("A page that names benefits and no risk", 2, 4), ("A page with off-label uses and no notice of it", 1, 4),
        ("with a page that names benefits and no risk", 2, 4), ("without such a page", 1, 4),
    ]  # fmt: skip
    assert tables[0].rows[0].share == wilson(1, 4)


def test_a_site_that_was_not_read_is_left_out_and_counted(tables):
    assert (tables[0].sites, tables[0].unread, tables[0].pages) == (5, 1, 4)
    last = tables[-1]
    assert (last.region, last.sites, last.unread) == ("no region given", 1, 1)
    assert {row.share for row in last.rows} == {None}


def test_regions_have_tables_of_their_own(tables):
    assert [table.region for table in tables] == ["", "Maryland", "Texas", "no region given"]
    assert [(row.sites, row.of) for row in tables[1].rows if row.name == "Safety"] == [(2, 2)]


def test_values_are_for_a_table(tables):
    values = list(audit_values(tables))
    assert len(values) == 14 * 4
    assert values[0] == {
        "region": "all", "group": "False or misleading claim on", "row": "FDA approval or off-label use", "sites": 1,
        "of": 4, "percent": 25.0, "low": 4.6, "high": 69.9,
    }  # fmt: skip
    assert values[1]["row"] == "FDA approval or off-label use: of them contradicted by the evidence or the law"


def test_categories_are_made_of_known_topics_and_all_topics_have_words():
    assert {topic for topics in CATEGORIES.values() for topic in topics} <= set(TOPICS)
    assert all("_" not in topic_words(topic) for topic in TOPICS)
