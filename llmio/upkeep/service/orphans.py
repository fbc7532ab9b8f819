"""Rows whose parents are gone: a crash of old, a restored dump, a row deleted by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, delete, exists, or_, select, true

from llmio.upkeep.service.records import TABLES, count, remove_events, table

if TYPE_CHECKING:
    from llmio.core.context import Context

BATCH = 1000


@dataclass(frozen=True)
class Rule:
    """Rows of `name` are orphans where `column` names a row of `parent` that is not there (NULL names none)."""

    name: str
    column: str
    parent: str

    def condition(self) -> ColumnElement[bool]:
        """True for orphans."""
        child, above = table(self.name), table(self.parent).alias("above")
        there = exists().where(above.c.id == child.c[self.column])
        return child.c[self.column].is_not(None) & ~there


RULES = (
    Rule("memberships", "group_id", "groups"),
    Rule("memberships", "user_id", "users"),
    Rule("membership_requests", "group_id", "groups"),
    Rule("discussions", "group_id", "groups"),
    Rule("discussion_readers", "discussion_id", "discussions"),
    Rule("discussion_readers", "user_id", "users"),
    Rule("comments", "discussion_id", "discussions"),
    Rule("polls", "discussion_id", "discussions"),
    Rule("polls", "group_id", "groups"),
    Rule("poll_options", "poll_id", "polls"),
    Rule("stances", "poll_id", "polls"),
    Rule("stance_choices", "stance_id", "stances"),
    Rule("outcomes", "poll_id", "polls"),
    Rule("notifications", "user_id", "users"),
)
"""In order: what an earlier rule removes makes orphans for a later one."""


def sweep(ctx: Context) -> tuple[bool, set[int]]:
    """Remove a batch of each kind of orphan: (whether more may be left, threads that lost an item)."""
    most = _subgroups(ctx)
    for rule in RULES:
        child = table(rule.name)
        some = select(child.c.id).where(rule.condition()).limit(BATCH)
        most = max(most, count(ctx.db.execute(delete(child).where(child.c.id.in_(some)))))
    events, threads = _events(ctx)
    notices = table("notifications")
    alone = Rule("notifications", "event_id", "events").condition()
    some = select(notices.c.id).where(alone).limit(BATCH)
    most = max(most, events, count(ctx.db.execute(delete(notices).where(notices.c.id.in_(some)))))
    return max(most, _plans(ctx)) >= BATCH, threads


def _subgroups(ctx: Context) -> int:
    groups = table("groups")
    some = select(groups.c.id).where(Rule("groups", "parent_id", "groups").condition()).limit(BATCH)
    return count(ctx.db.execute(delete(groups).where(groups.c.id.in_(some))))


def _plans(ctx: Context) -> int:
    """Subscriptions that no group runs on."""
    plans, groups = table("subscriptions"), table("groups")
    used = exists().where(groups.c.subscription_id == plans.c.id)
    some = select(plans.c.id).where(~used).limit(BATCH)
    return count(ctx.db.execute(delete(plans).where(plans.c.id.in_(some))))


def _events(ctx: Context) -> tuple[int, set[int]]:
    """Events about a record of a known type that is not there, and items of threads that are not there."""
    events = table("events")
    gone = [
        (events.c.eventable_type == kind) & Rule("events", "eventable_id", name).condition()
        for kind, name in TABLES.items()
    ]
    condition = or_(*gone, Rule("events", "discussion_id", "discussions").condition())
    rows = ctx.db.execute(select(events.c.id, events.c.discussion_id).where(condition & true()).limit(BATCH)).all()
    if rows:
        remove_events(ctx, events.c.id.in_([row.id for row in rows]))
    discussions = table("discussions")
    touched = {row.discussion_id for row in rows if row.discussion_id}
    kept = ctx.db.scalars(select(discussions.c.id).where(discussions.c.id.in_(touched))) if touched else ()
    return len(rows), set(kept)
