"""Uploads in two steps, as Active Storage's script does them: announce name, size and checksum; send the bytes.

Id and key are handed out with the announcement, in a signed token; the row is made only when the bytes have come and are what
was announced. So nothing is left of an upload that was announced and never came.
"""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from llmio.core.errors import Invalid
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.files import faults, service, signing, sniff, strays
from llmio.files.names import clean_name
from llmio.files.storages import for_new_files

if TYPE_CHECKING:
    from llmio.core.context import Context

GOOD_FOR = timedelta(hours=1)
NEXT_ID = text("SELECT nextval(pg_get_serial_sequence('active_storage_blobs', 'id'))")


@dataclass(frozen=True)
class Coming:
    """A file that was announced."""

    id: int
    key: str
    filename: str
    byte_size: int
    checksum: str
    uploader: int
    until: int


def announce(ctx: Context, *, filename: str, byte_size: int, checksum: str, content_type: str) -> dict[str, Any]:
    """What Active Storage's script needs to go on, and what the reference adds."""
    ctx.require(Permission.FILE_CREATE)
    limit = ctx.app.settings.number("files.max_bytes")
    if byte_size > limit:
        raise faults.too_large(limit)
    if byte_size <= 0:
        raise Invalid.at("file", _("This file is empty. Please choose another one."))
    coming = Coming(
        id=int(ctx.db.execute(NEXT_ID).scalar_one()),
        key=service.new_key(),
        filename=clean_name(filename),
        byte_size=byte_size,
        checksum=checksum,
        uploader=ctx.signed_in().id,
        until=int((ctx.now + GOOD_FOR).timestamp()),
    )
    url = signing.plain_url(coming.id, coming.filename)
    kind = sniff.named(coming.filename)
    return {
        "id": coming.id,
        "key": coming.key,
        "filename": coming.filename,
        "content_type": content_type or kind,
        "metadata": {},
        "byte_size": byte_size,
        "checksum": checksum,
        "created_at": ctx.now.isoformat(),
        "service_name": for_new_files(ctx.app).backend.key,
        "signed_id": signing.signed_id(ctx, coming.id),
        "download_url": url,
        "preview_url": url if kind in sniff.INLINE and kind.startswith("image/") else None,
        "direct_upload": {
            "url": f"/rails/active_storage/disk/{token(ctx, coming)}",
            "headers": {"Content-Type": content_type or kind},
        },
    }


def token(ctx: Context, coming: Coming) -> str:
    """The announcement, signed."""
    packed = base64.urlsafe_b64encode(json.dumps(asdict(coming)).encode()).decode().rstrip("=")
    return f"{packed}.{signing.sign(ctx, f'direct:{packed}')}"


def alone(ctx: Context, coming: Coming) -> None:
    """Wait for another request that brings the same file: which of them fails would remove what the other one stored."""
    strays.hold(ctx, coming.key)


def read(ctx: Context, written: str) -> Coming | None:
    """The announcement of the actor; None where it is forged, somebody else's or too old."""
    packed, _dot, signature = written.rpartition(".")
    if not hmac.compare_digest(signature.encode(), signing.sign(ctx, f"direct:{packed}").encode()):
        return None
    coming = Coming(**json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))))
    return coming if coming.uploader == ctx.actor_id and coming.until >= ctx.now.timestamp() else None
