"""The tables of a store.

    run ─< scan >─ site
            │
            ├─< page >── page_text           every address a scan knows of, with its state and capture
            └─< finding >── claim            a claim of a site, in one scan
                  │  └──── judgement >── version
                  └─< occurrence >── page    where on the site the claim stands

A claim is a text; it is judged once for each version of claimcheck, corpus and models, however many sites say it. Rows
are added, and a page's state moves on; nothing that was found is ever changed.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, Index, LargeBinary, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

__all__ = [
    "Base",
    "ClaimRow",
    "FindingRow",
    "JudgementRow",
    "LetterClaimRow",
    "LetterRow",
    "OccurrenceRow",
    "PageRow",
    "PageTextRow",
    "RunRow",
    "ScanRow",
    "SiteRow",
    "UtcDateTime",
    "VersionRow",
    "utc_now",
]

# Named constraints, so that a migration can drop them on every database.
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def utc_now() -> datetime:
    """Return the time, in UTC and to the second: finer is false precision in a record people quote."""
    return datetime.now(UTC).replace(microsecond=0)


class UtcDateTime(TypeDecorator[datetime]):
    """A time in UTC; SQLite, which keeps no zone, gets it back on reading. A time without a zone is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: object) -> datetime | None:
        """Return the time as it is stored: in UTC."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"found the time {value} without a zone, expected UTC")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: object) -> datetime | None:
        """Return the time as it was given, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of every table, the review's included."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {datetime: UtcDateTime(), dict[str, Any]: JSON(), list[Any]: JSON(), str: Text()}  # noqa: RUF012 - SQLAlchemy reads it once


class SiteRow(Base):
    """A clinic's site, named by its host (and port), lower case; ``region`` groups sites in the audit table."""

    __tablename__ = "site"

    id: Mapped[int] = mapped_column(primary_key=True)
    host: Mapped[str] = mapped_column(String(300), unique=True)
    start_url: Mapped[str]
    region: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    scans: Mapped[list["ScanRow"]] = relationship(back_populates="site")


class RunRow(Base):
    """One call of ``claimcheck scan``: its arguments, and the folder of its captures relative to the archive.

    ``manifest_lines`` and ``manifest_head`` say how long the archive's manifest was after the run's last capture and
    what the digest of its last line was, so that a manifest cut short afterwards is found out.
    """

    __tablename__ = "run"

    id: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None]
    arguments: Mapped[dict[str, Any]] = mapped_column(default=dict)
    archive: Mapped[str] = mapped_column(default="")
    manifest_lines: Mapped[int] = mapped_column(default=0)
    manifest_head: Mapped[str] = mapped_column(String(64), default="")
    scans: Mapped[list["ScanRow"]] = relationship(back_populates="run")


