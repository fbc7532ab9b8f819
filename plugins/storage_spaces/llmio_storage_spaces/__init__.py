"""Storage `digitalocean`: a space at DigitalOcean, which speaks S3 at an address of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from llmio_storage_s3.bucket import Bucket

from llmio.plugins import Plugin, Setting, StorageBackend, hookimpl

PLUGIN = Plugin(
    "Files in Spaces",
    "Keeps files in a space at DigitalOcean.",
    settings=(
        Setting("storage_spaces.bucket", "DO_BUCKET", default="", help="Space."),
        Setting(
            "storage_spaces.endpoint",
            "DO_ENDPOINT",
            default="",
            help="Address of its region, such as https://fra1.digitaloceanspaces.com.",
        ),
        Setting("storage_spaces.key", "DO_ACCESS_KEY_ID", default="", help="Access key."),
        Setting("storage_spaces.secret", "DO_SECRET_ACCESS_KEY", default="", secret=True, help="Its secret."),
    ),
)
HOST = ".digitaloceanspaces.com"


class Spaces(Bucket):
    """A space."""

    key = "digitalocean"
    title = "DigitalOcean Spaces"
    summary = "A space at DigitalOcean."
    variables = {one.key.removeprefix("storage_spaces."): one.env for one in PLUGIN.settings}
    permissions = {
        "write": "Read/Write for the space",
        "read": "Read for the space",
        "delete": "Read/Write/Delete for the space",
        "list": "Read for the space",
    }

    def bucket(self, settings: Mapping[str, Any]) -> str:
        """The space; nothing of it is looked for at Amazon, so address and key must be named."""
        for name in ("endpoint", "key", "secret"):
            if not self.of(settings, name):
                raise LookupError(f"{self.variables[name]} is not set")
        return super().bucket(settings)

    def region(self, settings: Mapping[str, Any]) -> str | None:
        """Part of the signature; the address says it."""
        host = self._host(settings)
        return host.removesuffix(HOST).rsplit(".", 1)[-1] if host.endswith(HOST) else "us-east-1"

    def addressing(self, settings: Mapping[str, Any]) -> str:
        """At DigitalOcean the space is part of the host's name; elsewhere (a proxy, a test) nobody knows such a host."""
        return "virtual" if self._host(settings).endswith(HOST) else "path"

    def _host(self, settings: Mapping[str, Any]) -> str:
        return urlsplit(self.endpoint(settings) or "").hostname or ""


@hookimpl
def llmio_storages() -> Sequence[StorageBackend]:
    """The one service."""
    return (Spaces(),)
