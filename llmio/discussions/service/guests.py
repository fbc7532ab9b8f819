"""Guests of a thread: people who see it and nothing else of its group; and who leads it beside the group's admins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from llmio.accounts import service as accounts
from llmio.accounts.keys import new_token
from llmio.accounts.models import User
from llmio.core import audit
from llmio.core.errors import Invalid
from llmio.core.events import Audience
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions import kinds, queries
from llmio.discussions.models import Discussion, DiscussionReader
from llmio.discussions.service import places
from llmio.groups import invitation_limit
from llmio.groups import queries as groups
from llmio.groups.pasted import read_addresses

if TYPE_CHECKING:
    from llmio.core.context import Context


def invite_guests(ctx: Context, discussion: Discussion, *, emails: str, message: str = "") -> list[DiscussionReader]:
    """Let people in by address, to this thread alone; they get a mail. Returns the places that are new.

    Members of the group and those who are guests already are left alone. Raises Invalid, naming them, where addresses
    cannot be read: nothing is sent then.
    """
    ctx.require(Permission.DISCUSSION_ADD_GUESTS, discussion)
    users = list(accounts.find_or_invite_all(ctx, read_addresses(emails)).values())
    members = set(groups.member_ids(ctx, discussion.group_id)) if discussion.group_id else set()
    made = _let_in(ctx, discussion, [user for user in users if user.id not in members])
    if made:
        invitation_limit.count(ctx, len(made))
        _announce(ctx, discussion, made, message)
        ctx.changed(discussion)
    return made


def _let_in(ctx: Context, discussion: Discussion, users: Sequence[User]) -> list[DiscussionReader]:
    query = select(DiscussionReader).where(
        DiscussionReader.discussion_id == discussion.id, DiscussionReader.user_id.in_([user.id for user in users])
    )
    there = {row.user_id: row for row in ctx.db.scalars(query.with_for_update())}
    made = []
    for user in users:
        row = there.get(user.id)
        if row is not None and row.guest and row.revoked_at is None:
            continue
        if row is None:
            row = DiscussionReader(discussion_id=discussion.id, user_id=user.id, created_at=ctx.now)
            row.volume = user.default_membership_volume
            ctx.db.add(row)
        row.guest, row.admin = True, False
        row.revoked_at = row.revoker_id = row.accepted_at = None
        row.inviter_id, row.token = ctx.actor_id, new_token()
        made.append(row)
    ctx.db.flush()
    return made


def _announce(ctx: Context, discussion: Discussion, rows: Sequence[DiscussionReader], message: str = "") -> None:
    audience = Audience([row.user_id for row in rows], message=message.strip() or None)
    root = places.root_of(ctx, discussion)
    ctx.publish(kinds.DISCUSSION_ANNOUNCED, discussion, parent=root, audience=audience)


def resend(ctx: Context, reader: DiscussionReader) -> DiscussionReader:
    """Send a guest who has not come yet the invitation again."""
    ctx.require(Permission.READER_RESEND, reader)
    if reader.accepted_at is not None:
        raise Invalid(_("This guest is here already."))
    invitation_limit.count(ctx, 1)
    _announce(ctx, reader.discussion, [reader])
    return reader


def remove_guest(ctx: Context, reader: DiscussionReader) -> DiscussionReader:
    """Show a guest out. What they wrote stays."""
    ctx.require(Permission.READER_REMOVE, reader)
    if reader.revoked_at is None:
        reader.revoked_at, reader.revoker_id, reader.admin = ctx.now, ctx.actor_id, False
        _note(ctx, "thread.remove_guest", reader)
        ctx.db.flush()
        queries.forget_reader(ctx, reader.discussion_id)
        ctx.changed(reader.discussion)
    return reader


def make_thread_admin(ctx: Context, reader: DiscussionReader) -> DiscussionReader:
    """Let a person lead this thread: edit, close and moderate it."""
    ctx.require(Permission.READER_MAKE_ADMIN, reader)
    if not reader.admin:
        _note(ctx, "thread.make_admin", reader)
    reader.admin = True
    queries.forget_reader(ctx, reader.discussion_id)
    return reader


def remove_thread_admin(ctx: Context, reader: DiscussionReader) -> DiscussionReader:
    """Let a person take part like everybody else again."""
    ctx.require(Permission.READER_REMOVE_ADMIN, reader)
    if reader.admin:
        _note(ctx, "thread.remove_admin", reader)
    reader.admin = False
    queries.forget_reader(ctx, reader.discussion_id)
    return reader


def _note(ctx: Context, act: str, reader: DiscussionReader) -> None:
    discussion = reader.discussion
    audit.note(ctx, act, discussion, group_id=discussion.group_id, user_id=reader.user_id)


def redeem(ctx: Context, discussion: Discussion, *, token: str) -> DiscussionReader | None:
    """Take the place that an invitation by mail holds, also under another address than it was sent to.

    None where it was used, or belongs to somebody else who has an account.
    """
    me = ctx.signed_in()
    query = (
        select(DiscussionReader)
        .join(User, User.id == DiscussionReader.user_id)
        .where(
            DiscussionReader.discussion_id == discussion.id,
            DiscussionReader.token == token,
            DiscussionReader.guest.is_(True),
            DiscussionReader.revoked_at.is_(None),
            DiscussionReader.accepted_at.is_(None),
            or_(User.id == me.id, User.email_verified.is_(False)),
        )
        .with_for_update(of=DiscussionReader)
    )
    invited = ctx.db.scalars(query).one_or_none()
    if invited is None:
        return None
    mine = queries.reader_of(ctx, discussion.id)
    if mine is not None and mine.id != invited.id:
        if mine.revoked_at is None:
            return mine
        ctx.db.delete(mine)
        ctx.db.flush()
    invited.user_id, invited.accepted_at = me.id, ctx.now
    ctx.db.flush()
    queries.forget_reader(ctx, discussion.id)
    ctx.saw({"Discussion": [discussion.id]})
    ctx.changed(discussion)
    return invited
