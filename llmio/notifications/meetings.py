"""The meeting that a poll decided on, in the calendars of those who were mailed it: moved and called off with it.

What each person's calendar holds is noted with the delivery that brought it (`Delivery.data["meeting"]`), so that a later word
about the same entry has a greater number, and nobody is told twice.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from llmio import mail
from llmio.accounts.models import User
from llmio.accounts.sessions import identity_of
from llmio.core.context import Context
from llmio.core.i18n import _
from llmio.core.tables import Event
from llmio.core.urls import absolute
from llmio.notifications.deliveries import Delivery, Status
from llmio.notifications.subjects import describe, may_see
from llmio.polls import calendar, outcome_guests, queries
from llmio.polls.models import Outcome, Poll

if TYPE_CHECKING:
    from llmio.core.ports import Mail

NOTE = "meeting"
File = tuple[str, str, bytes]


@dataclass(frozen=True)
class Entry:
    """What a calendar holds: the time as the option names it ("" once it was called off), the place, and the number of its last change."""

    time: str
    place: str
    number: int

    def same(self, other: Entry) -> bool:
        """Whether there is nothing new to say."""
        return (self.time, self.place) == (other.time, other.place)


def is_gone(poll: Poll) -> bool:
    """Whether a poll, or the thread it stands in, was removed."""
    return poll.discarded_at is not None or (poll.discussion is not None and poll.discussion.discarded_at is not None)


def current(ctx: Context, poll: Poll) -> Outcome | None:
    """The outcome that decides on a time now."""
    if is_gone(poll):
        return None
    outcome = queries.outcomes(ctx, [poll.id]).get(poll.id)
    return outcome if outcome is not None and calendar.start_of(ctx, outcome) is not None else None


def held(ctx: Context, poll: Poll, user_id: int | None = None) -> dict[int, tuple[Delivery, Entry]]:
    """Person → the last delivery that brought them the meeting, and what they were told by it."""
    outcomes = select(Outcome.id).where(Outcome.poll_id == poll.id)
    query = (
        select(Delivery)
        .join(Event, Event.id == Delivery.event_id)
        .where(
            Event.eventable_type == "Outcome",
            Event.eventable_id.in_(outcomes),
            Delivery.recipient_type == "User",
            Delivery.status == Status.DELIVERED,
            Delivery.data.has_key(NOTE),
        )
        .order_by(Delivery.id)
    )
    rows = ctx.db.scalars(query if user_id is None else query.where(Delivery.recipient_id == user_id))
    found: dict[int, tuple[Delivery, Entry]] = {}
    for row in rows:
        entry = Entry(**row.data[NOTE])
        if row.recipient_id not in found or entry.number >= found[row.recipient_id][1].number:
            found[row.recipient_id] = row, entry
    return found


def told(ctx: Context, poll: Poll, user: User, known: Entry | None) -> tuple[Entry | None, File | None]:
    """What this person's calendar is to hold now, with the file that says so; nothing where there was and is no meeting."""
    outcome = current(ctx, poll)
    if outcome is None and (known is None or not known.time):
        return None, None
    time, place = calendar.said(ctx, outcome) if outcome else ("", "")
    number = calendar.revision(ctx, poll)
    if known is not None:
        number = max(number, known.number + (not known.same(Entry(time, place, 0))))
    entry = Entry(time, place, number)
    if outcome is not None:
        reader = user if known is not None and known.time and not known.same(entry) else None
        return entry, calendar.meeting(ctx, outcome, attendees=True, reader=reader, number=number)
    return entry, calendar.called_off(ctx, poll, known.time if known else "", user, number)


def follow(ctx: Context, poll: Poll, *, but: Collection[int] = ()) -> list[int]:
    """Those whose calendars hold something else than what is decided now, without those who hear of it anyway."""
    outcome = current(ctx, poll)
    now = Entry(*calendar.said(ctx, outcome), 0) if outcome else Entry("", "", 0)
    return [user_id for user_id, (_row, entry) in held(ctx, poll).items() if user_id not in but and not entry.same(now)]


def change(ctx: Context, poll_id: int, user_id: int) -> tuple[Mail, int, Entry] | None:
    """The mail that moves the meeting in one person's calendar, or calls it off, with the delivery where that is noted; None where
    they know it already, or may not see the poll any more.
    """
    poll, user = ctx.db.get(Poll, poll_id), ctx.db.get(User, user_id)
    if poll is None or user is None or not user.email or user.deactivated_at is not None:
        return None
    row, known = held(ctx, poll, user_id).get(user_id, (None, None))
    subject = describe(ctx, poll)
    if row is None or known is None or subject is None:
        return None
    guest = user_id in outcome_guests.of_poll(ctx, poll_id)
    seen = may_see(Context(ctx.app, ctx.db, ctx.tm, identity_of(user), ctx.now), subject)
    if not seen and not guest:
        return None
    entry, file = told(ctx, poll, user, known)
    if entry is None or file is None or entry.same(known):
        return None
    with mail.language_of(user):
        headline, line = _words(poll.title, known, entry)
        facts = [
            (_("Until now"), _when(known.time, user)),
            (_("When"), _when(entry.time, user)),
            (_("Where"), entry.place),
        ]
        made = mail.compose(
            ctx,
            user,
            "mail/notice.jinja2",
            headline,
            {
                "headline_text": headline,
                "paragraphs": [line],
                "facts_shown": [(name, value) for name, value in facts if value],
                "call": _("Go to the poll"),
                "link": _link(ctx, poll, subject.path, user if guest else None) if seen and not is_gone(poll) else "",
                "why": _("You get this because the meeting was sent to you for your calendar."),
            },
            kind="meeting_changed",
            message_id=f"meeting-{poll.id}-{user.id}-{entry.number}",
            attachments=[file],
        )
    return made, row.id, entry


def _link(ctx: Context, poll: Poll, path: str, guest: User | None) -> str:
    """Where the poll is; for a guest of its outcome a link that lets them see it."""
    outcome = queries.outcomes(ctx, [poll.id]).get(poll.id) if guest else None
    token = {outcome_guests.TOKEN: outcome_guests.token(ctx, outcome.id, guest.id)} if outcome and guest else {}
    return absolute(ctx.app.settings, path, utm_medium="email", utm_campaign="meeting_changed", **token)


def _words(title: str, known: Entry, entry: Entry) -> tuple[object, object]:
    """What the mail is called, and what it says."""
    if not entry.time:
        line = _(
            "This meeting does not take place at the time that you were told. The file takes it out of your calendar."
        )
        return _("Called off: {title}", title=title), line
    if entry.time != known.time:
        line = _("This meeting takes place at another time. The file moves it in your calendar.")
        return _("Another time: {title}", title=title), line
    return _("Another place: {title}", title=title), _(
        "This meeting takes place somewhere else. The file says so to your calendar."
    )


def _when(name: str, user: User) -> str:
    """A time in the words and on the clock of a reader."""
    found = calendar.moment_of(name, identity_of(user))
    return mail.moment(found[0], user, "date" if found[1] else "datetime") if found else ""


def note(ctx: Context, delivery_id: int, entry: Entry) -> None:
    """Keep what a person's calendar holds."""
    row = ctx.db.get(Delivery, delivery_id)
    if row is not None:
        row.data = {**(row.data or {}), NOTE: asdict(entry)}
