"""How much of a group, thread or poll reaches a person by mail; changed on its page or by a link in a mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from llmio.accounts.models import User
from llmio.accounts.sessions import identity_of
from llmio.core.context import Context
from llmio.core.permissions import Permission
from llmio.discussions.models import Discussion, DiscussionReader
from llmio.groups.models import Group, Membership
from llmio.notifications.subjects import Subject
from llmio.polls.models import Poll, Stance

QUIET = 1
PLACES = ("discussion", "poll", "group")


@dataclass(frozen=True)
class Place:
    """What an unsubscribe link is about: `kind` (discussion, poll, group), id, and its title."""

    kind: str
    id: int
    title: str


def place_of(subject: Subject) -> Place | None:
    """The narrowest place that a person may turn off: the thread, else the poll, else the group."""
    if subject.discussion:
        return Place("discussion", subject.discussion.id, subject.discussion.title or "")
    if subject.poll:
        return Place("poll", subject.poll.id, subject.poll.title)
    if subject.group:
        return Place("group", subject.group.id, subject.group.name or "")
    return None


def unsubscribe_path(user: User, place: Place | None) -> str:
    """The path of the link that works without signing in."""
    if place is None:
        return f"/unsubscribe/{user.unsubscribe_token}"
    return f"/unsubscribe/{user.unsubscribe_token}/{place.kind}/{place.id}"


def user_of(ctx: Context, token: str) -> User | None:
    """Whose link this is."""
    return ctx.db.scalars(select(User).where(User.unsubscribe_token == token)).first() if token else None


def find_place(ctx: Context, user: User, kind: str, place_id: int) -> Place | None:
    """The place a link names, if the person whose link it is may see it: the number in it is anybody's to change."""
    models: dict[str, tuple[type[Any], Permission]] = {
        "discussion": (Discussion, Permission.DISCUSSION_SHOW),
        "poll": (Poll, Permission.POLL_SHOW),
        "group": (Group, Permission.GROUP_SHOW),
    }
    if kind not in models or user.deactivated_at is not None:
        return None
    model, permission = models[kind]
    record = ctx.db.get(model, place_id)
    theirs = Context(ctx.app, ctx.db, ctx.tm, identity_of(user), ctx.now)
    if record is None or not theirs.can(permission, record):
        return None
    title = record.name if isinstance(record, Group) else record.title
    return Place(kind, place_id, title or "")


def set_volume(ctx: Context, user: User, place: Place, volume: int) -> None:
    """Set it for one place; for a thread also on the votes asked for in it, which would outvote it otherwise."""
    if place.kind == "group":
        ctx.db.execute(
            update(Membership)
            .where(Membership.group_id == place.id, Membership.user_id == user.id)
            .values(volume=volume)
        )
        return
    if place.kind == "poll":
        ctx.db.execute(
            update(Stance)
            .where(Stance.poll_id == place.id, Stance.participant_id == user.id, Stance.latest.is_(True))
            .values(volume=volume)
        )
        return
    _set_thread_volume(ctx, user, place.id, volume)


def _set_thread_volume(ctx: Context, user: User, discussion_id: int, volume: int) -> None:
    changed = ctx.db.execute(
        update(DiscussionReader)
        .where(DiscussionReader.discussion_id == discussion_id, DiscussionReader.user_id == user.id)
        .values(volume=volume)
        .returning(DiscussionReader.id)
    ).all()
    if not changed:
        ctx.db.add(DiscussionReader(discussion_id=discussion_id, user_id=user.id, volume=volume, created_at=ctx.now))
    polls = select(Poll.id).where(Poll.discussion_id == discussion_id)
    ctx.db.execute(
        update(Stance)
        .where(Stance.poll_id.in_(polls), Stance.participant_id == user.id, Stance.latest.is_(True))
        .values(volume=volume)
        .execution_options(synchronize_session=False)
    )


def set_everywhere(ctx: Context, user: User, volume: int) -> None:
    """Set it for every group of the person, and for those to come."""
    user.default_membership_volume = volume
    ctx.db.execute(update(Membership).where(Membership.user_id == user.id).values(volume=volume))
    for model, column in ((DiscussionReader, DiscussionReader.user_id), (Stance, Stance.participant_id)):
        ctx.db.execute(update(model).where(column == user.id, model.volume > volume).values(volume=volume))
