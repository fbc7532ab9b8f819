"""Storages `amazon`, `digitalocean` and `s3_compatible`: a bucket that speaks S3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from llmio.plugins import Plugin, Setting, StorageBackend, hookimpl

if TYPE_CHECKING:
    from s3fs import S3FileSystem

PLUGIN = Plugin(
    "Files in S3",
    "Keeps files in a bucket of Amazon S3, DigitalOcean Spaces or a service that speaks like them.",
    settings=(
        Setting("storage_s3.amazon_bucket", "AWS_BUCKET", default="", help="Bucket; when set, new files go there."),
        Setting("storage_s3.amazon_region", "AWS_REGION", default="", help="Region of the bucket."),
        Setting(
            "storage_s3.amazon_key", "AWS_ACCESS_KEY_ID", default="", help="Access key; empty: the machine's role."
        ),
        Setting("storage_s3.amazon_secret", "AWS_SECRET_ACCESS_KEY", default="", secret=True, help="Its secret."),
        Setting("storage_s3.amazon_endpoint", "AWS_ENDPOINT_URL", default="", help="Another address than Amazon's."),
        Setting("storage_s3.digitalocean_bucket", "DO_BUCKET", default="", help="Space."),
        Setting("storage_s3.digitalocean_endpoint", "DO_ENDPOINT", default="", help="Address of its region."),
        Setting("storage_s3.digitalocean_key", "DO_ACCESS_KEY_ID", default="", help="Access key."),
        Setting("storage_s3.digitalocean_secret", "DO_SECRET_ACCESS_KEY", default="", secret=True, help="Its secret."),
        Setting("storage_s3.compatible_bucket", "STORAGE_BUCKET_NAME", default="", help="Bucket."),
        Setting("storage_s3.compatible_endpoint", "STORAGE_ENDPOINT", default="", help="Address of the service."),
        Setting("storage_s3.compatible_region", "STORAGE_REGION", default="", help="Region, where it has some."),
        Setting("storage_s3.compatible_key", "STORAGE_ACCESS_KEY_ID", default="", help="Access key."),
        Setting(
            "storage_s3.compatible_secret", "STORAGE_SECRET_ACCESS_KEY", default="", secret=True, help="Its secret."
        ),
        Setting(
            "storage_s3.compatible_path_style",
            "STORAGE_FORCE_PATH_STYLE",
            "bool",
            default=False,
            help="The bucket is named in the path, not in the host name.",
        ),
    ),
)


class Bucket(StorageBackend):
    """A bucket. Its filesystem is made when first used, and again in each process: s3fs keeps a thread and a loop."""

    prefix: ClassVar[str]
    """Begins the names of this service's settings."""

    def of(self, settings: Mapping[str, Any], name: str) -> Any:
        """A setting of this service."""
        return settings.get(f"{self.prefix}_{name}")

    def bucket(self, settings: Mapping[str, Any]) -> str:
        """The bucket's name."""
        found = str(self.of(settings, "bucket") or "")
        if not found:
            variable = next(one.env for one in PLUGIN.settings if one.key == f"storage_s3.{self.prefix}_bucket")
            raise LookupError(f"{variable} is not set")
        return found

    def filesystem(self, settings: Mapping[str, Any]) -> S3FileSystem:
        """The service; fsspec keeps one for the same settings and process."""
        # Here, because it takes a second and 40 MB, and most sites keep their files on disk.
        from s3fs import S3FileSystem  # noqa: PLC0415  # slow, optional: extra `storage_s3`

        style = "path" if self.of(settings, "path_style") else "auto"
        client = {
            "region_name": self.of(settings, "region") or None,
            "endpoint_url": self.of(settings, "endpoint") or None,
        }
        return S3FileSystem(
            key=self.of(settings, "key") or None,
            secret=self.of(settings, "secret") or None,
            client_kwargs={name: value for name, value in client.items() if value},
            config_kwargs={
                "s3": {"addressing_style": style},
                "signature_version": "s3v4",
                # Services that only resemble S3 refuse the checksums that newer clients add to everything.
                "request_checksum_calculation": "when_required",
                "response_checksum_validation": "when_required",
            },
            use_listings_cache=False,
        )

    def path(self, key: str, settings: Mapping[str, Any]) -> str:
        """Bucket and key."""
        if not key.isalnum():
            raise ValueError(f"{key!r} is no key of a file")
        return f"{self.bucket(settings)}/{key}"

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


class Amazon(Bucket):
    """Amazon S3."""

    key = "amazon"
    prefix = "amazon"
    title = "Amazon S3"
    summary = "A bucket at Amazon."

    def wanted(self, settings: Mapping[str, Any]) -> bool:
        """AWS_BUCKET asks for it."""
        return bool(self.of(settings, "bucket"))


class DigitalOcean(Bucket):
    """DigitalOcean Spaces."""

    key = "digitalocean"
    prefix = "digitalocean"
    title = "DigitalOcean Spaces"
    summary = "A space at DigitalOcean."


class Compatible(Bucket):
    """Anything that speaks S3."""

    key = "s3_compatible"
    prefix = "compatible"
    title = "S3-compatible"
    summary = "A bucket at any service that speaks S3, such as one's own."


@hookimpl
def llmio_storages() -> Sequence[StorageBackend]:
    """The three services."""
    return (Amazon(), DigitalOcean(), Compatible())
