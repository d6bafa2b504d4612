"""A store full of invented clinics for tests and benches: sites, scans, pages with text, claims, verdicts, findings.

- ``fill(store, sites=3, pages=12, claims=40, scans=1, seed=1)``: realistic sites by bulk insert; ``claims`` are those
  of a site and scan: ``sites=50, pages=100, claims=2000`` makes 100,000 findings, in about half a minute.
- ``new_store(path)``: a new SQLite store, its schema copied rather than migrated.
- ``add_scan(session, "clinic.example", [PageSpec(...)])``: one scan said page by page, for tests of what changed.

Offsets are true (``page_text.text[start:end]`` is the sentence) and vectors are bags of words, so that texts that share
words are near each other. There is no archive: captures are named, not written.
"""

import hashlib
import json
import random
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from claimcheck.scan.work import claim_key
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
from claimcheck.store.open import open_store
from claimcheck.verdict.severity import severity_of

START = datetime(2026, 10, 1, 20, 0, tzinfo=UTC)
LABELS = ("supported", "overstated", "contradicted", "unverified")
_SEVERITY = {"none": 0, "low": 1, "medium": 2, "high": 3}
_TABLES = (
    SiteRow, RunRow, VersionRow, ScanRow, PageTextRow, PageRow, ClaimRow, JudgementRow, FindingRow, OccurrenceRow,
)  # fmt: skip


@dataclass(frozen=True)
class SaidClaim:
    """A claim as a page makes it: its sentence is the claim's own text unless it says otherwise."""

    text: str
    label: str = "supported"
    topic: str = "efficacy_depression"
    confidence: float = 0.85
    needs_review: bool = False
    sentence: str = ""
    heading: str = "Ketamine treatment"


@dataclass(frozen=True)
class PageSpec:
    """A page of a scan. ``duplicate_of`` is the address of a page that comes before it."""

    url: str
    claims: Sequence[SaidClaim] = ()
    state: str = "checked"
    reason: str = ""
    detail: str = ""
    findings: Sequence[str] = ()
    duplicate_of: str = ""
    title: str = "Ketamine treatment"
    images: int = 0
    dropped: dict = field(default_factory=dict)
    rendered: bool = False
    final_url: str = ""


def versions(*, claimcheck="0.2.0", corpus="5f" * 32, models="cd" * 32, settings="09" * 32):
    """Return what judges, as a report has it."""
    return {
        "claimcheck": claimcheck,
        "corpus": {"pack": "ketamine", "records": 617, "sha256": corpus},
        "models": {"encoder": "ab" * 32, "verdict": models},
        "settings_sha256": settings,
    }


@cache
def _word(word):
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).standard_normal(384).astype(np.float32)


def vector_of(text):
    """Return the text's bag of words as a unit vector: the cosine of two texts is about the share of their words."""
    total = np.sum([_word(word) for word in text.lower().replace(".", "").split()], axis=0)
    return (total / np.linalg.norm(total)).astype(np.float32)


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


