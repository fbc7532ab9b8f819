"""Schema public as the reference has it; a restored dump of the same version is left as it is."""

from __future__ import annotations

from importlib.resources import files

from alembic import op

from llmio.migrations.adopt import create_extensions, holds_reference

revision = "public_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables unless they are there; extensions first, since columns use their types."""
    connection = op.get_bind()
    present = holds_reference(connection)
    create_extensions(connection)
    if not present:
        # One script in one round trip: a call per table and index takes seconds.
        connection.exec_driver_sql((files("llmio.migrations") / "public.sql").read_text("utf-8"))
