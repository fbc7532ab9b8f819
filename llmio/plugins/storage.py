"""What a storage plugin offers: a place where the bytes of files are kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import IO, Any, ClassVar


class StorageBackend(ABC):
    """A place for files over an fsspec filesystem; opened lazily, since some of them must not cross a fork."""

    key: ClassVar[str]
    """Kept in each file's row: an old file stays readable after the site moved to another backend."""
    title: ClassVar[str]
    summary: ClassVar[str] = ""

    @abstractmethod
    def filesystem(self, settings: Mapping[str, Any]) -> Any:
        """The fsspec filesystem that these settings describe."""

    @abstractmethod
    def path(self, key: str, settings: Mapping[str, Any]) -> str:
        """Where in the filesystem the file of this key lies."""

    def save(self, key: str, stream: IO[bytes], settings: Mapping[str, Any]) -> None:
        """Store the bytes; on return they are safe."""
        path = self.path(key, settings)
        files = self.filesystem(settings)
        files.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        with files.open(path, "wb") as target:
            while chunk := stream.read(1 << 20):
                target.write(chunk)

    def open(
        self, key: str, settings: Mapping[str, Any], *, start: int = 0, end: int | None = None
    ) -> Iterator[bytes]:
        """The bytes from `start` up to before `end`, in pieces."""
        with self.filesystem(settings).open(self.path(key, settings), "rb") as source:
            source.seek(start)
            left = None if end is None else end - start
            while left is None or left > 0:
                chunk = source.read(1 << 16 if left is None else min(1 << 16, left))
                if not chunk:
                    return
                left = None if left is None else left - len(chunk)
                yield chunk

    def delete(self, key: str, settings: Mapping[str, Any]) -> None:
        """Remove the bytes; no error where there are none."""
        if self.exists(key, settings):
            self.filesystem(settings).rm(self.path(key, settings))

    def exists(self, key: str, settings: Mapping[str, Any]) -> bool:
        """Whether bytes are stored under this key."""
        return bool(self.filesystem(settings).exists(self.path(key, settings)))

    def size(self, key: str, settings: Mapping[str, Any]) -> int:
        """How many bytes."""
        return int(self.filesystem(settings).size(self.path(key, settings)))

    def url(self, key: str, settings: Mapping[str, Any], *, expires: timedelta, name: str) -> str | None:
        """A signed address that a browser may fetch for a while, or None: then the site streams the bytes."""
        return None

    def probe(self, settings: Mapping[str, Any]) -> None:
        """Raise if the place cannot be used now; the message says what to mend."""
        self.filesystem(settings)
