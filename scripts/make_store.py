"""Fill a store with invented clinics, for benches and for trying the review: claims, verdicts, people, some decisions.

    python scripts/make_store.py big.sqlite                       100,000 findings over 200 sites
    python scripts/make_store.py postgresql://… --findings 20000 --sites 50 --decisions 500

Texts are the corpus's labelled training claims; most sites word them a little differently, which makes groups of claims
that are alike. Offsets are true, evidence is the corpus's own; the same seed gives the same store but for the times of
decisions. There is no archive: no page has a capture. Everybody's password is ``PASSWORD``.
"""

import argparse
import hashlib
import json
import random
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from claimcheck.corpus.reader import YamlCorpusReader
from claimcheck.records import Label, Stance
from claimcheck.review.accounts import add_account
from claimcheck.review.decisions import Choice, bulk_decide
from claimcheck.review.passwords import hash_password
from claimcheck.review.projection import sync
from claimcheck.review.standing import Kind
from claimcheck.store import models as rows
from claimcheck.store import open_store
from claimcheck.store.review_models import AccountRow, ReviewStateRow
from claimcheck.verdict.severity import severity_of

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "a password for benches only"  # noqa: S105 - of invented people in an invented store
REVIEWERS = 20
PEOPLE = (("lead", "lead"), ("boss", "admin"), ("eve", "reader"))
START = datetime(2026, 10, 1, 20, 0, tzinfo=UTC)
FINDINGS_A_PAGE = 12
OWN_WORDING = 0.6
EVIDENCE = 4
ROWS_AT_A_TIME = 5_000
SEVERITY = {"none": 0, "low": 1, "medium": 2, "high": 3}
LABELS = ("supported", "overstated", "contradicted", "unverified")
STANCE = {"supported": Stance.SUPPORTS, "overstated": Stance.LIMITS, "contradicted": Stance.CONTRADICTS}
NAMES = ("Harbor", "Prairie", "Cedar", "Summit", "Lakeview", "Juniper", "Meridian", "Bluestone", "Willow", "Granite")
KINDS = ("Ketamine Center", "Infusion Clinic", "Wellness Institute", "Mood Center", "Pain and Ketamine Group")
FILLER = (
    "Call us to arrange a first visit; the front desk answers from eight to five on working days.",
    "Parking is behind the building, and somebody should drive you home after a visit.",
    "Our nurses stay in the room, with dim light and music that you may choose yourself.",
)
TABLES = (
    rows.SiteRow, rows.RunRow, rows.VersionRow, rows.ScanRow, rows.PageTextRow, rows.PageRow, rows.ClaimRow,
    rows.JudgementRow, rows.FindingRow, rows.OccurrenceRow,
)  # fmt: skip


@dataclass(frozen=True)
class Said:
    """A labelled text of the corpus."""

    text: str
    label: str
    topic: str
    overstates: tuple


