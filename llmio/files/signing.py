"""Signed ids: whoever holds one may read the file, as in links and pictures within a text."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import quote

from llmio.core import signatures

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.files.models import Blob


def signed_id(ctx: Context, blob_id: int) -> str:
    """The id with its signature."""
    return f"{blob_id}-{_signature(ctx, blob_id)}"


def read(ctx: Context, text: str) -> int | None:
    """The id in a signed id; None where the signature is wrong."""
    number, _dash, signature = text.partition("-")
    if not number.isdecimal() or len(number) > 18:
        return None
    return int(number) if hmac.compare_digest(signature.encode(), _signature(ctx, int(number)).encode()) else None


def url(ctx: Context, blob: Blob) -> str:
    """A link for a text: good for all who can read the text."""
    return f"/files/{signed_id(ctx, blob.id)}/{quote(blob.filename)}"


def plain_url(blob_id: int, filename: str) -> str:
    """A link that asks for permission."""
    return f"/files/{blob_id}/{quote(filename)}"


def _signature(ctx: Context, blob_id: int) -> str:
    return sign(ctx, f"file:{blob_id}")


def sign(ctx: Context, text: str) -> str:
    """The site's signature of a text."""
    return signatures.sign(ctx.app, text)
