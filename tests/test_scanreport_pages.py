"""The reports of scans as pages: what they show, that nothing from a site gets out of its place, links to captures."""

import re
from datetime import timedelta

import pytest
from click.testing import CliRunner

from claimcheck.cli import cli
from claimcheck.scan.charts import TREND_HEIGHT, segments, trend
from claimcheck.scan.overview import TrendPoint, flagged_claims, rank_sites, topic_counts, worst_claims
from claimcheck.scan.selection import latest_scan_ids, scan_ref
from claimcheck.scan.site_report import ArchiveLinks, overview_page, site_page
from store_rows import START, PageSpec, SaidClaim, add_scan, fill, new_store, versions

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
BAD = SaidClaim(f"Ketamine {EVIL} is approved.", "contradicted", "approval_legal", heading=EVIL)
FDA = SaidClaim("Ketamine is FDA approved for depression.", "contradicted", "approval_legal")
FINE = SaidClaim("Some patients feel better within hours.", "supported", "onset")


@pytest.fixture
def store(tmp_path):
    opened = new_store(tmp_path / "scans.db")
    yield opened
    opened.close()


def assert_safe(page):
    """Assert that the page holds no script and nothing from elsewhere."""
    assert "<script" not in page
    assert not re.search(r"<img|<iframe|<link|onerror=[\"']|href=\"?javascript|\sstyle=", page)
    assert "default-src 'none'; style-src 'sha256-" in page


def test_hostile_sites_stay_text(store):
    url = "https://evil.example/"
    with store.session() as session:
        scan = add_scan(
            session, "evil.example",
            [PageSpec(url, [BAD], title=EVIL, findings=["<b>kind"], dropped={"<i>reason": 3}),
             PageSpec("javascript:alert(1)", [FDA]),
             PageSpec(f"{url}{EVIL}", state="failed", reason="<u>reason", detail=EVIL)],
            region="<b>region",
        )  # fmt: skip
        for page in (site_page(session, scan_ref(session, scan)), overview_page(session, [scan])):
            assert_safe(page)
            assert "&lt;script&gt;" in page
            assert not re.search(r"<(b|i|u)>(kind|reason|region)", page)


def test_a_site_page_shows_claims_with_their_captures(store):
    with store.session() as session:
        scan = add_scan(session, "clinic.example", [PageSpec("https://clinic.example/", [FDA, FINE])])
        item = flagged_claims(session, [scan], 10)[0]
        page = site_page(session, scan_ref(session, scan))
    text = re.sub(r"<[^>]+>", " ", page)
    for part in (
        FDA.text,
        "Ketamine treatment",
        item.sha256,
        f"{item.warc_offset:,}",
        f"claimcheck show {item.finding_id}",
    ):
        assert part in text
    assert FINE.text not in text
    assert "All 1 pages" not in text


def test_a_blind_scan_is_a_warning_and_no_clean_report(store):
    with store.session() as session:
        scan = add_scan(
            session, "blind.example", [PageSpec("https://blind.example/", state="failed", reason="timeout")]
        )
        site, all_sites = site_page(session, scan_ref(session, scan)), overview_page(session, [scan])
    for page in (site, all_sites):
        assert "No page of the site could be read, so this says nothing about its claims." in page
        assert 'class="warning"' in page
    assert "Blind view." in site
    assert "blind.example (0 of 1 pages)" in all_sites


def test_a_whole_view_has_no_warning(store):
    with store.session() as session:
        scan = add_scan(session, "clinic.example", [PageSpec("https://clinic.example/", [FINE])])
        assert 'class="warning"' not in site_page(session, scan_ref(session, scan))
        assert 'class="warning"' not in overview_page(session, [scan])


def test_links_lead_into_the_archive_or_nowhere(tmp_path):
    (tmp_path / "archive" / "warc").mkdir(parents=True)
    (tmp_path / "archive" / "warc" / "1 #.warc.gz").write_bytes(b"")
    (tmp_path / "secret").write_bytes(b"")
    links = ArchiveLinks(tmp_path / "archive", tmp_path / "report")
    assert links.link("warc/1 #.warc.gz") == "../archive/warc/1%20%23.warc.gz"
    for name in ("", "../secret", "warc/../../secret", str(tmp_path / "secret"), "warc/none.gz", "warc"):
        assert links.link(name) == ""
    assert ArchiveLinks(None, None).link("warc/1 #.warc.gz") == ""


def test_the_same_claim_on_many_sites_is_one_of_the_worst_once(store):
    with store.session() as session:
        for host in ("a.example", "b.example", "c.example"):
            add_scan(session, host, [PageSpec(f"https://{host}/", [FDA])])
        worst = worst_claims(session, latest_scan_ids(session), 10)
    assert [(item.claim, item.sites) for item in worst] == [(FDA.text, 3)]


