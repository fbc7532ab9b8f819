"""The tags of an organisation (a group and its subgroups): named anew, coloured, removed, counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, literal, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from llmio.core import audit
from llmio.core.errors import Conflict, Invalid, NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions.models import Discussion, DiscussionTemplate
from llmio.groups.models import Group, Tag
from llmio.polls.models import Poll, PollTemplate

if TYPE_CHECKING:
    from llmio.core.context import Context

BATCH = 200
LONGEST = 60
COLOR = re.compile(r"#[0-9a-f]{6}")
FALLBACK = "#5b6470"
TAGGED: tuple[Any, ...] = (Discussion, Poll, DiscussionTemplate, PollTemplate)
COUNT = text("""
WITH used AS (
  SELECT group_id, lower(tag) AS name, count(*) AS uses FROM (
    SELECT group_id, unnest(tags) AS tag FROM discussions WHERE group_id = ANY(:groups) AND discarded_at IS NULL
    UNION ALL
    SELECT group_id, unnest(tags) FROM polls WHERE group_id = ANY(:groups) AND discarded_at IS NULL
  ) AS all_tags GROUP BY 1, 2
)
UPDATE tags SET
  taggings_count = coalesce((SELECT uses FROM used WHERE used.group_id = tags.group_id AND used.name = lower(tags.name)), 0),
  org_taggings_count = coalesce((SELECT sum(uses) FROM used WHERE used.name = lower(tags.name)), 0)
WHERE tags.group_id = ANY(:groups)
""")


def organisation(group: Group) -> Group:
    """The group that an organisation's tags belong to."""
    return group.parent if group.parent_id and group.parent is not None else group


def groups_of(ctx: Context, organisation_id: int) -> list[int]:
    """The organisation and its subgroups."""
    query = select(Group.id).where((Group.id == organisation_id) | (Group.parent_id == organisation_id))
    return list(ctx.db.scalars(query.order_by(Group.id)))


def listed(ctx: Context, group: Group) -> Sequence[Tag]:
    """The organisation's tags in order."""
    query = select(Tag).where(Tag.group_id == organisation(group).id)
    return ctx.db.scalars(query.order_by(Tag.priority, func.lower(Tag.name))).all()


def add_tag(ctx: Context, group: Group, *, name: str, color: str) -> Tag:
    """A new tag."""
    ctx.require(Permission.GROUP_TAGS, group)
    home = organisation(group)
    name, color = _name(name), _color(color)
    if ctx.db.scalar(select(Tag.id).where(Tag.group_id == home.id, Tag.name == name)):
        raise Conflict(_("There is a tag of this name already."))
    tag = Tag(group_id=home.id, name=name, color=color, created_at=ctx.now)
    ctx.db.add(tag)
    ctx.db.flush()
    audit.note(ctx, "tag.add", tag, group_id=home.id, name=name)
    ctx.enqueue(ctx.app.jobs["upkeep.count_tags"], home.id)
    return tag


def change_tag(ctx: Context, group: Group, tag_id: int, *, name: str, color: str) -> Tag:
    """Name and colour a tag anew, everywhere in the organisation; a name that another tag has makes the two one."""
    ctx.require(Permission.GROUP_TAGS, group)
    tag = _get(ctx, group, tag_id)
    wanted = {"name": _name(name), "color": _color(color)}
    if changes := audit.differences({"name": tag.name, "color": tag.color}, wanted):
        audit.note(ctx, "tag.change", tag, group_id=tag.group_id, name=tag.name, changes=changes)
    ctx.enqueue(ctx.app.jobs["upkeep.update_tag"], tag.group_id, tag.name, wanted["name"], wanted["color"])
    return tag


def remove_tag(ctx: Context, group: Group, tag_id: int) -> Tag:
    """Take a tag from everything in the organisation."""
    ctx.require(Permission.GROUP_TAGS, group)
    tag = _get(ctx, group, tag_id)
    audit.note(ctx, "tag.remove", tag, group_id=tag.group_id, name=tag.name)
    ctx.enqueue(ctx.app.jobs["upkeep.destroy_tag"], tag.group_id, tag.name)
    return tag


