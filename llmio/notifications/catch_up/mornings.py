"""When the mornings are, and on which of them a person wants a summary. Pure functions of the clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SIX = time(6)
DAILY, EVERY_SECOND = 7, 8
SETTINGS = range(9)
"""Values of `users.email_catch_up_day`: 0 (Sunday) … 6 weekly, 7 each day, 8 on Monday, Wednesday and Friday."""
LONGEST = timedelta(days=14)
"""What is older is not told of, however long nothing was sent."""
LOOK_BACK = timedelta(days=7)
"""A weekly summary that was missed is made up for; what was due before that is not."""


@dataclass(frozen=True)
class Morning:
    """Six o'clock of one day in one zone."""

    moment: datetime
    day: date


def mornings(zone: ZoneInfo, since: datetime, until: datetime) -> list[Morning]:
    """The mornings after `since`, up to `until`, at most those of the last week.

    The day is looked up from the moment, not the other way: where a zone skips six o'clock or a whole day, no day comes
    twice.
    """
    start = max(since, until - LOOK_BACK)
    day, last = start.astimezone(zone).date(), until.astimezone(zone).date()
    found: dict[date, Morning] = {}
    while day <= last:
        moment = datetime.combine(day, SIX, zone).astimezone(UTC)
        if start < moment <= until:
            own = moment.astimezone(zone).date()
            found.setdefault(own, Morning(moment, own))
        day += timedelta(days=1)
    return list(found.values())


def wanted(setting: int, day: date) -> bool:
    """Whether a summary is wanted on this day."""
    weekday = day.isoweekday() % 7
    if setting == EVERY_SECOND:
        return weekday % 2 == 1
    return setting in (DAILY, weekday)


def latest(setting: int, found: Sequence[Morning]) -> Morning | None:
    """The last of these mornings on which one is wanted: what was missed before it is told of with it."""
    return next((one for one in reversed(found) if wanted(setting, one.day)), None)


def period(setting: int) -> timedelta:
    """How far back a summary looks."""
    return {DAILY: timedelta(days=1), EVERY_SECOND: timedelta(days=2)}.get(setting, timedelta(days=7))


def start_of(setting: int, now: datetime, before: datetime | None) -> datetime:
    """Where a summary begins: where the last one ended, so that nothing is told twice or left out."""
    return max(before or now - period(setting), now - LONGEST)
