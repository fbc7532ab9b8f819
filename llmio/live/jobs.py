"""What happened, sent to the pages that show it: the records of an event, to the rooms of who may see them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from llmio.accounts import serializers as people
from llmio.accounts.models import User
from llmio.core import serializers as core
from llmio.core.events import Channel
from llmio.core.jobs import job
from llmio.core.serialize import Records, merge
from llmio.core.tables import Event
from llmio.discussions import serializers as threads
from llmio.discussions.models import Comment, Discussion, DiscussionReader, Reaction
from llmio.groups import queries as groups
from llmio.groups.models import Membership
from llmio.polls import serializers as polls
from llmio.polls.models import Outcome, Poll, PollOption, Stance

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context

ALSO = frozenset(("poll_expired", "poll_reopened"))
"""Kinds that the reference tells nobody live of, though they change what a page shows."""


class Parts:
    """The records that one event concerns, and where they belong."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.records: Records = {}
        self.discussion: Discussion | None = None
        self.poll: Poll | None = None
        self.group_id: int | None = None

    def add(self, root: str, record: dict[str, Any]) -> None:
        """Add a record under its root."""
        self.records = merge(self.records, {root: [record]})

    def add_person(self, user_id: int | None) -> None:
        """Add who did it."""
        user = self.ctx.db.get(User, user_id) if user_id else None
        if user is not None:
            self.add("users", people.author(self.ctx, user))

    def add_discussion(self, discussion_id: int | None) -> None:
        """Add a thread and its author."""
        found = self.ctx.db.get(Discussion, discussion_id) if discussion_id else None
        if found is not None:
            self.discussion = found
            self.group_id = self.group_id or found.group_id
            self.add("discussions", threads.discussion(found))
            self.add_person(found.author_id)

    def add_poll(self, poll_id: int | None) -> Poll | None:
        """Add a poll with its options, author and thread."""
        query = select(Poll).options(selectinload(Poll.options), joinedload(Poll.opening)).where(Poll.id == poll_id)
        found = self.ctx.db.scalars(query).one_or_none()
        if found is not None:
            self.poll = found
            self.group_id = self.group_id or found.group_id
            self.add("polls", polls.poll(self.ctx, found))
            self._add_options(found.options if found.discarded_at is None else ())
            self.add_person(found.author_id)
            self.add_discussion(found.discussion_id)
        return found

    def _add_options(self, options: Iterable[PollOption]) -> None:
        for option in options:
            self.add("poll_options", polls.option(option))

    def rooms(self) -> list[str]:
        """The group's room, and those of people who see it without being members."""
        told = [f"user-{user_id}" for user_id in sorted(self._apart())]
        return [f"group-{self.group_id}", *told] if self.group_id else told

    def _apart(self) -> set[int]:
        """Guests of a group's thread or poll; everyone concerned where there is no group."""
        found: set[int] = set()
        if self.discussion is not None:
            query = select(DiscussionReader.user_id).where(
                DiscussionReader.discussion_id == self.discussion.id, DiscussionReader.revoked_at.is_(None)
            )
            found.update(self.ctx.db.scalars(query.where(DiscussionReader.guest.is_(True)) if self.group_id else query))
            if not self.group_id and self.discussion.author_id:
                found.add(self.discussion.author_id)
        if self.poll is not None:
            voters = select(Stance.participant_id).where(
                Stance.poll_id == self.poll.id, Stance.revoked_at.is_(None), Stance.participant_id.is_not(None)
            )
            rows = self.ctx.db.scalars(voters.where(Stance.guest.is_(True)) if self.group_id else voters)
            found.update(user_id for user_id in rows if user_id)
            if not self.group_id:
                found.add(self.poll.author_id)
        return found


def _comment(parts: Parts, record: Comment) -> None:
    parts.add("comments", threads.comment(record))
    parts.add_person(record.user_id)
    parts.add_discussion(record.discussion_id)


