"""Accounts, decisions, queue and trail of the review."""

import sqlalchemy as sa
from alembic import op

revision = "0002_review"
down_revision = "0001_scans"
branch_labels = None
depends_on = None


# What people did stays as it was, whoever holds the database's password and however: see also the trail's hashes.
APPEND_ONLY = ("decision", "note", "trail")


def upgrade() -> None:
    """Bring the schema up."""
    _create_tables()
    if op.get_bind().dialect.name == "sqlite":
        _protect_sqlite()
        op.execute("CREATE VIRTUAL TABLE review_text USING fts5(text, tokenize = 'unicode61')")
    else:
        _protect_postgresql()
        op.execute("CREATE TABLE review_text (rowid integer PRIMARY KEY, text text NOT NULL)")
        op.execute("CREATE INDEX ix_review_text ON review_text USING gin (to_tsvector('simple', text))")


def _protect_sqlite() -> None:
    for table in APPEND_ONLY:
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _protect_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION claimcheck_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION claimcheck_append_only()"
        )


def _create_tables() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("display_name", sa.String(length=100), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("name", name=op.f("uq_account_name")),
    )
    op.create_table(
        "login_throttle",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_login_throttle")),
    )
    with op.batch_alter_table("login_throttle", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_throttle_last_at"), ["last_at"], unique=False)

    op.create_table(
        "review_option",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_review_option")),
    )
    op.create_table(
        "api_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_api_token_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_api_token_token_sha256")),
    )
    with op.batch_alter_table("api_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_token_account_id"), ["account_id"], unique=False)

    op.create_table(
        "login_link",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_login_link_account_id_account")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_login_link")),
    )
    op.create_table(
        "login_session",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_login_session_account_id_account")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_login_session")),
    )
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_session_account_id"), ["account_id"], unique=False)

    op.create_table(
        "saved_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_saved_view_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_saved_view_account_id_name")),
    )
    op.create_table(
        "trail",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_trail_account_id_account")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_trail")),
    )
    with op.batch_alter_table("trail", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_trail_subject"), ["subject"], unique=False)

    op.create_table(
        "queued_scan",
        sa.Column("scan_id", sa.Integer(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["scan_id"], ["scan.id"], name=op.f("fk_queued_scan_scan_id_scan")),
        sa.PrimaryKeyConstraint("scan_id", name=op.f("pk_queued_scan")),
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("finding_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("label", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("evidence_added", sa.JSON(), nullable=False),
        sa.Column("evidence_struck", sa.JSON(), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("double", sa.Boolean(), nullable=False),
        sa.Column("batch", sa.String(length=32), nullable=False),
        sa.Column("supersedes_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_decision_account_id_account")),
        sa.ForeignKeyConstraint(["finding_id"], ["finding.id"], name=op.f("fk_decision_finding_id_finding")),
        sa.ForeignKeyConstraint(["supersedes_id"], ["decision.id"], name=op.f("fk_decision_supersedes_id_decision")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decision_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_decision_finding_id"), ["finding_id"], unique=False)

    op.create_table(
        "lease",
        sa.Column("finding_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_lease_account_id_account")),
        sa.ForeignKeyConstraint(["finding_id"], ["finding.id"], name=op.f("fk_lease_finding_id_finding")),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_lease")),
    )
    with op.batch_alter_table("lease", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lease_account_id"), ["account_id"], unique=False)

    op.create_table(
        "note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("finding_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_note_account_id_account")),
        sa.ForeignKeyConstraint(["finding_id"], ["finding.id"], name=op.f("fk_note_finding_id_finding")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    with op.batch_alter_table("note", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_note_finding_id"), ["finding_id"], unique=False)

    op.create_table(
        "review_state",
        sa.Column("finding_id", sa.Integer(), nullable=False),
        sa.Column("scan_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("claim_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=60), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("needs_review", sa.Boolean(), nullable=False),
        sa.Column("is_new", sa.Boolean(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("label", sa.String(length=20), nullable=False),
        sa.Column("first_by", sa.Integer(), nullable=True),
        sa.Column("assigned_to", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["assigned_to"], ["account.id"], name=op.f("fk_review_state_assigned_to_account")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_review_state_claim_id_claim")),
        sa.ForeignKeyConstraint(["finding_id"], ["finding.id"], name=op.f("fk_review_state_finding_id_finding")),
        sa.ForeignKeyConstraint(["first_by"], ["account.id"], name=op.f("fk_review_state_first_by_account")),
        sa.ForeignKeyConstraint(["scan_id"], ["scan.id"], name=op.f("fk_review_state_scan_id_scan")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_review_state_site_id_site")),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_review_state")),
    )
    with op.batch_alter_table("review_state", schema=None) as batch_op:
        batch_op.create_index(
            "ix_review_state_assigned", ["assigned_to", "current", "severity", "confidence", "finding_id"], unique=False
        )
        batch_op.create_index("ix_review_state_claim", ["claim_id", "site_id"], unique=False)
        batch_op.create_index(
            "ix_review_state_done", ["current", "done", "severity", "confidence", "finding_id"], unique=False
        )
        batch_op.create_index("ix_review_state_decided", ["done", "verdict", "topic", "label"], unique=False)
        batch_op.create_index("ix_review_state_group", ["group_id", "current", "finding_id"], unique=False)
        batch_op.create_index(
            "ix_review_state_queue", ["current", "severity", "confidence", "finding_id"], unique=False
        )
        batch_op.create_index("ix_review_state_scan", ["scan_id", "severity", "confidence", "finding_id"], unique=False)
        batch_op.create_index(
            "ix_review_state_site", ["site_id", "current", "severity", "confidence", "finding_id"], unique=False
        )
        batch_op.create_index(
            "ix_review_state_state", ["current", "state", "severity", "confidence", "finding_id"], unique=False
        )
        batch_op.create_index(
            "ix_review_state_topic", ["current", "topic", "severity", "confidence", "finding_id"], unique=False
        )
        batch_op.create_index("ix_review_state_unsure", ["current", "done", "confidence", "finding_id"], unique=False)
        batch_op.create_index(
            "ix_review_state_verdict", ["current", "verdict", "severity", "confidence", "finding_id"], unique=False
        )


def downgrade() -> None:
    """Take the schema back."""
    op.execute("DROP TABLE review_text")
    if op.get_bind().dialect.name == "sqlite":
        for table in APPEND_ONLY:
            for act in ("update", "delete"):
                op.execute(f"DROP TRIGGER {table}_no_{act}")
    else:
        op.execute("DROP FUNCTION claimcheck_append_only() CASCADE")
    with op.batch_alter_table("review_state", schema=None) as batch_op:
        batch_op.drop_index("ix_review_state_verdict")
        batch_op.drop_index("ix_review_state_unsure")
        batch_op.drop_index("ix_review_state_topic")
        batch_op.drop_index("ix_review_state_state")
        batch_op.drop_index("ix_review_state_site")
        batch_op.drop_index("ix_review_state_scan")
        batch_op.drop_index("ix_review_state_queue")
        batch_op.drop_index("ix_review_state_group")
        batch_op.drop_index("ix_review_state_done")
        batch_op.drop_index("ix_review_state_decided")
        batch_op.drop_index("ix_review_state_claim")
        batch_op.drop_index("ix_review_state_assigned")

    op.drop_table("review_state")
    with op.batch_alter_table("note", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_note_finding_id"))

    op.drop_table("note")
    with op.batch_alter_table("lease", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_lease_account_id"))

    op.drop_table("lease")
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_decision_finding_id"))
        batch_op.drop_index(batch_op.f("ix_decision_account_id"))

    op.drop_table("decision")
    op.drop_table("queued_scan")
    with op.batch_alter_table("trail", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_trail_subject"))

    op.drop_table("trail")
    op.drop_table("saved_view")
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_login_session_account_id"))

    op.drop_table("login_session")
    op.drop_table("login_link")
    with op.batch_alter_table("api_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_api_token_account_id"))

    op.drop_table("api_token")
    op.drop_table("review_option")
    with op.batch_alter_table("login_throttle", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_login_throttle_last_at"))

    op.drop_table("login_throttle")
    op.drop_table("account")
