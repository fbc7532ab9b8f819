"""Moving files from one storage to another while the site runs.

File by file: copied, read back and held against its checksum, and only then its row names the other storage. What was moved
is moved, whatever happens to the rest; run again, it goes on. One process moves at a time: of two, each would take the
other's copies for its own, and remove them. The old bytes stay unless they are asked to go: readers who
looked the row up a moment ago still find them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from llmio.core.errors import Invalid, LlmioError, Unavailable
from llmio.core.i18n import _
from llmio.files import checking, intake, storages
from llmio.files.faults import told_operators
from llmio.files.models import Blob

if TYPE_CHECKING:
    from llmio.core.app import App

AT_ONCE = 200
PATIENCE = 10
"""Files in a row that a storage does not give or take: then it is the storage, which may take a minute each to say so."""
ANY_SIZE = 1 << 62


@dataclass
class Moved:
    """How far it came."""

    files: int
    bytes: int
    done: int = 0
    done_bytes: int = 0
    failed: int = 0
    fault: str = ""
    """What went wrong with the file just looked at; empty where all went well."""


def move(app: App, source: str, target: str, *, dry: bool = False, remove: bool = False) -> Iterator[Moved]:
    """Move all files of a storage; yields after each. A file that cannot be moved is told and left as it is.

    Raises Conflict where files are moved or swept already, Unavailable where a storage takes or gives none any more.
    """
    if source == target:
        raise Invalid(_("The two storages are the same."))
    old, new = storages.named(app, source), storages.named(app, target)
    reached = _count(app, source)
    yield reached
    if not dry:
        with checking.alone(app):
            yield from _moved(app, old, new, reached, remove=remove)


def _moved(app: App, old: storages.Storage, new: storages.Storage, reached: Moved, *, remove: bool) -> Iterator[Moved]:
    last, in_vain = 0, 0
    while page := _page(app, old.backend.key, last):
        for blob in page:
            last, reached.fault = blob.id, ""
            try:
                _move(app, blob, old, new, remove=remove)
                reached.done, reached.done_bytes, in_vain = reached.done + 1, reached.done_bytes + blob.byte_size, 0
            except LlmioError as error:
                reached.failed += 1
                reached.fault = f"file {blob.id} ({blob.filename}): {told_operators(error)}"
                in_vain = in_vain + 1 if isinstance(error, Unavailable) else 0
            yield reached
            if in_vain == PATIENCE:
                raise Unavailable(
                    _(
                        "{count} files in a row could not be moved. The rest was not tried; go on with the same command.",
                        count=in_vain,
                    )
                )


def _count(app: App, source: str) -> Moved:
    with app.begin() as ctx:
        query = select(func.count(), func.coalesce(func.sum(Blob.byte_size), 0)).where(Blob.service_name == source)
        files, size = ctx.db.execute(query).one()
    return Moved(int(files), int(size))


def _page(app: App, source: str, last: int) -> list[Blob]:
    with app.begin() as ctx:
        query = select(Blob).where(Blob.service_name == source, Blob.id > last).order_by(Blob.id).limit(AT_ONCE)
        found = list(ctx.db.scalars(query))
        ctx.db.expunge_all()
    return found


def _move(app: App, blob: Blob, old: storages.Storage, new: storages.Storage, *, remove: bool) -> None:
    with intake.taken(storages.reader(old.open(blob.key)), ANY_SIZE) as came:
        if came.size != blob.byte_size or (blob.checksum and came.checksum != blob.checksum):
            raise Invalid(_("it is damaged where it lies"))
        new.save(blob.key, came.stream)
        with intake.taken(storages.reader(new.open(blob.key)), ANY_SIZE) as copy:
            if (copy.size, copy.checksum) != (came.size, came.checksum):
                new.delete(blob.key)
                raise Invalid(_("the copy is not what was written"))
    with app.begin() as ctx:
        here = (Blob.id == blob.id) & (Blob.service_name == blob.service_name) & (Blob.key == blob.key)
        done = ctx.db.execute(
            update(Blob).where(here).values(service_name=new.backend.key).execution_options(synchronize_session=False)
        )
    if done.rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE has it
        new.delete(blob.key)  # removed, or replaced by a stripped copy, meanwhile
    elif remove:
        old.delete(blob.key)