def test_sites_are_ranked_and_topics_counted(store):
    more = [SaidClaim(f"Claim number {n} is proven.", "overstated", "durability") for n in range(3)]
    with store.session() as session:
        add_scan(session, "a.example", [PageSpec("https://a.example/", [FINE])])
        add_scan(session, "b.example", [PageSpec("https://b.example/", more)])
        add_scan(session, "c.example", [PageSpec("https://c.example/", [FDA])])
        ids = latest_scan_ids(session)
        assert [item.scan.host for item in rank_sites(session, ids)] == ["c.example", "b.example", "a.example"]
        assert [(item.topic, item.flagged, item.total) for item in topic_counts(session, ids)] == [
            ("durability", 3, 3), ("approval_legal", 1, 1), ("onset", 0, 1)
        ]  # fmt: skip


def test_only_the_latest_finished_scan_of_a_site_counts(store):
    with store.session() as session:
        page = PageSpec("https://a.example/", [FDA])
        add_scan(session, "a.example", [page])
        last = add_scan(session, "a.example", [page], at=START + timedelta(days=30))
        add_scan(session, "a.example", [page], at=START + timedelta(days=60), state="running")
        assert latest_scan_ids(session) == [last]


def counts(contradicted=0, overstated=0, unverified=0, supported=0):
    return {
        "contradicted": contradicted, "overstated": overstated, "unverified": unverified, "supported": supported
    }  # fmt: skip


def test_a_bar_fills_its_width():
    parts = segments(counts(1, 2, 0, 1))
    assert [(part.left, part.width) for part in parts] == [(0, 25), (25, 50), (75, 0), (75, 25)]
    assert sum(part.width for part in segments(counts(1, 1), whole=8)) == 25
    assert {part.width for part in segments(counts())} == {0}


def test_columns_stand_on_their_ground():
    made = trend([TrendPoint("May", 1, 1, counts(2, 3)), TrendPoint("June", 1, 1, counts(0, 10))])
    assert [column.flagged for column in made.columns] == [5, 10]
    for column in made.columns:
        low, high = column.blocks
        assert low.top + low.height == TREND_HEIGHT
        assert high.top + high.height == pytest.approx(low.top)
        assert column.top == high.top >= 0
    assert made.ticks[0] == (TREND_HEIGHT, 0)
    assert trend([TrendPoint("May", 1, 1, counts(2))]) is None
    assert trend([TrendPoint("May", 1, 1, counts())] * 2).columns[0].flagged == 0


def test_the_trend_says_when_what_judged_has_changed(store):
    page = PageSpec("https://a.example/", [FDA])
    with store.session() as session:
        add_scan(session, "a.example", [page])
        last = add_scan(session, "a.example", [page], at=START + timedelta(days=30), version=versions(corpus="00" * 32))
        page = site_page(session, scan_ref(session, last))
    assert "scan by scan" in page
    assert "Scans were judged by different versions" in page


@pytest.fixture
def filled(store):
    fill(store, sites=3, pages=4, claims=20, scans=2)
    return store.engine.url.database


def run(*arguments):
    return CliRunner().invoke(cli, ["report", *map(str, arguments)])


def test_a_folder_holds_a_page_a_site_and_tables(filled, tmp_path):
    folder = tmp_path / "out"
    assert run("--store", filled, "--output", folder).exit_code == 0
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        "audit.csv", "clinic-1-000.example-2.html", "clinic-1-001.example-4.html", "clinic-1-002.example-6.html",
        "index.html", "sites.csv",
    ]  # fmt: skip
    page = (folder / "index.html").read_text()
    assert_safe(page)
    assert set(re.findall(r'href="([^"#]+\.html)"', page)) == set(names) - {"audit.csv", "index.html", "sites.csv"}
    assert "Crane MA, DiStefano MJ, Moore TJ" in page


@pytest.mark.parametrize("name", ["csv", "jsonl", "parquet"])
def test_tables_have_a_row_a_site(filled, tmp_path, name):
    assert run("--store", filled, "--output", tmp_path / f"sites.{name}").exit_code == 0
    assert run("--store", filled, "--output", tmp_path / "both", "--format", name).exit_code == 0
    assert {path.name for path in (tmp_path / "both").iterdir()} == {f"sites.{name}", f"audit.{name}"}
    if name == "jsonl":
        assert len((tmp_path / "sites.jsonl").read_text().splitlines()) == 3


def test_one_site_is_one_page(filled, tmp_path):
    done = run("--store", filled, "--site", "clinic-1-001.example")
    assert done.exit_code == 0
    assert "<h1" in done.stdout
    assert run("--store", filled, "--scan", 1, "--output", tmp_path / "one.html").exit_code == 0
    assert "Scan 1," in (tmp_path / "one.html").read_text()


@pytest.mark.parametrize("wrong", [("--site", "nobody"), ("--scan", 99), ("--output", "x.pdf"), ("--reviewed", "none")])
def test_what_cannot_be_reported_is_said_so(filled, wrong):
    assert run("--store", filled, *wrong).exit_code == 2


def test_a_store_without_a_finished_scan_says_so(store):
    done = run("--store", store.engine.url.database)
    assert (done.exit_code, "no finished scan yet" in done.stderr) == (2, True)
