"""Work on files after the act."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from llmio.core.jobs import job
from llmio.files import queries, storages

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