class _Rows:
    """Rows gathered for bulk inserts, with ids that go on from the store's."""

    def __init__(self, session):
        self.session = session
        self._rows = defaultdict(list)
        self._next = {}
        self._claims = {key: made for key, made in session.execute(sa.select(ClaimRow.key, ClaimRow.id))}
        judged = sa.select(JudgementRow.claim_id, JudgementRow.version_id, JudgementRow.id)
        self._judged = {(claim, version): made for claim, version, made in session.execute(judged)}
        self._texts = set(session.scalars(sa.select(PageTextRow.sha256)))

    def new_id(self, table):
        if table not in self._next:
            self._next[table] = (self.session.scalar(sa.select(sa.func.max(table.id))) or 0) + 1
        self._next[table] += 1
        return self._next[table] - 1

    def add(self, table, **values):
        if table is not PageTextRow:
            values = {"id": self.new_id(table), **values}
        self._rows[table].append(values)
        return values.get("id")

    def flush(self):
        for table in _TABLES:
            rows = self._rows.pop(table, [])
            for at in range(0, len(rows), 2000):
                self.session.execute(sa.insert(table), rows[at : at + 2000])
        if self.session.get_bind().dialect.name == "postgresql":
            for table in self._next:
                name = table.__tablename__
                last = sa.select(sa.func.max(table.id)).scalar_subquery()
                self.session.execute(sa.select(sa.func.setval(f"{name}_id_seq", last)))

    def site(self, host, region=""):
        found = self.session.scalar(sa.select(SiteRow.id).where(SiteRow.host == host))
        return found or self.add(SiteRow, host=host, start_url=f"https://{host}/", region=region, created_at=START)

    def version(self, values):
        sha256 = _digest(json.dumps(values, sort_keys=True))
        found = self.session.scalar(sa.select(VersionRow.id).where(VersionRow.sha256 == sha256))
        if found:
            return found
        models = _digest(json.dumps(values["models"], sort_keys=True))
        made = self.add(
            VersionRow, sha256=sha256, pack="ketamine", corpus_sha256=values["corpus"]["sha256"],
            models_sha256=models, values=values, created_at=START,
        )  # fmt: skip
        self.flush()
        return made

    def claim(self, said):
        key = claim_key(said.text)
        if key not in self._claims:
            vector = vector_of(said.text).astype("<f2").tobytes()
            made = self.add(ClaimRow, key=key, text=said.text, topic=said.topic, vector=vector, group_id=None)
            self._rows[ClaimRow][-1]["group_id"] = made
            self._claims[key] = made
        return self._claims[key]

    def judgement(self, claim_id, version_id, said):
        if (claim_id, version_id) not in self._judged:
            self._judged[claim_id, version_id] = self._add_judgement(claim_id, version_id, said)
        return self._judged[claim_id, version_id]

    def _add_judgement(self, claim_id, version_id, said):
        rest = round((1 - said.confidence) / 3, 4)
        evidence = [] if said.label == "unverified" else [_evidence(said)]
        return self.add(
            JudgementRow, claim_id=claim_id, version_id=version_id, label=said.label,
            probabilities={label: said.confidence if label == said.label else rest for label in LABELS},
            confidence=said.confidence, needs_review=said.needs_review, severity=_severity(said),
            overstates=["certainty"] if said.label == "overstated" else [],
            explanation=_EXPLANATIONS[said.label], evidence=evidence, numbers=[], strong_words=[],
        )  # fmt: skip

    def text(self, text):
        sha256 = _digest(text)
        if sha256 not in self._texts:
            self._texts.add(sha256)
            self.add(PageTextRow, sha256=sha256, text=text)
        return sha256


_EXPLANATIONS = {
    "supported": "Trials agree with this at the strength at which it is worded.",
    "overstated": "Trials show an effect in some patients; the claim sounds more certain than that.",
    "contradicted": "The product label and the agency's statements say otherwise.",
    "unverified": "The evidence at hand does not settle this, either way.",
}
_STANCE = {"supported": "supports", "overstated": "limits", "contradicted": "contradicts"}


def _severity(said):
    from claimcheck.records import Label

    return _SEVERITY[severity_of(Label(said.label), said.topic, said.confidence).value]


def _evidence(said):
    return {
        "id": f"{said.topic.replace('_', '-')}-record",
        "statement": "In randomised trials about half of the patients responded in a day, most for under two weeks.",
        "stance": _STANCE[said.label], "score": 0.91, "certainty": "moderate",
        "limits": "Short trials; long-term use was not studied.",
        "source": {
            "type": "meta_analysis", "title": "Infusions of ketamine: a meta-analysis", "authors": "Doe J, Roe R.",
            "year": 2019, "journal": "J Example Psychiatry", "url": "https://example.org/paper", "pmid": None,
            "doi": "10.1000/jep.2019.014",
        },
    }  # fmt: skip


def add_scan(
    session, host, pages, *, at=START, version=None, region="", state="finished", earlier=False, rows=None, crawl=None
):
    """Return the id of a new scan of a site with these pages; ``earlier`` says that none of its claims is new."""
    own = rows or _Rows(session)
    version_id = own.version(version or versions())
    site_id = own.site(host, region)
    run_id = own.add(
        RunRow, started_at=at, finished_at=at + timedelta(hours=2), arguments={"sites": [host]}, archive=""
    )
    is_done = state == "finished"
    scan_id = own.add(
        ScanRow, run_id=run_id, site_id=site_id, version_id=version_id, state=state, started_at=at,
        finished_at=at + timedelta(hours=2) if is_done else None,
        crawled_at=at + timedelta(hours=1) if is_done else None, crawl=crawl or {},
    )  # fmt: skip
    page_ids, finding_ids = {}, {}
    for place, spec in enumerate(pages):
        page_ids[spec.url] = _add_page(own, scan_id, spec, page_ids, at + timedelta(seconds=place))
        if spec.state == "checked":
            _add_findings(own, (scan_id, site_id, version_id, page_ids[spec.url]), spec, finding_ids, not earlier)
    if rows is None:
        own.flush()
        session.flush()
    return scan_id


