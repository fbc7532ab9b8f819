"""Storages `amazon` and `s3_compatible`: a bucket that speaks S3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmio.plugins import Plugin, Setting, StorageBackend, hookimpl
from llmio_storage_s3.bucket import Bucket

PLUGIN = Plugin(
    "Files in S3",
    "Keeps files in a bucket of Amazon S3 or of a service that speaks like it.",
    settings=(
        Setting("storage_s3.amazon_bucket", "AWS_BUCKET", default="", help="Bucket; when set, new files go there."),
        Setting("storage_s3.amazon_region", "AWS_REGION", default="", help="Region of the bucket."),
        Setting(
            "storage_s3.amazon_key", "AWS_ACCESS_KEY_ID", default="", help="Access key; empty: the machine's role."
        ),
        Setting("storage_s3.amazon_secret", "AWS_SECRET_ACCESS_KEY", default="", secret=True, help="Its secret."),
        Setting("storage_s3.amazon_endpoint", "AWS_ENDPOINT_URL", default="", help="Another address than Amazon's."),
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


def variables(prefix: str) -> Mapping[str, str]:
    """Name of a setting → its variable."""
    begin = f"storage_s3.{prefix}"
    return {one.key.removeprefix(begin): one.env for one in PLUGIN.settings if one.key.startswith(begin)}


class Amazon(Bucket):
    """Amazon S3."""

    key = "amazon"
    prefix = "amazon_"
    variables = variables("amazon_")
    title = "Amazon S3"
    summary = "A bucket at Amazon."

    def wanted(self, settings: Mapping[str, Any]) -> bool:
        """AWS_BUCKET asks for it."""
        return bool(self.of(settings, "bucket"))


class Compatible(Bucket):
    """Anything that speaks S3."""

    key = "s3_compatible"
    prefix = "compatible_"
    variables = variables("compatible_")
    title = "S3-compatible"
    summary = "A bucket at any service that speaks S3, such as one's own."

    def bucket(self, settings: Mapping[str, Any]) -> str:
        """The bucket's name; the service must be named too, or it would be looked for at Amazon."""
        if not self.endpoint(settings):
            raise LookupError(f"{self.variables['endpoint']} is not set")
        return super().bucket(settings)


@hookimpl
def llmio_storages() -> Sequence[StorageBackend]:
    """The two services."""
    return (Amazon(), Compatible())
