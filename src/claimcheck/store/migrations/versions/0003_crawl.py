"""What a crawl needs to be resumed: pages admitted, redirects counted, sites crawled; the head of the manifest."""

import sqlalchemy as sa
from alembic import op

revision = "0003_crawl"
down_revision = "0002_review"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema up."""
    # Defaults of the server are for rows that older scans left; the models give their own.
    with op.batch_alter_table("page", schema=None) as batch_op:
        batch_op.add_column(sa.Column("hops", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("admitted", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.add_column(sa.Column("manifest_lines", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("manifest_head", sa.String(length=64), nullable=False, server_default=""))
    with op.batch_alter_table("scan", schema=None) as batch_op:
        batch_op.add_column(sa.Column("crawled_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("crawl", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    """Take the schema back."""
    with op.batch_alter_table("scan", schema=None) as batch_op:
        batch_op.drop_column("crawl")
        batch_op.drop_column("crawled_at")
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_column("manifest_head")
        batch_op.drop_column("manifest_lines")
    with op.batch_alter_table("page", schema=None) as batch_op:
        batch_op.drop_column("admitted")
        batch_op.drop_column("hops")
