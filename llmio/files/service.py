"""Acts on files: take one in, tie it to a record, remove it."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import string
import tempfile
from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING, Any

from llmio.core.errors import Invalid
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.files import queries, signing, sniff, storages
from llmio.files.models import Attachment, Blob

if TYPE_CHECKING:
    from llmio.core.context import Context

KEY_LETTERS = string.digits + string.ascii_lowercase
KEY_LENGTH = 28
IN_MEMORY = 1 << 20
FILES, IMAGES = "files", "image_files"
"""Names of attachments: those listed below a text, and those shown within it."""


class TooLarge(Invalid):
    """More bytes than are allowed."""

    status = 413


def too_large(limit: int) -> TooLarge:
    """The refusal of a file, with the limit in words."""
    message = _("This file is too large: at most {size} MB.", size=max(limit // (1 << 20), 1))
    return TooLarge(message, {"file": [message]})


def clean_name(name: str | None) -> str:
    """A file name without folders and control characters, of at most 200 characters."""
    base = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    base = "".join(letter for letter in base if letter.isprintable()).strip().lstrip(".")
    stem, dot, ending = base.rpartition(".")
    if dot and len(base) > 200:
        base = f"{stem[: 199 - len(ending)]}.{ending}" if len(ending) < 20 else base[:200]
    return base[:200] or "file"


def store(ctx: Context, *, filename: str | None, stream: IO[bytes]) -> Blob:
    """Take a file in. The bytes are stored before the row, so that no row is ever without them.

    Read once: counted, hashed and looked at on the way into a temporary file. If this transaction does not commit, the
    bytes are removed again. Raises TooLarge, Unavailable.
    """
    ctx.require(Permission.FILE_CREATE)
    name = clean_name(filename)
    limit = ctx.app.settings.number("files.max_bytes")
    storage = storages.for_new_files(ctx.app)
    key = new_key()
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as kept:
        size, checksum, head = _take(stream, kept, limit)
        kept.seek(0)
        storage.save(key, kept)
    ctx.tm.get().addAfterCommitHook(_remove_unless, args=(storage, key))
    ctx.tm.get().addAfterAbortHook(storage.delete, args=(key,))
    blob = Blob(
        key=key,
        filename=name,
        content_type=sniff.content_type(head, name),
        metadata_=json.dumps({"identified": True, "analyzed": True, "uploader_id": ctx.signed_in().id}),
        byte_size=size,
        checksum=checksum,
        service_name=storage.backend.key,
        created_at=ctx.now,
    )
    ctx.db.add(blob)
    ctx.db.flush()
    return blob


def new_key() -> str:
    """A key as Active Storage makes them."""
    return "".join(secrets.choice(KEY_LETTERS) for _place in range(KEY_LENGTH))


def _take(stream: IO[bytes], kept: IO[bytes], limit: int) -> tuple[int, str, bytes]:
    size, digest, head = 0, hashlib.md5(usedforsecurity=False), b""
    while piece := stream.read(1 << 18):
        size += len(piece)
        if size > limit:
            raise too_large(limit)
        if len(head) < sniff.HEAD:
            head += piece[: sniff.HEAD - len(head)]
        digest.update(piece)
        kept.write(piece)
    return size, base64.b64encode(digest.digest()).decode(), head


def _remove_unless(committed: bool, storage: storages.Storage, key: str) -> None:  # noqa: FBT001  # the hook's signature
    if not committed:
        storage.delete(key)


def attach(ctx: Context, record: Any, blob_ids: Iterable[int], *, body: str | None = None) -> list[dict[str, Any]]:
    """Make exactly these files the record's, and keep its `attachments` column; returns that.

    New ones must have been uploaded by the actor and belong to nothing yet. Those whose picture stands in `body` are
    kept as such and not listed.
    """
    record_type = type(record).__name__
    wanted = list(dict.fromkeys(blob_ids))
    present = {row.blob_id: row for row in queries.attachments_of(ctx, record_type, record.id)}
    within = {blob_id for blob_id in present if present[blob_id].name == IMAGES and _is_within(ctx, blob_id, body)}
    found = queries.blobs(ctx, [*wanted, *within])
    for blob_id in wanted:
        if blob_id not in present and not _may_take(ctx, found.get(blob_id)):
            raise Invalid.at("attachments", _("One of the files is not there any more. Please add it again."))
    for blob_id, row in present.items():
        if blob_id not in wanted and blob_id not in within:
            ctx.db.delete(row)
    for blob_id in wanted:
        if blob_id not in present:
            name = IMAGES if _is_within(ctx, blob_id, body) else FILES
            if name == IMAGES:
                within.add(blob_id)
            ctx.db.add(
                Attachment(
                    name=name,
                    record_type=record_type,
                    record_id=record.id,
                    blob_id=blob_id,
                    group_id=getattr(record, "group_id", None),
                    created_at=ctx.now,
                )
            )
    listed = [described(ctx, found[blob_id]) for blob_id in wanted if blob_id not in within]
    if listed != (record.attachments or []):
        record.attachments = listed
    ctx.db.flush()
    return listed


def _may_take(ctx: Context, blob: Blob | None) -> bool:
    return blob is not None and blob.uploader_id == ctx.actor_id and not queries.uses(ctx, blob.id)


def _is_within(ctx: Context, blob_id: int, body: str | None) -> bool:
    return bool(body) and f"/files/{signing.signed_id(ctx, blob_id)}/" in (body or "")


def described(ctx: Context, blob: Blob) -> dict[str, Any]:
    """A file as the `attachments` columns hold it."""
    url = signing.plain_url(blob.id, blob.filename)
    kind = blob.content_type or sniff.OPAQUE
    shown = {"preview_url": url} if kind.startswith("image/") and kind in sniff.INLINE else {}
    return {
        "id": blob.id,
        "filename": blob.filename,
        "content_type": kind,
        "byte_size": blob.byte_size,
        **shown,
        "download_url": url,
        "icon": _icon(kind),
        "signed_id": signing.signed_id(ctx, blob.id),
    }


def _icon(kind: str) -> str:
    part = kind.split("/", maxsplit=1)[0]
    return {"image": "image", "audio": "audio", "video": "video"}.get(
        part, "pdf" if kind == "application/pdf" else "file"
    )


def take_all(ctx: Context, uploads: Sequence[Any]) -> list[int]:
    """Take in what a plain form sent (cgi-like fields with `filename` and `file`); ids in order. Empty fields are skipped."""
    fields = [field for field in uploads if getattr(field, "filename", None)]
    return [store(ctx, filename=field.filename, stream=field.file).id for field in fields]
