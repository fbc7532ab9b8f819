"""Rows for tests, with sensible defaults: what a service would have left, without jobs, mails or checks.

Each function takes the session first; any column can be given by name. To test an act, call its service.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from llmio.accounts.models import User
from llmio.core import events
from llmio.core.events import Place
from llmio.core.tables import Event
from llmio.discussions.models import Comment, Discussion, DiscussionReader, Reaction
from llmio.groups.models import Group, Membership, Subscription
from llmio.polls.models import Outcome, Poll, PollOption, Stance, StanceChoice

Row = TypeVar("Row")
numbers = itertools.count(1)
NAMES = ("Ada", "Ben", "Chi", "Dana", "Eli", "Fay", "Gus", "Hal", "Ida", "Jon")


def now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


def key() -> str:
    """A key that no other record of this process has."""
    return f"k{next(numbers):07d}"


def add(db: Session, row: Row) -> Row:
    """Write a row, so that it has its id."""
    db.add(row)
    db.flush()
    return row


def user(db: Session, name: str | None = None, **fields: Any) -> User:
    """A person with a verified address."""
    number = next(numbers)
    name = name or f"{NAMES[number % len(NAMES)]} Number{number}"
    values = {
        "name": name,
        "email": f"user{number}@example.org",
        "username": f"user{number}",
        "key": key(),
        "email_verified": True,
        "avatar_initials": "".join(part[0] for part in name.split()[:2]).upper(),
        "time_zone": "UTC",
        "unsubscribe_token": f"unsubscribe-{number}",
        "legal_accepted_at": now(),
    }
    return add(db, User(**{**values, **fields}))


def admin_of_site(db: Session, **fields: Any) -> User:
    """An administrator of the site."""
    return user(db, is_admin=True, **fields)


def group(
    db: Session, name: str | None = None, *, admin: User | None = None, members: Iterable[User] = (), **fields: Any
) -> Group:
    """A closed group (its existence public, its threads private) with an admin and members."""
    number = next(numbers)
    name = name or f"Group {number}"
    founder = admin or user(db)
    plan = add(db, Subscription(owner_id=founder.id))
    values = {
        "name": name,
        "full_name": name,
        "key": key(),
        "handle": f"group-{number}",
        "token": f"join-{number}",
        "creator_id": founder.id,
        "subscription_id": plan.id,
        "is_visible_to_public": True,
        "discussion_privacy_options": "private_only",
        "membership_granted_upon": "approval",
    }
    made = add(db, Group(**{**values, **fields}))
    membership(db, made, founder, admin=True)
    for member in members:
        membership(db, made, member)
    return made


def membership(db: Session, group: Group, user: User, **fields: Any) -> Membership:
    """A person in a group, accepted; the group's counts follow."""
    values = {"group_id": group.id, "user_id": user.id, "accepted_at": now(), "volume": 2}
    made = add(db, Membership(**{**values, **fields}))
    group.memberships_count += 1
    if made.accepted_at is None:
        group.pending_memberships_count += 1
    else:
        group.admin_memberships_count += int(made.admin)
    db.flush()
    return made


def invitation(db: Session, group: Group, user: User, *, inviter: User, **fields: Any) -> Membership:
    """A person who has not accepted yet."""
    token = f"invitation-{next(numbers)}"
    return membership(db, group, user, accepted_at=None, inviter_id=inviter.id, token=token, **fields)


def discussion(db: Session, group: Group | None = None, *, author: User | None = None, **fields: Any) -> Discussion:
    """A private thread in a group, with its root event."""
    group = group or globals()["group"](db)
    author = author or db.get_one(User, group.creator_id)
    values = {
        "group_id": group.id,
        "author_id": author.id,
        "title": f"Thread {next(numbers)}",
        "description": "What is it about?",
        "key": key(),
        "private": True,
        "last_activity_at": now(),
    }
    made = add(db, Discussion(**{**values, **fields}))
    add(db, Event(kind="new_discussion", eventable_type="Discussion", eventable_id=made.id, user_id=author.id))
    group.discussions_count += 1
    group.open_discussions_count += 1
    db.flush()
    return made


def reader(db: Session, discussion: Discussion, user: User, **fields: Any) -> DiscussionReader:
    """What a person has read of a thread; with `guest=True` someone from outside the group."""
    values = {"discussion_id": discussion.id, "user_id": user.id, "accepted_at": now()}
    return add(db, DiscussionReader(**{**values, **fields}))


def comment(
    db: Session,
    discussion: Discussion,
    *,
    author: User | None = None,
    parent: Any = None,
    body: str | None = None,
    **fields: Any,
) -> Comment:
    """A comment in its place; `parent` is the comment, poll, stance or outcome that it answers."""
    parent = parent or discussion
    author = author or db.get_one(User, discussion.author_id)
    values = {
        "discussion_id": discussion.id,
        "user_id": author.id,
        "parent_id": parent.id,
        "parent_type": type(parent).__name__,
        "body": body or f"Comment {next(numbers)}",
    }
    made = add(db, Comment(**{**values, **fields}))
    _item(db, "new_comment", made, discussion, author.id, parent)
    return made


