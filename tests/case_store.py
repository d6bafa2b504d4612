"""A store with one clinic whose pages are really captured and reviewed: what a case file is made of.

The pages are invented; their text is what ``page_of`` extracts, and every offset is looked up there. One page and one
note are hostile: markup, a formula, control characters and a direction override.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from claimcheck.capture import ArchiveWriter, Exchange, page_of, read_capture, record_head
from claimcheck.review.accounts import add_account
from claimcheck.review.decisions import Choice, adjudicate, decide
from claimcheck.review.options import ReviewOptions, set_options
from claimcheck.review.projection import sync
from claimcheck.review.standing import Kind
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

AT = datetime(2026, 11, 30, 10, 15, tzinfo=UTC)
MADE = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
HOST = "clearwater-ketamine.example"
HOSTILE = '=HYPERLINK("http://evil.example") <script>alert(1)</script> cures anxiety in every patient.'

_HOME = """<!doctype html><html lang="en"><head>
<title>Clearwater Ketamine Center | Relief that lasts</title></head><body><main>
<h1>Ketamine infusions that change lives</h1>
<p>Our clinic has cared for people with depression in the valley since 2015, with two physicians
and five nurses on site.</p>
<h2>Is ketamine right for you?</h2>
<p>Ketamine is FDA approved for the treatment of depression. One infusion lifts depression in 95% of our patients.
The effects of a full series last for years.</p>
<h2>Safety first</h2>
<p>Ketamine is not addictive and has no side effects when given by our team.
Blood pressure is checked during each visit.</p>
</main></body></html>"""
_FAQ = """<!doctype html><html lang="en"><head>
<title>Frequently asked &ldquo;questions&rdquo; &lt;b&gt;2026&lt;/b&gt;</title>
</head><body><main>
<h1>Questions that patients ask us</h1>
<h2>Does it work better than antidepressants?</h2>
<p>Yes: ketamine works better than any antidepressant ever made, and it repairs the brain within hours of the first
infusion. Most of our patients feel a difference on the very same day.</p>
<h2>Anything else?</h2>
<p>=HYPERLINK("http://evil.example") &lt;script&gt;alert(1)&lt;/script&gt; cures anxiety in every patient.</p>
<p>Ketamine is not addictive and has no side effects when given by our team.</p>
<p>Insurance rarely pays for ketamine infusions, so please ask us about payment plans before your first visit.</p>
</main></body></html>"""
# What the server sends for the first page: its text is made by a script.
SHELL = "<!doctype html><html><body><script src=/app.js></script></body></html>"
PAGES = {f"https://{HOST}/": _HOME, f"https://{HOST}/faq?from=%3Cmenu%3E&x='1": _FAQ}

# Sentence, claim as understood, label, confidence, topic, heading.
SAID = (
    ("Ketamine is FDA approved for the treatment of depression.", "", "contradicted", 0.91, "approval_legal"),
    ("One infusion lifts depression in 95% of our patients.", "", "overstated", 0.83, "efficacy_depression"),
    ("The effects of a full series last for years.", "The effects of a full ketamine series last for years.",
     "overstated", 0.74, "durability"),
    ("Ketamine is not addictive and has no side effects when given by our team.", "Ketamine is not addictive.",
     "contradicted", 0.88, "addiction"),
    ("Blood pressure is checked during each visit.", "", "supported", 0.93, "monitoring"),
    ("Yes: ketamine works better than any antidepressant ever made, and it repairs the brain within hours of the first "
     "infusion.", "Ketamine works better than any antidepressant.", "supported", 0.52, "comparison"),
    ("Most of our patients feel a difference on the very same day.", "", "overstated", 0.55, "onset"),
    (HOSTILE, "", "overstated", 0.8, "efficacy_other_mental"),
    ("Insurance rarely pays for ketamine infusions, so please ask us about payment plans before your first visit.", "",
     "supported", 0.9, "cost_insurance"),
)  # fmt: skip
HEADINGS = {
    "Ketamine is FDA": "Is ketamine right for you?", "One infusion": "Is ketamine right for you?",
    "The effects": "Is ketamine right for you?", "Ketamine is not": "Safety first", "Blood": "Safety first",
    "Yes:": "Does it work better than antidepressants?", "Most of": "Does it work better than antidepressants?",
    "=HYPER": "Anything else?", "Insurance": "Anything else?",
}  # fmt: skip
VERSIONS = {
    "claimcheck": "0.2.0",
    "corpus": {"pack": "ketamine", "version": "2026-11", "records": 617, "sha256": "5f" * 32},
    "models": {"encoder": "ab" * 32, "reader-fast": "cd" * 32},
    "settings_sha256": "09" * 32,
}


def _source(**values):
    return {
        "type": "label", "title": "Ketamine hydrochloride injection: prescribing information",
        "authors": "US Food and Drug Administration", "year": 2020, "journal": "FDA", "url": "https://www.fda.gov/label",
        "pmid": None, "doi": None,
    } | values  # fmt: skip


EVIDENCE = {
    "contradicts": {
        "id": "fda-approved-use", "statement": "The FDA has approved ketamine for anaesthesia only.",
        "stance": "contradicts", "score": 0.95, "certainty": "high",
        "limits": "Says nothing on how well it works for other uses.",
        "source": _source(),
    },
    "limits": {
        "id": "relapse-after-series", "stance": "limits", "score": 0.9, "certainty": "low",
        "statement": "After a series of infusions the median time to relapse was 18 days.",
        "limits": "97 people, no control group after the series.",
        "source": _source(type="cohort", title="Time to relapse after repeated ketamine", authors="Moe M, Loe L.",
                          year=2013, journal="Example Psychiatry", pmid="12345678", url=""),
    },
    "supports": {
        "id": "response-single-infusion", "stance": "supports", "score": 0.88, "certainty": "moderate",
        "statement": "In randomised trials, 50 to 70 percent of adults with depression responded within a day.",
        "limits": "Short term: most had relapsed by two weeks without further infusions.",
        "source": _source(type="meta_analysis", title="Single infusions of ketamine for depression: a meta-analysis",
                          authors="Doe J, Roe R, Poe P, et al.", year=2019, journal="J Example Psychiatry",
                          doi="10.1000/jep.2019.014", url=""),
    },
}  # fmt: skip
_STANCES = {
    "contradicted": ("contradicts", "supports"),
    "overstated": ("limits", "supports"),
    "supported": ("supports",),
}
NUMBER = {
    "claim_text": "95%", "claim_value": 95.0, "unit": "percent", "record_id": "response-single-infusion",
    "figure": "responders", "low": 50.0, "high": 70.0, "relation": "above",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """The store, its clinic's scan, and each finding's id by the first words of its sentence."""

    store: object
    url: str
    scan_id: int
    findings: dict

    def finding(self, words):
        return next(made for sentence, made in self.findings.items() if sentence.startswith(words))


def make_case(url, folder, *, pages=PAGES, said=SAID, screenshots=True):
    """Return an open store with the clinic captured and judged; nothing is decided yet."""
    store = open_store(url, archive=folder / "archive")
    with store.session() as session:
        version = VersionRow(
            sha256="11" * 32, pack="ketamine", corpus_sha256="5f" * 32, models_sha256="cd" * 32, values=VERSIONS
        )
        site = SiteRow(host=HOST, start_url=f"https://{HOST}/", created_at=AT)
        run = RunRow(started_at=AT, finished_at=AT + timedelta(hours=1), arguments={})
        session.add_all([version, site, run])
        session.flush()
        scan = ScanRow(run=run, site=site, version=version, state="finished", started_at=AT, crawl={})
        scan.finished_at = AT + timedelta(minutes=9)
        session.add(scan)
        session.flush()
        with ArchiveWriter(store.archive, run.id) as archive:
            rows = [_captured(session, archive, scan, i, *page, screenshots) for i, page in enumerate(pages.items())]
            record_head(session, run.id, archive.head())
        _others(session, scan)
        findings = _judged(session, scan, version, rows, said)
        scan_id = scan.id
    with store.session() as session:
        sync(session)
    return Case(store, url, scan_id, findings)


def _captured(session, archive, scan, number, url, html, screenshots):
    at = AT + timedelta(seconds=3 * number)
    headers = (("Content-Type", "text/html; charset=utf-8"), ("Server", "nginx"))
    is_rendered = screenshots and number == 0
    sent = SHELL if is_rendered else html
    capture = archive.capture(Exchange(url, 200, "OK", headers, sent.encode(), at, ip="192.0.2.7"))
    if is_rendered:
        capture = archive.conversion(url, html.encode(), content_type="text/html; charset=utf-8", at=at, source=capture)
    page = page_of(read_capture(archive._folder, capture.warc_file, capture.offset, capture.length))
    row = PageRow(
        scan=scan, url=url, final_url=url, depth=number, admitted=True, state="checked", attempts=1, http_status=200,
        content_type="text/html; charset=utf-8", fetched_at=at, checked_at=at, sha256=capture.body_sha256,
        warc_file=capture.warc_file, warc_offset=capture.offset, warc_length=capture.length,
        capture_sha256=capture.capture_sha256, title=page.source.title, sentences=9,
        characters_found=page.coverage.characters_found, characters_kept=page.coverage.characters_kept,
        images_without_text=2,
    )  # fmt: skip
    if is_rendered:
        shot = archive.screenshot(url, b"\x89PNG\r\n\x1a\n not a picture, but bytes with a digest")
        row.screenshot, row.screenshot_sha256, row.rendered = shot.path, shot.sha256, True
    from hashlib import sha256

    row.page_text = PageTextRow(sha256=sha256(page.text.encode()).hexdigest(), text=page.text)
    session.add(row)
    session.flush()
    return row


def _others(session, scan):
    for state, reason, count in (("refused", "robots-disallowed", 3), ("failed", "http-404", 2), ("duplicate", "", 1)):
        for number in range(count):
            url = f"https://{HOST}/{state}/{number}"
            session.add(PageRow(scan=scan, url=url, depth=2, state=state, reason=reason))


def _judged(session, scan, version, pages, said):
    findings = {}
    for number, (sentence, claim, label, confidence, topic) in enumerate(said):
        rest = (1 - confidence) / 3
        row = ClaimRow(key=f"{number:064d}", text=claim or sentence, topic=topic)
        judgement = JudgementRow(
            claim=row, version=version, label=label, confidence=confidence, needs_review=confidence < 0.6,
            probabilities={
                name: confidence if name == label else rest
                for name in ("supported", "overstated", "contradicted", "unverified")
            },
            severity={"contradicted": 3, "overstated": 2}.get(label, 0),
            overstates=["certainty", "duration"] if label == "overstated" else [],
            explanation=f"The evidence says otherwise about {topic}.",
            evidence=[EVIDENCE[stance] for stance in _STANCES[label]],
            numbers=[NUMBER] if "95%" in sentence else [], strong_words=[],
        )  # fmt: skip
        places = [
            (page, start) for page in pages if (start := page.page_text.text.replace("\n", " ").find(sentence)) >= 0
        ]
        assert places, sentence
        heading = next((words for opening, words in HEADINGS.items() if sentence.startswith(opening)), "")
        finding = FindingRow(
            scan=scan, site_id=scan.site_id, page=places[0][0], claim=row, judgement=judgement, sentence=sentence,
            topic=topic, label=label, confidence=confidence, needs_review=confidence < 0.6,
            severity=judgement.severity, pages=len(places), is_new=True,
        )  # fmt: skip
        session.add(finding)
        for page, start in places:
            finding.occurrences.append(
                OccurrenceRow(page=page, start=start, end=start + len(sentence), block="paragraph", heading=heading)
            )
        session.flush()
        findings[sentence] = finding.id
    return findings


def review_case(case):
    """Decide the clinic's findings as a team would: confirmed, changed, dismissed, doubled, adjudicated, left open."""
    store = case.store
    with store.session() as session:
        lead = add_account(session, None, "lead", "lead", display_name="Lena Lead")
        ann = add_account(session, None, "ann", "reviewer", display_name="Ann Able")
        bob = add_account(session, None, "bob", "reviewer", display_name="Bob <Baker>")
    confirm = Choice(Kind.CONFIRM, reason="evidence-agrees", note="Checked against the label of 2020.")
    _act(store, decide, ann, case.finding("Ketamine is FDA"), confirm)
    struck = Choice(Kind.CONFIRM, note="=1+1 <b>see page 3</b>\u202e", evidence_struck=("response-single-infusion",))
    _act(store, decide, ann, case.finding("One infusion"), struck)
    _act(store, decide, ann, case.finding("=HYPER"), Choice(Kind.CONFIRM))
    changed = Choice(
        Kind.CHANGE, label="overstated", reason="too-lenient", note="No trial compared it with all of them."
    )
    _act(store, decide, bob, case.finding("Yes:"), changed)
    _act(store, decide, bob, case.finding("Most of"), Choice(Kind.DISMISS, reason="opinion"))
    with store.session() as session:
        set_options(session, lead, ReviewOptions(double_share=1.0))
    addictive = case.finding("Ketamine is not addictive")
    _act(store, decide, ann, addictive, Choice(Kind.CONFIRM, reason="evidence-agrees"))
    harsh = Choice(Kind.CHANGE, label="overstated", reason="too-harsh", note="At clinic doses the risk is small.")
    _act(store, decide, bob, addictive, harsh)
    verdict = Choice(Kind.CONFIRM, reason="evidence-agrees", note="The label warns of abuse and dependence.")
    _act(store, adjudicate, lead, addictive, verdict, seen="all")
    # "The effects …" stays undecided; a first decision of two waits on the insurance sentence.
    _act(store, decide, ann, case.finding("Insurance"), Choice(Kind.CONFIRM))


def _act(store, act, account, finding_id, choice, *, seen="own"):
    from claimcheck.review.projection import decisions_on

    with store.session() as session:
        made = decisions_on(session, [finding_id])[finding_id]
        act(session, account, finding_id, choice, seen=max(d.id for d in made) if seen == "all" else None)
