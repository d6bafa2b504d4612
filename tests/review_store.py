"""Small stores for the review's tests: sites whose claims, verdicts and words are known beforehand."""

import contextlib
import hashlib
import os
import tempfile
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from claimcheck.review.accounts import account_named, add_account
from claimcheck.review.decisions import Choice
from claimcheck.review.finding import finding_detail
from claimcheck.review.permissions import Role
from claimcheck.review.standing import Kind
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
from postgres import run_sql

PASSWORD = "correct horse battery staple"  # noqa: S105 - of invented people
START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
# Claim, topic, verdict, severity, confidence, needs review.
CLAIMS = (
    ("Ketamine cures depression.", "efficacy", "contradicted", 3, 0.95, False),
    ("Ketamine is FDA approved for pain.", "approval", "contradicted", 3, 0.90, False),
    ("Relief within hours, guaranteed.", "efficacy", "overstated", 2, 0.80, False),
    ("There are no side effects.", "safety", "overstated", 2, 0.55, True),
    ("Ketamine is an anaesthetic.", "other", "supported", 0, 0.99, False),
)
EVIDENCE = [
    {"id": "depression-response", "statement": "About half respond.", "stance": "contradicts", "score": 0.9,
     "certainty": "moderate", "limits": "Short trials.",
     "source": {"type": "review", "title": "A review", "authors": "A. Author", "year": 2020, "journal": "J",
                "url": "https://journal.example/1", "pmid": "1", "doi": None}},
]  # fmt: skip


@lru_cache(maxsize=1)
def empty_store():
    """Return the bytes of an empty SQLite store: the migrations run once, not for each test."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.sqlite"
        store = open_store(str(path))
        with store.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        store.close()
        return path.read_bytes()


@contextlib.contextmanager
def opened(url):
    """Yield an open store, closed afterwards: an open connection would keep its database from being dropped."""
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).write_bytes(empty_store())
    store = open_store(url)
    try:
        yield store
    finally:
        store.close()


@contextlib.contextmanager
def database(server, name):
    """Yield the address of a database of PostgreSQL's for the tests of a module, dropped at its end."""
    name = f"review_{name}_{os.getpid()}"
    run_sql(server, f"CREATE DATABASE {name}")
    try:
        yield server.replace("/postgres?", f"/{name}?")
    finally:
        run_sql(server, f"DROP DATABASE {name} WITH (FORCE)")


def add_scan(session, host="clinic.example", *, claims=CLAIMS, day=0, state="finished"):
    """Add a scan of a site with one page that makes the claims; returns the findings' ids in the claims' order."""
    site = session.query(SiteRow).filter_by(host=host).one_or_none()
    site = site or SiteRow(host=host, start_url=f"https://{host}/")
    version = session.query(VersionRow).first()
    version = version or VersionRow(
        sha256="a" * 64, pack="ketamine", corpus_sha256="b" * 64, models_sha256="c" * 64, values={}
    )
    finished = START + timedelta(days=day)
    session.add_all([site, version])
    session.flush()
    scan = ScanRow(run=RunRow(), site=site, version=version, state=state, finished_at=finished)
    session.add(scan)
    text = "Welcome. " + " ".join(claim[0] for claim in claims) + " Call us."
    digest = hashlib.sha256(text.encode()).hexdigest()
    session.merge(PageTextRow(sha256=digest, text=text))
    page = PageRow(
        scan=scan, url=f"https://{host}/", state="checked", title=f"Home of {host}", text_sha256=digest,
        fetched_at=finished, sha256="d" * 64, capture_sha256="e" * 64, warc_file="0001.warc.gz", warc_offset=17,
    )  # fmt: skip
    session.add(page)
    session.flush()
    return [_finding(session, scan, page, version, row, text).id for row in claims]


def _finding(session, scan, page, version, row, text):
    words, topic, label, severity, confidence, needs_review = row
    key = hashlib.sha256(words.lower().encode()).hexdigest()
    claim = session.query(ClaimRow).filter_by(key=key).one_or_none()
    if claim is None:
        claim = ClaimRow(key=key, text=words, topic=topic)
        session.add(claim)
        session.flush()
    judgement = session.query(JudgementRow).filter_by(claim_id=claim.id).one_or_none() or JudgementRow(
        claim=claim, version=version, label=label, probabilities={label: confidence}, confidence=confidence,
        needs_review=needs_review, severity=severity, explanation="Because.", evidence=EVIDENCE,
        strong_words=[{"start": 0, "end": 8}],
    )  # fmt: skip
    finding = FindingRow(
        scan=scan, site_id=scan.site_id, page=page, claim=claim, judgement=judgement, sentence=words, topic=topic,
        label=label, confidence=confidence, needs_review=needs_review, severity=severity,
    )  # fmt: skip
    start = text.index(words)
    session.add(OccurrenceRow(finding=finding, page=page, start=start, end=start + len(words), heading="Welcome"))
    session.flush()
    return finding


@lru_cache(maxsize=1)
def password_hash():
    """Return the hash of PASSWORD, made once: argon2 is slow on purpose."""
    from claimcheck.review.passwords import hash_password

    return hash_password(PASSWORD)


def add_people(session, *, passwords=False):
    """Add ann, bob (reviewers), lea, leo (leads), ada (admin) and rex (reader); returns them by name."""
    roles = {
        "ada": Role.ADMIN, "ann": Role.REVIEWER, "bob": Role.REVIEWER, "lea": Role.LEAD, "leo": Role.LEAD,
        "rex": Role.READER,
    }  # fmt: skip
    for name, role in roles.items():
        add_account(session, None, name, role)
    if passwords:
        from claimcheck.store.review_models import AccountRow

        session.query(AccountRow).update({"password_hash": password_hash()})
    return {name: account_named(session, name) for name in roles}


def confirm(note=""):
    return Choice(Kind.CONFIRM, note=note)


def change(label="supported", reason="too-harsh"):
    return Choice(Kind.CHANGE, label, reason)


def seen(session, account, finding_id):
    """Return what a person who opens the finding now is shown as the newest decision."""
    return finding_detail(session, account, finding_id).seen
