"""Work on files after the act."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from llmio.core.errors import Conflict
from llmio.core.jobs import GiveUp, job
from llmio.files import checking, queries, storages

if TYPE_CHECKING:
    from llmio.core.app import App

KEPT = timedelta(days=2)
"""How long a file that was uploaded waits for the text it was meant for."""


@job("files.purge_unused", queue="low", transaction=False)
def purge_unused(app: App) -> int:
    """Remove files that were uploaded and then used nowhere."""
    with app.begin() as ctx:
        rows = queries.unused(ctx, ctx.now - KEPT)
        gone = [(blob.service_name, blob.key) for blob in rows]
        for blob in rows:
            ctx.db.delete(blob)
    for service, key in gone:
        storages.named(app, service).delete(key)
    return len(gone)


@job("files.sweep", queue="low", transaction=False)
def sweep(app: App) -> int:
    """Remove bytes that no file refers to, left by a crash in the middle of an upload."""
    try:
        return checking.sweep(app).objects
    except Conflict as error:
        raise GiveUp(str(error)) from error
