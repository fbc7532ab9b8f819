"""Alembic's environment: one migration, one transaction; one migrator at a time; no endless waits for locks."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import text
from sqlalchemy.engine import Connection

from llmio.core.db import engine_for
from llmio.migrations import turn

LOCK_TIMEOUT = "5s"
"""A migration that waits for a table blocks everyone behind it, so it rather gives up and is tried again."""
STATEMENT_TIMEOUT = "10min"


def run(connection: Connection) -> None:
    """Bring the connection's database to the wanted revision."""
    turn.take(connection)
    try:
        told = context.config.attributes.get("timeouts") or {}
        for name, usual in (("lock_timeout", LOCK_TIMEOUT), ("statement_timeout", STATEMENT_TIMEOUT)):
            connection.execute(
                text("SELECT set_config(:name, :value, false)"), {"name": name, "value": told.get(name, usual)}
            )
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
