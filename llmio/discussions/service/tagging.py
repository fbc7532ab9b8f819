"""Tags of a thread: those of the organisation, and new ones that come to it by being used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from llmio.core.errors import Invalid
from llmio.core.i18n import _
from llmio.groups.models import Group, Tag

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.discussions.models import Discussion

LONGEST = 60
MOST = 20


def known(ctx: Context, group: Group | None) -> Sequence[str]:
    """The tags of the group's organisation, in its order."""
    if group is None:
        return ()
    query = select(Tag.name).where(Tag.group_id == (group.parent_id or group.id))
    return ctx.db.scalars(query.order_by(Tag.priority, func.lower(Tag.name))).all()


def cleaned(ctx: Context, group: Group | None, tags: Iterable[str]) -> list[str]:
    """Tags as they are kept: each once, whatever its case, spelt as the organisation spells it; Invalid where too long."""
    spelt = {name.lower(): name for name in known(ctx, group)}
    found: dict[str, str] = {}
    for tag in tags:
        name = " ".join(tag.split())
        if len(name) > LONGEST:
            raise Invalid.at("new_tags", _("At most {count} characters, please.", count=LONGEST))
        if name:
            found.setdefault(name.lower(), spelt.get(name.lower(), name))
    if len(found) > MOST:
        raise Invalid.at("new_tags", _("At most {count} tags, please.", count=MOST))
    return list(found.values())


def put(ctx: Context, discussion: Discussion, tags: Iterable[str]) -> bool:
    """Give a thread exactly these tags; whether that changed anything. The organisation counts them by a job."""
    group = discussion.group
    wanted = cleaned(ctx, group, tags) if group is not None else []
    if wanted == (discussion.tags or []):
        return False
    discussion.tags = wanted
    job = ctx.app.jobs.get("upkeep.count_tags")
    if job is not None and group is not None:
        ctx.enqueue(job, group.parent_id or group.id)
    return True
