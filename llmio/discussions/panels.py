"""Sections of other features' pages that show threads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from llmio.core.permissions import Permission
from llmio.discussions import queries
from llmio.groups import rules
from llmio.groups.models import Group

if TYPE_CHECKING:
    from llmio.core.context import Context

SHOWN = 15


def threads_of_group(ctx: Context, group: Group) -> Mapping[str, Any] | None:
    """The group's open threads, or for strangers those that are public."""
    private = rules.is_member(ctx, group) or rules.is_open(ctx, group) or seen_from_parent(ctx, group)
    rows = queries.of_group(ctx, group.id, private=private, limit=SHOWN + 1)
    may_start = ctx.can(Permission.DISCUSSION_CREATE, group)
    if not rows and not private and group.discussion_privacy_options == "private_only":
        return None
    return {
        "group": group,
        "threads": rows[:SHOWN],
        "more": len(rows) > SHOWN,
        "closed_count": group.closed_discussions_count,
        "may_start": may_start,
    }


def seen_from_parent(ctx: Context, group: Group) -> bool:
    """A member of the parent group, which may see this one's threads."""
    return group.parent_members_can_see_discussions and rules.is_parent_member(ctx, group)
