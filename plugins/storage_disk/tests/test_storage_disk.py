"""Storage on disk: the contract, the layout, and a wrong sibling that the contract finds out."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem
from llmio_storage_disk import Disk

from llmio.plugins import StorageBackend, Stored
from llmio.testing.contracts.storage import StorageContract, new_key


class TestDisk(StorageContract):
    @pytest.fixture
    def backend(self) -> StorageBackend:
        return Disk()

    @pytest.fixture
    def storage_settings(self, tmp_path: Path) -> Mapping[str, Any]:
        return {"folder": "", "data": str(tmp_path)}

    def test_layout_is_that_of_active_storage(self, backend: StorageBackend, tmp_path: Path) -> None:
        backend.save("xtapjjcjiudrlk3tmwyjgpuobabd", io.BytesIO(b"a"), {"folder": str(tmp_path)})
        assert (tmp_path / "xt/ap/xtapjjcjiudrlk3tmwyjgpuobabd").read_bytes() == b"a"

    def test_a_folder_that_cannot_be_made_is_told(self, backend: StorageBackend, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        with pytest.raises(NotADirectoryError):
            backend.probe({"folder": str(tmp_path / "file" / "below")})


class Plain(Disk):
    """Nothing of its own but where files lie: the defaults, over fsspec's file system of the disk."""

    save = StorageBackend.save

    def filesystem(self, settings: Mapping[str, Any]) -> LocalFileSystem:
        return LocalFileSystem(auto_mkdir=True)


class TestDefaults(TestDisk):
    @pytest.fixture
    def backend(self) -> StorageBackend:
        return Plain()


class Careless(Plain):
    """Looks for whatever it is asked for, tidies everything away, and knows no zones."""

    def path(self, key: str, settings: Mapping[str, Any]) -> str:
        return str(self.folder(settings) / key)

    def stored(self, settings: Mapping[str, Any]) -> Iterator[Stored]:
        for one in self.folder(settings).iterdir():
            yield Stored(one.name, one.stat().st_size, datetime.fromtimestamp(one.stat().st_mtime))  # noqa: DTZ006

    def tidy(self, settings: Mapping[str, Any], *, before: datetime) -> int:
        for one in self.folder(settings).iterdir():
            one.unlink()
        return 1


def test_the_contract_finds_a_careless_sibling_out(tmp_path: Path) -> None:
    settings, suite, careless = {"folder": str(tmp_path / "f")}, StorageContract(), Careless()
    with pytest.raises(AssertionError, match="without a zone"):
        suite.test_what_lies_there_is_listed(careless, settings)
    with pytest.raises(AssertionError):
        suite.test_tidying_leaves_whole_files(careless, settings)
    with pytest.raises(pytest.fail.Exception):
        suite.test_a_key_leads_nowhere_else(careless, settings, "a/b")


class Wrong(Disk):
    """Reads to the end whatever was asked, writes in place, and stores under a part of the key."""

    def path(self, key: str, settings: Mapping[str, Any]) -> str:
        return str(self.folder(settings) / key[:20])

    def save(self, key: str, stream: Any, settings: Mapping[str, Any]) -> None:
        place = Path(self.path(key, settings))
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb") as target:
            while piece := stream.read(1 << 20):
                target.write(piece)

    def open(self, key: str, settings: Mapping[str, Any], *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        return super().open(key, settings, start=start)


def test_the_contract_finds_a_wrong_sibling_out(tmp_path: Path) -> None:
    settings, suite, wrong = {"folder": str(tmp_path / "f")}, StorageContract(), Wrong()
    suite.test_what_was_saved_is_read(wrong, settings)
    with pytest.raises(AssertionError):
        suite.test_a_part_is_read(wrong, settings, 3, 7)
    with pytest.raises(AssertionError):
        suite.test_keys_do_not_meet(wrong, settings)
    with pytest.raises(AssertionError):
        suite.test_an_upload_that_breaks_off_leaves_nothing(wrong, settings)
    with pytest.raises(pytest.fail.Exception):
        suite.test_a_key_leads_nowhere_else(wrong, settings, "a/b")


def test_no_part_is_left_beside(tmp_path: Path) -> None:
    disk, settings, key = Disk(), {"folder": str(tmp_path)}, new_key()
    disk.save(key, io.BytesIO(b"x"), settings)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [key]
