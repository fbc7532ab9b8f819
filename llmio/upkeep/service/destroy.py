"""Threads, polls and groups destroyed for good, once they were discarded or archived."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from llmio.core import audit
from llmio.core.events import POSITION, SEQUENCE
from llmio.core.permissions import Permission
from llmio.core.tables import PartitionSequence
from llmio.discussions.models import Discussion
from llmio.groups import service as groups
from llmio.groups.models import Group, Subscription
from llmio.polls.models import Poll
from llmio.upkeep.service.records import drop, ids_where, of, remove, remove_events, table

if TYPE_CHECKING:
    from llmio.core.context import Context

THREADS_A_RUN = 20
DEMO_KEPT = timedelta(days=7)
OF_GROUP = (
    ("memberships", "group_id"),
    ("chatbots", "group_id"),
    ("webhooks", "group_id"),
    ("tags", "group_id"),
    ("member_email_aliases", "group_id"),
    ("group_identities", "group_id"),
    ("group_surveys", "group_id"),
    ("demos", "group_id"),
)
RECORDS_OF_GROUP = (
    ("MembershipRequest", "membership_requests"),
    ("ReceivedEmail", "received_emails"),
    ("DiscussionTemplate", "discussion_templates"),
    ("PollTemplate", "poll_templates"),
    ("Document", "documents"),
)


def delete_group(ctx: Context, group: Group) -> datetime:
    """Archive a group, and destroy it after the delay of the site; returns when. Its admins are warned.

    Until then an administrator of the site can bring it back, which also calls the destruction off.
    """
    ctx.require(Permission.GROUP_DESTROY, group)
    delay = timedelta(days=ctx.app.settings.number("groups.deletion_delay_days"))
    audit.note(ctx, "group.destroy", group, group_id=group.id)
    groups.archive_group(ctx, group)
    ctx.enqueue(ctx.app.jobs["upkeep.destroy_group"], group.id, ctx.now.isoformat(), delay=delay or None)
    ctx.enqueue(ctx.app.jobs["upkeep.warn_of_destruction"], group.id, ctx.actor_id, (ctx.now + delay).isoformat())
    return ctx.now + delay


def expired_demos(ctx: Context) -> list[tuple[int, datetime]]:
    """Demo groups of more than a week, archived now with their subgroups: (id, when)."""
    old = ctx.now - DEMO_KEPT
    query = (
        select(Group)
        .join(Group.subscription)
        .where(
            Subscription.plan == "demo", Group.created_at < old, Group.parent_id.is_(None), Group.archived_at.is_(None)
        )
        .order_by(Group.id)
        .limit(THREADS_A_RUN)
    )
    found = ctx.db.scalars(query).all()
    for group in found:
        ctx.db.execute(
            update(Group)
            .where((Group.id == group.id) | ((Group.parent_id == group.id) & Group.archived_at.is_(None)))
            .values(archived_at=ctx.now)
        )
    return [(group.id, ctx.now) for group in found]


def destroy_polls(ctx: Context, ids: Sequence[int]) -> None:
    """Remove polls with their options, votes, receipts and outcomes."""
    if not ids:
        return
    stances = ids_where(ctx, "stances", of("stances", "poll_id", ids))
    drop(ctx, "stance_choices", "stance_id", stances)
    remove(ctx, "Stance", stances)
    remove(ctx, "Outcome", ids_where(ctx, "outcomes", of("outcomes", "poll_id", ids)))
    drop(ctx, "poll_options", "poll_id", ids)
    drop(ctx, "stance_receipts", "poll_id", ids)
    remove(ctx, "Poll", ids)


def destroy_discussion(ctx: Context, discussion: Discussion) -> None:
    """Remove a thread with its comments, polls, items and reading marks."""
    ids = [discussion.id]
    remove(ctx, "Comment", ids_where(ctx, "comments", of("comments", "discussion_id", ids)))
    destroy_polls(ctx, ids_where(ctx, "polls", of("polls", "discussion_id", ids)))
    events = table("events")
    items = ids_where(ctx, "events", events.c.discussion_id == discussion.id)
    root = ids_where(
        ctx, "events", (events.c.eventable_type == "Discussion") & (events.c.eventable_id == discussion.id)
    )
    for key, owners in ((SEQUENCE, ids), (POSITION, [*items, *root])):
        here = (PartitionSequence.key == key) & PartitionSequence.id.in_(owners)
        ctx.db.execute(delete(PartitionSequence).where(here).execution_options(synchronize_session=False))
    remove_events(ctx, events.c.discussion_id == discussion.id)
    drop(ctx, "discussion_readers", "discussion_id", ids)
    remove(ctx, "Discussion", ids)


def destroy_some_of_group(ctx: Context, group: Group) -> bool:
    """Remove a piece of a group: some threads, then polls, then the rest; False once nothing of it is left."""
    threads = select(Discussion).where(Discussion.group_id == group.id).order_by(Discussion.id).limit(THREADS_A_RUN)
    found = ctx.db.scalars(threads).all()
    for discussion in found:
        destroy_discussion(ctx, discussion)
    if found:
        return True
    polls = list(ctx.db.scalars(select(Poll.id).where(Poll.group_id == group.id).limit(THREADS_A_RUN)))
    destroy_polls(ctx, polls)
    if polls:
        return True
    _destroy_rest(ctx, group)
    return False


def _destroy_rest(ctx: Context, group: Group) -> None:
    members = ids_where(ctx, "memberships", of("memberships", "group_id", [group.id]))
    remove(ctx, "Membership", members)
    for kind, name in RECORDS_OF_GROUP:
        remove(ctx, kind, ids_where(ctx, name, of(name, "group_id", [group.id])))
    for name, column in OF_GROUP:
        drop(ctx, name, column, [group.id])
    parent, plan, own = group.parent_id, group.subscription_id, group.id
    remove(ctx, "Group", [own])
    ctx.db.expunge(group)
    if plan and not ctx.db.scalar(select(Group.id).where(Group.subscription_id == plan).limit(1)):
        drop(ctx, "subscriptions", "id", [plan])
    if parent:
        kept = select(func.count()).where(Group.parent_id == parent, Group.archived_at.is_(None)).scalar_subquery()
        ctx.db.execute(
            update(Group)
            .where(Group.id == parent)
            .values(subgroups_count=kept)
            .execution_options(synchronize_session=False)
        )
