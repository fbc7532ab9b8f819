"""Tags of threads and polls: those of the organisation, and new ones that come to it by being used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from llmio.core.db import among
from llmio.core.errors import Invalid
from llmio.core.i18n import _
from llmio.groups import queries as groups
from llmio.groups.models import Group, Tag

if TYPE_CHECKING:
    from llmio.core.context import Context

LONGEST = 60
MOST = 20
SHOWN = 30
"""So many are shown to be ticked; the others come as one types."""
OFFERED = 10


def known(ctx: Context, group: Group | None) -> Sequence[str]:
    """The first tags of the group's organisation, in its order."""
    if group is None:
        return ()
    query = select(Tag.name).where(Tag.group_id == (group.parent_id or group.id))
    return ctx.db.scalars(query.order_by(Tag.priority, func.lower(Tag.name)).limit(SHOWN)).all()


def organisations_of(ctx: Context) -> set[int]:
    """Ids of the groups whose tags the actor's own groups have."""
    return {group.parent_id or group.id for group in groups.groups_of(ctx)}


def offered(ctx: Context, group: Group | None, words: str) -> Sequence[str]:
    """A few tags with a word that begins like this, the most used first: of the group's organisation, or of all the actor's."""
    homes = {group.parent_id or group.id} if group is not None else organisations_of(ctx)
    query = select(Tag.name).where(among(Tag.group_id, homes))
    begun = " ".join(words.split()).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    if begun:
        query = query.where(or_(Tag.name.ilike(f"{begun}%"), Tag.name.ilike(f"% {begun}%")))
    used = func.sum(Tag.org_taggings_count).desc()
    return ctx.db.scalars(query.group_by(Tag.name).order_by(used, Tag.name).limit(OFFERED)).all()


def cleaned(ctx: Context, group: Group, tags: Iterable[str], *, field: str = "new_tags") -> list[str]:
    """Tags as they are kept: each once, whatever its case, spelt as the organisation spells it; Invalid where too long."""
    tags = list(tags)
    query = select(Tag.name).where(
        Tag.group_id == (group.parent_id or group.id), func.lower(Tag.name).in_([_plain(tag).lower() for tag in tags])
    )
    spelt = {name.lower(): name for name in ctx.db.scalars(query)}
    found: dict[str, str] = {}
    for tag in tags:
        name = _plain(tag)
        if len(name) > LONGEST:
            raise Invalid.at(field, _("At most {count} characters, please.", count=LONGEST))
        if name:
            found.setdefault(name.lower(), spelt.get(name.lower(), name))
    if len(found) > MOST:
        raise Invalid.at(field, _("At most {count} tags, please.", count=MOST))
    return list(found.values())


def _plain(tag: str) -> str:
    return " ".join(tag.split())


def put(ctx: Context, record: Any, tags: Iterable[str], *, field: str = "new_tags") -> bool:
    """Give a thread or a poll exactly these tags; whether that changed anything. The organisation counts them by a job."""
    group = record.group
    wanted = cleaned(ctx, group, tags, field=field) if group is not None else []
    if wanted == (record.tags or []):
        return False
    record.tags = wanted
    job = ctx.app.jobs.get("upkeep.count_tags")
    if job is not None and group is not None:
        ctx.enqueue(job, group.parent_id or group.id)
    return True
