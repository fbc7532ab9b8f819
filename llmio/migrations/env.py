"""Alembic's environment: one migration, one transaction; one migrator at a time; no endless waits for locks."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import text
from sqlalchemy.engine import Connection

from llmio.core import turn
from llmio.core.db import engine_for


def run(connection: Connection) -> None:
    """Bring the connection's database to the wanted revision."""
    turn.take(connection)
    try:
        turn.limit(connection, context.config.attributes.get("timeouts") or {})
        # Asked first: `IF NOT EXISTS` wants the right to create schemas even where there is nothing to create.
        if not connection.scalar(text("SELECT to_regnamespace('llmio')")):
            connection.execute(text("CREATE SCHEMA llmio"))
        connection.commit()
        context.configure(
            connection=connection,
            version_table_schema="llmio",
            transaction_per_migration=True,
            include_schemas=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    finally:
        turn.give_back(connection)


given: Connection | None = context.config.attributes.get("connection")
if context.is_offline_mode():
    raise SystemExit("Migrations look at the database (a restored dump is kept), so they cannot be written as SQL.")
if given is not None:
    run(given)
else:
    engine = engine_for(os.environ["DATABASE_URL"])
    with engine.connect() as own:
        run(own)
