"""Storages `local` and `test`: folders of the server, in the layout of Active Storage."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from fsspec.implementations.local import LocalFileSystem

from llmio.plugins import Plugin, Setting, StorageBackend, Stored, hookimpl, is_key

PLUGIN = Plugin(
    "Files on disk",
    "Keeps files in a folder of the server.",
    settings=(
        Setting(
            "storage_disk.folder",
            "LLMIO_STORAGE_FOLDER",
            default="",
            help="Folder for uploaded files; empty: `storage` in the data folder.",
        ),
    ),
)
PART = ".part-"
"""Begins the names of files that are being written."""


class Disk(StorageBackend):
    """A folder."""

    key = "local"
    title = "Disk"
    summary = "A folder of the server."
    permissions = {
        "write": "to write in the folder",
        "read": "to read in the folder",
        "delete": "to write in the folder",
        "list": "to read the folder and all within",
    }

    def folder(self, settings: Mapping[str, Any]) -> Path:
        """Where the files lie."""
        return Path(settings.get("folder") or Path(settings["data"]) / "storage").absolute()

    def filesystem(self, settings: Mapping[str, Any]) -> LocalFileSystem:
        """The disk."""
        return LocalFileSystem()

    def path(self, key: str, settings: Mapping[str, Any]) -> str:
        """Two folders of two letters keep each folder small."""
        if not is_key(key):
            raise ValueError(f"{key!r} is no key of a file")
        return str(self.folder(settings) / key[:2] / key[2:4] / key)

    def save(self, key: str, stream: IO[bytes], settings: Mapping[str, Any]) -> None:
        """Write beside the place, bring it to the disk, give it its name."""
        place = Path(self.path(key, settings))
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=PART, dir=place.parent)
        try:
            with os.fdopen(handle, "wb") as target:
                while piece := stream.read(1 << 20):
                    target.write(piece)
                target.flush()
                os.fsync(target.fileno())
            Path(name).replace(place)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def stored(self, settings: Mapping[str, Any]) -> Iterator[Stored]:
        """Folder by folder. What else lies there (a half-written file, a note of the operator) is no file of the site."""
        for root, folders, names in os.walk(self.folder(settings)):
            folders.sort()
            for name in names:
                path = Path(root, name)
                if not is_key(name) or str(path) != self.path(name, settings):
                    continue
                try:
                    found = path.stat()
                except FileNotFoundError:  # removed meanwhile
                    continue
                yield Stored(name, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def tidy(self, settings: Mapping[str, Any], *, before: datetime) -> int:
        """Parts of files whose process ended in the middle."""
        count = 0
        for path in self.folder(settings).glob(f"*/*/{PART}*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    count += 1
        return count

    def probe(self, settings: Mapping[str, Any]) -> None:
        """The folder can be made and written to."""
        folder = self.folder(settings)
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(f"{folder} cannot be written to by this process")


class Scratch(Disk):
    """The reference's storage for trying things out: beside the real files, and thrown away with `tmp`."""

    key = "test"
    title = "Disk, for tests"
    summary = "A folder that may be thrown away."

    def folder(self, settings: Mapping[str, Any]) -> Path:
        """`tmp/storage` in the data folder."""
        return (Path(settings["data"]) / "tmp" / "storage").absolute()


@hookimpl
def llmio_storages() -> Sequence[StorageBackend]:
    """The two places."""
    return (Disk(), Scratch())
