"""Acts on files: take one in, tie it to a record, remove it."""

from __future__ import annotations

import json
import re
import secrets
import string
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from llmio.core.errors import Invalid
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.files import intake, queries, signing, sniff, storages, strays
from llmio.files.faults import TooLarge, too_large
from llmio.files.models import Attachment, Blob
from llmio.files.names import clean_name

if TYPE_CHECKING:
    from llmio.core.context import Context

KEY_LETTERS = string.digits + string.ascii_lowercase
KEY_LENGTH = 28
PICTURE = re.compile(r"/files/(\d{1,18}-[0-9a-f]{32})/")
"""A signed address in a text."""
CAME = "came_checksum"
"""In a picture's metadata: the sum of what was sent, where notes of a camera were taken out of it."""
FILES, IMAGES = "files", "image_files"
"""Names of attachments: those listed below a text, and those shown within it."""
__all__ = [
    "CAME",
    "FILES",
    "IMAGES",
    "Reserved",
    "TooLarge",
    "attach",
    "clean_name",
    "described",
    "keep_pictures",
    "store",
    "take_all",
    "too_large",
]


@dataclass(frozen=True)
class Reserved:
    """An id and a key that were handed out for a file of so many bytes, which is still to come."""

    id: int
    key: str
    byte_size: int


def store(
    ctx: Context,
    *,
    filename: str | None,
    stream: IO[bytes],
    checksum: str = "",
    only: Collection[str] = (),
    field: str = "file",
    at: Reserved | None = None,
) -> Blob:
    """Take a file in. The bytes are stored before the row, so that no row is ever without them.

    Pictures are kept without what cameras note in them. `checksum` is what the sender says they sum up to (base64 of MD5), `only` the types that may come (Invalid at `field`
    for others), `at` an id and key that were handed out before. If this transaction does not commit, the bytes
    are removed again. Raises TooLarge, Invalid, Unavailable.
    """
    ctx.require(Permission.FILE_CREATE)
    name = clean_name(filename)
    storage = storages.for_new_files(ctx.app)
    key = at.key if at else new_key()
    with intake.taken(stream, ctx.app.settings.number("files.max_bytes")) as came:
        kind = sniff.content_type(came.head, name)
        if at and at.byte_size != came.size:
            raise other_size()
        _check(came, kind, checksum, only, field)
        with intake.stripped(came, kind) as kept:
            strays.save(ctx, storage, key, kept.stream)
    ctx.tm.get().addAfterCommitHook(_remove_unless, args=(storage, key))
    ctx.tm.get().addAfterAbortHook(strays.remove, args=(ctx.app, storage, key))
    blob = Blob(
        id=at.id if at else None,
        key=key,
        filename=name,
        content_type=kind,
        metadata_=json.dumps(
            {"identified": True, "analyzed": True, "uploader_id": ctx.signed_in().id, "stripped": True}
            | ({CAME: came.checksum} if kept.checksum != came.checksum else {})
        ),
        byte_size=kept.size,
        checksum=kept.checksum,
        service_name=storage.backend.key,
        created_at=ctx.now,
    )
    ctx.db.add(blob)
    ctx.db.flush()
    if kind.startswith("image/"):
        ctx.changed(blob)  # its small form is made by a job
    return blob


def forget(ctx: Context, blob: Blob) -> list[tuple[str, str]]:
    """Remove the rows of a file and of its small forms; answers where their bytes lie (storage, key), to be removed after."""
    gone = [(blob.service_name, blob.key)]
    found = queries.variants(ctx, blob.id)
    for _record, attachment, image in found:
        if attachment is not None:
            ctx.db.delete(attachment)
        if image is not None:
            gone.append((image.service_name, image.key))
    ctx.db.flush()
    for record, _attachment, image in found:
        ctx.db.delete(record)
        if image is not None:
            ctx.db.delete(image)
    ctx.db.flush()
    ctx.db.delete(blob)
    return gone


def _check(came: intake.Taken, kind: str, checksum: str, only: Collection[str], field: str) -> None:
    if checksum and checksum != came.checksum:
        raise Invalid.at(field, _("The file was damaged on its way. Please try again."))
    if only and kind not in only:
        names = ", ".join(sorted(one.split("/")[-1].upper() for one in only))
        raise Invalid.at(field, _("This kind of file cannot be used here. Possible are: {names}.", names=names))


