"""The plugin's own table: votes it heard of."""

from __future__ import annotations

from datetime import datetime

import click
from sqlalchemy import text
from sqlalchemy.engine import Connection

from llmio.plugins import PluginContext


def note(connection: Connection, event_id: int, now: datetime) -> None:
    """Keep that a vote was heard of, once."""
    statement = "INSERT INTO heard (event_id, heard_at) VALUES (:id, :at) ON CONFLICT DO NOTHING"
    connection.execute(text(statement), {"id": event_id, "at": now})


@click.pass_obj
def tell(ctx: PluginContext) -> None:
    """Print how many."""
    with ctx.connect() as connection:
        click.echo(f"{connection.scalar(text('SELECT count(*) FROM heard'))} votes")
