"""Storage at Google, against an emulator on this machine."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import aiohttp
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from llmio_storage_gcs import Google, llmio_storages

from llmio.plugins import StorageBackend, StorageFault
from llmio.testing.contracts.storage import StorageContract, new_key
from llmio.testing.objectstores import google


@pytest.fixture(scope="module")
def storage_settings() -> Iterator[Mapping[str, Any]]:
    with google() as store:
        yield {"bucket": store.bucket, "endpoint": store.endpoint, "project": "p", "credentials": "", "data": ""}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting between tries."""
    import gcsfs.retry

    monkeypatch.setattr(gcsfs.retry, "min", lambda *_numbers: 0, raising=False)


# aiohttp would rather be given a stream; gcsfs hands it its buffer.
@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
class TestGoogle(StorageContract):
    @pytest.fixture
    def backend(self) -> StorageBackend:
        return Google()

    @pytest.fixture
    def storage_settings(self, storage_settings: Mapping[str, Any]) -> Mapping[str, Any]:
        return storage_settings


@pytest.fixture(scope="module")
def account() -> str:
    """A service account's key, as Google hands it out; it opens nothing."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "p",
            "private_key_id": "1",
            "private_key": text,
            "client_email": "files@p.iam.gserviceaccount.com",
            "client_id": "1",
            "token_uri": "http://127.0.0.1:9/token",
        }
    )


def test_an_address_is_signed_by_the_account(account: str) -> None:
    settings, key = {"bucket": "files", "project": "p", "credentials": account, "endpoint": ""}, new_key()
    url = Google().url(
        key, settings, expires=timedelta(minutes=5), content_type="text/plain", disposition='attachment; filename="a"'
    )
    assert url
    parts = urlsplit(url)
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert (parts.scheme, parts.path) == ("https", f"/files/{key}")
    assert asked["X-Goog-Credential"].startswith("files@p.iam.gserviceaccount.com/")
    assert (asked["X-Goog-Expires"], asked["response-content-type"]) == ("300", "text/plain")
    assert asked["response-content-disposition"] == 'attachment; filename="a"'
    assert asked["X-Goog-Signature"]


def test_an_emulator_is_asked_without_a_name(account: str, storage_settings: Mapping[str, Any]) -> None:
    backend, key, settings = Google(), new_key(), {**storage_settings, "credentials": account}
    backend.save(key, BytesIO(b"hello"), settings)
    url = backend.url(key, settings, expires=timedelta(minutes=5), content_type="text/plain", disposition="attachment")
    assert url
    assert url.startswith(str(storage_settings["endpoint"]))
    with urlopen(url) as answer:
        assert answer.read() == b"hello"


def test_credentials_are_json_or_a_file(account: str, tmp_path: Path) -> None:
    place = tmp_path / "key.json"
    place.write_text(account)
    assert (
        Google().token({"credentials": account}) == Google().token({"credentials": str(place)}) == json.loads(account)
    )
    assert Google().token({"credentials": ""}) == "google_default"
    with pytest.raises(LookupError, match="GCS_CREDENTIALS"):
        Google().token({"credentials": "{not json"})
    with pytest.raises(FileNotFoundError):
        Google().token({"credentials": str(tmp_path / "nowhere")})


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"bucket": "nowhere"}, StorageFault.MISSING),
        ({"bucket": ""}, StorageFault.MISSING),
        ({"endpoint": "http://127.0.0.1:9"}, StorageFault.SILENT),
    ],
)
def test_what_is_wrong_is_known(
    storage_settings: Mapping[str, Any], changed: Mapping[str, Any], fault: StorageFault
) -> None:
    backend, settings = Google(), {**storage_settings, **changed}
    with pytest.raises(Exception) as caught:  # noqa: PT011  # each library has its own
        backend.save(new_key(), BytesIO(b"x"), settings)
    assert backend.fault(caught.value) is fault


def test_a_service_that_never_answers_is_given_up(
    storage_settings: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmio_storage_gcs import client

    assert client.WAIT.sock_read
    assert client.WAIT.sock_read <= 20
    monkeypatch.setattr(client, "WAIT", aiohttp.ClientTimeout(sock_read=0.05))
    backend = Google()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = {**storage_settings, "endpoint": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        with pytest.raises(Exception) as caught:  # noqa: PT011  # the library's own
            backend.save(new_key(), BytesIO(b"x"), settings)
    assert backend.fault(caught.value) is StorageFault.SILENT


def test_refusals_of_google_are_known() -> None:
    from gcsfs.retry import HttpError
    from google.auth.exceptions import RefreshError

    assert Google().fault(HttpError({"code": 401, "message": "Invalid Credentials"})) is StorageFault.DENIED
    assert Google().fault(HttpError({"code": 503, "message": ""})) is StorageFault.SILENT
    assert Google().fault(OSError("Forbidden: b/files/o\nno storage.objects.create")) is StorageFault.DENIED
    assert Google().fault(RefreshError("invalid_grant")) is StorageFault.DENIED


def test_it_is_used_only_where_it_is_named() -> None:
    assert not Google().wanted({"bucket": "b"})
    assert [one.key for one in llmio_storages()] == ["google"]


class Wrong(Google):
    """Finishes an upload that broke off."""

    def save(self, key: str, stream: Any, settings: Mapping[str, Any]) -> None:
        with self.filesystem(settings).open(self.path(key, settings), "wb") as target:
            while piece := stream.read(1 << 20):
                target.write(piece)


def test_the_contract_finds_a_wrong_sibling_out(storage_settings: Mapping[str, Any]) -> None:
    suite, wrong = StorageContract(), Wrong()
    suite.test_what_was_saved_is_read(wrong, storage_settings)
    with pytest.raises(AssertionError):
        suite.test_an_upload_that_breaks_off_leaves_nothing(wrong, storage_settings)
