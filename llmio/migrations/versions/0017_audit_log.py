"""Schema llmio: the log of administrators' acts, whose rows the database refuses to change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "core_0017"
down_revision = "core_0016"
branch_labels = None
depends_on = None
REFUSE = """
CREATE FUNCTION llmio.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'llmio.%: rows are added and never changed or removed', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$
"""


def upgrade() -> None:
    """Create the table and what guards it."""
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Integer),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("subject_type", sa.Text, nullable=False),
        sa.Column("subject_id", sa.BigInteger),
        sa.Column("group_id", sa.BigInteger),
        sa.Column("details", JSONB, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        schema="llmio",
    )
    op.create_index("index_audit_log_on_group_id", "audit_log", ["group_id"], schema="llmio")
    op.create_index("index_audit_log_on_subject", "audit_log", ["subject_type", "subject_id"], schema="llmio")
    op.execute(REFUSE)
    op.execute(
        "CREATE TRIGGER audit_log_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON llmio.audit_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION llmio.refuse_change()"
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("audit_log", schema="llmio")
    op.execute("DROP FUNCTION llmio.refuse_change()")
