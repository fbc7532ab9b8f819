"""What a storage plugin offers: a place where the bytes of files are kept."""

from __future__ import annotations

import errno
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import IO, Any, ClassVar

PIECE = 1 << 16


class StorageFault(StrEnum):
    """What is wrong when a place does not do what it was asked; the site puts each in words."""

    FULL = "full"
    """There is no room left."""
    DENIED = "denied"
    """The key is wrong, or may not do this."""
    MISSING = "missing"
    """The folder or bucket is not there."""
    SILENT = "silent"
    """No answer, or too late."""
    OTHER = "other"


FAULTS: Mapping[int, StorageFault] = {
    errno.ENOSPC: StorageFault.FULL,
    errno.EDQUOT: StorageFault.FULL,
    errno.EFBIG: StorageFault.FULL,
    errno.EROFS: StorageFault.DENIED,
    errno.EIO: StorageFault.SILENT,
    errno.ESTALE: StorageFault.SILENT,
    errno.EHOSTUNREACH: StorageFault.SILENT,
    errno.ENETUNREACH: StorageFault.SILENT,
}


@dataclass(frozen=True)
class Stored:
    """Something that lies in a place, as the place itself lists it."""

    key: str
    size: int
    modified: datetime


class StorageBackend(ABC):
    """A place for files over an fsspec filesystem; opened lazily, since some of them must not cross a fork.

    Every method gets `settings`: the plugin's own, without its name before them, and `data`, the site's data folder.
    """

    key: ClassVar[str]
    """Kept in each file's row: an old file stays readable after the site moved to another backend."""
    title: ClassVar[str]
    summary: ClassVar[str] = ""
    permissions: ClassVar[Mapping[str, str]] = {}
    """What an operator must allow for `write`, `read`, `delete` and `list`, in the place's own words."""

    reading: ClassVar[Mapping[str, Any]] = {}
    """What its filesystem's `open` is told beside, for reading: how much at a time is fetched, and so held in memory."""

    def load(self) -> None:  # noqa: B027  # a place of which nothing is large has nothing to do
        """Import what is large, and open nothing: called before the web server forks, so that all processes share it."""

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
            target.close()  # sends the last part, and may fail as any other
        except BaseException:
            # Leaving a `with` block would close the file, and so store the part that came.
            self._discard(target, key, settings)
            raise

    def _discard(self, target: Any, key: str, settings: Mapping[str, Any]) -> None:
        """Keep nothing of a file half written; the error that broke it off stays the one that is told."""
        try:
            target.discard()
        except Exception:  # noqa: BLE001  # fsspec's files on disk can only be closed and removed
            with suppress(Exception):
                target.close()
            with suppress(Exception):
                self.delete(key, settings)

    def open(self, key: str, settings: Mapping[str, Any], *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to before `end`, in pieces; FileNotFoundError where there are none."""
        with self.filesystem(settings).open(self.path(key, settings), "rb", **self.reading) as source:
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

    def discard(self, key: str, settings: Mapping[str, Any]) -> None:
        """Remove what an upload left that ended in the middle, and that the place may have stored all the same."""
        self.delete(key, settings)

    def exists(self, key: str, settings: Mapping[str, Any]) -> bool:
        """Whether bytes are stored under this key."""
        return bool(self.filesystem(settings).exists(self.path(key, settings)))

    def size(self, key: str, settings: Mapping[str, Any]) -> int:
        """How many bytes; FileNotFoundError where there are none."""
        return int(self.filesystem(settings).size(self.path(key, settings)))

    def stored(self, settings: Mapping[str, Any]) -> Iterator[Stored]:
        """All that lies there under a key of a file, page by page: there may be millions.

        Without it `llmio files check` and `sweep` say that this place cannot be looked through.
        """
        raise NotImplementedError

    def tidy(self, settings: Mapping[str, Any], *, before: datetime) -> int:
        """Remove what uploads that never ended left behind before a moment; how many."""
        return 0

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

    def fault(self, error: BaseException) -> StorageFault:
        """What an error of this place means. Those of the system are known; a client library has more of its own."""
        if isinstance(error, (TimeoutError, ConnectionError)):
            return StorageFault.SILENT
        if isinstance(error, PermissionError):
            return StorageFault.DENIED
        if isinstance(error, (FileNotFoundError, NotADirectoryError, LookupError)):
            return StorageFault.MISSING
        if isinstance(error, OSError):
            return FAULTS.get(error.errno or 0, StorageFault.OTHER)
        return StorageFault.OTHER


def is_key(text: str) -> bool:
    """Whether this can be the key of a file: letters and digits, as Active Storage makes them, and no way elsewhere."""
    return text.isascii() and text.isalnum()
