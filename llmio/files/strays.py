"""Bytes without a file: what an upload leaves that failed where nobody could remove it again.

A storage that falls silent may have stored all the same, or do so when it wakes up. Such a key is remembered, and what lies
there is removed as soon as the storage answers; what a day of that does not reach is left to the sweep.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import IO, TYPE_CHECKING

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from llmio.core.errors import LlmioError, Unavailable
from llmio.files.models import Blob
from llmio.files.patience import Silent
from llmio.files.storages import Storage, named
from llmio.plugins.storage import StorageFault

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context

log = logging.getLogger(__name__)
FIRST = timedelta(seconds=30)
"""Until the storage is asked; from time to time four times longer."""
TRIES = 6
DISCARD = "files.discard"
"""The job that calls `discard` below."""


def save(ctx: Context, storage: Storage, key: str, stream: IO[bytes]) -> None:
    """Store the bytes of a new file; what a failure leaves is removed later, however the transaction ends."""
    try:
        storage.save(key, stream)
    except Unavailable as error:
        why = error.__cause__
        if why is not None and not isinstance(why, Silent) and storage.fault(why) is not StorageFault.MISSING:
            place = (ctx.app, storage.backend.key, key)
            ctx.tm.get().addAfterAbortHook(remember, args=place)
            ctx.tm.get().addAfterCommitHook(_remember_after, args=place)
        raise


def _remember_after(_committed: bool, app: App, storage: str, key: str) -> None:  # noqa: FBT001  # the hook's signature
    remember(app, storage, key)


def remove(app: App, storage: Storage, key: str) -> None:
    """Remove the bytes of a file that did not come to be: now, or where that fails, later. Raises nothing."""
    try:
        storage.delete(key)
    except LlmioError:
        remember(app, storage.backend.key, key)


def remember(app: App, storage: str, key: str, tries: int = 0) -> None:
    """Have it removed in a while. Without a database that is left to the sweep."""
    try:
        with app.begin() as ctx:
            ctx.enqueue(app.jobs[DISCARD], storage, key, tries, delay=FIRST * 4**tries)
    except SQLAlchemyError as error:
        log.warning("what lies in %s under %s is left to the sweep: %s", storage, key, error)


def hold(ctx: Context, key: str) -> None:
    """Wait for whoever stores or removes the same key."""
    ctx.db.execute(text("SELECT pg_advisory_xact_lock(hashtext('file'), hashtext(:key))"), {"key": key})


def discard(app: App, storage: str, key: str, tries: int) -> str:
    """Remove what lies there, unless a second try made it a file; what was done."""
    try:
        with app.begin() as ctx:
            # The one place that calls a storage in a transaction: a second try of the same upload must wait for this.
            hold(ctx, key)
            if ctx.db.scalar(select(Blob.id).where(Blob.key == key)) is not None:
                return "a file"
            named(app, storage).discard(key)
    except Unavailable as error:
        if tries + 1 >= TRIES:
            return f"left to the sweep: {error}"
        remember(app, storage, key, tries + 1)
        return f"later: {error}"
    return "removed"