def _stance(parts: Parts, record: Stance) -> None:
    poll = parts.add_poll(record.poll_id)
    if poll is None or poll.discarded_at is not None:
        return
    parts.add("stances", polls.stance(record, poll))
    if not poll.anonymous:
        parts.add_person(record.participant_id)


def _outcome(parts: Parts, record: Outcome) -> None:
    poll = parts.add_poll(record.poll_id)
    if poll is not None and poll.discarded_at is None:
        parts.add("outcomes", polls.outcome(record, poll))
        parts.add_person(record.author_id)


def _reaction(parts: Parts, record: Reaction) -> None:
    parts.add("reactions", threads.reaction(record))
    parts.add_person(record.user_id)
    _add_subject(parts, record.reactable_type, record.reactable_id)


ADDERS: dict[str, tuple[type[Any], Callable[[Parts, Any], object]]] = {
    "Discussion": (Discussion, lambda parts, record: parts.add_discussion(record.id)),
    "Comment": (Comment, _comment),
    "Reaction": (Reaction, _reaction),
    "Poll": (Poll, lambda parts, record: parts.add_poll(record.id)),
    "Stance": (Stance, _stance),
    "Outcome": (Outcome, _outcome),
}


def _add_subject(parts: Parts, record_type: str | None, record_id: int | None) -> bool:
    if record_type not in ADDERS or record_id is None:
        return False
    model, add = ADDERS[record_type]
    record = parts.ctx.db.get(model, record_id)
    if record is None:
        return False
    add(parts, record)
    return True


def messages(ctx: Context, event: Event) -> list[tuple[str, Records]]:
    """What is sent where because of an event: nothing for kinds that are not told live."""
    kind = ctx.app.kinds.get(event.kind or "")
    if kind is None or (Channel.LIVE not in kind.channels and kind.name not in ALSO):
        return []
    parts = Parts(ctx)
    if not _add_subject(parts, event.eventable_type, event.eventable_id):
        return []
    parts.add("events", core.event(event))
    if not (parts.poll and parts.poll.anonymous and event.eventable_type == "Stance"):
        parts.add_person(event.user_id)
    return [(room, parts.records) for room in parts.rooms()]


@job("live.publish_event", queue="critical", retries=1)
def publish_event(ctx: Context, event_id: int) -> None:
    """Show an event on open pages."""
    event = ctx.db.get(Event, event_id)
    if event is not None:
        _send(ctx, messages(ctx, event))


@job("live.publish_change", queue="critical", retries=1)
def publish_change(ctx: Context, record_type: str, record_id: int) -> None:
    """Show a change that made no event (a removed comment, a closed thread) on open pages."""
    parts = Parts(ctx)
    if _add_subject(parts, record_type, record_id):
        _send(ctx, [(room, parts.records) for room in parts.rooms()])


@job("live.reseat", queue="critical", retries=1)
def reseat(ctx: Context, _record_type: str, membership_id: int) -> None:
    """Who joined or left a group hears, or no longer hears, of it on the pages they have open."""
    membership = ctx.db.get(Membership, membership_id)
    user = ctx.db.get(User, membership.user_id) if membership and membership.user_id else None
    if user is None:
        return
    group_ids = groups.joined_ids(ctx.db, user.id)

    def tell(committed: bool) -> None:  # noqa: FBT001  # the hook's signature
        if committed:
            ctx.ports.live.reseat(user.id, user.secret_token, group_ids)

    ctx.tm.get().addAfterCommitHook(tell)


def _send(ctx: Context, found: list[tuple[str, Records]]) -> None:
    """Publish once the job is done; a death in between loses what the next look at the page shows anyway."""

    def publish(committed: bool) -> None:  # noqa: FBT001  # the hook's signature
        for room, records in found if committed else ():
            ctx.ports.live.publish(room, records)

    ctx.tm.get().addAfterCommitHook(publish)


def register(app: App) -> None:
    """Have every event shown, and what is changed without one; votes always make one."""
    app.add_event_job(publish_event)
    app.add_jobs(publish_change, reseat)
    app.add_observer(reseat, "Membership")
    app.add_observer(publish_change, "Comment", "Discussion", "Poll", "Outcome")
