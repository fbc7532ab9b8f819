"""Work on files after the act."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from llmio.core.errors import Conflict
from llmio.core.jobs import LONG, GiveUp, job
from llmio.files import checking, originals, previews, queries, service, shrink, storages, strays

if TYPE_CHECKING:
    from llmio.core.app import App

AT_ONCE = 500
KEPT = timedelta(days=2)
"""How long a file that was uploaded waits for the text it was meant for."""


@job("files.purge_unused", queue="low", transaction=False, limit=LONG)
def purge_unused(app: App) -> int:
    """Remove files that were uploaded and then used nowhere."""
    count = 0
    while True:
        with app.begin() as ctx:
            rows = queries.unused(ctx, ctx.now - KEPT, AT_ONCE)
            gone = [place for blob in rows for place in service.forget(ctx, blob)]
        for storage, key in gone:
            storages.named(app, storage).delete(key)
        count += len(rows)
        if len(rows) < AT_ONCE:
            return count


@job("files.sweep", queue="low", transaction=False, limit=LONG)
def sweep(app: App) -> int:
    """Remove bytes that no file refers to, left by a crash in the middle of an upload."""
    try:
        return checking.sweep(app).objects
    except checking.Strange as error:
        raise GiveUp(str(error)) from error
    except Conflict:  # files are being moved, which may take days; what belongs to nothing waits for another night
        return 0


@job("files.preview", queue="low", retries=3, transaction=False)
def preview(app: App, record_type: str, blob_id: int, side: int = shrink.LONGEST) -> str:
    """Make the small form of a picture that was uploaded, or is looked at and has none."""
    return previews.make(app, blob_id, side)


@job("files.strip", queue="low", retries=3, transaction=False)
def strip(app: App, blob_id: int) -> str:
    """Take place and device out of a picture from before, which is looked at."""
    return originals.mend(app, blob_id)


@job(strays.DISCARD, queue="low", retries=3, transaction=False)
def discard(app: App, storage: str, key: str, tries: int = 0) -> str:
    """Remove what a storage that did not answer may have stored of an upload that failed."""
    return strays.discard(app, storage, key, tries)
