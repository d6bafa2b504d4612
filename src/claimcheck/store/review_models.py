"""The tables of the review: people, decisions, notes, leases, the queue and the trail.

    account ─< login_session, api_token, saved_view
       │
       ├─< decision >── finding      append-only: triggers refuse UPDATE and DELETE
       ├─< note >────── finding      append-only
       ├─< lease >───── finding      who is working on it, until when
       └─< trail                     append-only and hash-chained: who did what when

    review_state ── finding          one row a finding of a finished scan: what the queue reads, made from the above

Only ``review_state``, leases, sessions and settings move on; what people did is added to and never changed.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from claimcheck.store.models import Base, utc_now

__all__ = [
    "AccountRow",
    "ApiTokenRow",
    "DecisionRow",
    "LeaseRow",
    "LoginLinkRow",
    "LoginSessionRow",
    "NoteRow",
    "QueuedScanRow",
    "ReviewOptionRow",
    "ReviewStateRow",
    "SavedViewRow",
    "ThrottleRow",
    "TrailRow",
]


class AccountRow(Base):
    """A person. ``password_hash`` is argon2id in its own notation, or '' for nobody can sign in by password."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    display_name: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str] = mapped_column(default="")
    role: Mapped[str] = mapped_column(String(20))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class LoginSessionRow(Base):
    """A browser that is signed in. The cookie holds the token; here is its SHA-256 only."""

    __tablename__ = "login_session"

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]


class LoginLinkRow(Base):
    """A link that signs in once: how the first account gets in, since it has no password yet."""

    __tablename__ = "login_link"

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    expires_at: Mapped[datetime]


class ApiTokenRow(Base):
    """A token for programs: acts as its account with the account's role."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]


class ThrottleRow(Base):
    """Failed sign-ins by account and address. ``key`` is a SHA-256: what was typed as a name may be a password."""

    __tablename__ = "login_throttle"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(index=True)
    blocked_until: Mapped[datetime]


class DecisionRow(Base):
    """What a person decided on a finding; append-only.

    ``round``: first, second or adjudication. ``kind``: confirm, change, dismiss, second_opinion, or undo, which takes
    back the row in ``supersedes_id``; any other kind with ``supersedes_id`` replaces that row. ``label`` is the verdict
    as decided ('' for second_opinion and undo). ``blind`` says that its author had not been shown the other round's
    decision, ``double`` that two reviewers were required when it was made. ``batch`` names a bulk decision.
    """

    __tablename__ = "decision"

    id: Mapped[int] = mapped_column(primary_key=True)
    finding_id: Mapped[int] = mapped_column(ForeignKey("finding.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    round: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    label: Mapped[str] = mapped_column(String(20), default="")
    reason: Mapped[str] = mapped_column(String(40), default="")
    note: Mapped[str] = mapped_column(default="")
    evidence_added: Mapped[list[Any]] = mapped_column(default=list)
    evidence_struck: Mapped[list[Any]] = mapped_column(default=list)
    blind: Mapped[bool] = mapped_column(default=True)
    double: Mapped[bool] = mapped_column(default=False)
    batch: Mapped[str] = mapped_column(String(32), default="")
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class NoteRow(Base):
    """A remark on a finding; append-only."""

    __tablename__ = "note"

    id: Mapped[int] = mapped_column(primary_key=True)
    finding_id: Mapped[int] = mapped_column(ForeignKey("finding.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    text: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class LeaseRow(Base):
    """Who is working on a finding, until when."""

    __tablename__ = "lease"

    finding_id: Mapped[int] = mapped_column(ForeignKey("finding.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    expires_at: Mapped[datetime]


class ReviewStateRow(Base):
    """A finding as the queue sees it: the finding's own columns for filters, and the state its decisions put it in.

    ``state``: open, second (a first decision waits for the second), conflict or decided; ``done`` is decided.
    ``first_by`` made the live first decision: until the second is in, the finding is open to everybody else.
    ``current`` says that no later finished scan of the site exists. ``verdict`` is the judgement's label, ``label`` the
    people's, '' before the end.
    """

    __tablename__ = "review_state"
    __table_args__ = (
        # The queue reads an index from its end and stops after a page; each filter people start from has its own.
        Index("ix_review_state_queue", "current", "severity", "confidence", "finding_id"),
        Index("ix_review_state_done", "current", "done", "severity", "confidence", "finding_id"),
        Index("ix_review_state_state", "current", "state", "severity", "confidence", "finding_id"),
        Index("ix_review_state_verdict", "current", "verdict", "severity", "confidence", "finding_id"),
        Index("ix_review_state_topic", "current", "topic", "severity", "confidence", "finding_id"),
        Index("ix_review_state_site", "site_id", "current", "severity", "confidence", "finding_id"),
        Index("ix_review_state_scan", "scan_id", "severity", "confidence", "finding_id"),
        Index("ix_review_state_assigned", "assigned_to", "current", "severity", "confidence", "finding_id"),
        Index("ix_review_state_unsure", "current", "done", "confidence", "finding_id"),
        Index("ix_review_state_group", "group_id", "current", "finding_id"),
        Index("ix_review_state_claim", "claim_id", "site_id"),
        # All that the precision of flags is counted from, so that the table itself is not read.
        Index("ix_review_state_decided", "done", "verdict", "topic", "label"),
    )

    finding_id: Mapped[int] = mapped_column(ForeignKey("finding.id"), primary_key=True)
    scan_id: Mapped[int] = mapped_column(ForeignKey("scan.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"))
    group_id: Mapped[int]
    topic: Mapped[str] = mapped_column(String(60))
    verdict: Mapped[str] = mapped_column(String(20))
    severity: Mapped[int]
    confidence: Mapped[float]
    needs_review: Mapped[bool]
    is_new: Mapped[bool]
    current: Mapped[bool]
    state: Mapped[str] = mapped_column(String(20), default="open")
    done: Mapped[bool] = mapped_column(default=False)
    label: Mapped[str] = mapped_column(String(20), default="")
    first_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    assigned_to: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class QueuedScanRow(Base):
    """A finished scan whose findings are in ``review_state``."""

    __tablename__ = "queued_scan"

    scan_id: Mapped[int] = mapped_column(ForeignKey("scan.id"), primary_key=True)
    queued_at: Mapped[datetime] = mapped_column(default=utc_now)


class ReviewOptionRow(Base):
    """A setting of the review that its team shares; ``value`` is JSON."""

    __tablename__ = "review_option"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str]


class SavedViewRow(Base):
    """Filters that a person keeps by a name; ``filters`` as ``Filters.as_values``."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("account_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str] = mapped_column(String(60))
    filters: Mapped[dict[str, Any]]
    shared: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class TrailRow(Base):
    """One act. ``detail`` is canonical JSON; ``sha256`` is of the row's other columns, the row before included."""

    __tablename__ = "trail"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    time: Mapped[str] = mapped_column(String(32))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    actor: Mapped[str] = mapped_column(String(60))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(80), index=True)
    detail: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
