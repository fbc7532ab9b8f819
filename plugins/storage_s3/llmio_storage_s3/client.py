"""The client: s3fs, which gives up in time, and whose tables of the service are read once for all processes."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

from aiobotocore.session import AioSession
from botocore.handlers import add_expect_header
from s3fs import S3FileSystem

from llmio_storage_s3.limits import TRIES


@cache
def session() -> AioSession:
    """What connections are made from. It holds the tables that describe the service, and no connection, so it may be
    made before the web server forks.
    """
    return AioSession()


def warm() -> None:
    """Read the tables: they take 15 MB, which processes forked after this share."""
    asyncio.run(_warm())


async def _warm() -> None:
    # Nothing is sent: the client is made, and thrown away.
    async with session().create_client(
        "s3",
        region_name="us-east-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",  # noqa: S106  # opens nothing
    ):
        return


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
