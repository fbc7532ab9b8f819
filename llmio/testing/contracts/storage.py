"""What every storage must do. Subclass `StorageContract` and give the fixtures `backend` and `storage_settings`."""

from __future__ import annotations

import errno
import gc
import io
import secrets
import string
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from time import time
from typing import IO, Any
from urllib.parse import urlsplit

import pytest

from llmio.plugins import StorageBackend, StorageFault, Stored

LETTERS = string.ascii_lowercase + string.digits


def new_key() -> str:
    """A key as the site makes them: 28 letters and digits."""
    return "".join(secrets.choice(LETTERS) for _place in range(28))


def joined(pieces: Iterator[bytes]) -> bytes:
    """What a stream of pieces holds."""
    return b"".join(pieces)


class Breaking(io.RawIOBase):
    """An upload that breaks off after some pieces."""

    def __init__(self, size: int = 1024, pieces: int = 1) -> None:
        self.size, self.left = size, pieces

    def readable(self) -> bool:
        """It can be read from."""
        return True

    def read(self, size: int = -1) -> bytes:  # as streams have it
        """A piece, and at last the end of the connection."""
        if not self.left:
            raise ConnectionResetError("the browser went away")
        self.left -= 1
        return b"x" * self.size


class StorageContract:
    """The suite."""

    @pytest.fixture
    def backend(self) -> StorageBackend:
        """The storage that is tested."""
        raise NotImplementedError("give a fixture `backend`")

    @pytest.fixture
    def storage_settings(self) -> Mapping[str, Any]:
        """Its settings."""
        raise NotImplementedError("give a fixture `storage_settings`")

    def test_what_was_saved_is_read(self, backend: StorageBackend, storage_settings: Mapping[str, Any]) -> None:
        """All bytes come back, in order."""
        key, content = new_key(), bytes(range(256)) * 1000
        backend.save(key, io.BytesIO(content), storage_settings)
        assert joined(backend.open(key, storage_settings)) == content

    def test_nothing_is_a_file_too(self, backend: StorageBackend, storage_settings: Mapping[str, Any]) -> None:
        """A file of no bytes is there."""
        key = new_key()
        backend.save(key, io.BytesIO(b""), storage_settings)
        assert backend.exists(key, storage_settings)
        assert joined(backend.open(key, storage_settings)) == b""

    def test_a_large_file_comes_in_pieces(self, backend: StorageBackend, storage_settings: Mapping[str, Any]) -> None:
        """Twelve megabytes, never in one piece."""
        key, content = new_key(), secrets.token_bytes(1 << 20) * 12
        backend.save(key, io.BytesIO(content), storage_settings)
        pieces = list(backend.open(key, storage_settings))
        assert b"".join(pieces) == content
        assert max(len(piece) for piece in pieces) <= 1 << 20

    @pytest.mark.parametrize(("start", "end"), [(0, 1), (0, 10), (3, 7), (5, None), (9, 10), (0, 99)])
    def test_a_part_is_read(
        self, backend: StorageBackend, storage_settings: Mapping[str, Any], start: int, end: int | None
    ) -> None:
        """From `start` up to before `end`."""
        key, content = new_key(), b"0123456789"
        backend.save(key, io.BytesIO(content), storage_settings)
        assert joined(backend.open(key, storage_settings, start=start, end=end)) == content[start:end]

    def test_size(self, backend: StorageBackend, storage_settings: Mapping[str, Any]) -> None:
        """The number of bytes."""
        key = new_key()
        backend.save(key, io.BytesIO(b"12345"), storage_settings)
        assert backend.size(key, storage_settings) == 5

    def test_keys_do_not_meet(self, backend: StorageBackend, storage_settings: Mapping[str, Any]) -> None:
        """Two keys with the same beginning are two files."""
        first = new_key()
        second = first[:27] + ("a" if first[27] != "a" else "b")
        backend.save(first, io.BytesIO(b"first"), storage_settings)
        backend.save(second, io.BytesIO(b"second"), storage_settings)
        assert joined(backend.open(first, storage_settings)) == b"first"
        assert joined(backend.open(second, storage_settings)) == b"second"

    def test_what_was_deleted_is_gone(self, backend: StorageBackend, storage_settings: Mapping[str, Any]) -> None:
        """And its neighbour stays; deleting twice is no error."""
        key, other = new_key(), new_key()
        backend.save(key, io.BytesIO(b"x"), storage_settings)
        backend.save(other, io.BytesIO(b"y"), storage_settings)
        backend.delete(key, storage_settings)
        backend.delete(key, storage_settings)
        assert not backend.exists(key, storage_settings)
        assert backend.exists(other, storage_settings)

    def test_what_was_never_there(self, backend: StorageBackend, storage_settings: Mapping[str, Any]) -> None:
        """Does not exist, and reading it raises FileNotFoundError."""
        key = new_key()
        assert not backend.exists(key, storage_settings)
        with pytest.raises(FileNotFoundError):
            joined(backend.open(key, storage_settings))
        with pytest.raises(FileNotFoundError):
            backend.size(key, storage_settings)

    def test_an_upload_that_breaks_off_leaves_nothing(
        self, backend: StorageBackend, storage_settings: Mapping[str, Any]
    ) -> None:
        """A half file is never taken for a whole one."""
        key = new_key()
        stream: IO[bytes] = Breaking()  # type: ignore[assignment]  # has what is used of it
        gc.freeze()  # so that the search below takes no longer than what this test leaves
        with pytest.raises(ConnectionResetError):
            backend.save(key, stream, storage_settings)
        gc.collect()  # a client may finish an upload when it forgets it
        assert not backend.exists(key, storage_settings)

    @pytest.mark.parametrize("key", ["../../etc/passwd", "a/b", ""])
    def test_a_key_leads_nowhere_else(
        self, backend: StorageBackend, storage_settings: Mapping[str, Any], key: str
    ) -> None:
        """Only letters and digits are a key, whatever is asked."""
        for ask in (
            lambda: backend.save(key, io.BytesIO(b"x"), storage_settings),
            lambda: joined(backend.open(key, storage_settings)),
            lambda: backend.delete(key, storage_settings),
            lambda: backend.exists(key, storage_settings),
            lambda: backend.size(key, storage_settings),
        ):
            with pytest.raises(ValueError, match="no key of a file"):
                ask()

    def test_signed_address(self, backend: StorageBackend, storage_settings: Mapping[str, Any]) -> None:
        """None, or an address of the web."""
        key = new_key()
        backend.save(key, io.BytesIO(b"x"), storage_settings)
        found = backend.url(
            key,
            storage_settings,
            expires=timedelta(minutes=5),
            content_type="text/plain",
            disposition='attachment; filename="a.txt"',
        )
        assert found is None or urlsplit(found).scheme in ("http", "https")

    def test_what_lies_there_is_listed(self, backend: StorageBackend, storage_settings: Mapping[str, Any]) -> None:
        """Each with its size and the moment it was stored; what was removed is not."""
        kept, gone = new_key(), new_key()
        for key in (kept, gone):
            backend.save(key, io.BytesIO(b"12345"), storage_settings)
        backend.delete(gone, storage_settings)
        found: dict[str, Stored] = {one.key: one for one in backend.stored(storage_settings)}
        assert found[kept].size == 5
        assert abs(found[kept].modified.timestamp() - time()) < 60
        assert found[kept].modified.tzinfo, "a moment without a zone cannot be compared"
        assert gone not in found

    def test_tidying_leaves_whole_files(self, backend: StorageBackend, storage_settings: Mapping[str, Any]) -> None:
        """What uploads left behind goes, never what they finished."""
        key = new_key()
        backend.save(key, io.BytesIO(b"x"), storage_settings)
        backend.tidy(storage_settings, before=datetime.fromtimestamp(time() + 3600, UTC))
        assert backend.exists(key, storage_settings)

    def test_two_uploads_at_once(self, backend: StorageBackend, storage_settings: Mapping[str, Any]) -> None:
        """In two threads; neither gets the other's bytes."""
        contents = {new_key(): bytes([number]) * 300_000 for number in range(4)}
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda one: backend.save(one[0], io.BytesIO(one[1]), storage_settings), contents.items()))
        for key, content in contents.items():
            assert joined(backend.open(key, storage_settings)) == content

    def test_an_upload_that_breaks_off_late_leaves_nothing(
        self, backend: StorageBackend, storage_settings: Mapping[str, Any]
    ) -> None:
        """Also when parts of it were sent already."""
        key = new_key()
        stream: IO[bytes] = Breaking(1 << 20, 20)  # type: ignore[assignment]  # has what is used of it
        gc.freeze()  # so that the search below takes no longer than what this test leaves
        with pytest.raises(ConnectionResetError):
            backend.save(key, stream, storage_settings)
        gc.collect()
        assert not backend.exists(key, storage_settings)
        assert key not in {one.key for one in backend.stored(storage_settings)}

    @pytest.mark.parametrize(
        ("error", "fault"),
        [
            (TimeoutError(), StorageFault.SILENT),
            (ConnectionRefusedError(), StorageFault.SILENT),
            (PermissionError(), StorageFault.DENIED),
            (OSError(errno.ENOSPC, "no space"), StorageFault.FULL),
            (LookupError("X is not set"), StorageFault.MISSING),
            (ArithmeticError(), StorageFault.OTHER),
        ],
    )
    def test_what_an_error_means(self, backend: StorageBackend, error: Exception, fault: StorageFault) -> None:
        """Errors of the system mean the same everywhere."""
        assert backend.fault(error) is fault

    def test_needed_permissions_are_named(self, backend: StorageBackend) -> None:
        """So that `llmio files test` can say what is lacking."""
        assert set(backend.permissions) >= {"write", "read", "delete", "list"}
        assert all(words.strip() for words in backend.permissions.values())

    def test_probe_is_content(self, backend: StorageBackend, storage_settings: Mapping[str, Any]) -> None:
        """It raises nothing where all is well."""
        backend.probe(storage_settings)
