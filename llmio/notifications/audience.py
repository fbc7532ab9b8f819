"""Who hears of an event, by which way, and why: one resolver for bell and mail."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select

from llmio.accounts.models import User
from llmio.core.events import Channel, EventKind
from llmio.core.tables import Event
from llmio.discussions.models import DiscussionReader
from llmio.groups.models import Membership
from llmio.notifications.subjects import Subject
from llmio.polls.models import Stance

if TYPE_CHECKING:
    from llmio.core.context import Context

QUIET, NORMAL, LOUD = 1, 2, 3
INVITATIONS = frozenset({"membership_created", "membership_resent"})
BY_HAND = frozenset(
    ["new_discussion", "discussion_announced", "poll_created", "poll_announced", "poll_reminder", "outcome_announced"]
)
"""Kinds by which somebody asks a person in who may have no account yet."""
REASON_OF_KIND = {
    "membership_created": "invited",
    "membership_resent": "invited",
    "discussion_announced": "invited",
    "membership_requested": "admin",
    "unknown_sender": "admin",
    "membership_request_approved": "member",
    "user_added_to_group": "member",
    "invitation_accepted": "author",
    "new_coordinator": "member",
    "poll_created": "voter",
    "poll_announced": "voter",
    "poll_reminder": "voter",
    "poll_closing_soon": "voter",
    "poll_edited": "voter",
    "poll_expired": "author",
    "outcome_review_due": "author",
    "group_mentioned": "group_mentioned",
}


@dataclass(frozen=True)
class Reader:
    """A person who may be told, with how much of this place they want (0 nothing … 3 everything)."""

    user: User
    volume: int
    member: bool
    related: bool


@dataclass(frozen=True)
class Told:
    """One person, one reason, the ways: in the bell, outside the site, and of that by mail."""

    user: User
    reason: str
    in_app: bool
    outside: bool
    email: bool


def resolve(
    ctx: Context, event: Event, kind: EventKind, subject: Subject, *, called: Collection[int] = ()
) -> list[Told]:
    """Everyone who is told of an event; each person once, for the strongest reason. Those `called` are mailed of it otherwise."""
    if subject.gone:
        return []
    found: dict[int, Told] = {}
    for told in (*_author(ctx, event, kind, subject), *_chosen(ctx, event, kind, subject)):
        if told.user.id != event.user_id or kind.name == "outcome_review_due":
            once = replace(told, outside=False, email=False) if told.user.id in called else told
            found.setdefault(told.user.id, once)
    skip = {event.user_id, *called}
    for told in _subscribers(ctx, kind, subject):
        if told.user.id in skip:
            continue
        # Whoever was chosen for a kind that tells the chosen in the bell alone still gets what they subscribed to.
        known = found.get(told.user.id, told)
        found[told.user.id] = replace(known, outside=known.outside or told.outside, email=known.email or told.email)
    return [told for told in found.values() if told.in_app or told.outside]


def _outside(reader: Reader, kind: EventKind, *, wanted: bool) -> dict[str, bool]:
    return {"outside": wanted, "email": wanted and may_mail(reader, kind)}


def _chosen(ctx: Context, event: Event, kind: EventKind, subject: Subject) -> list[Told]:
    """Those whom the actor chose, those mentioned, those an act is about."""
    ids = event.custom_fields.get("recipient_user_ids") or event.custom_fields.get("user_ids") or []
    if not ids:
        return []
    replied = set(event.custom_fields.get("replied_user_ids", ()))
    made = []
    for reader in readers(ctx, subject, [int(one) for one in ids]):
        mention = kind.name == "user_mentioned"
        if mention:
            reason = "replied" if reader.user.id in replied else "mentioned"
            email = reader.user.email_when_mentioned
        else:
            starter = kind.name == "poll_closing_soon" and reader.user.id == subject.author_id
            reason = "author" if starter else REASON_OF_KIND.get(kind.name, "chosen")
            email = reader.volume >= NORMAL or kind.name in INVITATIONS
        made.append(
            Told(
                reader.user,
                reason,
                in_app=Channel.IN_APP in kind.channels and reader.volume >= QUIET,
                **_outside(reader, kind, wanted=Channel.EMAIL in kind.channels and email),
            )
        )
    return made


def _author(ctx: Context, event: Event, kind: EventKind, subject: Subject) -> list[Told]:
    """Whoever wrote what the event is about; of a reaction they hear in the bell alone."""
    reaction = kind.name == "reaction_created"
    if subject.author_id is None or not (reaction or Channel.AUTHOR in kind.channels):
        return []
    return [
        Told(
            reader.user,
            "wrote" if reaction else "author",
            in_app=Channel.IN_APP in kind.channels and (not reaction or reader.volume >= QUIET),
            **_outside(reader, kind, wanted=not reaction and reader.volume >= NORMAL),
        )
        for reader in readers(ctx, subject, [subject.author_id])
    ]


def _subscribers(ctx: Context, kind: EventKind, subject: Subject) -> list[Told]:
    """Those who want every act of this place by mail, except its author. Votes that must not be known yet stay in."""
    if Channel.SUBSCRIBERS not in kind.channels or _is_secret_vote(subject):
        return []
    return [
        Told(reader.user, "subscribed", in_app=False, **_outside(reader, kind, wanted=True))
        for reader in readers(ctx, subject, None)
        if reader.user.id != subject.author_id
    ]


def _is_secret_vote(subject: Subject) -> bool:
    poll = subject.poll
    if poll is None or not isinstance(subject.record, Stance):
        return False
    return poll.anonymous or (poll.hide_results != 0 and poll.closed_at is None)


def may_mail(reader: Reader, kind: EventKind) -> bool:
    """Whether a person may be written to at all: an address that nobody has proved only gets what lets its owner in."""
    user = reader.user
    if not user.email or user.complaints_count:
        return False
    if user.email_verified or kind.name in INVITATIONS:
        return True
    return not reader.member and kind.name in BY_HAND


def readers(ctx: Context, subject: Subject, user_ids: list[int] | None) -> list[Reader]:
    """The people named, or (None) all who follow everything, with their volume: stance, then thread, then group."""
    group_id = subject.group.id if subject.group else 0
    discussion_id = subject.discussion.id if subject.discussion else 0
    poll_id = subject.poll.id if subject.poll else 0
    volume = func.coalesce(Stance.volume, DiscussionReader.volume, Membership.volume, NORMAL)
    guest_of_thread = and_(DiscussionReader.guest.is_(True), DiscussionReader.revoked_at.is_(None))
    guest_of_poll = and_(Stance.guest.is_(True), Stance.revoked_at.is_(None))
    active = and_(Membership.id.is_not(None), Membership.revoked_at.is_(None))
    related = or_(active, guest_of_thread, guest_of_poll)
    unrelated = and_(Membership.id.is_(None), DiscussionReader.id.is_(None), Stance.id.is_(None))
    query: Any = (
        select(User, volume, Membership.id.is_not(None), func.coalesce(related, False))
        .outerjoin(Membership, and_(Membership.user_id == User.id, Membership.group_id == group_id))
        .outerjoin(
            DiscussionReader,
            and_(DiscussionReader.user_id == User.id, DiscussionReader.discussion_id == discussion_id),
        )
        .outerjoin(Stance, and_(Stance.participant_id == User.id, Stance.poll_id == poll_id, Stance.latest.is_(True)))
        .where(User.deactivated_at.is_(None), User.bot.is_(False))
        .order_by(User.id)
    )
    if user_ids is None:
        joined = or_(and_(active, Membership.accepted_at.is_not(None)), guest_of_thread, guest_of_poll)
        query = query.where(joined, volume == LOUD)
    else:
        query = query.where(User.id.in_(user_ids), or_(related, unrelated))
    return [Reader(user, int(level), bool(member), bool(rel)) for user, level, member, rel in ctx.db.execute(query)]
