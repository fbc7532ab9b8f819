"""Storage in S3, against a server that speaks it on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from time import monotonic, sleep
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from llmio_storage_s3 import Amazon, Compatible
from llmio_storage_s3.bucket import Bucket

from llmio.plugins import StorageBackend, StorageFault
from llmio.testing.contracts.storage import StorageContract, new_key
from llmio.testing.objectstores import ObjectStore, moto, rclone


def settings_of(store: ObjectStore) -> dict[str, Any]:
    return {
        "compatible_bucket": store.bucket,
        "compatible_endpoint": store.endpoint,
        "compatible_region": "us-east-1",
        "compatible_key": store.key,
        "compatible_secret": store.secret,
        "compatible_path_style": True,
        "data": "/nonexistent",
    }


@pytest.fixture(scope="module")
def storage_settings() -> Iterator[Mapping[str, Any]]:
    """rclone, which checks signatures."""
    with rclone() as store:
        yield settings_of(store)


@pytest.fixture(scope="module")
def believing() -> Iterator[Mapping[str, Any]]:
    """moto, which believes everybody and has all of Amazon's calls."""
    with moto() as store:
        yield {name.replace("compatible", "amazon"): value for name, value in settings_of(store).items()}


class TestRclone(StorageContract):
    @pytest.fixture
    def backend(self) -> StorageBackend:
        return Compatible()

    @pytest.fixture
    def storage_settings(self, storage_settings: Mapping[str, Any]) -> Mapping[str, Any]:
        return storage_settings


class TestMoto(StorageContract):
    @pytest.fixture
    def backend(self) -> StorageBackend:
        return Amazon()

    @pytest.fixture
    def storage_settings(self, believing: Mapping[str, Any]) -> Mapping[str, Any]:
        return believing


class Short(Amazon):
    page = 3


def test_many_pages_are_listed(believing: Mapping[str, Any]) -> None:
    wanted = {new_key() for _one in range(10)}
    for key in wanted:
        Short().save(key, BytesIO(b"x"), believing)
    files = Short().filesystem(believing)
    files.call_s3("put_object", Bucket="files", Key="notes/of-somebody.txt", Body=b"x")
    found = [one.key for one in Short().stored(believing)]
    assert wanted <= set(found)
    assert len(found) == len(set(found))
    assert all(key.isalnum() for key in found)


def fetch(url: str) -> int:
    try:
        with urlopen(url) as answer:
            return answer.status
    except HTTPError as error:
        return error.code


def signed(settings: Mapping[str, Any], key: str, *, seconds: int = 300) -> str:
    found = Compatible().url(
        key,
        settings,
        expires=timedelta(seconds=seconds),
        content_type="text/plain",
        disposition="attachment",
    )
    assert found
    return found


def test_signatures_that_are_wrong_tampered_or_expired_are_refused(storage_settings: Mapping[str, Any]) -> None:
    backend, key, other = Compatible(), new_key(), new_key()
    for one in (key, other):
        backend.save(one, BytesIO(b"hello"), storage_settings)
    good = signed(storage_settings, key)
    assert fetch(good) == 200
    assert fetch(good.split("?")[0]) == 400  # none
    assert fetch(good.replace(key, other)) == 403  # for another file
    assert fetch(good.replace("text%2Fplain", "text%2Fhtml")) == 403  # with another type
    assert fetch(good.replace("X-Amz-Expires=300", "X-Amz-Expires=3000")) == 403  # for longer
    assert fetch(signed({**storage_settings, "compatible_secret": "wrong"}, key)) == 403
    short = signed(storage_settings, key, seconds=1)
    end = monotonic() + 60
    while (status := fetch(short)) == 200 and monotonic() < end:
        sleep(0.2)
    assert status in (400, 403)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"compatible_secret": "wrong"}, StorageFault.DENIED),
        ({"compatible_key": "wrong"}, StorageFault.DENIED),
        ({"compatible_bucket": "nowhere"}, StorageFault.MISSING),
        ({"compatible_bucket": ""}, StorageFault.MISSING),
        ({"compatible_endpoint": "http://127.0.0.1:9"}, StorageFault.SILENT),
    ],
)
def test_what_is_wrong_is_known(
    storage_settings: Mapping[str, Any], changed: Mapping[str, Any], fault: StorageFault
) -> None:
    backend, settings = Compatible(), {**storage_settings, **changed}
    with pytest.raises(Exception) as caught:  # noqa: PT011  # each library has its own
        backend.save(new_key(), BytesIO(b"x"), settings)
    assert backend.fault(caught.value) is fault


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


@pytest.fixture
def refusing() -> Iterator[tuple[str, list[str]]]:
    """A service that takes the parts of an upload and then does not let it be finished; and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            act = f"{self.command} {self.path.partition('?')[2].partition('=')[0]}"
            asked.append(act)
            status = {"POST uploadId": 403, "DELETE uploadId": 204}.get(act, 200)
            name, within = ("Error", "<Code>AccessDenied</Code><Message>no</Message>")
            if status == 200:
                name, within = "InitiateMultipartUploadResult", "<UploadId>u1</UploadId>"
            body = b"" if status == 204 else f"<{name}>{within}</{name}>".encode()
            self.send_response(status)
            self.send_header("ETag", '"e"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_DELETE = _answer  # noqa: N815  # as http.server has it

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_parts_of_an_upload_that_cannot_be_finished_go(refusing: tuple[str, list[str]]) -> None:
    address, asked = refusing
    settings = settings_of(ObjectStore(address))
    with pytest.raises(PermissionError):
        Compatible().save(new_key(), BytesIO(b"x" * 6_000_000), settings)
    assert "POST uploadId" in asked
    assert asked[-1] == "DELETE uploadId"


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

    assert [storage.key for storage in llmio_storages()] == ["amazon", "s3_compatible"]
    assert all(isinstance(storage, Bucket) for storage in llmio_storages())
