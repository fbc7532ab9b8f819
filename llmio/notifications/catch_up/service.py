"""Who is to get a summary now, and marking what one told of as read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from llmio import mail
from llmio.accounts.models import User
from llmio.accounts.sessions import identity_of
from llmio.core.context import Context
from llmio.notifications.catch_up import digest
from llmio.notifications.catch_up.models import CatchUp
from llmio.notifications.catch_up.mornings import SETTINGS, Morning, latest, mornings, start_of

if TYPE_CHECKING:
    from llmio.core.ports import Mail

BATCH = 500


def zone_name() -> ColumnElement[str]:
    """The zone of a person, as it is kept."""
    return func.coalesce(func.nullif(User.time_zone, ""), "UTC")


def subscribed() -> ColumnElement[bool]:
    """People who want summaries and may be written to."""
    return and_(
        User.email_catch_up_day.between(SETTINGS.start, SETTINGS.stop - 1),
        User.email_verified,
        User.email.is_not(None),
        User.deactivated_at.is_(None),
        User.bot.is_(False),
        User.complaints_count == 0,
    )


def zones_with_morning(ctx: Context, since: datetime, until: datetime) -> list[str]:
    """Zones of subscribers in which it became six o'clock meanwhile, on a day that somebody there wants."""
    query = select(zone_name(), User.email_catch_up_day).where(subscribed()).distinct()
    found = set()
    for name, setting in ctx.db.execute(query):
        if setting is not None and latest(setting, mornings(mail.zone_named(name), since, until)):
            found.add(name)
    return sorted(found)


def plan(
    ctx: Context, zone: str, since: datetime, until: datetime, after_id: int
) -> tuple[list[tuple[int, date]], int]:
    """Write the rows of the next people of a zone; (person and day of those who are new, the last id looked at or 0)."""
    due = _due(mornings(mail.zone_named(zone), since, until))
    query = (
        select(User.id, User.email_catch_up_day)
        .where(subscribed(), zone_name() == zone, User.email_catch_up_day.in_(list(due)), User.id > after_id)
        .order_by(User.id)
        .limit(BATCH)
    )
    people = [(user_id, int(setting or 0)) for user_id, setting in ctx.db.execute(query)]
    if not people:
        return [], 0
    before = _ended(ctx, [user_id for user_id, _setting in people])
    rows = [
        {
            "user_id": user_id,
            "day": due[setting].day,
            "since": start_of(setting, ctx.now, before.get(user_id)),
            "until": ctx.now,
        }
        for user_id, setting in people
    ]
    made = upsert(CatchUp).values(rows).on_conflict_do_nothing().returning(CatchUp.user_id, CatchUp.day)
    new = [(user_id, day) for user_id, day in ctx.db.execute(made)]
    return new, people[-1][0] if len(people) == BATCH else 0


def _due(found: list[Morning]) -> dict[int, Morning]:
    due = {setting: latest(setting, found) for setting in SETTINGS}
    return {setting: morning for setting, morning in due.items() if morning is not None}


def _ended(ctx: Context, user_ids: Iterable[int]) -> Mapping[int, datetime]:
    """Where the last summary of each ended."""
    query = (
        select(CatchUp.user_id, func.max(CatchUp.until))
        .where(CatchUp.user_id.in_(list(user_ids)))
        .group_by(CatchUp.user_id)
    )
    return {row[0]: row[1] for row in ctx.db.execute(query)}


def compose(ctx: Context, user_id: int, day: date) -> Mail | None:
    """The mail of a summary; None where there is nothing to tell, or nobody to tell it to any more."""
    row = ctx.db.get(CatchUp, (user_id, day))
    user = ctx.db.scalars(select(User).where(User.id == user_id, subscribed())).one_or_none()
    if row is None or user is None:
        return None
    theirs = as_person(ctx, user)
    found = digest.collect(theirs, row.since, row.until)
    return digest.compose(theirs, user, row, found) if found.threads else None


def as_person(ctx: Context, user: User) -> Context:
    """The same transaction, acting for this person: what is told is what they may see."""
    return Context(ctx.app, ctx.db, ctx.tm, identity_of(user), ctx.now)


def mark_read(ctx: Context, user: User, row: CatchUp, ids: Sequence[int] = ()) -> int:
    """Mark what a summary told of (threads by id) as read, and nothing that came later; how many threads."""
    return digest.mark_read(as_person(ctx, user), row.since, row.until, ids)
