"""The pictures of a group: its logo, shown beside its name everywhere, and the cover photo of its page.

They are attachments of the group under the names `logo` and `cover_photo`, as in the reference. A subgroup without
its own shows those of its parent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import load_only

from llmio.core.db import among
from llmio.core.errors import Invalid
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.files import service, signing
from llmio.files.models import Attachment, Blob
from llmio.groups.models import Group

if TYPE_CHECKING:
    from llmio.core.context import Context

LOGO, COVER = "logo", "cover_photo"
NAMES = (LOGO, COVER)
TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif")
SIZES = {LOGO: "logo", COVER: "1"}
"""What is asked for where they are shown."""
MAX_BYTES = {LOGO: 1 << 20, COVER: 4 << 20}
"""A picture that stands on every page must be quick to fetch."""


@dataclass(frozen=True)
class Pictures:
    """Where a group's pictures are, in the size they are shown in, as paths that whoever holds them may fetch; empty where
    there is none.
    """

    logo: str = ""
    cover: str = ""


NONE = Pictures()


def of_groups(ctx: Context, ids: Iterable[int]) -> dict[int, Pictures]:
    """The pictures of groups by id, in one query; groups without any are left out."""
    wanted = list(ids)
    if not wanted:
        return {}
    query = (
        select(Attachment.record_id, Attachment.name, Blob)
        .join(Blob, Blob.id == Attachment.blob_id)
        .where(Attachment.record_type == "Group", among(Attachment.record_id, wanted), Attachment.name.in_(NAMES))
    )
    found: dict[int, dict[str, str]] = {}
    for group_id, name, blob in ctx.db.execute(query.options(load_only(Blob.id, Blob.filename))):
        found.setdefault(group_id, {})[name] = f"{signing.url(ctx, blob)}?preview={SIZES[name]}"
    return {group_id: Pictures(urls.get(LOGO, ""), urls.get(COVER, "")) for group_id, urls in found.items()}


def of_group(ctx: Context, group: Group) -> Pictures:
    """The pictures of a group, or those of its parent."""
    found = of_groups(ctx, [one for one in (group.id, group.parent_id) if one])
    own, above = found.get(group.id, NONE), found.get(group.parent_id or 0, NONE)
    return Pictures(own.logo or above.logo, own.cover or above.cover)


def change(ctx: Context, group: Group, name: str, *, upload: Any = None, remove: bool = False) -> Blob | None:
    """Put a picture in the place of the one there is, or take that away; the new one. Raises Invalid where it is none."""
    ctx.require(Permission.GROUP_UPDATE, group)
    chosen = bool(getattr(upload, "filename", None))
    if not chosen and not remove:
        return None
    new = _picture(ctx, name, upload) if chosen else None
    there = select(Attachment).where(
        Attachment.record_type == "Group", Attachment.record_id == group.id, Attachment.name == name
    )
    for row in ctx.db.scalars(there):
        ctx.db.delete(row)
    ctx.db.flush()
    if new is not None:
        row = Attachment(name=name, record_type="Group", record_id=group.id, blob_id=new.id, group_id=group.id)
        row.created_at = ctx.now
        ctx.db.add(row)
        ctx.db.flush()
    ctx.changed(group)
    return new


def _picture(ctx: Context, name: str, upload: Any) -> Blob:
    size = upload.file.seek(0, 2)
    upload.file.seek(0)
    if size > MAX_BYTES[name]:
        raise Invalid.at(name, _("This picture is too large: at most {size} MB.", size=MAX_BYTES[name] >> 20))
    return service.store(ctx, filename=upload.filename, stream=upload.file, only=TYPES, field=name)
