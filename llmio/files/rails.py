"""Addresses that the reference wrote into texts: signed ids as Rails makes them, with the secret that the site took over."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmio.core.context import Context

ROUNDS, LENGTH = 1000, 64
PURPOSE = "blob_id"
DIGESTS = ("sha1", "sha256")
"""Rails went from one to the other, for its keys and for its signatures; a restored database may hold both."""
MARSHALLED = b"\x04\x08i"
"""How Ruby writes a whole number down (older Rails wrote the id so)."""


def read(ctx: Context, signed: str) -> int | None:
    """The blob's id in a signed id; None where it is not signed by our secret, not for a blob, or too old."""
    packed, _dashes, signature = signed.rpartition("--")
    secret = ctx.app.settings.text("security.secret")
    if not packed or not secret or not _is_signed(packed, signature, secret):
        return None
    try:
        return _id_in(json.loads(base64.b64decode(packed + "=" * (-len(packed) % 4)))["_rails"])
    except (ValueError, KeyError, TypeError):
        return None


def _is_signed(packed: str, signature: str, secret: str) -> bool:
    given = signature.encode()
    return any(
        hmac.compare_digest(hmac.new(_key(secret, derived), packed.encode(), made).hexdigest().encode(), given)
        for derived in DIGESTS
        for made in DIGESTS
    )


@lru_cache(maxsize=8)
def _key(secret: str, digest: str) -> bytes:
    return hashlib.pbkdf2_hmac(digest, secret.encode(), b"ActiveStorage", ROUNDS, LENGTH)


def _id_in(envelope: dict[str, Any]) -> int | None:
    """Permanent ids alone: those in texts have no end; what has one is a link that was handed out for a moment."""
    if envelope.get("pur") != PURPOSE or envelope.get("exp"):
        return None
    if "data" in envelope:
        return int(envelope["data"])
    message = base64.b64decode(envelope["message"])
    return _whole_number(message[len(MARSHALLED) :]) if message.startswith(MARSHALLED) else int(message)


def _whole_number(data: bytes) -> int:
    size = data[0]
    if size <= 4:
        return int.from_bytes(data[1 : 1 + size], "little")
    return size - 5