def _add_page(rows, scan_id, spec, page_ids, at):
    is_fetched = spec.state in {"checked", "duplicate"} or spec.reason.startswith("http-")
    text = _text_of(spec) if spec.state == "checked" else ""
    body = _digest(f"{scan_id}{spec.url}")
    path = spec.url.partition("://")[2]
    return rows.add(
        PageRow, scan_id=scan_id, url=spec.url, final_url=spec.final_url or (spec.url if is_fetched else ""),
        depth=min(path.count("/"), 4), hops=0, admitted=True, state=spec.state, reason=spec.reason, detail=spec.detail,
        attempts=1, http_status=_status(spec, is_fetched),
        content_type="text/html", fetched_at=at if is_fetched else None, checked_at=at if text else None,
        sha256=body if is_fetched else "", warc_file="warc/1-1.warc.gz" if is_fetched else "",
        warc_offset=int(body[:6], 16) if is_fetched else None, warc_length=4000 if is_fetched else None,
        capture_sha256=_digest(body) if is_fetched else "", rendered=spec.rendered, screenshot="", screenshot_sha256="",
        duplicate_of=page_ids.get(spec.duplicate_of), title=spec.title if text else "",
        text_sha256=rows.text(text) if text else None, sentences=len(spec.claims) * 2,
        characters_found=len(text) + sum(spec.dropped.values()), characters_kept=len(text),
        images_without_text=spec.images, reasons_dropped=dict(spec.dropped),
        findings=[{"kind": kind, "explanation": "Seen on this page.", "spans": []} for kind in spec.findings],
    )  # fmt: skip


def _status(spec, is_fetched):
    return int(spec.reason[5:]) if spec.reason.startswith("http-") else 200 if is_fetched else None


def _text_of(spec):
    return "\n\n".join([spec.title, *(said.sentence or said.text for said in spec.claims)]) + "\n"


def _add_findings(rows, ids, spec, finding_ids, is_new):
    scan_id, site_id, version_id, page_id = ids
    start = len(spec.title) + 2
    for said in spec.claims:
        sentence = said.sentence or said.text
        claim_id = rows.claim(said)
        judgement_id = rows.judgement(claim_id, version_id, said)
        if claim_id not in finding_ids:
            made = rows.add(
                FindingRow, scan_id=scan_id, site_id=site_id, page_id=page_id, claim_id=claim_id,
                judgement_id=judgement_id, sentence=sentence, topic=said.topic, label=said.label,
                confidence=said.confidence, needs_review=said.needs_review, severity=_severity(said), pages=0,
                is_new=is_new, created_at=START,
            )  # fmt: skip
            finding_ids[claim_id] = (made, rows._rows[FindingRow][-1], set())
        finding_id, row, on = finding_ids[claim_id]
        row["pages"] += page_id not in on
        on.add(page_id)
        rows.add(
            OccurrenceRow, finding_id=finding_id, page_id=page_id, start=start, end=start + len(sentence),
            block="paragraph", visible=True, heading=said.heading,
        )  # fmt: skip
        start += len(sentence) + 2


_SUBJECTS = (
    "Ketamine infusions", "Low-dose ketamine", "Our ketamine therapy", "IV ketamine", "Ketamine lozenges at home",
    "Esketamine nasal spray", "A course of six infusions", "Ketamine-assisted psychotherapy",
)  # fmt: skip
_SAYINGS = (
    ("approval_legal", "contradicted", "is approved by the FDA for {thing}", (0.7, 0.97)),
    ("approval_legal", "supported", "is used off-label for {thing}", (0.8, 0.96)),
    ("addiction", "contradicted", "is not addictive, even after {n} sessions for {thing}", (0.6, 0.95)),
    ("safety_side_effects", "contradicted", "has no side effects in people with {thing}", (0.6, 0.96)),
    ("safety_side_effects", "overstated", "is completely safe for {thing} when given by our team of {n}", (0.55, 0.9)),
    ("safety_side_effects", "supported", "can raise blood pressure for {n} minutes in care for {thing}", (0.7, 0.95)),
    ("efficacy_depression", "overstated", "works for {n} in 100 patients with {thing}", (0.5, 0.9)),
    ("efficacy_other_mental", "overstated", "reliably relieves {thing} within {n} hours", (0.5, 0.92)),
    ("efficacy_pain", "unverified", "has helped {n} of our patients with {thing}", (0.4, 0.8)),
    ("durability", "overstated", "keeps {thing} away for {n} months", (0.5, 0.93)),
    ("onset", "supported", "may ease {thing} within {n} hours in some people", (0.6, 0.95)),
    ("comparison", "overstated", "outperforms every other treatment of {thing} by {n} percent", (0.5, 0.9)),
    ("mechanism", "overstated", "rebuilds brain connections lost to {thing} in {n} days", (0.5, 0.88)),
    ("protocol_dose_route", "supported", "is given for {thing} over about {n} minutes", (0.7, 0.96)),
    ("cost_insurance", "supported", "for {thing} is rarely insured, at about {n} dollars a visit", (0.6, 0.9)),
    ("clinic_specific", "unverified", "for {thing} is offered by {n} nurses at our clinic", (0.4, 0.7)),
)  # fmt: skip
_THINGS = (
    "depression", "anxiety", "PTSD", "OCD", "chronic pain", "migraine", "bipolar depression", "fibromyalgia", "burnout",
    "suicidal thoughts", "alcohol use disorder", "postpartum depression",
)  # fmt: skip
_REGIONS = ("Maryland", "Texas", "Florida", "")
_FAILURES = (
    ("failed", "http-404", "the server has no such page (404)"),
    ("failed", "http-500", "the server answered 500 three times"),
    ("failed", "timeout", "no answer within 30 seconds"),
    ("failed", "unsupported-language", "the text is not English"),
    ("refused", "robots-disallowed", "robots.txt does not allow it"),
    ("refused", "page-limit", "the limit of pages a site was reached"),
    ("refused", "off-site", "another site's page"),
    ("refused", "not-a-page", "an image or archive"),
)
_PATHS = ("about", "ketamine-infusions", "conditions/depression", "conditions/pain", "faq", "pricing", "safety", "blog")