class ScanRow(Base):
    """One site as read in one run. ``state``: running or finished; ``version_id`` is what judged it.

    ``crawled_at`` is when the last of its pages was fetched or given up; ``crawl`` says what the crawl learnt of the
    site as a whole: robots.txt by origin, sitemaps read, links left out.
    """

    __tablename__ = "scan"
    __table_args__ = (UniqueConstraint("run_id", "site_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    version_id: Mapped[int | None] = mapped_column(ForeignKey("version.id"))
    state: Mapped[str] = mapped_column(String(20), default="running")
    started_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None]
    crawled_at: Mapped[datetime | None]
    crawl: Mapped[dict[str, Any]] = mapped_column(default=dict)
    run: Mapped[RunRow] = relationship(back_populates="scans")
    site: Mapped[SiteRow] = relationship(back_populates="scans")
    version: Mapped["VersionRow | None"] = relationship()
    pages: Mapped[list["PageRow"]] = relationship(back_populates="scan")
    findings: Mapped[list["FindingRow"]] = relationship(back_populates="scan")


class VersionRow(Base):
    """What judged claims: versions and digests as ``Report.versions`` has them; ``sha256`` names the whole."""

    __tablename__ = "version"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    pack: Mapped[str]
    corpus_sha256: Mapped[str] = mapped_column(String(64))
    models_sha256: Mapped[str] = mapped_column(String(64))
    values: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class PageTextRow(Base):
    """The text of pages, once for pages that read alike; ``sha256`` is of its UTF-8 bytes."""

    __tablename__ = "page_text"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    text: Mapped[str]


class PageRow(Base):
    """An address that a scan knows of, and what became of it.

    ``state``: queued (found, not fetched), captured (fetched, while other pages of its depth are not), fetched (to be
    checked), checked, or one of the ends that are not a check: duplicate (same body or text as another page, or an
    address that leads to another page), refused (robots.txt, or an address out of bounds), failed.
    ``admitted`` says that a queued page is to be fetched: it waits for the pages above it otherwise. ``hops`` counts
    the redirects that led to it.
    ``reason`` is a stable kebab-case code and ``detail`` a sentence for people; a page that was checked has neither.
    ``capture`` fields point into the archive: the WARC file, and the offset and length of the response record there.
    ``sha256`` is of the body as served after content encoding was undone (empty when it broke off),
    ``capture_sha256`` of the WARC record's bytes. ``findings`` lists what the page does as a whole (``PageFinding``),
    with offsets into its text.
    """

    __tablename__ = "page"
    __table_args__ = (UniqueConstraint("scan_id", "url"), Index("ix_page_scan_id_state", "scan_id", "state"))

    id: Mapped[int] = mapped_column(primary_key=True)
    scan_id: Mapped[int] = mapped_column(ForeignKey("scan.id"))
    url: Mapped[str]
    final_url: Mapped[str] = mapped_column(default="")
    depth: Mapped[int] = mapped_column(default=0)
    hops: Mapped[int] = mapped_column(default=0)
    admitted: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(20), default="queued")
    reason: Mapped[str] = mapped_column(String(60), default="")
    detail: Mapped[str] = mapped_column(default="")
    attempts: Mapped[int] = mapped_column(default=0)
    http_status: Mapped[int | None]
    content_type: Mapped[str] = mapped_column(default="")
    fetched_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    sha256: Mapped[str] = mapped_column(String(64), default="", index=True)
    warc_file: Mapped[str] = mapped_column(default="")
    warc_offset: Mapped[int | None]
    warc_length: Mapped[int | None]
    capture_sha256: Mapped[str] = mapped_column(String(64), default="")
    rendered: Mapped[bool] = mapped_column(default=False)
    screenshot: Mapped[str] = mapped_column(default="")
    screenshot_sha256: Mapped[str] = mapped_column(String(64), default="")
    duplicate_of: Mapped[int | None] = mapped_column(ForeignKey("page.id"))
    title: Mapped[str] = mapped_column(default="")
    text_sha256: Mapped[str | None] = mapped_column(ForeignKey("page_text.sha256"), index=True)
    sentences: Mapped[int] = mapped_column(default=0)
    characters_found: Mapped[int] = mapped_column(default=0)
    characters_kept: Mapped[int] = mapped_column(default=0)
    images_without_text: Mapped[int] = mapped_column(default=0)
    reasons_dropped: Mapped[dict[str, Any]] = mapped_column(default=dict)
    findings: Mapped[list[Any]] = mapped_column(default=list)
    scan: Mapped[ScanRow] = relationship(back_populates="pages")
    page_text: Mapped[PageTextRow | None] = relationship()
    occurrences: Mapped[list["OccurrenceRow"]] = relationship(back_populates="page")


class ClaimRow(Base):
    """A claim's text, once. ``key`` is the SHA-256 of its words in lower case without punctuation.

    ``group_id`` is the claim that this one is worded like (itself, if it is the first of its kind); ``vector`` is its
    embedding as 16-bit floats, little endian, shape (384,).
    """

    __tablename__ = "claim"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    text: Mapped[str]
    topic: Mapped[str] = mapped_column(String(60), default="other")
    group_id: Mapped[int | None] = mapped_column(ForeignKey("claim.id"), index=True)
    vector: Mapped[bytes | None] = mapped_column(LargeBinary)
    judgements: Mapped[list["JudgementRow"]] = relationship(back_populates="claim")


