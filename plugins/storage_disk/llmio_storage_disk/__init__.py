"""Storage `local`: a folder of the server, in the layout of Active Storage."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from fsspec.implementations.local import LocalFileSystem

from llmio.plugins import Plugin, Setting, StorageBackend, hookimpl

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


class Disk(StorageBackend):
    """A folder."""

    key = "local"
    title = "Disk"
    summary = "A folder of the server."

    def folder(self, settings: Mapping[str, Any]) -> Path:
        """Where the files lie."""
        return Path(settings.get("folder") or Path(settings["data"]) / "storage").absolute()

    def filesystem(self, settings: Mapping[str, Any]) -> LocalFileSystem:
        """The disk."""
        return LocalFileSystem()

    def path(self, key: str, settings: Mapping[str, Any]) -> str:
        """Two folders of two letters keep each folder small."""
        if not key.isalnum():
            raise ValueError(f"{key!r} is no key of a file")
        return str(self.folder(settings) / key[:2] / key[2:4] / key)

    def save(self, key: str, stream: IO[bytes], settings: Mapping[str, Any]) -> None:
        """Write beside the place, bring it to the disk, give it its name."""
        place = Path(self.path(key, settings))
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".part-", dir=place.parent)
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

    def probe(self, settings: Mapping[str, Any]) -> None:
        """The folder can be made and written to."""
        folder = self.folder(settings)
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(f"{folder} cannot be written to by this process")


@hookimpl
def llmio_storages() -> Sequence[StorageBackend]:
    """The one place."""
    return (Disk(),)
