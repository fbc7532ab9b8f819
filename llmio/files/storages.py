"""Which storage has a file, and which takes new ones; every call of a plugin goes through here."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Any

from llmio.core.errors import LlmioError, NotFound, Unavailable
from llmio.core.i18n import _
from llmio.files import patience
from llmio.files.faults import WORDS
from llmio.plugins.guard import RAISED, guard, note
from llmio.plugins.storage import StorageFault, Stored

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.plugins.storage import StorageBackend

DEFAULT = "local"
LOOKS = ("open", "size")
"""Acts for which a file that is missing is an answer."""


@dataclass(frozen=True)
class Storage:
    """A backend with its settings. Errors of the plugin are noted and become Unavailable."""

    app: App
    backend: StorageBackend

    @property
    def settings(self) -> dict[str, Any]:
        """What the backend's methods are given."""
        return settings_for(self.app, self.backend)

    def save(self, key: str, stream: IO[bytes]) -> None:
        """Store the bytes."""
        with self._asked("save") as call:
            self.backend.save(key, _Stepping(stream, call), self.settings)  # type: ignore[arg-type]  # it is read, no more

    def open(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes; the first piece is read at once, so that what is missing is known before anything was sent."""
        pieces = self.backend.open(key, self.settings, start=start, end=end)
        with self._asked("open"):
            first = next(iter(pieces), b"")
        return _after(first, pieces)

    def size(self, key: str) -> int:
        """How many bytes lie there; NotFound where there are none."""
        with self._asked("size"):
            return self.backend.size(key, self.settings)

    def delete(self, key: str) -> None:
        """Remove the bytes."""
        with self._asked("delete"):
            self.backend.delete(key, self.settings)

    def discard(self, key: str) -> None:
        """Remove what an upload left that ended in the middle: bytes, and parts of them."""
        with self._asked("discard"):
            self.backend.discard(key, self.settings)

    def exists(self, key: str) -> bool:
        """Whether bytes lie there."""
        with self._asked("exists"):
            return self.backend.exists(key, self.settings)

    @contextmanager
    def _asked(self, act: str) -> Iterator[patience.Call]:
        """One call of the backend. Its errors are noted, and become NotFound or Unavailable."""
        gate = patience.gate(self.backend)
        try:
            with gate.passed() as call:
                yield call
            gate.suspect = False
        except patience.Silent as error:
            raise Unavailable(WORDS[StorageFault.SILENT]) from error
        except RAISED as error:
            gate.suspect = self.fault(error) is StorageFault.SILENT
            raise self._missing_or(act, error) if act in LOOKS else self._unavailable(act, error) from error

    def stored(self) -> Iterator[Stored]:
        """All that lies there; Unavailable where the backend cannot say."""
        try:
            yield from self.backend.stored(self.settings)
        except NotImplementedError as error:
            raise Unavailable(_("Storage {key} cannot be looked through.", key=self.backend.key)) from error
        except RAISED as error:
            raise self._unavailable("stored", error) from error

    def url(self, key: str, *, expires: timedelta, content_type: str, disposition: str) -> str | None:
        """A signed address, where the backend has such."""
        try:
            return self.backend.url(
                key, self.settings, expires=expires, content_type=content_type, disposition=disposition
            )
        except RAISED as error:
            raise self._unavailable("url", error) from error

    def _missing_or(self, act: str, error: BaseException) -> LlmioError:
        """Either this file is not there, or the whole place: a bucket that is gone takes no file with it."""
        if isinstance(error, FileNotFoundError):
            try:
                self.backend.probe(self.settings)
            except RAISED as wider:
                raise self._unavailable(act, wider) from wider
            return NotFound(_("This file is gone."))
        return self._unavailable(act, error)

    def _unavailable(self, act: str, error: BaseException) -> Unavailable:
        where = f"storages.{self.backend.key}.{act}"
        note(self.app.plugins, self.app.plugins.owner(self.backend), where, error)
        return Unavailable(WORDS[self.fault(error)])

    def fault(self, error: BaseException) -> StorageFault:
        """What an error of the backend means."""
        where = f"storages.{self.backend.key}.fault"
        return guard(self.app.plugins, self.backend, where, self.backend.fault, error, fallback=StorageFault.OTHER)


@dataclass(frozen=True)
class _Stepping:
    """A stream that tells a call that it goes forward."""

    stream: IO[bytes]
    call: patience.Call

    def read(self, size: int = -1) -> bytes:
        """As streams do. Time that the sender takes is none that the storage lets us wait."""
        found = self.stream.read(size)
        self.call.step()
        return found


def _after(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def settings_for(app: App, backend: StorageBackend) -> dict[str, Any]:
    """A backend's settings, and the data folder."""
    return {**app.plugins.settings_of(app.plugins.owner(backend)), "data": app.settings.text("llmio.data")}


def named(app: App, key: str) -> Storage:
    """The storage of a stored file; Unavailable where its plugin is absent."""
    backend = app.plugins.storages.get(key)
    if backend is None:
        raise Unavailable(_("The storage {key} is not installed or switched off.", key=key))
    return Storage(app, backend)


def load(app: App) -> None:
    """Import what the storage of new files needs. One that cannot be used says so when a file comes; the site goes on."""
    with suppress(Exception):
        for_new_files(app).backend.load()


def chosen(app: App) -> str:
    """Which storage takes new files: the one the operator named, else one that its settings ask for, else disk."""
    name = app.settings.text("files.storage")
    if name:
        return name
    return next((key for key, one in app.plugins.storages.items() if one.wanted(settings_for(app, one))), DEFAULT)


def for_new_files(app: App) -> Storage:
    """The storage that takes new files."""
    return named(app, chosen(app))


class Pieces(io.RawIOBase):
    """Pieces of bytes as a stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces, self.left = pieces, b""

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """As raw streams do."""
        while not self.left:
            piece = next(self.pieces, None)
            if piece is None:
                return 0
            self.left = piece
        size = min(len(buffer), len(self.left))
        buffer[:size], self.left = self.left[:size], self.left[size:]
        return size


def reader(pieces: Iterator[bytes]) -> IO[bytes]:
    """What `open` gives, as a stream that is read once."""
    return io.BufferedReader(Pieces(pieces), 1 << 18)
