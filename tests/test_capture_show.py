"""``claimcheck show``: the sentence from the captured bytes, what proves it, and what no longer agrees."""

import hashlib
import json
import re
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from claimcheck.capture import ArchiveWriter, Exchange, page_of, read_capture
from claimcheck.cli import cli
from claimcheck.store import open_store
from claimcheck.store.models import (
    ClaimRow,
    FindingRow,
    JudgementRow,
    OccurrenceRow,
    PageRow,
    PageTextRow,
    RunRow,
    ScanRow,
    SiteRow,
    VersionRow,
)

pytest.importorskip("warcio", reason="warcio is not installed (extra scan)")

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SENTENCE = "Ketamine is <b>never</b> addictive & safe for all."
HTML = (
    "<html lang=en><head><title>Clinic <script>alert(1)</script> \u202eevil</title></head><body><h1>Is it safe?</h1>"
    "<p>We have treated many people here in the town. Ketamine is &lt;b&gt;never&lt;/b&gt; addictive &amp; safe for "
    "all. Ask us anything you like about it.</p></body></html>"
)
EVIDENCE = {
    "id": "dep-1", "statement": "Ketamine can lead to dependence.", "stance": "contradicts", "score": 0.9,
    "certainty": "high", "limits": "No rate is known.",
    "source": {"type": "label", "title": "Ketalar label", "authors": "Pfizer", "year": 2024, "journal": "",
               "url": "https://labels.example/ketalar", "pmid": None, "doi": None},
}  # fmt: skip


@pytest.fixture
def store(tmp_path):
    store = open_store(str(tmp_path / "store.db"))
    url = "https://clinic.example/safe"
    with ArchiveWriter(store.archive, 1) as writer:
        capture = writer.capture(Exchange(url, 200, "OK", (("Content-Type", "text/html"),), HTML.encode(), AT))
        picture = writer.screenshot(url, b"\x89PNG picture")
    text = page_of(read_capture(store.archive, capture.warc_file, capture.offset, capture.length)).text
    start = text.index(SENTENCE)
    digest = hashlib.sha256(text.encode()).hexdigest()
    with store.session() as session:
        site = SiteRow(host="clinic.example", start_url="https://clinic.example/")
        scan = ScanRow(run=RunRow(), site=site)
        version = VersionRow(sha256="v", pack="p", corpus_sha256="c", models_sha256="m", values={"claimcheck": "1.2"})
        page = PageRow(
            scan=scan, url=url, title="Clinic <script>alert(1)</script> \u202eevil", state="checked", fetched_at=AT,
            sha256=capture.body_sha256, warc_file=capture.warc_file, warc_offset=capture.offset,
            warc_length=capture.length, capture_sha256=capture.capture_sha256, http_status=200,
            screenshot=picture.path, screenshot_sha256=picture.sha256, page_text=PageTextRow(sha256=digest, text=text),
        )  # fmt: skip
        other = PageRow(scan=scan, url="https://clinic.example/other", state="checked", depth=1)
        claim = ClaimRow(key="k", text=SENTENCE, topic="addiction")
        judgement = JudgementRow(
            claim=claim, version=version, label="contradicted", confidence=0.91, needs_review=True, severity=3,
            probabilities={"contradicted": 0.91, "overstated": 0.05, "supported": 0.03, "unverified": 0.01},
            overstates=["safety"], explanation="The evidence says otherwise.", evidence=[EVIDENCE],
        )  # fmt: skip
        finding = FindingRow(
            scan=scan, site=site, page=page, claim=claim, judgement=judgement, sentence=SENTENCE, topic="addiction",
            label="contradicted", confidence=0.91, needs_review=True, severity=3, pages=2,
        )  # fmt: skip
        end = start + len(SENTENCE)
        session.add_all([finding, other])
        session.add(OccurrenceRow(finding=finding, page=page, start=start, end=end, heading="Is it safe?"))
        session.add(OccurrenceRow(finding=finding, page=other, start=0, end=9))
    yield store
    store.close()


