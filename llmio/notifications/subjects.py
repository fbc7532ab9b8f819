"""What an event is about, as values that bell, mails and webhooks all need: title, link, text, place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmio.accounts.models import User
from llmio.core import richtext
from llmio.core.permissions import Permission
from llmio.core.tables import Event
from llmio.discussions.models import Comment, Discussion, Reaction
from llmio.groups.models import Group, Membership, MembershipRequest
from llmio.mail.models import ReceivedEmail
from llmio.polls.models import Outcome, Poll, Stance

if TYPE_CHECKING:
    from llmio.core.context import Context

RECORDS: dict[str, type[Any]] = {
    one.__name__: one
    for one in (
        Group,
        Membership,
        MembershipRequest,
        Discussion,
        Comment,
        Reaction,
        Poll,
        Stance,
        Outcome,
        User,
        ReceivedEmail,
    )
}
"""Type as in `events.eventable_type` → class."""


@dataclass(frozen=True)
class Subject:
    """The record of an event, with where it belongs. `path` is a path on this site."""

    record: Any
    title: str
    path: str
    text: str = ""
    text_format: str = "md"
    author_id: int | None = None
    group: Group | None = None
    discussion: Discussion | None = None
    poll: Poll | None = None
    gone: bool = False
    """It was discarded: nobody is told of it any more."""

    @property
    def html(self) -> str:
        """Its text as safe HTML."""
        return richtext.to_html(self.text, self.text_format)


def subject_of(ctx: Context, event: Event) -> Subject | None:
    """The subject of an event; None where the record is gone or of a type that is not told about."""
    if event.eventable_type not in RECORDS or event.eventable_id is None:
        return None
    record = ctx.db.get(RECORDS[event.eventable_type], event.eventable_id)
    return None if record is None else describe(ctx, record)


def describe(ctx: Context, record: Any) -> Subject | None:
    """The subject that a record makes."""
    makers: dict[str, Callable[[Any], Subject | None]] = {
        "Group": _group,
        "Membership": _membership,
        "MembershipRequest": _request,
        "Discussion": _discussion,
        "Comment": _comment,
        "Poll": _poll,
        "Stance": _stance,
        "Outcome": _outcome,
        "ReceivedEmail": _received_email,
    }
    if isinstance(record, Reaction):
        return _reaction(ctx, record)
    maker = makers.get(type(record).__name__)
    return maker(record) if maker else None


def may_see(theirs: Context, subject: Subject) -> bool:
    """Whether the person of this context may see what it is about."""
    if subject.poll is not None:
        return theirs.can(Permission.POLL_SHOW, subject.poll)
    if subject.discussion is not None:
        return theirs.can(Permission.DISCUSSION_SHOW, subject.discussion)
    right = Permission.GROUP_UPDATE if isinstance(subject.record, ReceivedEmail) else Permission.GROUP_SHOW
    return subject.group is None or theirs.can(right, subject.group)


def discussion_path(discussion: Discussion) -> str:
    """The path of a thread."""
    return f"/d/{discussion.key}"


def poll_path(poll: Poll) -> str:
    """The path of a poll."""
    return f"/p/{poll.key}"


def _group(group: Group) -> Subject:
    return Subject(group, group.name or "", f"/g/{group.key}", group=group, gone=group.archived_at is not None)


def _membership(membership: Membership) -> Subject:
    group = membership.group
    return Subject(membership, group.name or "", f"/g/{group.key}", group=group, gone=group.archived_at is not None)


def _request(request: MembershipRequest) -> Subject:
    group = request.group
    return Subject(
        request,
        group.name or "",
        f"/g/{group.key}/members",
        text=request.introduction or "",
        author_id=request.requestor_id,
        group=group,
        gone=request.responded_at is not None,
    )


def _discussion(discussion: Discussion) -> Subject:
    return Subject(
        discussion,
        discussion.title or "",
        discussion_path(discussion),
        discussion.description or "",
        discussion.description_format,
        discussion.author_id,
        discussion.group,
        discussion,
        gone=discussion.discarded_at is not None,
    )


def _comment(comment: Comment) -> Subject | None:
    discussion = comment.discussion
    if discussion is None:
        return None
    return Subject(
        comment,
        discussion.title or "",
        f"{discussion_path(discussion)}/comment/{comment.id}",
        comment.body or "",
        comment.body_format,
        comment.user_id,
        discussion.group,
        discussion,
        gone=comment.discarded_at is not None or discussion.discarded_at is not None,
    )


def _reaction(ctx: Context, reaction: Reaction) -> Subject | None:
    target = RECORDS.get(reaction.reactable_type)
    record = ctx.db.get(target, reaction.reactable_id) if target and reaction.reactable_id else None
    return describe(ctx, record) if record is not None else None


def _poll(poll: Poll) -> Subject:
    return Subject(
        poll,
        poll.title,
        poll_path(poll),
        poll.details or "",
        poll.details_format,
        poll.author_id,
        poll.group,
        poll.discussion,
        poll,
        gone=poll.discarded_at is not None,
    )


def _stance(stance: Stance) -> Subject:
    poll = stance.poll
    return Subject(
        stance,
        poll.title,
        poll_path(poll),
        stance.reason or "",
        stance.reason_format,
        stance.participant_id,
        poll.group,
        poll.discussion,
        poll,
        gone=poll.discarded_at is not None,
    )


def _outcome(outcome: Outcome) -> Subject:
    poll = outcome.poll
    return Subject(
        outcome,
        poll.title,
        poll_path(poll),
        outcome.statement,
        outcome.statement_format,
        outcome.author_id,
        poll.group,
        poll.discussion,
        poll,
        gone=poll.discarded_at is not None,
    )


def _received_email(mail: ReceivedEmail) -> Subject | None:
    group = mail.group
    if group is None:
        return None
    gone = group.archived_at is not None or mail.released
    return Subject(mail, group.name or "", f"/g/{group.key}/emails", group=group, gone=gone)