def other_size() -> Invalid:
    """The refusal of what is longer or shorter than it was announced."""
    return Invalid.at("file", _("This is not the file that was announced: its size differs."))


def refuse_empty(stream: IO[bytes]) -> None:
    """Said to people at the doors where they choose files; a mail may well bring an empty one."""
    if stream.seekable():
        stream.seek(0)
        empty = not stream.read(1)
        stream.seek(0)
        if empty:
            raise Invalid.at("file", _("This file is empty. Please choose another one."))


def new_key() -> str:
    """A key as Active Storage makes them."""
    return "".join(secrets.choice(KEY_LETTERS) for _place in range(KEY_LENGTH))


def _remove_unless(committed: bool, storage: storages.Storage, key: str) -> None:  # noqa: FBT001  # the hook's signature
    if not committed:
        strays.remove(storage.app, storage, key)


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
    keep_pictures(ctx, record, body)
    listed = [described(ctx, found[blob_id]) for blob_id in wanted if blob_id not in within]
    if listed != (record.attachments or []):
        record.attachments = listed
    ctx.db.flush()
    return listed


def keep_pictures(ctx: Context, record: Any, body: str | None) -> None:
    """Tie the actor's pictures that stand in a text to its record: what nothing refers to is removed after two days.

    The editor puts a picture into the text by its signed address alone; pictures of others stay theirs.
    """
    ids = {found for found in (signing.read(ctx, text) for text in PICTURE.findall(body or "")) if found is not None}
    if not ids:
        return
    record_type = type(record).__name__
    there = {row.blob_id for row in queries.attachments_of(ctx, record_type, record.id)}
    for blob_id, blob in sorted(queries.blobs(ctx, ids - there).items()):
        if _may_take(ctx, blob):
            ctx.db.add(
                Attachment(
                    name=IMAGES,
                    record_type=record_type,
                    record_id=record.id,
                    blob_id=blob_id,
                    group_id=getattr(record, "group_id", None),
                    created_at=ctx.now,
                )
            )
    ctx.db.flush()


def _may_take(ctx: Context, blob: Blob | None) -> bool:
    return blob is not None and blob.uploader_id == ctx.actor_id and not queries.uses(ctx, blob.id)


def _is_within(ctx: Context, blob_id: int, body: str | None) -> bool:
    return bool(body) and f"/files/{signing.signed_id(ctx, blob_id)}/" in (body or "")


def described(ctx: Context, blob: Blob) -> dict[str, Any]:
    """A file as the `attachments` columns hold it."""
    url = signing.plain_url(blob.id, blob.filename)
    kind = blob.content_type or sniff.OPAQUE
    shown = {"preview_url": f"{url}?preview=1"} if kind.startswith("image/") and kind in sniff.INLINE else {}
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


def typed(ctx: Context, ids: Iterable[str]) -> list[dict[str, Any]]:
    """Files that a refused form named (ids as they came): those the actor uploaded, or may see where they are attached."""
    wanted = [int(one) for one in dict.fromkeys(ids) if one.isdecimal() and len(one) < 10]
    found = queries.blobs(ctx, wanted) if wanted else {}
    return [described(ctx, found[one]) for one in wanted if one in found and ctx.can(Permission.FILE_SHOW, found[one])]


def _icon(kind: str) -> str:
    part = kind.split("/", maxsplit=1)[0]
    return {"image": "image", "audio": "audio", "video": "video"}.get(
        part, "pdf" if kind == "application/pdf" else "file"
    )


def take_all(ctx: Context, uploads: Sequence[Any]) -> list[int]:
    """Take in what a plain form sent: files (cgi-like fields with `filename` and `file`), and signed ids of files that went
    up before; ids in order. Empty fields are skipped.
    """
    found: list[int] = []
    for field in uploads:
        if getattr(field, "filename", None):
            refuse_empty(field.file)
            found.append(store(ctx, filename=field.filename, stream=field.file).id)
        elif isinstance(field, str) and field:
            blob_id = signing.read(ctx, field)
            if blob_id is None:
                raise Invalid.at("attachments", _("One of the files is not there any more. Please add it again."))
            found.append(blob_id)
    return found
