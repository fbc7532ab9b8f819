"""Storage in S3, against a server that speaks it on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.request import urlopen

import pytest
from llmio_storage_s3 import Amazon, Bucket, Compatible

from llmio.plugins import StorageBackend
from llmio.testing.contracts.storage import StorageContract, new_key

pytest.importorskip("moto.server")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def storage_settings(endpoint: str) -> Mapping[str, Any]:
    settings = {
        "compatible_bucket": "files",
        "compatible_endpoint": endpoint,
        "compatible_region": "us-east-1",
        "compatible_key": "test",
        "compatible_secret": "test",
        "compatible_path_style": True,
        "data": "/nonexistent",
    }
    Compatible().filesystem(settings).call_s3("create_bucket", Bucket="files")
    return settings


class TestBucket(StorageContract):
    @pytest.fixture
    def backend(self) -> StorageBackend:
        return Compatible()

    @pytest.fixture
    def storage_settings(self, storage_settings: Mapping[str, Any]) -> Mapping[str, Any]:
        return storage_settings


def test_a_signed_address_gives_the_file_with_its_headers(storage_settings: Mapping[str, Any]) -> None:
    backend, key = Compatible(), new_key()
    backend.save(key, BytesIO(b"hello"), storage_settings)
    url = backend.url(
        key,
        storage_settings,
        expires=timedelta(minutes=5),
        content_type="text/plain",
        disposition='attachment; filename="a.txt"',
    )
    assert url
    assert "X-Amz-Signature=" in url
    with urlopen(url) as answer:
        assert answer.read() == b"hello"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="a.txt"'


def test_a_missing_bucket_is_told(storage_settings: Mapping[str, Any]) -> None:
    with pytest.raises(FileNotFoundError):
        Compatible().probe({**storage_settings, "compatible_bucket": "nowhere"})


def test_the_variable_that_is_missing_is_named() -> None:
    with pytest.raises(LookupError, match="AWS_BUCKET is not set"):
        Amazon().probe({})


def test_a_bucket_being_set_asks_for_amazon_alone() -> None:
    settings = {"amazon_bucket": "b", "compatible_bucket": "c"}
    assert Amazon().wanted(settings)
    assert not Compatible().wanted(settings)
    assert not Amazon().wanted({"amazon_bucket": ""})


class Wrong(Compatible):
    """Stores what came of an upload that broke off, as a `with` block around the file would."""

    def save(self, key: str, stream: Any, settings: Mapping[str, Any]) -> None:
        with self.filesystem(settings).open(self.path(key, settings), "wb") as target:
            while piece := stream.read(1 << 20):
                target.write(piece)

    def size(self, key: str, settings: Mapping[str, Any]) -> int:
        return 0


def test_the_contract_finds_a_wrong_sibling_out(storage_settings: Mapping[str, Any]) -> None:
    suite, wrong = StorageContract(), Wrong()
    suite.test_what_was_saved_is_read(wrong, storage_settings)
    with pytest.raises(AssertionError):
        suite.test_an_upload_that_breaks_off_leaves_nothing(wrong, storage_settings)
    with pytest.raises(AssertionError):
        suite.test_size(wrong, storage_settings)


def test_each_service_is_a_bucket() -> None:
    from llmio_storage_s3 import llmio_storages

    assert [storage.key for storage in llmio_storages()] == ["amazon", "digitalocean", "s3_compatible"]
    assert all(isinstance(storage, Bucket) for storage in llmio_storages())
