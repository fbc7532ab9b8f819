"""A bucket that speaks S3; what the services have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from llmio.plugins import StorageBackend, StorageFault, Stored, is_key
from llmio_storage_s3.limits import BLOCK, CONNECT_SECONDS, READ_BLOCK, READ_SECONDS

if TYPE_CHECKING:
    from s3fs import S3FileSystem


class Bucket(StorageBackend):
    """A bucket. Its filesystem is made when first used, and again in each process: s3fs keeps a thread and a loop."""

    prefix: ClassVar[str] = ""
    """Begins the names of this service's settings."""
    variables: ClassVar[Mapping[str, str]]
    """Name of a setting → its variable, for messages."""
    page: ClassVar[int] = 1000
    """Objects of one answer when all are listed."""
    reading = {"block_size": READ_BLOCK}
    permissions = {
        "write": "s3:PutObject (and s3:AbortMultipartUpload)",
        "read": "s3:GetObject",
        "delete": "s3:DeleteObject",
        "list": "s3:ListBucket",
    }

    def of(self, settings: Mapping[str, Any], name: str) -> Any:
        """A setting of this service."""
        return settings.get(f"{self.prefix}{name}")

    def bucket(self, settings: Mapping[str, Any]) -> str:
        """The bucket's name."""
        found = str(self.of(settings, "bucket") or "")
        if not found:
            raise LookupError(f"{self.variables['bucket']} is not set")
        return found

    def endpoint(self, settings: Mapping[str, Any]) -> str | None:
        """The service's address; None: Amazon's own."""
        found = str(self.of(settings, "endpoint") or "").strip()
        return None if not found else found if "://" in found else f"https://{found}"

    def region(self, settings: Mapping[str, Any]) -> str | None:
        """The bucket's region."""
        return self.of(settings, "region") or None

    def addressing(self, settings: Mapping[str, Any]) -> str:
        """Where the bucket is named: `path`, `virtual` (in the host's name) or `auto`."""
        return "path" if self.of(settings, "path_style") else "auto"

    def load(self) -> None:
        """The client, and the tables by which it speaks."""
        import_module("llmio_storage_s3.client").warm()

    def filesystem(self, settings: Mapping[str, Any]) -> S3FileSystem:
        """The service; fsspec keeps one for the same settings, thread and process."""
        # Here, because it takes a second and 40 MB, and most sites keep their files on disk.
        from llmio_storage_s3.client import Client, session  # noqa: PLC0415  # slow, optional: extra `storage_s3`

        client = {"region_name": self.region(settings), "endpoint_url": self.endpoint(settings)}
        return Client(
            key=self.of(settings, "key") or None,
            secret=self.of(settings, "secret") or None,
            client_kwargs={name: value for name, value in client.items() if value},
            config_kwargs={
                "s3": {"addressing_style": self.addressing(settings)},
                "signature_version": "s3v4",
                # Services that only resemble S3 refuse the checksums that newer clients add to everything.
                "request_checksum_calculation": "when_required",
                "response_checksum_validation": "when_required",
                "connect_timeout": CONNECT_SECONDS,
                "read_timeout": READ_SECONDS,
                "retries": {"total_max_attempts": 1},  # s3fs tries again by itself
            },
            default_block_size=BLOCK,
            use_listings_cache=False,
            session=session(),
        )

    def path(self, key: str, settings: Mapping[str, Any]) -> str:
        """Bucket and key."""
        if not is_key(key):
            raise ValueError(f"{key!r} is no key of a file")
        return f"{self.bucket(settings)}/{key}"

    def stored(self, settings: Mapping[str, Any]) -> Iterator[Stored]:
        """Page by page."""
        files, bucket = self.filesystem(settings), self.bucket(settings)
        more: dict[str, str] = {}
        while True:
            page = files.call_s3("list_objects_v2", Bucket=bucket, MaxKeys=self.page, **more)
            for one in page.get("Contents", ()):
                if is_key(one["Key"]):
                    yield Stored(one["Key"], int(one["Size"]), one["LastModified"])
            if not page.get("IsTruncated") or not page.get("NextContinuationToken"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def tidy(self, settings: Mapping[str, Any], *, before: datetime) -> int:
        """Parts of uploads that were begun and never finished; they cost as much as whole files."""
        return self._tidy(settings, before=before)

    def discard(self, key: str, settings: Mapping[str, Any]) -> None:
        """Parts of it, and itself."""
        self._tidy(settings, key=key)
        self.delete(key, settings)

    def _tidy(self, settings: Mapping[str, Any], *, before: datetime | None = None, key: str = "") -> int:
        files, bucket, count = self.filesystem(settings), self.bucket(settings), 0
        try:
            found = files.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=key).get("Uploads") or ()
        except FileNotFoundError as error:
            if "NoSuchUpload" not in str(error):  # so say some servers where there are none; others mean the bucket
                raise
            return 0
        for one in found:
            if is_key(one["Key"]) and (before is None or one["Initiated"] < before) and key in ("", one["Key"]):
                with suppress(FileNotFoundError):  # it ended meanwhile
                    files.call_s3("abort_multipart_upload", Bucket=bucket, Key=one["Key"], UploadId=one["UploadId"])
                    count += 1
        return count

    def url(
        self,
        key: str,
        settings: Mapping[str, Any],
        *,
        expires: timedelta,
        content_type: str,
        disposition: str,
    ) -> str | None:
        """An address signed by the access key."""
        return str(
            self.filesystem(settings).url(
                self.path(key, settings),
                expires=int(expires.total_seconds()),
                ResponseContentType=content_type,
                ResponseContentDisposition=disposition,
            )
        )

    def probe(self, settings: Mapping[str, Any]) -> None:
        """The bucket answers to this key."""
        name = self.bucket(settings)
        files = self.filesystem(settings)
        files.call_s3("head_bucket", Bucket=name)

    def fault(self, error: BaseException) -> StorageFault:
        """Those of botocore, which s3fs hands on as they are where no answer came."""
        from botocore import exceptions  # noqa: PLC0415  # slow, optional: it is there when there was an error of it

        if isinstance(error, (exceptions.HTTPClientError, exceptions.ConnectionError)):
            return StorageFault.SILENT
        if isinstance(error, (exceptions.NoCredentialsError, exceptions.PartialCredentialsError)):
            return StorageFault.DENIED
        return super().fault(error)
