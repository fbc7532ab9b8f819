"""The client: s3fs, which gives up in time."""

from __future__ import annotations

from s3fs import S3FileSystem

from llmio_storage_s3.bucket import TRIES


class Client(S3FileSystem):
    """Tries a few times only."""

    retries = TRIES