def _get(ctx: Context, group: Group, tag_id: int) -> Tag:
    tag = ctx.db.get(Tag, tag_id)
    if tag is None or tag.group_id != organisation(group).id:
        raise NotFound(_("There is no such tag."))
    return tag


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Invalid.at("name", _("Please fill this in."))
    if len(name) > LONGEST:
        raise Invalid.at("name", _("At most {count} characters, please.", count=LONGEST))
    return name


def _color(color: str) -> str:
    found = color.strip().lower() or FALLBACK
    if not COLOR.fullmatch(found):
        raise Invalid.at("color", _("Please choose a colour."))
    return found


def replace(ctx: Context, organisation_id: int, *, old: str, new: str | None) -> bool:
    """Put `new` in the place of `old` (or nothing) in a batch of what is tagged; True while more may be left."""
    groups = groups_of(ctx, organisation_id)
    full = False
    for model in TAGGED:
        query = select(model).where(model.group_id.in_(groups), _has(model, old, new)).order_by(model.id)
        found = ctx.db.scalars(query.limit(BATCH)).all()
        for one in found:
            one.tags = renamed(one.tags or [], old, new)
            if model in (Discussion, Poll):
                ctx.changed(one)
        full = full or len(found) == BATCH
    ctx.db.flush()
    return full


def renamed(tags: Sequence[str], old: str, new: str | None) -> list[str]:
    """A list of tags with one named anew or taken out; each stands there once, whatever its case."""
    wanted = [new if tag.lower() == old.lower() else tag for tag in tags]
    return list({tag.lower(): tag for tag in reversed(wanted) if tag is not None}.values())[::-1]


def _has(model: Any, old: str, new: str | None) -> ColumnElement[bool]:
    one = func.unnest(model.tags).column_valued("tag")
    named = func.lower(one) == func.lower(literal(old))
    return select(1).where(named & (one != literal(new)) if new is not None else named).exists()


def rename_rows(ctx: Context, organisation_id: int, *, old: str, new: str, color: str) -> None:
    """The rows of the tag itself, in each group of the organisation."""
    for group_id in groups_of(ctx, organisation_id):
        rows = {row.name.lower(): row for row in ctx.db.scalars(select(Tag).where(Tag.group_id == group_id))}
        row = rows.get(old.lower())
        there = rows.get(new.lower())
        if row is not None and there is not None and row is not there:
            ctx.db.delete(row)
            ctx.db.flush()
            row = there
        row = row or there
        if row is not None:
            row.name, row.color = new, color
    ctx.db.flush()


def drop_rows(ctx: Context, organisation_id: int, *, name: str) -> None:
    """Remove the rows of a tag."""
    rows = select(Tag).where(Tag.group_id.in_(groups_of(ctx, organisation_id)), Tag.name == name)
    for row in ctx.db.scalars(rows):
        ctx.db.delete(row)
    ctx.db.flush()


def count(ctx: Context, organisation_id: int) -> None:
    """Give every tag in use a row in the organisation, and count how often each is used, by group and in all."""
    groups = groups_of(ctx, organisation_id)
    used: dict[str, str] = {}
    for model in (Discussion, Poll):
        names = (
            select(func.unnest(model.tags)).where(model.group_id.in_(groups), model.discarded_at.is_(None)).distinct()
        )
        used |= {name.lower(): name for name in ctx.db.scalars(names) if name}
    for name in sorted(used.values()):
        row = upsert(Tag).values(
            group_id=organisation_id, name=name, color=FALLBACK, created_at=ctx.now, updated_at=ctx.now
        )
        ctx.db.execute(row.on_conflict_do_nothing(index_elements=["group_id", "name"]))
    ctx.db.execute(COUNT, {"groups": groups})
    ctx.db.expire_all()
