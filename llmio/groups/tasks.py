"""Tasks in the descriptions of groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from llmio.core.features import TaskPlace
from llmio.core.permissions import Permission
from llmio.groups.models import Group

if TYPE_CHECKING:
    from llmio.core.context import Context


def _groups(ctx: Context, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    found = ctx.db.scalars(select(Group).where(Group.id.in_(ids))) if ids else ()
    return {
        one.id: (one.full_name or one.name or "", f"/g/{one.key}")
        for one in found
        if ctx.can(Permission.GROUP_SHOW, one)
    }


def _kept(_ctx: Context, group: Group) -> bool:
    return group.archived_at is None


PLACE = TaskPlace(Group, "description", Permission.GROUP_SHOW, Permission.GROUP_UPDATE, _groups, _kept)
