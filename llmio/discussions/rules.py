"""Who may do what with threads, comments and reactions, as the reference's matrix has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmio.core.permissions import Permission, signed_in, verified
from llmio.discussions import queries
from llmio.discussions.models import Comment, Discussion, DiscussionReader
from llmio.groups import queries as groups
from llmio.groups import rules as of_group
from llmio.groups.models import Group

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context


TOKENS = "discussions.tokens"
"""Key in `ctx.memo` of the threads whose guest's invitation came with the request."""


def thread_of(subject: Any) -> Discussion:
    """The thread that a record belongs to; a thread itself."""
    found = subject if isinstance(subject, Discussion) else subject.discussion
    if not isinstance(found, Discussion):
        raise TypeError(f"{subject!r} belongs to no thread")
    return found


def group_of(subject: Any) -> Group | None:
    """The group of the thread."""
    return subject if isinstance(subject, Group) else thread_of(subject).group


def place(ctx: Context, subject: Any) -> DiscussionReader | None:
    """The actor's un-revoked place in the thread."""
    found = queries.reader_of(ctx, thread_of(subject).id)
    return None if found is None or found.revoked_at is not None else found


def group_member(ctx: Context, subject: Any) -> bool:
    """A member of the group (invitations not yet accepted count)."""
    group = group_of(subject)
    return group is not None and of_group.is_member(ctx, group)


def group_admin(ctx: Context, subject: Any) -> bool:
    """An admin of the group."""
    group = group_of(subject)
    return group is not None and of_group.is_admin(ctx, group)


def guest(ctx: Context, subject: Any) -> bool:
    """Someone invited to this thread alone."""
    found = place(ctx, subject)
    return found is not None and found.guest


def thread_member(ctx: Context, subject: Any) -> bool:
    """A member of the group, or a guest of the thread."""
    return group_member(ctx, subject) or guest(ctx, subject)


def thread_admin(ctx: Context, subject: Any) -> bool:
    """An admin of the group, or of the thread."""
    if group_admin(ctx, subject):
        return True
    found = place(ctx, subject)
    return found is not None and found.admin


def parent_member(ctx: Context, subject: Any) -> bool:
    """A member of the parent group, which may see the subgroup's threads."""
    group = group_of(subject)
    return bool(group and group.parent_members_can_see_discussions and of_group.is_parent_member(ctx, group))


def is_public(ctx: Context, subject: Any) -> bool:
    """Anyone may read it, unless the site lets nothing of groups be public."""
    thread = thread_of(subject)
    return not thread.private and (thread.group is None or of_group.site_has_public(ctx))


def kept(ctx: Context, subject: Any) -> bool:
    """Neither it nor its thread or group was discarded."""
    thread = thread_of(subject)
    return thread.discarded_at is None and (thread.group is None or thread.group.archived_at is None)


def is_open(ctx: Context, subject: Any) -> bool:
    """The thread takes new words."""
    return kept(ctx, subject) and thread_of(subject).closed_at is None


def setting(name: str) -> Any:
    """A predicate: the group's switch of that name is on (a thread without group has them all)."""

    def switched_on(ctx: Context, subject: Any) -> bool:
        group = group_of(subject)
        return group is None or bool(getattr(group, name))

    return switched_on


def is_author(ctx: Context, subject: Any) -> bool:
    """The actor wrote it."""
    author_id = subject.user_id if isinstance(subject, Comment) else subject.author_id
    return ctx.actor is not None and author_id == ctx.actor.id


def is_direct(ctx: Context, subject: Any) -> bool:
    """It belongs to no group."""
    return thread_of(subject).group_id is None


def of_some_group(ctx: Context, subject: Any) -> bool:
    """For a thread outside groups: the actor belongs to one at least."""
    return subject is None and bool(groups.groups_of(ctx))


def into_group_as_admin(ctx: Context, subject: Any) -> bool:
    """For a thread in a group: an admin of it."""
    return isinstance(subject, Group) and subject.archived_at is None and of_group.is_admin(ctx, subject)


