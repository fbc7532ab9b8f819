"""What a storage plugin offers: a place where the bytes of files are kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import IO, Any, ClassVar

PIECE = 1 << 16


class StorageBackend(ABC):
    """A place for files over an fsspec filesystem; opened lazily, since some of them must not cross a fork.

    Every method gets `settings`: the plugin's own, without its name before them, and `data`, the site's data folder.
    """

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

    def wanted(self, settings: Mapping[str, Any]) -> bool:
        """Whether these settings ask for this place, where the operator named none."""
        return False

    def save(self, key: str, stream: IO[bytes], settings: Mapping[str, Any]) -> None:
        """Store the bytes; on return they are safe. Where that fails nothing is left under the key."""
        files = self.filesystem(settings)
        target = files.open(self.path(key, settings), "wb")
        try:
            while piece := stream.read(1 << 20):
                target.write(piece)
        except BaseException:
            # Leaving a `with` block would close the file, and so store the part that came.
            target.discard()
            raise
        target.close()

    def open(self, key: str, settings: Mapping[str, Any], *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to before `end`, in pieces; FileNotFoundError where there are none."""
        with self.filesystem(settings).open(self.path(key, settings), "rb") as source:
            source.seek(start)
            left = None if end is None else end - start
            while left is None or left > 0:
                piece = source.read(PIECE if left is None else min(PIECE, left))
                if not piece:
                    return
                left = None if left is None else left - len(piece)
                yield piece

    def delete(self, key: str, settings: Mapping[str, Any]) -> None:
        """Remove the bytes; no error where there are none."""
        try:
            self.filesystem(settings).rm_file(self.path(key, settings))
        except FileNotFoundError:
            return

    def exists(self, key: str, settings: Mapping[str, Any]) -> bool:
        """Whether bytes are stored under this key."""
        return bool(self.filesystem(settings).exists(self.path(key, settings)))

    def size(self, key: str, settings: Mapping[str, Any]) -> int:
        """How many bytes; FileNotFoundError where there are none."""
        return int(self.filesystem(settings).size(self.path(key, settings)))

    def url(
        self,
        key: str,
        settings: Mapping[str, Any],
        *,
        expires: timedelta,
        content_type: str,
        disposition: str,
    ) -> str | None:
        """A signed address that a browser may fetch for a while, answered with these headers; None: the site streams."""
        return None

    def probe(self, settings: Mapping[str, Any]) -> None:
        """Raise if the place cannot be used now; the message says what to mend."""
        self.filesystem(settings)
