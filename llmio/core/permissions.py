"""Permissions: who may do what, as data. Features fill the rule map; closed where nothing is said."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmio.core.context import Context

Predicate = Callable[["Context", Any], bool]
Clause = tuple[Predicate, ...]
RuleMap = dict["Permission", tuple[Clause, ...]]


class Permission(StrEnum):
    """Every right there is, as `subject.action`."""

    PUBLIC = "site.public"
    SIGNED_IN = "site.signed_in"
    ADMIN = "site.admin"

    USER_SHOW = "user.show"
    USER_UPDATE = "user.update"
    USER_CONTACT = "user.contact"
    USER_REDACT = "user.redact"
    USER_MERGE = "user.merge"

    GROUP_CREATE = "group.create"
    GROUP_ADD_SUBGROUP = "group.add_subgroup"
    GROUP_SHOW = "group.show"
    GROUP_SEE_PRIVATE = "group.see_private_content"
    GROUP_UPDATE = "group.update"
    GROUP_ARCHIVE = "group.archive"
    GROUP_DESTROY = "group.destroy"
    GROUP_EXPORT = "group.export"
    GROUP_TAGS = "group.tags"
    GROUP_JOIN = "group.join"
    GROUP_ADD_MEMBERS = "group.add_members"
    GROUP_ADD_GUESTS = "group.add_guests"
    GROUP_NOTIFY = "group.notify"
    GROUP_MANAGE_REQUESTS = "group.manage_membership_requests"
    GROUP_REQUEST_MEMBERSHIP = "group.request_membership"
    GROUP_VIEW_PENDING = "group.view_pending_invitations"
    GROUP_SEE_MEMBERS = "group.members_autocomplete"
    GROUP_INTEGRATIONS = "group.integrations"
    MEMBERSHIP_UPDATE = "membership.update"
    MEMBERSHIP_MAKE_ADMIN = "membership.make_admin"
    MEMBERSHIP_REMOVE_ADMIN = "membership.remove_admin"
    MEMBERSHIP_RESEND = "membership.resend"
    MEMBERSHIP_REVOKE = "membership.revoke"

    FILE_CREATE = "file.create"
    FILE_SHOW = "file.show"

    DISCUSSION_CREATE = "discussion.create"
    DISCUSSION_SHOW = "discussion.show"
    DISCUSSION_UPDATE = "discussion.update"
    DISCUSSION_DISCARD = "discussion.discard"
    DISCUSSION_CLOSE = "discussion.close"
    DISCUSSION_PIN = "discussion.pin"
    DISCUSSION_MARK_READ = "discussion.mark_as_read"
    DISCUSSION_ANNOUNCE = "discussion.announce"
    DISCUSSION_ADD_GUESTS = "discussion.add_guests"
    DISCUSSION_SET_VOLUME = "discussion.set_volume"
    EVENT_PIN = "event.pin"
    READER_MAKE_ADMIN = "discussion_reader.make_admin"
    READER_REMOVE_ADMIN = "discussion_reader.remove_admin"
    READER_RESEND = "discussion_reader.resend"
    READER_REMOVE = "discussion_reader.remove"
    COMMENT_CREATE = "comment.create"
    COMMENT_SHOW = "comment.show"
    COMMENT_UPDATE = "comment.update"
    COMMENT_DISCARD = "comment.discard"
    COMMENT_DESTROY = "comment.destroy"
    REACTION_CREATE = "reaction.create"
    TASK_UPDATE = "task.update"

    POLL_CREATE = "poll.create"
    POLL_SHOW = "poll.show"
    POLL_VOTE = "poll.vote_in"
    POLL_UPDATE = "poll.update"
    POLL_DISCARD = "poll.discard"
    POLL_CLOSE = "poll.close"
    POLL_REOPEN = "poll.reopen"
    POLL_ANNOUNCE = "poll.announce"
    POLL_REMIND = "poll.remind"
    POLL_ADD_VOTERS = "poll.add_voters"
    POLL_ADD_GUESTS = "poll.add_guests"
    POLL_EXPORT = "poll.export"
    POLL_RECEIPTS = "poll.receipts"
    STANCE_UPDATE = "stance.update"
    STANCE_UNCAST = "stance.uncast"
    STANCE_MAKE_ADMIN = "stance.make_admin"
    STANCE_REMOVE_ADMIN = "stance.remove_admin"
    OUTCOME_CREATE = "outcome.create"
    OUTCOME_UPDATE = "outcome.update"
    OUTCOME_REMOVE_GUEST = "outcome.remove_guest"
    OUTCOME_ANNOUNCE = "outcome.announce"


def anyone(ctx: Context, subject: Any) -> bool:
    """True for all, signed in or not."""
    return True


def signed_in(ctx: Context, subject: Any) -> bool:
    """A signed-in person."""
    return ctx.actor is not None


def verified(ctx: Context, subject: Any) -> bool:
    """A signed-in person whose address is proved."""
    return ctx.actor is not None and ctx.actor.verified


def site_admin(ctx: Context, subject: Any) -> bool:
    """An administrator of the site."""
    return ctx.actor is not None and ctx.actor.is_admin


BASE_RULES: RuleMap = {
    Permission.PUBLIC: ((anyone,),),
    Permission.SIGNED_IN: ((signed_in,),),
    Permission.ADMIN: ((site_admin,),),
}


def allow(rules: RuleMap, permission: Permission, *clauses: Predicate | Iterable[Predicate]) -> None:
    """Permit when any clause holds; a clause that is a tuple of predicates holds when all do."""
    made = tuple(clause if isinstance(clause, tuple) else (clause,) for clause in clauses)
    rules[permission] = rules.get(permission, ()) + made


def can(ctx: Context, permission: Permission, subject: Any) -> bool:
    """Whether the actor may; no rule means no."""
    return any(all(predicate(ctx, subject) for predicate in clause) for clause in ctx.app.rules.get(permission, ()))
