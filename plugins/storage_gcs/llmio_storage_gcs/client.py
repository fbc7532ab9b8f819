"""The client: gcsfs, which gives up in time, and what its errors mean."""

from __future__ import annotations

import logging

import aiohttp
import requests
from gcsfs.core import GCSFileSystem  # its newer class asks by gRPC how each bucket is laid out; ours are plain
from gcsfs.retry import HttpError, retry_request
from google.auth import exceptions as auth

from llmio.plugins import StorageFault

TRIES = 3
WAIT = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=15)
"""A dead endpoint is given up after some seconds, a silent one within a minute: somebody waits for the answer."""
# It writes a traceback whenever it gives up; commands that set up no log would show it to people.
logging.getLogger("gcsfs").addHandler(logging.NullHandler())


class Client(GCSFileSystem):
    """Tries a few times only."""

    _request = retry_request(retries=TRIES)(GCSFileSystem._request.__wrapped__)  # noqa: SLF001  # six tries take a minute


def meaning(error: BaseException) -> StorageFault | None:
    """What an error of these libraries means; None: it is none of theirs."""
    if isinstance(error, HttpError):
        code = int(error.code or 0)
        return StorageFault.DENIED if code in (401, 403) else StorageFault.SILENT if code >= 500 else StorageFault.OTHER
    if isinstance(error, (aiohttp.ClientError, requests.exceptions.RequestException, auth.TransportError)):
        return StorageFault.SILENT
    if isinstance(error, auth.GoogleAuthError) or (isinstance(error, OSError) and "Forbidden" in str(error)):
        return StorageFault.DENIED
    return None
