"""Who may do what with polls, votes and outcomes, as the reference's matrix has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmio.core.permissions import Permission, signed_in, verified
from llmio.discussions.models import Discussion
from llmio.groups import rules as groups
from llmio.groups.models import Group
from llmio.polls import outcome_guests, queries
from llmio.polls.models import Poll, Stance

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context

TOKENS = "polls.tokens"
"""Key in `ctx.memo` of ids of polls that the request holds an invitation to."""


OUTCOME_TOKENS = "polls.outcome_tokens"
"""Likewise of polls whose outcome the request may see."""


@dataclass(frozen=True)
class Place:
    """Where a new poll would be: in a thread, in a group, or nowhere."""

    group: Group | None = None
    discussion: Discussion | None = None


def poll_of(subject: Any) -> Any:
    """The poll that a vote or an outcome belongs to; a poll itself."""
    return subject if isinstance(subject, Poll) else subject.poll


def place_of(subject: Any) -> Place:
    """Group and thread of a poll, or of where one would be."""
    if isinstance(subject, Place):
        return subject
    if isinstance(subject, Group):
        return Place(group=subject)
    if isinstance(subject, Discussion):
        return Place(subject.group, subject)
    if subject is None:
        return Place()
    poll = poll_of(subject)
    return Place(poll.group, poll.discussion)


def group_member(ctx: Context, subject: Any) -> bool:
    """A member of the group."""
    group = place_of(subject).group
    return group is not None and groups.is_member(ctx, group)


def group_admin(ctx: Context, subject: Any) -> bool:
    """An admin of the group."""
    group = place_of(subject).group
    return group is not None and groups.is_admin(ctx, group)


def receipts_for_all(ctx: Context, subject: Any) -> bool:
    """Who may see the poll may see who took part; the operator may keep that for admins of the group."""
    group = place_of(subject).group
    ids = (group.id, group.parent_id) if group else ()
    return not ctx.app.settings.on("features.verify_by_admins", *ids)


def group_setting(name: str) -> Any:
    """A predicate: the group's switch of that name is on."""

    def switched_on(ctx: Context, subject: Any) -> bool:
        group = place_of(subject).group
        return group is not None and bool(getattr(group, name))

    return switched_on


def grouped(ctx: Context, subject: Any) -> bool:
    """It belongs to a group."""
    return place_of(subject).group is not None


def ungrouped(ctx: Context, subject: Any) -> bool:
    """It belongs to no group."""
    return place_of(subject).group is None


def standing_alone(ctx: Context, subject: Any) -> bool:
    """Neither in a group nor in a thread."""
    place = place_of(subject)
    return place.group is None and place.discussion is None


def thread_open(ctx: Context, subject: Any) -> bool:
    """Its thread, if it has one, is neither closed nor gone."""
    discussion = place_of(subject).discussion
    return discussion is None or (discussion.closed_at is None and discussion.discarded_at is None)


def thread_guest(ctx: Context, subject: Any) -> bool:
    """A guest of the thread."""
    discussion = place_of(subject).discussion
    reader = queries.my_reader(ctx, discussion.id) if discussion else None
    return reader is not None and reader.guest


def thread_admin(ctx: Context, subject: Any) -> bool:
    """Made an admin of the thread, as a member or as its guest."""
    discussion = place_of(subject).discussion
    reader = queries.my_reader(ctx, discussion.id) if discussion else None
    return reader is not None and reader.admin and (reader.guest or group_member(ctx, subject))


def poll_guest(ctx: Context, subject: Any) -> bool:
    """Asked to vote without being a member."""
    stance = queries.my_stance(ctx, poll_of(subject).id)
    return stance is not None and stance.guest


def stance_admin(ctx: Context, subject: Any) -> bool:
    """Made an admin of the poll."""
    stance = queries.my_stance(ctx, poll_of(subject).id)
    return stance is not None and stance.admin and (stance.guest or group_member(ctx, subject))


def is_author(ctx: Context, subject: Any) -> bool:
    """Started the poll."""
    return ctx.actor is not None and poll_of(subject).author_id == ctx.actor.id


def is_member(ctx: Context, subject: Any) -> bool:
    """Belongs to the poll: a member of the group, a guest of the thread, or a guest of the poll."""
    return group_member(ctx, subject) or thread_guest(ctx, subject) or poll_guest(ctx, subject)


def is_admin(ctx: Context, subject: Any) -> bool:
    """Leads the poll."""
    if ctx.actor is None:
        return False
    own = is_author(ctx, subject) and (
        ungrouped(ctx, subject) or group_member(ctx, subject) or thread_guest(ctx, subject)
    )
    return own or group_admin(ctx, subject) or thread_admin(ctx, subject) or stance_admin(ctx, subject)


def kept(ctx: Context, subject: Any) -> bool:
    """It was not discarded."""
    return poll_of(subject).discarded_at is None


def is_active(ctx: Context, subject: Any) -> bool:
    """Votes can be cast: it has a time to close that has not come, and nobody closed it."""
    poll = poll_of(subject)
    return (
        poll.discarded_at is None
        and poll.closed_at is None
        and poll.closing_at is not None
        and poll.closing_at > ctx.now
    )


def not_active(ctx: Context, subject: Any) -> bool:
    """Votes cannot be cast now."""
    return not is_active(ctx, subject)


def is_closed(ctx: Context, subject: Any) -> bool:
    """It was closed."""
    return poll_of(subject).closed_at is not None


