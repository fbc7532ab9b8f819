"""Trying a storage out, act by act, as the site uses it; what is lacking is named."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import httpx

from llmio.core.errors import LlmioError
from llmio.files import service
from llmio.files.storages import Storage
from llmio.plugins.storage import StorageFault

CONTENT = b"llmio was here: a probe, which may be removed.\n" * 100
PART = (100, 200)
TYPE, DISPOSITION = "text/plain", 'attachment; filename="probe.txt"'
HINTS = {
    StorageFault.DENIED: "the key may not do this; allow {permission}",
    StorageFault.MISSING: "the folder or bucket is not there, or a setting is lacking",
    StorageFault.FULL: "there is no room left",
    StorageFault.SILENT: "no answer; look at the address, the network and the service",
    StorageFault.OTHER: "this should not happen",
}


@dataclass(frozen=True)
class Step:
    """One act and how it went. `hint` says what to mend."""

    name: str
    ok: bool
    detail: str = ""
    hint: str = ""


class Probe:
    """One small file in a storage, and what is done with it. Each act says what it found, or raises."""

    def __init__(self, storage: Storage) -> None:
        self.storage, self.backend, self.settings = storage, storage.backend, storage.settings
        self.key = service.new_key()

    def write(self) -> str:
        """Store it."""
        self.backend.save(self.key, io.BytesIO(CONTENT), self.settings)
        return f"{len(CONTENT)} bytes as {self.key}"

    def read(self) -> str:
        """All of it."""
        return _same(b"".join(self.backend.open(self.key, self.settings)), CONTENT)

    def part(self) -> str:
        """From its middle."""
        start, end = PART
        return _same(b"".join(self.backend.open(self.key, self.settings, start=start, end=end)), CONTENT[start:end])

    def sign(self) -> str:
        """An address, and what it gives."""
        url = self.backend.url(
            self.key, self.settings, expires=timedelta(minutes=1), content_type=TYPE, disposition=DISPOSITION
        )
        return _fetched(url) if url else "not possible here; the site passes files through itself"

    def list(self) -> str:
        """Whether the place can be looked through."""
        next(iter(self.backend.stored(self.settings)), None)
        return ""

    def delete(self) -> str:
        """It is gone then."""
        self.backend.delete(self.key, self.settings)
        if self.backend.exists(self.key, self.settings):
            raise LookupError("it is still there")
        return ""


def probe(storage: Storage) -> Iterator[Step]:
    """Write, read, read a part, sign, list and delete a small file; what cannot be done without writing is left out."""
    one = Probe(storage)
    written = _try(storage, "write", one.write)
    yield written
    if written.ok:
        for name, act in (("read", one.read), ("read a part", one.part), ("sign", one.sign)):
            yield _try(storage, name, act)
    yield _try(storage, "list", one.list)
    if written.ok:
        yield _try(storage, "delete", one.delete)


def _try(storage: Storage, name: str, act: Callable[[], str]) -> Step:
    try:
        return Step(name, ok=True, detail=act())
    except Exception as error:  # noqa: BLE001  # plugin code; told to the operator as it is
        fault = storage.fault(error)
        right = {"read a part": "read", "sign": "read"}.get(name, name)
        hint = HINTS[fault].format(permission=storage.backend.permissions.get(right, right))
        said = str(error).strip().splitlines() or [type(error).__name__]
        return Step(name, ok=False, detail=said[0], hint=hint)


def _same(found: bytes, wanted: bytes) -> str:
    if found != wanted:
        raise LlmioError(f"{len(found)} bytes came back, others than were written")
    return f"{len(found)} bytes"


def _fetched(url: str) -> str:
    # Not through the port for outgoing requests, which knows no private addresses: the operator's own bucket may have one.
    try:
        answer = httpx.get(url, timeout=10.0)
    except httpx.HTTPError as error:
        raise ConnectionError(f"the signed address does not answer: {error}") from error
    if answer.status_code != httpx.codes.OK:
        raise PermissionError(f"the signed address was answered with {answer.status_code}")
    return "a signed address works"
