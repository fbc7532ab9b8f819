"""Removing records for good, with all that hangs on them: set-based, by type and id."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Table, delete, select

from llmio.core.db import Base
from llmio.plugins.guard import noted
from llmio.search.providers import provider

if TYPE_CHECKING:
    from llmio.core.context import Context

TABLES = {
    "Discussion": "discussions",
    "Comment": "comments",
    "Poll": "polls",
    "Stance": "stances",
    "Outcome": "outcomes",
    "Group": "groups",
    "Membership": "memberships",
    "MembershipRequest": "membership_requests",
    "Reaction": "reactions",
    "Document": "documents",
    "ReceivedEmail": "received_emails",
    "DiscussionTemplate": "discussion_templates",
    "PollTemplate": "poll_templates",
    "User": "users",
}
"""Type as polymorphic columns name it → table."""

POLYMORPHIC = (
    ("reactions", "reactable_type", "reactable_id"),
    ("active_storage_attachments", "record_type", "record_id"),
    ("versions", "item_type", "item_id"),
    ("translations", "translatable_type", "translatable_id"),
    ("documents", "model_type", "model_id"),
    ("taggings", "taggable_type", "taggable_id"),
    ("attachments", "attachable_type", "attachable_id"),
)
"""Tables whose rows hang on a record of any type: table, type, id."""

SEARCHABLE = frozenset({"Discussion", "Comment", "Poll", "Stance", "Outcome"})


def table(name: str) -> Table:
    """A table by its name."""
    return Base.metadata.tables[name]


def ids_where(ctx: Context, name: str, condition: ColumnElement[bool]) -> list[int]:
    """The ids of rows of a table."""
    return list(ctx.db.scalars(select(table(name).c.id).where(condition)))


def of(name: str, column: str, ids: Iterable[int]) -> ColumnElement[bool]:
    """The condition that a column is one of these ids."""
    return table(name).c[column].in_(list(ids))


def remove(ctx: Context, kind: str, ids: Sequence[int]) -> None:
    """Delete records of a type, and everything that says it is about them (events, notices, versions and so on).

    Files themselves are removed by the job that looks for unused ones.
    """
    if not ids:
        return
    for name, type_column, id_column in POLYMORPHIC:
        one = table(name)
        ctx.db.execute(delete(one).where(one.c[type_column] == kind, one.c[id_column].in_(ids)))
    tasks = table("tasks")
    mine = select(tasks.c.id).where(tasks.c.record_type == kind, tasks.c.record_id.in_(ids))
    ctx.db.execute(delete(table("tasks_users")).where(table("tasks_users").c.task_id.in_(mine)))
    ctx.db.execute(delete(tasks).where(tasks.c.record_type == kind, tasks.c.record_id.in_(ids)))
    events = table("events")
    remove_events(ctx, (events.c.eventable_type == kind) & events.c.eventable_id.in_(ids))
    if kind in SEARCHABLE:
        _unfind(ctx, kind, ids)
    ctx.db.execute(delete(table(TABLES[kind])).where(of(TABLES[kind], "id", ids)))


def remove_events(ctx: Context, condition: ColumnElement[bool]) -> None:
    """Delete events with the notices and deliveries that tell of them."""
    gone = select(table("events").c.id).where(condition)
    for name in ("notifications", "llmio.deliveries"):
        ctx.db.execute(delete(table(name)).where(table(name).c.event_id.in_(gone)))
    ctx.db.execute(delete(table("events")).where(condition))


def _unfind(ctx: Context, kind: str, ids: Sequence[int]) -> None:
    search = provider(ctx.app)
    with noted(ctx.app.plugins, search, f"search_providers.{search.key}.remove", now=ctx.now):
        search.remove(ctx.db.connection(), kind, list(ids))


def drop(ctx: Context, name: str, column: str, ids: Sequence[int]) -> None:
    """Delete the plain rows of a table that belong to these ids."""
    if ids:
        ctx.db.execute(delete(table(name)).where(of(name, column, ids)))


def count(result: Any) -> int:
    """How many rows a statement touched."""
    return int(result.rowcount)