def _a_claim(rng):
    topic, label, words, (low, high) = rng.choice(_SAYINGS)
    text = f"{rng.choice(_SUBJECTS)} {words.format(thing=rng.choice(_THINGS), n=rng.randint(2, 97))}."
    confidence = round(rng.uniform(low, high), 4)
    return SaidClaim(text, label, topic, confidence, confidence < 0.55, heading=rng.choice(_THINGS).capitalize())


@cache
def _migrated():
    """Return the bytes of a new store: its schema is made once, since every migration takes a while."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new.db"
        open_store(str(path)).close()
        return path.read_bytes()


def new_store(path):
    """Return a new store in an SQLite file."""
    path.write_bytes(_migrated())
    return open_store(str(path))


def fill(store, *, sites=3, pages=12, claims=40, scans=1, seed=1):
    """Add finished scans of invented sites: ``claims`` findings a site and scan on ``pages`` read pages and some more.

    Sites share some claims. Each later scan, a month on, drops some claims and adds others; the last is judged by a
    newer corpus.
    """
    rng = random.Random(seed)  # noqa: S311 - a seeded draw, no secret
    with store.session() as session:
        rows = _Rows(session)
        shared = [_a_claim(rng) for _ in range(max(claims, 10))]
        for number in range(sites):
            host = f"clinic-{seed}-{number:03d}.example"
            region = _REGIONS[number % len(_REGIONS)]
            said = _distinct(rng, claims, shared)
            for turn in range(scans):
                last = turn and turn == scans - 1
                version = versions(corpus="6a" * 32) if last else versions()
                add_scan(
                    session, host, list(_pages(rng, host, pages, said)), at=START + timedelta(days=30 * turn),
                    version=version, region=region, rows=rows, earlier=bool(turn),
                )  # fmt: skip
                rows.flush()
                said = [*said[: len(said) * 9 // 10], *_distinct(rng, len(said) - len(said) * 9 // 10, shared)]
                said = list({claim_key(item.text): item for item in said}.values())


def _distinct(rng, count, shared):
    found = {}
    for _ in range(count * 20):
        if len(found) >= count:
            break
        item = rng.choice(shared) if rng.random() < 0.3 else _a_claim(rng)
        found.setdefault(claim_key(item.text), item)
    return list(found.values())


def _pages(rng, host, count, said):
    banner = said[:2]
    share = max(1, -(-len(said[2:]) // count))
    for place in range(count):
        mine = said[2:][place * share : (place + 1) * share]
        url = f"https://{host}/" + ("" if place == 0 else f"{_PATHS[place % len(_PATHS)]}/{place}")
        findings = [kind for kind in ("no_risk_information", "no_off_label_notice") if rng.random() < 0.2]
        yield PageSpec(
            url, [*banner, *mine], findings=findings, title=f"{host}: {_PATHS[place % len(_PATHS)]}",
            images=rng.randint(0, 4), dropped={"navigation": rng.randint(50, 900), "script": rng.randint(0, 400)},
        )  # fmt: skip
    for place in range(max(2, count // 5)):
        state, reason, detail = rng.choice(_FAILURES)
        yield PageSpec(f"https://{host}/more/{place}", state=state, reason=reason, detail=detail)
    yield PageSpec(f"https://{host}/home", state="duplicate", reason="duplicate-body", duplicate_of=f"https://{host}/")
