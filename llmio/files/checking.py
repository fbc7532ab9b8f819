"""Holding rows against what lies in the storages, and sweeping away what nobody knows of.

What a storage lists goes into a temporary table of the database, which then compares: memory stays small for millions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.engine import Connection

from llmio.core import alone as core_alone
from llmio.core.errors import Conflict, Unavailable
from llmio.core.i18n import _
from llmio.files import intake, storages
from llmio.files.faults import told_operators
from llmio.files.storages import Storage
from llmio.plugins.guard import RAISED, note

if TYPE_CHECKING:
    from llmio.core.app import App

OLD = timedelta(days=1)
"""Bytes without a row are left alone so long: their row may be on its way."""
OURS = re.compile(r"[0-9a-z]{28}\Z")
"""A key that Active Storage or this site made; whatever else lies there is not ours to remove."""
SHOWN = 20
FEW = 20
HANDS_ON = 0xF11E5
"""Key of the advisory lock of who moves or removes files."""

LISTED = "CREATE TEMP TABLE llmio_listed (key text PRIMARY KEY, size bigint, old boolean) ON COMMIT DROP"
ADD = text("INSERT INTO llmio_listed VALUES (:key, :size, :old) ON CONFLICT (key) DO NOTHING")
ROWS = text("SELECT count(*) FROM active_storage_blobs WHERE service_name = :name")
MISSING = text(
    "SELECT b.id, b.filename FROM active_storage_blobs b LEFT JOIN llmio_listed l USING (key) "
    "WHERE b.service_name = :name AND b.created_at < :begun AND l.key IS NULL ORDER BY b.id"
)
OTHER_SIZE = text(
    "SELECT b.id, b.filename FROM active_storage_blobs b JOIN llmio_listed l USING (key) "
    "WHERE b.service_name = :name AND b.byte_size <> l.size ORDER BY b.id"
)
# Of any storage: while files are moved, the old bytes wait for nobody's row.
WITHOUT_ROW = text(
    "SELECT l.key, l.size, EXISTS (SELECT FROM active_storage_blobs b WHERE b.key = l.key) AS moved FROM llmio_listed l WHERE l.old AND NOT EXISTS "
    "(SELECT FROM active_storage_blobs b WHERE b.key = l.key AND b.service_name = :name)"
)
WITH_SUM = text(
    "SELECT id, filename, key, checksum FROM active_storage_blobs "
    "WHERE service_name = :name AND checksum IS NOT NULL AND id > :last ORDER BY id LIMIT 200"
)
SERVICES = "SELECT DISTINCT service_name FROM active_storage_blobs"


@dataclass
class Checked:
    """What was found in one storage; of each fault some are named."""

    storage: str
    rows: int = 0
    listed: int = 0
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    without_row: int = 0
    without_row_bytes: int = 0
    fault: str = ""

    @property
    def well(self) -> bool:
        """Nothing is lost. Bytes without a row cost room, and no more."""
        return not (self.missing or self.damaged or self.fault)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "well": self.well}


def check(app: App, *, sums: bool = False) -> Iterator[Checked]:
    """Look at each storage that has files, and at the one for new files; with `sums` read every byte."""
    with app.connect() as connection:
        names = {str(name) for (name,) in connection.exec_driver_sql(SERVICES)}
    for name in sorted(names | {storages.chosen(app)}):
        found = Checked(name)
        try:
            storage = storages.named(app, name)
            with app.connect() as connection, connection.begin():
                found.rows = connection.execute(ROWS, {"name": name}).scalar_one()
                _compare(connection, storage, found, app)
            if sums:
                found.damaged += [one for one in _damaged(app, storage) if one not in found.damaged]
        except Unavailable as error:
            found.fault = told_operators(error)
        yield found


def _compare(connection: Connection, storage: Storage, found: Checked, app: App) -> None:
    begun = app.ports.clock.now().replace(tzinfo=None)
    found.listed = _list(connection, storage, app)
    values = {"name": storage.backend.key, "begun": begun}
    found.missing = [f"file {row.id} ({row.filename})" for row in connection.execute(MISSING, values)]
    found.damaged = [f"file {row.id} ({row.filename})" for row in connection.execute(OTHER_SIZE, values)]
    for row in connection.execute(WITHOUT_ROW, values):
        if OURS.match(row.key):
            found.without_row += 1
            found.without_row_bytes += row.size


def _list(connection: Connection, storage: Storage, app: App) -> int:
    connection.exec_driver_sql(LISTED)
    limit, count = app.ports.clock.now() - OLD, 0
    stored = storage.stored()
    while page := list(islice(stored, 1000)):
        connection.execute(ADD, [{"key": one.key, "size": one.size, "old": one.modified < limit} for one in page])
        count += len(page)
    return count


def _damaged(app: App, storage: Storage) -> Iterator[str]:
    last = 0
    while True:
        with app.connect() as connection:
            rows = connection.execute(WITH_SUM, {"name": storage.backend.key, "last": last}).all()
        if not rows:
            return
        for row in rows:
            last = row.id
            if storage.exists(row.key):
                with intake.taken(storages.reader(storage.open(row.key)), 1 << 62) as came:
                    if came.checksum != row.checksum:
                        yield f"file {row.id} ({row.filename})"


@dataclass
class Swept:
    """What was removed of a storage (or would be)."""

    storage: str
    objects: int = 0
    bytes: int = 0
    unfinished: int = 0


def alone(app: App) -> AbstractContextManager[None]:
    """One process moves or sweeps at a time: what one looked at before would be another's when it is removed."""
    return core_alone.alone(
        app, HANDS_ON, _("Files are being moved or swept by another process. Please try again when it is done.")
    )


class Strange(Conflict):
    """Most of what lies in a storage has no row."""


def sweep(app: App, *, name: str = "", dry: bool = False, force: bool = False) -> Swept:
    """Remove bytes without a row, older than a day, from a storage, and uploads that were never finished.

    Without a name that is the storage for new files; of another one this removes what a move left. Raises Strange where
    most of what lies there has no row, nor one that names the storage it was moved to: then this is rather another site's storage, or the wrong
    database; Conflict where files are moved or swept already.
    """
    storage = storages.named(app, name) if name else storages.for_new_files(app)
    with alone(app):
        return _sweep(app, storage, dry=dry, force=force)


def _sweep(app: App, storage: Storage, *, dry: bool, force: bool) -> Swept:
    found = Swept(storage.backend.key)
    with app.connect() as connection, connection.begin():
        listed = _list(connection, storage, app)
        gone = [row for row in connection.execute(WITHOUT_ROW, {"name": found.storage}) if OURS.match(row.key)]
    unknown = sum(not row.moved for row in gone)
    if not force and unknown > FEW and unknown * 2 > listed:
        raise Strange(
            _(
                "{gone} of {listed} files in {storage} belong to nothing in this database: is it the right one? If it is, say --force.",
                gone=unknown,
                listed=listed,
                storage=found.storage,
            )
        )
    for row in gone:
        if not dry:
            storage.delete(row.key)
        found.objects += 1
        found.bytes += row.size
    if not dry:
        found.unfinished = _tidy(app, storage)
    return found


def _tidy(app: App, storage: Storage) -> int:
    try:
        return storage.backend.tidy(storage.settings, before=app.ports.clock.now() - OLD)
    except RAISED as error:
        note(app.plugins, app.plugins.owner(storage.backend), f"storages.{storage.backend.key}.tidy", error)
        raise Unavailable(_("Unfinished uploads could not be removed: {error}", error=str(error))) from error
