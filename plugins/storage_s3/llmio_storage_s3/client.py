"""The client: s3fs, which gives up in time."""

from __future__ import annotations

from typing import Any

from botocore.handlers import add_expect_header
from s3fs import S3FileSystem

from llmio_storage_s3.bucket import TRIES


class Client(S3FileSystem):
    """Tries a few times only, and never waits to be asked for a body.

    The client library sends `Expect: 100-continue`, and then waits without end for a server that says nothing.
    """

    retries = TRIES

    async def set_session(self, *args: Any, **named: Any) -> Any:
        """The connection, which s3fs asks for before each call."""
        client = await super().set_session(*args, **named)
        client.meta.events.unregister("before-call.s3", add_expect_header)
        return client
