"""Exports of groups: asked for on a page, made by a job, kept for a week."""

from __future__ import annotations

import base64
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, TYPE_CHECKING

from sqlalchemy import func, select

from llmio.accounts.models import User
from llmio.core import audit, work
from llmio.core.context import Context
from llmio.core.errors import Conflict, Invalid
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.files import service as files
from llmio.files import signing, storages
from llmio.files.models import Attachment, Blob, Document
from llmio.groups.forms import handle_from
from llmio.groups.models import Group
from llmio.upkeep.export import jsonl, page, sheet
from llmio.upkeep.export.selection import Selection
from llmio.upkeep.service.records import table

if TYPE_CHECKING:
    from llmio.core.context import Identity
    from llmio.core.work import LongWork, Report

KEPT = timedelta(days=7)
PATIENCE = timedelta(hours=1)
"""After which an export that has no file is taken for failed, and another one may be asked for."""
FOR_GROUP = "GroupExport"
"""`documents.model_type` of an export; `model_id` is the group's."""

Lines = Callable[[Context, Selection], Iterator[str]]
FORMATS: dict[str, tuple[str, Lines]] = {
    "json": ("application/json", jsonl.lines),
    "csv": ("text/csv", sheet.lines),
    "html": ("text/html", page.lines),
}
"""Ending of the file → its content type, and what writes its lines."""


@dataclass(frozen=True)
class Export:
    """An export as the page shows it; without `url` while it is being made."""

    document: Document
    format: str
    size: int
    url: str


def ask_for_export(ctx: Context, group: Group, *, form: str) -> LongWork:
    """Have a group and those of its subgroups that the actor leads written into a file; a mail brings the link."""
    ctx.require(Permission.GROUP_EXPORT, group)
    if form not in FORMATS:
        raise Invalid.at("format", _("Please choose one of the options."))
    if any(not one.url for one in exports_of(ctx, group)):
        raise Conflict(_("An export of this group is being made. Please wait for it."))
    audit.note(ctx, "group.export", group, group_id=group.id, form=form)
    stamp = ctx.now.strftime("%Y-%m-%d_%H%M%S")
    document = Document(
        model_type=FOR_GROUP,
        model_id=group.id,
        title=f"{stamp}_{handle_from(group.name or '') or 'group'}.{form}",
        doctype="export",
        color="#5b6470",
        author_id=ctx.signed_in().id,
        created_at=ctx.now,
    )
    ctx.db.add(document)
    ctx.db.flush()
    asked = work.ask(ctx, "upkeep.export_group", str(_("Export of {name}", name=group.name or "")))
    ctx.enqueue(ctx.app.jobs["upkeep.export_group"], document.id, asked.id)
    ctx.enqueue(ctx.app.jobs["upkeep.destroy_record"], "Document", document.id, delay=KEPT)
    return asked


def exports_of(ctx: Context, group: Group) -> Sequence[Export]:
    """The actor's exports of a group, the newest first."""
    query = (
        select(Document, Blob)
        .outerjoin(Attachment, (Attachment.record_type == "Document") & (Attachment.record_id == Document.id))
        .outerjoin(Blob, Blob.id == Attachment.blob_id)
        .where(
            Document.model_type == FOR_GROUP,
            Document.model_id == group.id,
            Document.author_id == ctx.actor_id,
            Document.created_at > ctx.now - KEPT,
            Blob.id.is_not(None) | (Document.created_at > ctx.now - PATIENCE),
        )
        .order_by(Document.id.desc())
        .limit(20)
    )
    return [
        Export(
            document,
            (document.title or "").rpartition(".")[2],
            blob.byte_size if blob else 0,
            signing.plain_url(blob.id, blob.filename) if blob else "",
        )
        for document, blob in ctx.db.execute(query)
    ]


def group_ids(ctx: Context, group: Group) -> list[int]:
    """The group, and those of its subgroups that the actor may export, too."""
    below = ctx.db.scalars(select(Group).where(Group.parent_id == group.id).order_by(Group.id))
    return [group.id, *(one.id for one in below if ctx.can(Permission.GROUP_EXPORT, one))]


def make(ctx: Context, document: Document, identity: Identity, report: Report) -> Blob | None:
    """Write the file of an export as its author may see it; None where it is there already, or may not be made any more."""
    mine = Context(ctx.app, ctx.db, ctx.tm, identity)
    group = ctx.db.get(Group, document.model_id)
    written = select(Attachment.id).where(Attachment.record_type == "Document", Attachment.record_id == document.id)
    if group is None or ctx.db.scalar(written) or not mine.can(Permission.GROUP_EXPORT, group):
        return None
    name = document.title or "export.json"
    content_type, lines = FORMATS[name.rpartition(".")[2]]
    with tempfile.TemporaryFile() as file:
        digest = hashlib.md5(usedforsecurity=False)
        selection = Selection(group_ids(mine, group))
        total = _rows(mine, selection) if lines is jsonl.lines else None
        for number, line in enumerate(lines(mine, selection), start=1):
            file.write(line.encode())
            digest.update(line.encode())
            report.reach(number, total)
        report.result(f"/g/{group.key}/export")
        blob = _kept(mine, file, digest.digest(), filename=name, content_type=content_type)
    ctx.db.add(
        Attachment(name="file", record_type="Document", record_id=document.id, blob_id=blob.id, created_at=ctx.now)
    )
    ctx.db.flush()
    return blob


def _rows(ctx: Context, selection: Selection) -> int:
    """How many rows there are to write."""
    counts = [
        ctx.db.scalar(select(func.count()).select_from(table(name)).where(condition))
        for name, condition in selection.parts()
    ]
    return sum(count or 0 for count in counts)


def _kept(ctx: Context, file: IO[bytes], digest: bytes, *, filename: str, content_type: str) -> Blob:
    """Store the bytes, then the row; uploads of people have a limit of size, exports have none."""
    size, storage, key = file.tell(), storages.for_new_files(ctx.app), files.new_key()
    file.seek(0)
    storage.save(key, file)
    ctx.tm.get().addAfterAbortHook(storage.delete, args=(key,))
    blob = Blob(
        key=key,
        filename=filename,
        content_type=content_type,
        metadata_=json.dumps({"identified": True, "analyzed": True, "uploader_id": ctx.signed_in().id}),
        byte_size=size,
        checksum=base64.b64encode(digest).decode(),
        service_name=storage.backend.key,
        created_at=ctx.now,
    )
    ctx.db.add(blob)
    ctx.db.flush()
    return blob


def author_of(ctx: Context, document: Document) -> User | None:
    """Who asked for it, if the account is open."""
    user = ctx.db.get(User, document.author_id)
    return user if user is not None and user.deactivated_at is None else None