def show(store, *arguments):
    return CliRunner().invoke(cli, ["show", "1", "--store", store.engine.url.render_as_string(), *arguments])


def test_text_shows_the_sentence_in_context_and_what_proves_it(store):
    done = show(store)
    assert done.exit_code == 0, done.output
    assert f"█ {SENTENCE}" in done.output
    assert "We have treated many people here in the town." in done.output
    for words in (
        "captured 2026-03-04 05:06:07 UTC", "https://clinic.example/safe", "CONTRADICTED", "needs review",
        "Ketamine can lead to dependence.", "https://labels.example/ketalar", "https://clinic.example/other",
        "Is it safe?",
    ):  # fmt: skip
        assert words in done.output
    with store.session() as session:
        row = session.scalars(sa.select(PageRow).where(PageRow.id == 1)).one()
    for proof in (row.sha256, row.capture_sha256, row.warc_file, row.screenshot):
        assert proof in done.output
    assert "✗" not in done.output
    assert "\u202e" not in done.output


def test_html_is_whole_on_its_own_and_escapes_the_page(store, tmp_path):
    done = show(store, "--output", str(tmp_path / "x.html"))
    assert done.exit_code == 0, done.output
    html = (tmp_path / "x.html").read_text()
    assert "Ketamine is &lt;b&gt;never&lt;/b&gt; addictive &amp; safe for all.</mark>" in html
    assert "<script" not in html
    assert "\u202e" not in html
    assert "default-src 'none'" in html
    assert 'src="data:image/png;base64,' in html
    assert set(re.findall(r'href="(https?://[^"]+)"', html)) == {
        "https://clinic.example/safe", "https://labels.example/ketalar",
    }  # fmt: skip


def test_json_has_everything(store):
    values = json.loads(show(store, "--format", "json").output)
    assert values["passage"]["sentence"] == SENTENCE
    assert values["captured_at"] == "2026-03-04T05:06:07Z"
    assert values["stored_passage"] is None
    assert [each["agrees"] for each in values["checks"]] == [True] * 6
    assert values["verdict"]["evidence"] == [EVIDENCE]


def test_a_text_that_is_extracted_otherwise_today_is_shown_beside_the_one_checked(store):
    with store.session() as session:
        row = session.scalars(sa.select(PageTextRow)).one()
        row.text = "Before, the extractor read this. " + row.text.replace("many people", "countless people")
    done = show(store)
    assert "not so: the text extracted from it now is the text that was checked" in done.output
    assert "The text that was checked was:" in done.output
    assert "countless people" in done.output
    assert "many people" in done.output
    html = show(store, "--format", "html").output
    assert "does not agree" in html
    assert "countless people" in html


def test_a_changed_row_or_picture_is_said_first(store):
    with store.session() as session:
        session.execute(sa.update(PageRow).where(PageRow.id == 1).values(capture_sha256="0" * 64))
    next((store.archive / "screenshots").iterdir()).write_bytes(b"\x89PNG other")
    done = show(store)
    assert done.exit_code == 0
    assert "THIS DOES NOT AGREE" in done.output.splitlines()[2]
    assert done.output.count("not so:") == 2
    assert "data:image" not in show(store, "--format", "html").output


def test_a_damaged_or_missing_capture_and_an_unknown_finding_are_one_line(store):
    path = next((store.archive / "warc").iterdir())
    data = path.read_bytes()
    path.write_bytes(data[:300] + bytes(200) + data[500:])
    done = show(store)
    assert done.exit_code == 4
    assert len(done.stderr.splitlines()) == 1
    path.unlink()
    assert show(store).exit_code == 4
    url = store.engine.url.render_as_string()
    done = CliRunner().invoke(cli, ["show", "99", "--store", url])
    assert done.exit_code == 2
    assert "found no finding 99" in done.stderr
    assert CliRunner().invoke(cli, ["show", "1", "--store", url + ".none"]).exit_code == 2