class Writer:
    """Rows gathered by table and inserted in bulk, with ids counted here."""

    def __init__(self, session):
        self._session = session
        self._rows = defaultdict(list)
        self._last = {}

    def add(self, table, **values):
        """Gather a row and return its id."""
        if table is not rows.PageTextRow:
            self._last[table] = self._last.get(table, 0) + 1
            values["id"] = self._last[table]
        self._rows[table].append(values)
        return values.get("id")

    def flush(self):
        """Insert what was gathered."""
        for table in TABLES:
            waiting = self._rows.pop(table, [])
            for at in range(0, len(waiting), ROWS_AT_A_TIME):
                self._session.execute(sa.insert(table.__table__), waiting[at : at + ROWS_AT_A_TIME])

    def close(self):
        """Insert the rest, and tell PostgreSQL which ids are taken."""
        self.flush()
        if self._session.get_bind().dialect.name == "postgresql":
            for table, last in self._last.items():
                sequence = f"{table.__tablename__}_id_seq"
                self._session.execute(sa.select(sa.func.setval(sequence, last)))


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def labelled_texts():
    """Return the corpus's labelled claims, each text once."""
    found = {}
    for line in (ROOT / "corpus" / "ketamine" / "training" / "claims.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["verdict"] in LABELS:
            said = Said(row["text"], row["verdict"], row.get("topic", "other"), tuple(row.get("overstates", ())))
            found.setdefault(said.text, said)
    return list(found.values())


def cited(record, stance, score):
    """Return a piece of evidence as a judgement keeps it."""
    source = {
        name: getattr(record.source, name)
        for name in ("type", "title", "authors", "year", "journal", "url", "pmid", "doi")
    }
    return {
        "id": record.id, "statement": record.statement, "stance": stance.value, "score": score,
        "certainty": record.certainty.value, "limits": record.limits, "source": source,
    }  # fmt: skip


class Clinics:
    """Makes the sites of a store, one after the other."""

    def __init__(self, writer, rng):
        self.writer, self.rng = writer, rng
        self.texts = labelled_texts()
        corpus = YamlCorpusReader().read(ROOT / "corpus" / "ketamine")
        self.records = corpus.records
        values = {
            "claimcheck": "0.2.0",
            "corpus": {"pack": "ketamine", "records": len(self.records), "sha256": corpus.sha256},
            "models": {"encoder": "ab" * 32, "verdict": "cd" * 32}, "settings_sha256": "09" * 32,
        }  # fmt: skip
        self.version = writer.add(
            rows.VersionRow, sha256=digest(json.dumps(values)), pack="ketamine", corpus_sha256=corpus.sha256,
            models_sha256="cd" * 32, values=values, created_at=START,
        )  # fmt: skip
        self.run = writer.add(
            rows.RunRow, started_at=START, finished_at=START + timedelta(hours=9), arguments={}, archive="",
            manifest_lines=0, manifest_head="",
        )  # fmt: skip
        self.judged = {}
        self.texts_stored = set()

    def site(self, number, findings):
        """Add a site with one finished scan."""
        name = f"{NAMES[number % len(NAMES)]} {KINDS[number // len(NAMES) % len(KINDS)]}"
        host = f"{name.lower().replace(' ', '-')}-{number:04d}.example"
        at = START + timedelta(minutes=number)
        site = self.writer.add(rows.SiteRow, host=host, start_url=f"https://{host}/", region="", created_at=START)
        scan = self.writer.add(
            rows.ScanRow, run_id=self.run, site_id=site, version_id=self.version, state="finished", started_at=at,
            finished_at=at + timedelta(minutes=8), crawled_at=at + timedelta(minutes=5), crawl={},
        )  # fmt: skip
        said = self.rng.sample(self.texts, min(findings, len(self.texts)))
        for place in range(0, len(said), FINDINGS_A_PAGE):
            self.page((site, scan), (host, name), place // FINDINGS_A_PAGE, said[place : place + FINDINGS_A_PAGE])
        for lost in range(3):
            self.writer.add(rows.PageRow, **page_values(scan, f"https://{host}/old/{lost}", "failed", "http-404"))

    def page(self, ids, names, number, said):
        """Add a page that makes these claims, and their findings."""
        host, name = names
        title, cursor, parts, places = f"{name}: page {number + 1}", 0, [], []
        pieces = [(title, None)]
        for item in said:
            sentence, claim = self.claim(item, name)
            pieces += [(sentence, claim), (self.rng.choice(FILLER), None)]
        for text, claim in pieces:
            if claim is not None:
                places.append((claim, text, cursor, cursor + len(text)))
            parts.append(text)
            cursor += len(text) + 1
        text = "\n".join(parts)
        sha256 = digest(text)
        if sha256 not in self.texts_stored:
            self.texts_stored.add(sha256)
            self.writer.add(rows.PageTextRow, sha256=sha256, text=text)
        url = f"https://{host}/" + (f"treatments/{number}" if number else "")
        values = page_values(ids[1], url, "checked", "") | {
            "title": title, "text_sha256": sha256, "sentences": len(pieces), "characters_found": len(text) + 900,
            "characters_kept": len(text), "sha256": digest(url), "depth": min(number, 3),
        }  # fmt: skip
        page = self.writer.add(rows.PageRow, **values)
        for claim, sentence, start, end in places:
            self.finding(ids, page, claim, (sentence, start, end, title))

    def claim(self, item, name):
        """Return a sentence of the page and its claim's id: the corpus's wording, or the clinic's own."""
        base = self.known(item, item.text, None)
        if self.rng.random() >= OWN_WORDING:
            return item.text, base
        text = f"At {name}, {item.text[:1].lower()}{item.text[1:]}"
        return text, self.known(item, text, base)

    def known(self, item, text, group):
        """Return the claim's id, added with its judgement when it is new."""
        if text not in self.judged:
            vector = self.rng.randbytes(768)
            claim = self.writer.add(
                rows.ClaimRow, key=digest(text.lower()), text=text, topic=item.topic, group_id=None, vector=vector
            )
            self.writer._rows[rows.ClaimRow][-1]["group_id"] = group or claim
            self.judged[text] = (claim, self.judgement(claim, item), item)
        return self.judged[text][0]

    def judgement(self, claim, item):
        """Add a claim's judgement; return its id, confidence and severity."""
        confidence = round(self.rng.triangular(0.4, 0.98, 0.85), 4)
        rest = round((1 - confidence) / 3, 4)
        evidence = []
        if item.label in STANCE:
            records = self.rng.sample(self.records, EVIDENCE)
            evidence = [cited(record, STANCE[item.label], 0.9 - place / 10) for place, record in enumerate(records)]
        severity = SEVERITY[severity_of(Label(item.label), item.topic, confidence).value]
        made = self.writer.add(
            rows.JudgementRow, claim_id=claim, version_id=self.version, label=item.label, confidence=confidence,
            probabilities={label: confidence if label == item.label else rest for label in LABELS},
            needs_review=confidence < 0.6, severity=severity, overstates=list(item.overstates),
            explanation="What the best evidence at hand says of this, and how far the wording goes beyond it.",
            evidence=evidence, numbers=[], strong_words=[],
        )  # fmt: skip
        return made, confidence, severity

    def finding(self, ids, page, claim, said):
        """Add a finding and where it stands."""
        sentence, start, end, heading = said
        _, (judgement, confidence, severity), item = self.judged[sentence]
        made = self.writer.add(
            rows.FindingRow, scan_id=ids[1], site_id=ids[0], page_id=page, claim_id=claim, judgement_id=judgement,
            sentence=sentence, topic=item.topic, label=item.label, confidence=confidence,
            needs_review=confidence < 0.6, severity=severity, pages=1, is_new=self.rng.random() < 0.2, created_at=START,
        )  # fmt: skip
        self.writer.add(
            rows.OccurrenceRow, finding_id=made, page_id=page, start=start, end=end, block="paragraph", visible=True,
            heading=heading,
        )  # fmt: skip


def page_values(scan, url, state, reason):
    """Return a page's columns, one set for every page so that they insert together."""
    is_read = state == "checked"
    return {
        "scan_id": scan, "url": url, "final_url": url if is_read else "", "depth": 0, "hops": 0, "admitted": True,
        "state": state, "reason": reason, "detail": "", "attempts": 1, "http_status": 200 if is_read else 404,
        "content_type": "text/html", "fetched_at": START, "checked_at": START if is_read else None, "sha256": "",
        "warc_file": "", "warc_offset": None, "warc_length": None, "capture_sha256": "", "rendered": False,
        "screenshot": "", "screenshot_sha256": "", "duplicate_of": None, "title": "", "text_sha256": None,
        "sentences": 0, "characters_found": 0, "characters_kept": 0, "images_without_text": 1, "reasons_dropped": {},
        "findings": [],
    }  # fmt: skip


def add_people(session):
    """Return the reviewers; everybody has the same password, hashed once."""
    known = hash_password(PASSWORD)
    names = [(f"reviewer{number:02d}", "reviewer") for number in range(REVIEWERS)]
    made = [add_account(session, None, name, role) for name, role in (*names, *PEOPLE)]
    session.execute(sa.update(AccountRow).values(password_hash=known))
    return made[:REVIEWERS]


def decide_some(store, reviewers, count, rng):
    """Decide ``count`` flagged findings, drawn at random: most confirmed, as a batch a reviewer."""
    with store.session() as session:
        flagged = ReviewStateRow.verdict.in_(("overstated", "contradicted"))
        ids = list(
            session.scalars(sa.select(ReviewStateRow.finding_id).where(flagged).order_by(ReviewStateRow.finding_id))
        )
    chosen = rng.sample(ids, min(count, len(ids)))
    for number, start in enumerate(range(0, len(chosen), 100)):
        kind = rng.choices((Kind.CONFIRM, Kind.DISMISS), (0.85, 0.15))[0]
        choice = Choice(kind, reason="" if kind is Kind.CONFIRM else "opinion")
        with store.session() as session:
            bulk_decide(session, reviewers[number % len(reviewers)], choice, finding_ids=chosen[start : start + 100])


def make(url, *, findings, sites, decisions, seed):
    """Fill the store at an address and return the seconds that each step took."""
    rng, took, at = random.Random(seed), {}, time.monotonic()

    def lap(name):
        nonlocal at
        took[name], at = round(time.monotonic() - at, 1), time.monotonic()

    store = open_store(url)
    try:
        with store.session() as session:
            if session.execute(sa.select(rows.SiteRow.id).limit(1)).first():
                raise SystemExit(f"{url}: found sites already, expected a new store")
            writer = Writer(session)
            clinics = Clinics(writer, rng)
            for number in range(sites):
                clinics.site(number, findings // sites + (number < findings % sites))
                if number % 20 == 19:
                    writer.flush()
            writer.close()
        lap("rows")
        with store.session() as session:
            sync(session)
        lap("queue")
        with store.session() as session:
            reviewers = add_people(session)
        decide_some(store, reviewers, decisions, rng)
        lap("decisions")
        if store.engine.dialect.name == "postgresql":
            # Its autovacuum would, a minute later; nobody does it for SQLite, so the bench goes without there.
            with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(sa.text("ANALYZE"))
            lap("analyze")
    finally:
        store.close()
    return took


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", help="path of a new SQLite file, or postgresql://… of an empty database")
    parser.add_argument("--findings", type=int, default=100_000)
    parser.add_argument("--sites", type=int, default=200)
    parser.add_argument("--decisions", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    took = make(given.store, findings=given.findings, sites=given.sites, decisions=given.decisions, seed=given.seed)
    print(json.dumps({"seconds": took, "password": PASSWORD}), file=sys.stderr)


if __name__ == "__main__":
    main()
