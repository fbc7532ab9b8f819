"""Files of an imported group, fetched one by one from where they lay."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from llmio.accounts.models import User
from llmio.accounts.sessions import identity_of
from llmio.core.context import OPERATOR, Context, Identity
from llmio.core.jobs import GiveUp
from llmio.core.urls import site_url
from llmio.files import rails, signing, storages
from llmio.files import service as files
from llmio.files.models import Attachment, Blob
from llmio.upkeep.importing.facts import TEXTS
from llmio.upkeep.service.records import TABLES, table

if TYPE_CHECKING:
    from llmio.core.app import App

RAILS = re.compile(r"/rails/active_storage/blobs/(?:redirect/|proxy/)?([^/]+)/")
NAMES = frozenset({"files", "image_files", "logo", "cover_photo"})


class NotFetched(Exception):
    """The other site did not give the file; it is asked again."""


@dataclass(frozen=True)
class Wanted:
    """A file as an export names it, and the record here that it belongs to."""

    record_type: str
    record_id: int
    name: str
    filename: str
    url: str
    path: str
    host: str
    checksum: str

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Wanted:
        """From a line of the export; raises GiveUp where something is lacking."""
        record_id = values.get("record_id")
        texts = {
            name: str(values.get(name) or "")
            for name in ("record_type", "name", "filename", "url", "path", "host", "checksum")
        }
        if texts["record_type"] not in TABLES or not isinstance(record_id, int) or not texts["url"]:
            raise GiveUp(f"the export names no file that can be fetched: {values}")
        return cls(record_id=record_id, **(texts | {"name": texts["name"] if texts["name"] in NAMES else "files"}))


def fetch(app: App, identity: Identity, wanted: Wanted) -> Blob | None:
    """Fetch a file and attach it; None where it is there already, or the record is gone.

    What this site holds itself is read from its storage. Raises NotFetched, and GiveUp where no further try can help.
    """
    with app.begin(identity) as ctx:
        if not _is_wanted(ctx, wanted):
            return None
        own = _own(ctx, wanted)
        place = (own.service_name, own.key) if own is not None else None
    with tempfile.TemporaryFile() as file:
        if place is not None:
            shutil.copyfileobj(storages.reader(storages.named(app, place[0]).open(place[1])), file)
        else:
            _download(app, wanted, file)
        with app.begin(identity) as ctx:
            return _keep(ctx, wanted, file) if _is_wanted(ctx, wanted) else None


def identity_for(ctx: Context, user_id: int) -> Identity:
    """Who imports: an administrator, or who ran the command."""
    user = ctx.db.get(User, user_id) if user_id else None
    return identity_of(user) if user is not None else OPERATOR


def _is_wanted(ctx: Context, wanted: Wanted) -> bool:
    there = table(TABLES[wanted.record_type])
    if ctx.db.scalar(select(there.c.id).where(there.c.id == wanted.record_id)) is None:
        return False
    query = (
        select(Attachment.id)
        .join(Blob, Blob.id == Attachment.blob_id)
        .where(
            Attachment.record_type == wanted.record_type,
            Attachment.record_id == wanted.record_id,
            Attachment.name == wanted.name,
            Blob.filename == files.clean_name(wanted.filename),
        )
    )
    if wanted.checksum:
        came = Blob.metadata_.contains(json.dumps({files.CAME: wanted.checksum})[1:-1], autoescape=True)
        query = query.where((Blob.checksum == wanted.checksum) | came)
    return ctx.db.scalar(query.limit(1)) is None


def _own(ctx: Context, wanted: Wanted) -> Blob | None:
    """The file, where it lies on this site: its address is signed by us, and whoever holds that may read it.

    The site may have had another name, or have been the reference's; then the checksum tells that it is the same file, since
    a copy of a site signs alike. The reference's exports have none.
    """
    ours, theirs = files.PICTURE.search(wanted.path), RAILS.search(wanted.path)
    blob_id = signing.read(ctx, ours.group(1)) if ours else rails.read(ctx, theirs.group(1)) if theirs else None
    blob = ctx.db.get(Blob, blob_id) if blob_id is not None else None
    if blob is None:
        return None
    same = blob.checksum == wanted.checksum if wanted.checksum else wanted.host == site_url(ctx.app.settings)
    return blob if same else None


def _download(app: App, wanted: Wanted, file: IO[bytes]) -> None:
    answer = app.ports.http.fetch(wanted.url, file, max_bytes=app.settings.number("files.max_bytes"))
    if answer.status in (404, 410):
        raise GiveUp(f"{wanted.url}: the other site has this file no more ({answer.status})")
    if answer.status != 200:
        raise NotFetched(f"{wanted.url}: {answer.status or ''} {answer.text[:200]}".strip())


def _keep(ctx: Context, wanted: Wanted, file: IO[bytes]) -> Blob:
    file.seek(0)
    blob = files.store(ctx, filename=wanted.filename, stream=file, checksum=wanted.checksum)
    ctx.db.add(
        Attachment(
            name=wanted.name,
            record_type=wanted.record_type,
            record_id=wanted.record_id,
            blob_id=blob.id,
            created_at=ctx.now,
        )
    )
    ctx.db.flush()
    one = table(TABLES[wanted.record_type])
    here = one.c.id == wanted.record_id
    if wanted.name == files.FILES and "attachments" in one.c:
        row = ctx.db.execute(select(one.c.attachments).where(here).with_for_update()).scalar_one()
        listed = [*(row or []), files.described(ctx, blob)]
        ctx.db.execute(update(one).where(here).values(attachments=listed))
    column = TEXTS.get(wanted.record_type)
    if column and wanted.path:
        for old in (wanted.url, wanted.path):
            ctx.db.execute(
                update(one).where(here).values({column: func.replace(one.c[column], old, signing.url(ctx, blob))})
            )
    return blob