def into_group_as_member(ctx: Context, subject: Any) -> bool:
    """For a thread in a group: a member, where members may."""
    return (
        isinstance(subject, Group)
        and subject.archived_at is None
        and of_group.is_member(ctx, subject)
        and subject.members_can_start_discussions
    )


def has_no_replies(ctx: Context, subject: Any) -> bool:
    """Nobody answered the comment."""
    return not queries.has_replies(ctx, subject.id)


def is_seen(ctx: Context, subject: Any) -> bool:
    """What is reacted to can be seen: (record type, id)."""
    record_type, record_id = subject
    item = ctx.app.timeline.get(record_type)
    record: Any = item.load(ctx, [record_id]).get(record_id) if item else None
    return record is not None and getattr(record, "discarded_at", None) is None


def guests_allowed(ctx: Context, subject: Any) -> bool:
    """The group's plan lets guests in."""
    group = group_of(subject)
    return group is None or group.subscription is None or bool(group.subscription.allow_guests)


def is_guest_place(ctx: Context, subject: Any) -> bool:
    """The place in the thread is a guest's."""
    return isinstance(subject, DiscussionReader) and subject.guest


def holds_token(ctx: Context, subject: Any) -> bool:
    """The request came with a guest's invitation to the thread."""
    return thread_of(subject).id in ctx.memo.get(TOKENS, frozenset())


def register(app: App) -> None:
    """Fill the rule map."""
    _threads(app)
    _words(app)


def _threads(app: App) -> None:
    allow = app.add_rule
    allow(
        Permission.DISCUSSION_CREATE,
        (verified, of_some_group),
        (verified, into_group_as_admin),
        (verified, into_group_as_member),
    )
    seen = ((kept, is_public), (kept, group_member), (kept, guest), (kept, parent_member))
    allow(Permission.DISCUSSION_SHOW, *seen, (kept, holds_token))
    allow(Permission.COMMENT_SHOW, *seen)
    allow(Permission.DISCUSSION_MARK_READ, *((signed_in, *clause) for clause in seen))
    for permission in (
        Permission.DISCUSSION_UPDATE,
        Permission.DISCUSSION_CLOSE,
        Permission.DISCUSSION_PIN,
        Permission.EVENT_PIN,
    ):
        allow(
            permission,
            (kept, is_author),
            (kept, thread_admin),
            (kept, group_member, setting("members_can_edit_discussions")),
        )
    allow(Permission.DISCUSSION_DISCARD, (kept, is_author), (kept, thread_admin))
    allow(
        Permission.DISCUSSION_ANNOUNCE,
        (kept, group_admin),
        (kept, group_member, setting("members_can_announce")),
        (kept, is_direct, thread_admin),
    )
    allow(
        Permission.DISCUSSION_ADD_GUESTS,
        (kept, guests_allowed, group_admin),
        (kept, guests_allowed, group_member, setting("members_can_add_guests")),
        (kept, is_direct, thread_admin),
    )
    for permission in (Permission.READER_MAKE_ADMIN, Permission.READER_REMOVE_ADMIN, Permission.READER_RESEND):
        allow(permission, (kept, thread_admin))
    allow(Permission.READER_REMOVE, (kept, is_guest_place, thread_admin))
    allow(Permission.DISCUSSION_SET_VOLUME, (kept, thread_member))


def _words(app: App) -> None:
    allow = app.add_rule
    allow(Permission.COMMENT_CREATE, (is_open, thread_member))
    allow(
        Permission.COMMENT_UPDATE,
        (is_open, is_author, thread_member, setting("members_can_edit_comments")),
        (is_open, thread_admin, setting("admins_can_edit_user_content")),
    )
    allow(Permission.COMMENT_DISCARD, (is_open, is_author, thread_member), (is_open, thread_admin))
    allow(
        Permission.COMMENT_DESTROY,
        (is_open, has_no_replies, thread_admin),
        (is_open, has_no_replies, is_author, thread_member, setting("members_can_delete_comments")),
    )
    allow(Permission.REACTION_CREATE, (signed_in, is_seen))
