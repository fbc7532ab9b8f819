"""The meeting that an outcome decides on, as a calendar file (iCalendar, RFC 5545; as an invitation, RFC 5546).

One poll is one meeting: its UID stays the same however often the outcome is edited or published anew, and SEQUENCE grows, so that
calendars move the entry they have. Written by `icalendar`, since folding, quoting and zones are easy to get wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress
from sqlalchemy import func, select

from llmio.accounts import zones
from llmio.accounts.models import User
from llmio.core import richtext
from llmio.core.forms import one_line, seen
from llmio.core.urls import absolute, site_url
from llmio.polls.models import Outcome, Poll, PollOption, Stance, StanceChoice

if TYPE_CHECKING:
    from llmio.core.context import Context, Identity

NAME = "meeting.ics"
MEETING = ("event_summary", "event_location", "event_description")
"""What the entry says, in `outcomes.custom_fields`; without it, what poll and outcome say."""
TIMES = "iso8601"
HOUR = 60
LONGEST = 60 * 24 * 30
"""Minutes; what is longer was not meant."""
FIRST, LAST = 1970, 9000
YEAR = timedelta(days=366)
File = tuple[str, str, bytes]
"""Name, content type, content."""


def meeting(
    ctx: Context, outcome: Outcome, *, attendees: bool = False, reader: User | None = None, number: int | None = None
) -> File | None:
    """(file name, content type, content); None where the outcome decides on no time.

    With `attendees` those who chose the time are named with their addresses, as the reference does, and the file is an invitation
    to them. Never for an anonymous poll. A `reader` who was sent the meeting before is asked anew, whatever they chose. `number` is
    that of the change, where it is not the poll's own count.
    """
    poll = outcome.poll
    start = start_of(ctx, outcome)
    if start is None:
        return None
    chose = [_attendee(name, email) for name, email in _chose(ctx, outcome)] if attendees and not poll.anonymous else []
    if reader is not None and reader.email and f"mailto:{reader.email}" not in chose:
        chose.append(_attendee(reader.name, reader.email, "NEEDS-ACTION"))
    entry = _entry(ctx, poll, start, number=revision(ctx, poll) if number is None else number)
    told = outcome.custom_fields or {}
    entry.add("dtstamp", outcome.updated_at or outcome.created_at or ctx.now)
    entry.add("summary", one_line(str(told.get("event_summary") or poll.title)))
    words = told.get("event_description") or richtext.plain(outcome.statement, outcome.statement_format)
    entry.add("description", seen(str(words)))
    if told.get("event_location"):
        entry.add("location", one_line(str(told["event_location"])))
    entry.add("class", "PRIVATE")
    entry.add("status", "CONFIRMED")
    for one in chose:
        entry.add("attendee", one)
    return _file(ctx, "REQUEST" if chose else "PUBLISH", entry, start)


def called_off(ctx: Context, poll: Poll, name: str, reader: User, number: int) -> File | None:
    """The file that takes a meeting, told with the option of this name, out of a reader's calendar."""
    outcome = _first(ctx, poll)
    start = _start(poll, outcome, name) if outcome else None
    if outcome is None or start is None:
        return None
    entry = _entry(ctx, poll, start, number=number)
    entry.add("dtstamp", ctx.now)
    entry.add("summary", one_line(poll.title))
    entry.add("status", "CANCELLED")
    entry.add("attendee", _attendee(reader.name, reader.email or "", "NEEDS-ACTION"))
    return _file(ctx, "CANCEL", entry, start)


def _file(ctx: Context, method: str, entry: Event, start: date) -> File:
    calendar = Calendar()
    calendar.add("prodid", f"-//{ctx.app.settings.text('site.name')}//llmio//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(entry)
    if isinstance(start, datetime):
        calendar.add_missing_timezones(first_date=start.date() - YEAR, last_date=start.date() + YEAR)
    return NAME, f"text/calendar; charset=utf-8; method={method}", calendar.to_ical()


def decides(poll: Poll) -> bool:
    """Whether the options of a poll are times, so that its outcome can be a meeting."""
    return poll.poll_option_name_format == TIMES


def moment_of(name: str | None, reader: Identity | None) -> tuple[datetime, bool] | None:
    """The moment that an option names, and whether it is a whole day: then noon of it, on the reader's clock. None where it is none."""
    try:
        if name and len(name) == len("2027-01-31"):
            zone = ZoneInfo(zones.zone_or_none(reader.time_zone) or "UTC") if reader else UTC
            return datetime.combine(date.fromisoformat(name), time(12), zone), True
        moment = datetime.fromisoformat(name or "")
    except (ValueError, OverflowError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)), False


