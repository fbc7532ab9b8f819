"""The pictures themselves: none leaves the site with what a camera noted in it.

What is uploaded is stripped before it is stored. What lies there from before (a taken-over database) is stripped when it is
first asked for: on its way out that time, and for good by a job.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from llmio.files import intake, service, storages
from llmio.files.models import Blob
from llmio.files.stripping import STRIPPERS

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context

ANY_SIZE = 1 << 62
STRIPPED = "stripped"
AGAIN = 3600.0
"""Seconds after which work that was asked for and came to nothing is asked for again."""


def is_noted(blob: Blob) -> bool:
    """Whether a file may hold notes: a picture that was not looked through."""
    return blob.content_type in STRIPPERS and not known(blob).get(STRIPPED)


@contextmanager
def stripped(app: App, blob: Blob) -> Iterator[intake.Taken]:
    """What lies there, without notes. Raises NotFound, Unavailable."""
    storage = storages.named(app, blob.service_name)
    with (
        intake.taken(storages.reader(storage.open(blob.key)), ANY_SIZE) as lies,
        intake.stripped(lies, str(blob.content_type)) as found,
    ):
        yield found


def mend(app: App, blob_id: int) -> str:
    """Put a stripped copy in the place of what lies there; what was done. Doing it twice does no harm."""
    with app.begin() as ctx:
        blob = ctx.db.get(Blob, blob_id)
        if blob is None or not is_noted(blob):
            return "not wanted"
        ctx.db.expunge(blob)
    with stripped(app, blob) as found:
        if found.checksum == blob.checksum:
            with app.begin() as ctx:
                _note(ctx, blob_id)
            return "nothing was noted"
        key, storage = service.new_key(), storages.named(app, blob.service_name)
        storage.save(key, found.stream)
        if not _replace(app, blob, key, found):
            storage.delete(key)
            return "changed meanwhile"
    storage.delete(blob.key)
    return "stripped"


def _replace(app: App, blob: Blob, key: str, found: intake.Taken) -> bool:
    storage = storages.named(app, blob.service_name)
    with app.begin() as ctx:
        ctx.tm.get().addAfterAbortHook(storage.delete, args=(key,))
        there = ctx.db.scalar(select(Blob).where(Blob.id == blob.id).with_for_update())
        if there is None or (there.key, there.service_name) != (blob.key, blob.service_name):
            return False
        there.key, there.byte_size, there.checksum = key, found.size, found.checksum
        describe(there, **{STRIPPED: True})
        return True


def _note(ctx: Context, blob_id: int) -> None:
    there = ctx.db.scalar(select(Blob).where(Blob.id == blob_id).with_for_update())
    if there is not None:
        describe(there, **{STRIPPED: True})


def is_due(ctx: Context, blob: Blob, work: str) -> bool:
    """Whether work on a file is to be asked for now, which is noted; False where it was asked for a while ago."""
    asked = known(blob).get("asked") or {}
    moment = ctx.now.timestamp()
    if moment - float(asked.get(work, 0)) < AGAIN:
        return False
    describe(blob, asked={**asked, work: int(moment)})
    return True


def known(blob: Blob) -> dict[str, Any]:
    """What is known of a file."""
    try:
        found = json.loads(blob.metadata_ or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def describe(blob: Blob, **more: Any) -> None:
    """Note more of a file."""
    blob.metadata_ = json.dumps({**known(blob), **more})