class JudgementRow(Base):
    """A claim's verdict by one version, as in the JSON contract of a claim; probabilities by label name.

    ``severity`` is 0 none, 1 low, 2 medium, 3 high, so that a queue sorts by it. ``strong_words`` are offsets into the
    claim's text.
    """

    __tablename__ = "judgement"
    __table_args__ = (UniqueConstraint("claim_id", "version_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("version.id"), index=True)
    label: Mapped[str] = mapped_column(String(20))
    probabilities: Mapped[dict[str, Any]]
    confidence: Mapped[float]
    needs_review: Mapped[bool]
    severity: Mapped[int]
    overstates: Mapped[list[Any]] = mapped_column(default=list)
    explanation: Mapped[str] = mapped_column(default="")
    evidence: Mapped[list[Any]] = mapped_column(default=list)
    numbers: Mapped[list[Any]] = mapped_column(default=list)
    strong_words: Mapped[list[Any]] = mapped_column(default=list)
    claim: Mapped[ClaimRow] = relationship(back_populates="judgements")
    version: Mapped[VersionRow] = relationship()


class FindingRow(Base):
    """A claim that a site makes in one scan, with its judgement's label, confidence and so on for filters.

    ``page_id`` is the first page that makes it (least depth, then address), ``pages`` how many do. ``is_new`` says that
    no earlier finished scan of the site had the claim.
    """

    __tablename__ = "finding"
    __table_args__ = (
        UniqueConstraint("scan_id", "claim_id"),
        Index("ix_finding_queue", "severity", "confidence", "id"),
        Index("ix_finding_site_queue", "site_id", "severity", "confidence", "id"),
        Index("ix_finding_label_topic", "label", "topic"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    scan_id: Mapped[int] = mapped_column(ForeignKey("scan.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id"), index=True)
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"), index=True)
    judgement_id: Mapped[int] = mapped_column(ForeignKey("judgement.id"))
    sentence: Mapped[str]
    topic: Mapped[str] = mapped_column(String(60))
    label: Mapped[str] = mapped_column(String(20))
    confidence: Mapped[float]
    needs_review: Mapped[bool]
    severity: Mapped[int]
    pages: Mapped[int] = mapped_column(default=1)
    is_new: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    scan: Mapped[ScanRow] = relationship(back_populates="findings")
    site: Mapped[SiteRow] = relationship()
    page: Mapped[PageRow] = relationship()
    claim: Mapped[ClaimRow] = relationship()
    judgement: Mapped[JudgementRow] = relationship()
    occurrences: Mapped[list["OccurrenceRow"]] = relationship(back_populates="finding")


class OccurrenceRow(Base):
    """Where a finding stands: ``start`` and ``end`` are the sentence's code points in the page's text."""

    __tablename__ = "occurrence"
    __table_args__ = (UniqueConstraint("finding_id", "page_id", "start"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    finding_id: Mapped[int] = mapped_column(ForeignKey("finding.id"))
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id"), index=True)
    start: Mapped[int]
    end: Mapped[int]
    block: Mapped[str] = mapped_column(String(20), default="paragraph")
    visible: Mapped[bool] = mapped_column(default=True)
    heading: Mapped[str] = mapped_column(default="")
    finding: Mapped[FindingRow] = relationship(back_populates="occurrences")
    page: Mapped[PageRow] = relationship(back_populates="occurrences")


class LetterRow(Base):
    """A warning letter to a site: when it was sent and how many days it allows. ``calendar``: working or all."""

    __tablename__ = "letter"

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    scan_id: Mapped[int] = mapped_column(ForeignKey("scan.id"))
    sent_on: Mapped[str] = mapped_column(String(10))
    days: Mapped[int] = mapped_column(default=15)
    calendar: Mapped[str] = mapped_column(String(10), default="working")
    due_on: Mapped[str] = mapped_column(String(10))
    reference: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    claims: Mapped[list["LetterClaimRow"]] = relationship(back_populates="letter")
    site: Mapped[SiteRow] = relationship()


class LetterClaimRow(Base):
    """A finding that a letter cites."""

    __tablename__ = "letter_claim"

    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"), primary_key=True)
    finding_id: Mapped[int] = mapped_column(ForeignKey("finding.id"), primary_key=True)
    letter: Mapped[LetterRow] = relationship(back_populates="claims")
    finding: Mapped[FindingRow] = relationship()
