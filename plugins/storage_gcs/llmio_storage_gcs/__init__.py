"""Storage `google`: a bucket of Google Cloud Storage."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from llmio.plugins import Plugin, Setting, StorageBackend, StorageFault, Stored, hookimpl, is_key

if TYPE_CHECKING:
    from gcsfs.core import GCSFileSystem

PLUGIN = Plugin(
    "Files in Google Cloud Storage",
    "Keeps files in a bucket at Google.",
    settings=(
        Setting("storage_gcs.bucket", "GCS_BUCKET", default="", help="Bucket."),
        Setting("storage_gcs.project", "GCS_PROJECT", default="", help="Project of the bucket."),
        Setting(
            "storage_gcs.credentials",
            "GCS_CREDENTIALS",
            default="",
            secret=True,
            help="Key of a service account: its JSON, or the path of its file; empty: the machine's own account.",
        ),
        Setting(
            "storage_gcs.endpoint",
            "STORAGE_EMULATOR_HOST",
            default="",
            help="Another address than Google's, for tests.",
        ),
    ),
)
BLOCK = 4 << 20
"""Bytes of a part; Google wants multiples of 256 KB."""
READ_BLOCK = 2 << 20
"""Bytes that are fetched at a time; held twice over."""


class Google(StorageBackend):
    """A bucket. Its filesystem is made when first used, and again in each process: gcsfs keeps a thread and a loop."""

    key = "google"
    title = "Google Cloud Storage"
    summary = "A bucket at Google."
    reading = {"block_size": READ_BLOCK}
    permissions = {
        "write": "storage.objects.create",
        "read": "storage.objects.get",
        "delete": "storage.objects.delete",
        "list": "storage.objects.list",
    }

    def bucket(self, settings: Mapping[str, Any]) -> str:
        """The bucket's name."""
        found = str(settings.get("bucket") or "")
        if not found:
            raise LookupError("GCS_BUCKET is not set")
        return found

    def token(self, settings: Mapping[str, Any], *, signing: bool = False) -> Any:
        """Who we are: a service account's key, the machine's account, or nobody.

        An emulator asks for no name, and nobody there would take a key for a token; the key signs addresses all the same.
        """
        given = str(settings.get("credentials") or "").strip()
        if settings.get("endpoint") and not (given and signing):
            return "anon"
        if not given:
            return "google_default"
        if not given.startswith("{"):
            given = Path(given).read_text()
        try:
            found = json.loads(given)
        except ValueError:
            raise LookupError("GCS_CREDENTIALS is neither the JSON of a key nor the path of a file with it") from None
        return found

    def load(self) -> None:
        """The client."""
        import_module("llmio_storage_gcs.client")

    def filesystem(self, settings: Mapping[str, Any], *, signing: bool = False) -> GCSFileSystem:
        """The service; fsspec keeps one for the same settings, thread and process."""
        from llmio_storage_gcs.client import WAIT, Client  # noqa: PLC0415  # slow, optional: extra `storage_gcs`

        return Client(
            project=settings.get("project") or "",
            token=self.token(settings, signing=signing),
            endpoint_url=settings.get("endpoint") or None,
            requests_timeout=WAIT,
            block_size=BLOCK,
            use_listings_cache=False,
            cache_timeout=0,
        )

    def path(self, key: str, settings: Mapping[str, Any]) -> str:
        """Bucket and key."""
        if not is_key(key):
            raise ValueError(f"{key!r} is no key of a file")
        return f"{self.bucket(settings)}/{key}"

    def save(self, key: str, stream: IO[bytes], settings: Mapping[str, Any]) -> None:
        """Piece by piece in one resumable upload, which is finished only when all has come."""
        target = self.filesystem(settings).open(self.path(key, settings), "wb", block_size=BLOCK)
        try:
            while piece := stream.read(1 << 20):
                target.write(piece)
        except BaseException:
            target.closed = True  # else what came is stored when the object is collected
            with suppress(Exception):  # an upload that was begun and never finished goes by itself, after a week
                target.discard()
            raise
        target.close()

    def stored(self, settings: Mapping[str, Any]) -> Iterator[Stored]:
        """A thousand objects at a time."""
        files, bucket, more = self.filesystem(settings), self.bucket(settings), None
        while True:
            page = files.call("GET", "b/{}/o", bucket, maxResults=1000, pageToken=more, json_out=True)
            for one in page.get("items", ()):
                if is_key(one["name"]):
                    changed = datetime.fromisoformat(one["updated"])
                    yield Stored(one["name"], int(one["size"]), changed)
            more = page.get("nextPageToken")
            if not more:
                return

    def url(
        self,
        key: str,
        settings: Mapping[str, Any],
        *,
        expires: timedelta,
        content_type: str,
        disposition: str,
    ) -> str | None:
        """An address signed by the service account's key; a machine's own account has none, then the site streams."""
        files = self.filesystem(settings, signing=True)
        if not hasattr(files.credentials.credentials, "sign_bytes"):
            return None
        return str(
            files.sign(
                self.path(key, settings),
                expiration=int(expires.total_seconds()),
                version="v4",
                response_type=content_type,
                response_disposition=disposition,
            )
        )

    def probe(self, settings: Mapping[str, Any]) -> None:
        """The bucket answers to this account; looking for an object needs no right to see the bucket itself."""
        self.filesystem(settings).call("GET", "b/{}/o", self.bucket(settings), maxResults=1, json_out=True)

    def fault(self, error: BaseException) -> StorageFault:
        """Those of gcsfs and of what it stands on."""
        from llmio_storage_gcs.client import meaning  # noqa: PLC0415  # slow, optional

        return meaning(error) or super().fault(error)


@hookimpl
def llmio_storages() -> Sequence[StorageBackend]:
    """The one service."""
    return (Google(),)