def not_closed(ctx: Context, subject: Any) -> bool:
    """It was not closed."""
    return not is_closed(ctx, subject)


def named(ctx: Context, subject: Any) -> bool:
    """Votes are not anonymous."""
    return not poll_of(subject).anonymous


def public(ctx: Context, subject: Any) -> bool:
    """Its group lets anyone read."""
    group = place_of(subject).group
    return group is not None and groups.is_open(ctx, group) and group.archived_at is None


def holds_token(ctx: Context, subject: Any) -> bool:
    """The request came with an invitation to the poll."""
    return poll_of(subject).id in ctx.memo.get(TOKENS, frozenset())


def outcome_guest(ctx: Context, subject: Any) -> bool:
    """Was sent the outcome from inside, without belonging to the poll; or came by the link of who was."""
    poll = poll_of(subject)
    held = poll.id in ctx.memo.get(OUTCOME_TOKENS, frozenset())
    return held or (ctx.actor is not None and ctx.actor.id in outcome_guests.of_poll(ctx, poll.id))


def has_stance(ctx: Context, subject: Any) -> bool:
    """Was asked to vote."""
    return queries.my_stance(ctx, poll_of(subject).id) is not None


def not_taken_out(ctx: Context, subject: Any) -> bool:
    """Nobody took the actor out of the poll. The reference lets members who were taken out vote all the same."""
    place = queries.my_place(ctx, poll_of(subject).id)
    return place is None or place.revoked_at is None or place.revoker_id is None


def for_all(ctx: Context, subject: Any) -> bool:
    """Everyone in its place may vote."""
    return not poll_of(subject).specified_voters_only


def guests_allowed(ctx: Context, subject: Any) -> bool:
    """The group's plan lets guests in."""
    group = place_of(subject).group
    subscription = group.subscription if group else None
    return subscription is None or subscription.allow_guests


def own_latest(ctx: Context, subject: Stance) -> bool:
    """The actor's own vote, the one that counts."""
    return (
        ctx.actor is not None and subject.participant_id == ctx.actor.id and subject.latest and not subject.revoked_at
    )


def is_cast(ctx: Context, subject: Stance) -> bool:
    """The vote was cast."""
    return subject.cast_at is not None


LEADING = (
    Permission.POLL_ADD_VOTERS,
    Permission.STANCE_MAKE_ADMIN,
    Permission.STANCE_REMOVE_ADMIN,
    Permission.OUTCOME_REMOVE_GUEST,
)
SEES = (is_author, public, group_member, thread_guest, poll_guest, holds_token, (not_active, outcome_guest))


def register(app: App) -> None:
    """Fill the rule map."""
    allow = app.add_rule
    raising = group_setting("members_can_raise_motions")
    votes = ((signed_in, is_active, has_stance), (signed_in, is_active, for_all, is_member, not_taken_out))
    allow(
        Permission.POLL_CREATE,
        (thread_open, group_admin),
        (thread_open, group_member, raising),
        (thread_open, thread_guest, raising),
        (thread_open, ungrouped, thread_guest),
        (standing_alone, verified),
    )
    allow(Permission.POLL_SHOW, *SEES)
    allow(Permission.POLL_VOTE, *votes)
    allow(Permission.POLL_UPDATE, (kept, is_admin, not_closed, thread_open))
    allow(Permission.POLL_DISCARD, (kept, is_admin, thread_open))
    allow(Permission.POLL_CLOSE, (is_active, is_admin))
    allow(Permission.POLL_REOPEN, (kept, is_closed, named, thread_open, is_admin))
    announcing: tuple[tuple[Any, ...], ...] = (
        (kept, group_admin),
        (kept, grouped, is_admin, group_setting("members_can_announce")),
        (kept, ungrouped, is_admin),
        (kept, ungrouped, is_member, for_all),
    )
    allow(Permission.POLL_ANNOUNCE, *announcing)
    allow(Permission.POLL_REMIND, *announcing)
    allow(Permission.OUTCOME_ANNOUNCE, *((*clause, not_active) for clause in announcing))
    for permission in LEADING:
        allow(permission, (kept, is_admin))
    allow(
        Permission.POLL_ADD_GUESTS,
        (kept, grouped, guests_allowed, group_admin),
        (kept, grouped, guests_allowed, is_admin, group_setting("members_can_add_guests")),
        (kept, ungrouped, is_admin),
    )
    allow(Permission.POLL_RECEIPTS, *_each(app, Permission.POLL_SHOW, kept, receipts_for_all))
    allow(Permission.POLL_RECEIPTS, (kept, group_admin))
    allow(Permission.POLL_EXPORT, *_each(app, Permission.POLL_SHOW, kept, results_shown))
    allow(Permission.STANCE_UPDATE, *((*clause, own_latest) for clause in votes))
    allow(Permission.STANCE_UNCAST, *((*clause, own_latest, is_cast) for clause in votes))
    for permission in (Permission.OUTCOME_CREATE, Permission.OUTCOME_UPDATE):
        allow(
            permission,
            (kept, not_active, is_admin),
            (kept, not_active, is_member, group_setting("members_can_edit_discussions")),
        )


def results_shown(ctx: Context, subject: Any) -> bool:
    """The results may be shown to the actor."""
    from llmio.polls.results import results_visible  # noqa: PLC0415  # cycle: results asks who voted

    return results_visible(ctx, poll_of(subject))


def _each(app: App, permission: Permission, *further: Any) -> list[Any]:
    """The clauses of another permission, each with further conditions."""
    return [(*clause, *further) for clause in app.rules[permission]]