def said(ctx: Context, outcome: Outcome) -> tuple[str, str]:
    """The time that an outcome decides on, as its option names it, and the place."""
    option = ctx.db.get(PollOption, outcome.poll_option_id) if outcome.poll_option_id else None
    found = option.name if option is not None and option.poll_id == outcome.poll_id and decides(outcome.poll) else ""
    return found, str((outcome.custom_fields or {}).get("event_location") or "")


def start_of(ctx: Context, outcome: Outcome) -> date | None:
    """The day, or the moment in the poll's zone, that the chosen option names."""
    name, _place = said(ctx, outcome)
    return _start(outcome.poll, outcome, name) if name else None


def to_come(ctx: Context, poll: Poll, outcome: Outcome | None) -> tuple[datetime, bool] | None:
    """The time of the meeting that a poll's outcome decides on, as `moment_of`, unless it is over."""
    name, _place = said(ctx, outcome) if outcome is not None else ("", "")
    found = moment_of(name, ctx.actor) if outcome is not None and _start(poll, outcome, name) else None
    return found if found is not None and found[0] > ctx.now else None


def _start(poll: Poll, outcome: Outcome, name: str) -> date | None:
    try:
        if len(name) == len("2027-01-31"):
            start: date = date.fromisoformat(name)
        else:
            moment = datetime.fromisoformat(name)
            start = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(_zone(poll, outcome))
    except (ValueError, OverflowError):
        return None
    return start if FIRST <= start.year <= LAST else None


def _zone(poll: Poll, outcome: Outcome) -> tzinfo:
    for name in (poll.custom_fields.get("time_zone"), outcome.author.time_zone):
        found = zones.zone_or_none(str(name)) if name else None
        if found and found != "UTC":
            return ZoneInfo(found)
    return UTC


def _entry(ctx: Context, poll: Poll, start: date, *, number: int) -> Event:
    entry = Event()
    entry.add("uid", f"poll-{poll.key}@{site_url(ctx.app.settings).split('://')[-1]}")
    entry.add("sequence", number)
    entry.add("dtstart", start)
    entry.add("dtend", _end(poll, start))
    entry.add("url", absolute(ctx.app.settings, f"/p/{poll.key}"))
    first = _first(ctx, poll)
    if first is not None and first.author.email:
        entry.add("organizer", _address(first.author.name, first.author.email))
    return entry


def _first(ctx: Context, poll: Poll) -> Outcome | None:
    """The poll's first outcome: whoever published it stays the one who invites, whoever edits it later."""
    return ctx.db.scalar(select(Outcome).where(Outcome.poll_id == poll.id).order_by(Outcome.id).limit(1))


def _end(poll: Poll, start: date) -> date:
    if not isinstance(start, datetime):
        return start + timedelta(days=1)
    return (start.astimezone(UTC) + _length(poll)).astimezone(
        start.tzinfo
    )  # so that it lasts as long when clocks change


def _length(poll: Poll) -> timedelta:
    try:
        minutes = int(poll.custom_fields.get("meeting_duration") or HOUR)
    except (TypeError, ValueError):
        minutes = HOUR
    return timedelta(minutes=minutes if 0 < minutes <= LONGEST else HOUR)


def revision(ctx: Context, poll: Poll) -> int:
    """How often outcomes of the poll were published or edited since the first."""
    query = select(func.sum(Outcome.versions_count + 1)).where(Outcome.poll_id == poll.id)
    return int(ctx.db.scalar(query) or 1) - 1


def _chose(ctx: Context, outcome: Outcome) -> Sequence[Any]:
    """(name, address) of those who said that they can come."""
    query = (
        select(User.name, User.email)
        .join(Stance, Stance.participant_id == User.id)
        .join(StanceChoice, StanceChoice.stance_id == Stance.id)
        .where(
            Stance.poll_id == outcome.poll_id,
            Stance.latest.is_(True),
            Stance.revoked_at.is_(None),
            Stance.cast_at.is_not(None),
            StanceChoice.poll_option_id == outcome.poll_option_id,
            StanceChoice.score > 0,
            User.email.is_not(None),
            User.deactivated_at.is_(None),
        )
        .order_by(User.id)
    )
    return ctx.db.execute(query).all()


def _attendee(name: str | None, email: str, partstat: str = "ACCEPTED") -> vCalAddress:
    made = _address(name, email)
    made.params.update({"role": "REQ-PARTICIPANT", "partstat": partstat, "rsvp": "FALSE"})
    return made


def _address(name: str | None, email: str) -> vCalAddress:
    made = vCalAddress(f"mailto:{email}")
    if name:
        made.params["cn"] = one_line(name)  # a program that meets a control character drops the line
    return made
