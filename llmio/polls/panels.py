"""Sections of other features' pages that show polls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from llmio.groups.models import Group
from llmio.polls import cards, queries, rules

if TYPE_CHECKING:
    from llmio.core.context import Context


def waiting(ctx: Context, _subject: Any) -> Mapping[str, Any] | None:
    """Dashboard: votes the person is asked for."""
    if ctx.actor is None:
        return None
    polls = queries.waiting_for(ctx, ctx.actor.id)
    return {"polls": cards.lines(ctx, polls)} if polls else None


def may_see(ctx: Context, group: Group) -> bool:
    """Whether the actor may see all polls of a group."""
    return rules.group_member(ctx, group) or rules.public(ctx, group)


def of_group(ctx: Context, group: Group) -> Mapping[str, Any] | None:
    """Group page: its open polls, and the latest decisions; for members, or for all where all may read."""
    if not may_see(ctx, group):
        return None
    open_polls = queries.of_group(ctx, group.id)
    closed = queries.of_group(ctx, group.id, closed=True, limit=5)
    if not open_polls and not closed:
        return None
    return {"open": cards.lines(ctx, open_polls), "closed": cards.lines(ctx, closed), "group": group}


def of_thread(ctx: Context, discussion: Any) -> Mapping[str, Any] | None:
    """Beside a thread: its polls."""
    polls = queries.of_discussion(ctx, discussion.id)
    return {"polls": cards.lines(ctx, polls)} if polls else None