def reaction(db: Session, record: Any, *, user: User, reaction: str = "+1") -> Reaction:
    """An emoji on a record."""
    row = Reaction(reactable_id=record.id, reactable_type=type(record).__name__, user_id=user.id, reaction=reaction)
    return add(db, row)


def poll(
    db: Session,
    *,
    group: Group | None = None,
    discussion: Discussion | None = None,
    author: User | None = None,
    options: Iterable[str] = ("agree", "abstain", "disagree"),
    voters: Iterable[User] = (),
    **fields: Any,
) -> Poll:
    """An open proposal that closes in three days, in a thread, a group or alone; `voters` are invited to it."""
    if discussion and not group and discussion.group_id:
        group = db.get_one(Group, discussion.group_id)
    author = author or (db.get_one(User, group.creator_id) if group else user(db))
    values = {
        "title": f"Poll {next(numbers)}",
        "poll_type": "proposal",
        "poll_option_name_format": "i18n",
        "details": "",
        "key": key(),
        "author_id": author.id,
        "group_id": group.id if group else None,
        "discussion_id": discussion.id if discussion else None,
        "closing_at": now() + timedelta(days=3),
        "specified_voters_only": False,
    }
    made = add(db, Poll(**{**values, **fields}))
    i18n = made.poll_option_name_format == "i18n"
    for priority, name in enumerate(options):
        add(db, PollOption(poll_id=made.id, name=name, priority=priority, icon=name if i18n else None))
    _item(db, "poll_created", made, discussion, author.id, discussion, pinned=True)
    for voter in voters:
        stance(db, made, voter)
    return made


def options_of(db: Session, poll: Poll) -> dict[str, PollOption]:
    """The options of a poll by name."""
    query = select(PollOption).where(PollOption.poll_id == poll.id).order_by(PollOption.priority, PollOption.id)
    return {option.name: option for option in db.scalars(query)}


def stance(db: Session, poll: Poll, voter: User, *, choices: dict[str, int] | None = None, **fields: Any) -> Stance:
    """A voter's place in a poll; with `choices` (option name → score) a vote that was cast. Counts follow."""
    options = options_of(db, poll)
    scores = {options[name]: score for name, score in (choices or {}).items()}
    values: dict[str, Any] = {"poll_id": poll.id, "participant_id": voter.id, "accepted_at": now()}
    values["option_scores"] = {str(option.id): score for option, score in scores.items()}
    values["cast_at"] = now() if choices else None
    made = add(db, Stance(**{**values, **fields}))
    for option, score in scores.items():
        add(db, StanceChoice(stance_id=made.id, poll_option_id=option.id, score=score))
        option.total_score += score
        option.voter_count += 1
        option.voter_scores[str(voter.id)] = score
        option.score_counts[str(score)] = option.score_counts.get(str(score), 0) + 1
    poll.voters_count += 1
    poll.undecided_voters_count += int(made.cast_at is None)
    if made.cast_at:
        _item(db, "stance_created", made, None, voter.id, None)
    db.flush()
    return made


def outcome(db: Session, poll: Poll, *, author: User | None = None, **fields: Any) -> Outcome:
    """What was decided in a closed poll."""
    author = author or db.get_one(User, poll.author_id)
    values = {"poll_id": poll.id, "author_id": author.id, "statement": f"Outcome {next(numbers)}"}
    made = add(db, Outcome(**{**values, **fields}))
    thread = db.get_one(Discussion, poll.discussion_id) if poll.discussion_id else None
    _item(db, "outcome_created", made, thread, author.id, poll)
    return made


def _item(
    db: Session,
    kind: str,
    record: Any,
    discussion: Discussion | None,
    user_id: int,
    parent: Any,
    *,
    pinned: bool = False,
) -> Event:
    event = Event(kind=kind, eventable_type=type(record).__name__, eventable_id=record.id, user_id=user_id)
    above = _event_of(db, parent) if parent is not None else None
    if discussion is not None:
        events.put(db, event, Place(discussion.id, above, discussion.max_depth, pinned))
        discussion.items_count += 1
        discussion.last_sequence_id = event.sequence_id or 0
        discussion.first_sequence_id = discussion.first_sequence_id or discussion.last_sequence_id
        discussion.ranges_string = f"{discussion.first_sequence_id}-{discussion.last_sequence_id}"
        discussion.last_activity_at = now()
    return add(db, event)


def _event_of(db: Session, record: Any) -> Event | None:
    query = select(Event).where(Event.eventable_type == type(record).__name__, Event.eventable_id == record.id)
    return db.scalars(query.order_by(Event.id)).first()
