"""An account destroyed for good: no row of the person stays. What was said stays without a name, or goes, too (spam)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update

from llmio.accounts import service as accounts
from llmio.accounts.models import User
from llmio.core import audit
from llmio.core.db import Base
from llmio.core.errors import Conflict
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions.models import Comment, Discussion
from llmio.groups import membership
from llmio.groups.models import Group, Membership
from llmio.polls.models import Poll, Stance
from llmio.upkeep.people import OURS, PERSON_COLUMNS, TYPED_COLUMNS
from llmio.upkeep.service import destroy, redact
from llmio.upkeep.service.records import drop, ids_where, remove, table

if TYPE_CHECKING:
    from sqlalchemy import Table

    from llmio.core.context import Context

NOBODY = "deleted-account"
"""`users.key` of the closed account without a name in whose name stands what destroyed accounts wrote."""
BATCH = 200
THEIRS = (
    ("memberships", "user_id"),
    ("discussion_readers", "user_id"),
    ("reactions", "user_id"),
    ("tasks_users", "user_id"),
    ("membership_requests", "requestor_id"),
    ("member_email_aliases", "user_id"),
)
"""Rows that mean nothing without the person: table, column. Notices, sign-ins and files of the account go before."""
NAMELESS = {("stances", "participant_id"), ("stance_receipts", "voter_id")}
"""Columns that are emptied: a poll holds one place for each person, and many may be gone."""


def destroy_account(ctx: Context, user: User, *, words: bool) -> User:
    """Close an account, and destroy it by a job; with `words` all that the person wrote goes with it."""
    ctx.require(Permission.ADMIN)
    if user.id == ctx.actor_id or user.bot or user.key == NOBODY:
        raise Conflict(_("This account cannot be destroyed."))
    audit.note(ctx, "user.destroy", user, words=words)
    if user.deactivated_at is None:
        accounts.deactivate(ctx, user)
    ctx.enqueue(ctx.app.jobs["upkeep.destroy_user"], user.id, words)
    return user


def destroy_some_words(ctx: Context, user: User) -> bool:
    """Destroy a piece of what a person wrote: threads with all in them, polls, comments; False once nothing is left."""
    threads = select(Discussion).where(Discussion.author_id == user.id).order_by(Discussion.id)
    for discussion in ctx.db.scalars(threads.limit(destroy.THREADS_A_RUN)).all():
        destroy.destroy_discussion(ctx, discussion)
    polls = select(Poll.id, Poll.discussion_id).where(Poll.author_id == user.id).order_by(Poll.id)
    found = ctx.db.execute(polls.limit(destroy.THREADS_A_RUN)).all()
    destroy.destroy_polls(ctx, [row.id for row in found])
    said = select(Comment.id, Comment.discussion_id).where(Comment.user_id == user.id).order_by(Comment.id)
    comments = ctx.db.execute(said.limit(BATCH)).all()
    remove(ctx, "Comment", [row.id for row in comments])
    for discussion_id in sorted({row.discussion_id for row in (*found, *comments) if row.discussion_id}):
        ctx.enqueue(ctx.app.jobs["upkeep.repair_thread"], discussion_id)
    ctx.db.expire_all()
    return any(
        ctx.db.scalar(query.limit(1)) is not None
        for query in (
            select(Discussion.id).where(Discussion.author_id == user.id),
            select(Poll.id).where(Poll.author_id == user.id),
            select(Comment.id).where(Comment.user_id == user.id),
        )
    )


def destroy_person(ctx: Context, user: User) -> bool:
    """Destroy the account itself; True while more is to be done. Closed polls keep the vote, without a name."""
    if redact.wipe(ctx, user):
        return True
    groups = list(ctx.db.scalars(select(Membership.group_id).where(Membership.user_id == user.id).distinct()))
    _take_votes(ctx, user)
    remove(ctx, "Membership", ids_where(ctx, "memberships", table("memberships").c.user_id == user.id))
    ctx.db.execute(delete(table("notifications")).where(table("notifications").c.user_id == user.id))
    for name, column in THEIRS:
        drop(ctx, name, column, [user.id])
    user_id, nobody = user.id, _nobody(ctx)
    settled = list(ctx.db.scalars(select(Stance.poll_id).where(Stance.participant_id == user_id).distinct()))
    _leave_to(ctx, user_id, nobody.id)
    for poll_id in settled:
        ctx.enqueue(ctx.app.jobs["search.reindex_poll"], poll_id)
    ctx.changed(nobody)
    remove(ctx, "User", [user_id])
    ctx.db.expunge(user)
    ctx.db.expire_all()
    for group in ctx.db.scalars(select(Group).where(Group.id.in_([one for one in groups if one]))):
        membership.recount(ctx, group)
    return False


def _take_votes(ctx: Context, user: User) -> None:
    """Votes and places in polls that are open go, and these are counted anew."""
    running = select(Poll.id).where(Poll.closed_at.is_(None))
    mine = select(Stance.id, Stance.poll_id).where(Stance.participant_id == user.id, Stance.poll_id.in_(running))
    found = ctx.db.execute(mine).all()
    ids = [row.id for row in found]
    drop(ctx, "stance_choices", "stance_id", ids)
    remove(ctx, "Stance", ids)
    receipts = table("stance_receipts")
    ctx.db.execute(delete(receipts).where(receipts.c.voter_id == user.id, receipts.c.poll_id.in_(running)))
    for poll_id in sorted({row.poll_id for row in found}):
        ctx.enqueue(ctx.app.jobs["polls.recount"], poll_id)


def _leave_to(ctx: Context, user_id: int, nobody_id: int) -> None:
    for name, columns in (PERSON_COLUMNS | OURS).items():
        one: Table = Base.metadata.tables[name]
        for column in columns:
            value: Any = None if (name, column) in NAMELESS else nobody_id
            ctx.db.execute(update(one).where(one.c[column] == user_id).values({column: value}))
    for name, (kind, column) in TYPED_COLUMNS.items():
        one = Base.metadata.tables[name]
        ctx.db.execute(update(one).where(one.c[kind] == "User", one.c[column] == user_id).values({column: nobody_id}))


def _nobody(ctx: Context) -> User:
    found = ctx.db.scalars(select(User).where(User.key == NOBODY)).one_or_none()
    if found is None:
        found = User(key=NOBODY, email=None, name=None, deactivated_at=ctx.now, created_at=ctx.now)
        ctx.db.add(found)
        ctx.db.flush()
    return found
