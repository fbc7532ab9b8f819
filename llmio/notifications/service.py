"""From an event to bell rows and deliveries."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from llmio.accounts.models import User
from llmio.accounts.sessions import identity_of
from llmio.core import richtext
from llmio.core.context import Context
from llmio.core.events import Channel
from llmio.core.permissions import Permission
from llmio.core.tables import Event
from llmio.discussions.models import Comment, DiscussionReader, Reaction
from llmio.groups.models import Membership
from llmio.notifications import audience, kinds, meetings
from llmio.notifications.deliveries import Delivery, Status
from llmio.notifications.models import Notification
from llmio.notifications.subjects import RECORDS, Subject, subject_of
from llmio.polls.models import Outcome, Poll

if TYPE_CHECKING:
    from llmio.core.events import EventKind
    from llmio.core.jobs import Job

EMAIL = "email"


def publish_event(ctx: Context, event: Event, deliver: Job) -> list[audience.Told]:
    """Tell everyone concerned: bell rows, a delivery per mail, and events for those newly mentioned.

    Runs in one transaction with the removal of its outbox row, so that nobody is told twice.
    """
    kind = ctx.app.kinds.get(event.kind or "")
    subject = subject_of(ctx, event)
    if kind is None or subject is None:
        return []
    called = set()
    if Channel.MENTIONS in kind.channels and not _silent(subject):
        called = _mention(ctx, event, subject)
    told = audience.resolve(ctx, event, kind, subject, called=called)
    _ring(ctx, event, subject, [one for one in told if one.in_app])
    by_mail = [one for one in told if one.email]
    _deliver(ctx, event, by_mail, deliver)
    if isinstance(subject.record, Outcome) and subject.poll is not None:
        follow_meeting(ctx, subject.poll, but={one.user.id for one in by_mail})
    return told


def follow_meeting(ctx: Context, poll: Poll, *, but: Collection[int] = ()) -> None:
    """Have a meeting moved, or called off, in the calendars of those who were mailed it and do not hear of it anyway."""
    for user_id in meetings.follow(ctx, poll, but=but):
        ctx.enqueue(ctx.app.jobs["notifications.mail_meeting"], poll.id, user_id)


def _silent(subject: Subject) -> bool:
    """Mentions in a vote are kept silent where telling of them would give the vote away."""
    poll = subject.poll
    is_vote = type(subject.record).__name__ == "Stance"
    return bool(is_vote and poll and (poll.anonymous or (poll.hide_results == 2 and poll.closed_at is None)))


def _ring(ctx: Context, event: Event, subject: Subject, told: list[audience.Told]) -> None:
    if not told:
        return
    actor = ctx.db.get(User, event.user_id) if event.user_id else None
    values: dict[str, Any] = {"title": subject.title, "name": actor.name if actor else ""}
    if subject.poll:
        values["poll_type"] = subject.poll.poll_type
    if event.eventable_type == "Reaction" and event.eventable_id:
        reaction = ctx.db.get(Reaction, event.eventable_id)
        values["reaction"] = reaction.reaction if reaction else ""
    rows = [
        {
            "user_id": one.user.id,
            "event_id": event.id,
            "url": invitation_path(ctx, event, subject, one.user.id) or subject.path,
            "actor_id": event.user_id,
            "translation_values": {**values, "reason": one.reason},
            "created_at": ctx.now,
            "updated_at": ctx.now,
            "viewed": False,
        }
        for one in told
    ]
    ctx.db.execute(insert(Notification), rows)
    user_ids = [one.user.id for one in told]
    notice = {"notifications": [{"event_id": event.id, "kind": event.kind, **values, "viewed": False}]}
    ctx.tm.get().addAfterCommitHook(_push, args=(ctx, user_ids, notice))


def _push(committed: bool, ctx: Context, user_ids: list[int], notice: dict[str, Any]) -> None:  # noqa: FBT001  # the hook's signature
    if committed:
        for user_id in user_ids:
            ctx.ports.live.publish(f"user-{user_id}", notice)


def invitation_path(ctx: Context, event: Event, subject: Subject, user_id: int) -> str | None:
    """The link that lets an invited person in, where the event is an invitation."""
    if event.kind not in audience.INVITATIONS or subject.group is None:
        return None
    token = ctx.db.scalar(
        select(Membership.token).where(Membership.group_id == subject.group.id, Membership.user_id == user_id)
    )
    return f"/invitations/{token}" if token else None


def _deliver(ctx: Context, event: Event, told: list[audience.Told], deliver: Job) -> None:
    add_deliveries(ctx, event, EMAIL, [("User", one.user.id, one.reason) for one in told], deliver)


def add_deliveries(
    ctx: Context, event: Event, notifier: str, recipients: list[tuple[str, int, str]], deliver: Job
) -> list[int]:
    """One delivery per (recipient type, id, reason), each with its job; one that is there already stays alone."""
    if not recipients:
        return []
    rows = [
        {
            "event_id": event.id,
            "notifier": notifier,
            "recipient_type": recipient_type,
            "recipient_id": recipient_id,
            "reason": reason,
            "status": Status.PENDING.value,
            "created_at": ctx.now,
        }
        for recipient_type, recipient_id, reason in recipients
    ]
    made = ctx.db.scalars(upsert(Delivery).values(rows).on_conflict_do_nothing().returning(Delivery.id)).all()
    for delivery_id in made:
        ctx.enqueue(deliver, delivery_id)
    return list(made)


def _mention(ctx: Context, event: Event, subject: Subject) -> set[int]:
    """Publish events for those newly mentioned by name, and for the author of what was answered.

    Returns who is mailed for that, and so need not be mailed of the same act again.
    """
    names = richtext.mentioned(subject.text, subject.text_format)
    people = _people_of(ctx, subject)
    known = {(user.username or "").lower(): user.id for user in people}
    before = _told_before(ctx, subject)
    mentioned = [known[name.lower()] for name in names if name.lower() in known]
    replied = _answered(ctx, event, subject)
    ids = [one for one in dict.fromkeys([*mentioned, *replied]) if one not in before and one != subject.author_id]
    if ids:
        event.custom_fields["mentioned_user_ids"] = ids
        ctx.publish(
            kinds.USER_MENTIONED,
            subject.record,
            user_id=event.user_id,
            parent=event,
            custom={
                "user_ids": ids,
                "replied_user_ids": [one for one in replied if one in ids and one not in mentioned],
            },
        )
    told = {*ids, *before, *event.custom_fields.get("recipient_user_ids", ())}
    mailed = ctx.db.scalars(select(User.id).where(User.id.in_(ids), User.email_when_mentioned.is_(True)))
    return {*mailed, *_mention_group(ctx, event, subject, {name.lower() for name in names}, told)}


def _mention_group(ctx: Context, event: Event, subject: Subject, names: set[str], told: set[int]) -> list[int]:
    group = subject.group
    if group is None or not group.handle or group.handle.lower() not in names:
        return []
    if group.id in _told_before(ctx, subject, kinds.GROUP_MENTIONED, "group_ids") or not _may_notify(ctx, event, group):
        return []
    member_ids = ctx.db.scalars(
        select(Membership.user_id).where(
            Membership.group_id == group.id, Membership.accepted_at.is_not(None), Membership.revoked_at.is_(None)
        )
    )
    ids = [one for one in member_ids if one and one not in told and one != event.user_id]
    if ids:
        ctx.publish(
            kinds.GROUP_MENTIONED,
            subject.record,
            user_id=event.user_id,
            parent=event,
            custom={"user_ids": ids, "group_ids": [group.id]},
        )
    return ids


def _may_notify(ctx: Context, event: Event, group: Any) -> bool:
    """Whether the author of the text may notify the whole group."""
    author = ctx.db.get(User, event.user_id) if event.user_id else None
    if author is None:
        return False
    return Context(ctx.app, ctx.db, ctx.tm, identity_of(author)).can(Permission.GROUP_NOTIFY, group)


def _people_of(ctx: Context, subject: Subject) -> list[User]:
    """Who may be mentioned: members of the group and guests of the thread."""
    conditions = []
    if subject.group:
        conditions.append(
            User.id.in_(
                select(Membership.user_id).where(
                    Membership.group_id == subject.group.id,
                    Membership.accepted_at.is_not(None),
                    Membership.revoked_at.is_(None),
                )
            )
        )
    if subject.discussion:
        conditions.append(
            User.id.in_(
                select(DiscussionReader.user_id).where(
                    DiscussionReader.discussion_id == subject.discussion.id,
                    DiscussionReader.guest.is_(True),
                    DiscussionReader.revoked_at.is_(None),
                )
            )
        )
    if not conditions or not re.search(r"@|data-mention-id", subject.text or ""):
        return []
    query = select(User).where(User.deactivated_at.is_(None), User.username.is_not(None))
    found: dict[int, User] = {}
    for condition in conditions:
        found.update({user.id: user for user in ctx.db.scalars(query.where(condition))})
    return list(found.values())


def _told_before(
    ctx: Context, subject: Subject, kind: EventKind = kinds.USER_MENTIONED, of: str = "user_ids"
) -> set[int]:
    """Which people (or groups) were told already that this record mentions them."""
    rows = ctx.db.scalars(
        select(Event.custom_fields[of]).where(
            Event.kind == kind.name,
            Event.eventable_type == type(subject.record).__name__,
            Event.eventable_id == subject.record.id,
        )
    )
    return {int(one) for ids in rows for one in ids or ()}


def _answered(ctx: Context, event: Event, subject: Subject) -> list[int]:
    """The author of what a new comment answers, where the comment answers a comment, vote, poll or outcome."""
    comment = subject.record
    if event.kind != "new_comment" or not isinstance(comment, Comment) or not comment.parent_id:
        return []
    if comment.parent_type == "Discussion":
        return []
    parent_class = RECORDS.get(comment.parent_type)
    parent = ctx.db.get(parent_class, comment.parent_id) if parent_class else None
    if parent is None:
        return []
    author = getattr(parent, "author_id", None) or getattr(parent, "user_id", None)
    if comment.parent_type == "Stance":
        author = None if parent.poll.anonymous else parent.participant_id
    return [author] if author else []
