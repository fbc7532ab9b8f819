"""How many invitations by mail one person may send in a day, to groups, threads, polls and outcomes together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from babel.dates import format_datetime, get_timezone
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from llmio.core import throttle
from llmio.core.errors import Invalid
from llmio.core.i18n import _, ngettext
from llmio.groups.models import Group, Membership, Subscription

if TYPE_CHECKING:
    from llmio.core.context import Context

KEY: Final = "UserInviterInvitations"
ON_TRIAL: Final = ("trial", "demo")


def count(ctx: Context, invited: int) -> None:
    """Count so many invitations of the actor; raises Invalid (429) at `emails` where a day has no room for them.

    Call it when it is known who gets one. Commands of the operator are not counted.
    """
    if ctx.actor_id is None or not invited:
        return
    most = most_a_day(ctx)
    try:
        throttle.take(ctx, KEY, ctx.actor_id, count=invited, most=most)
    except throttle.Reached as reached:
        fault = Invalid.at("emails", _words(ctx, reached, invited, most))
        fault.status = reached.status
        fault.retry_after = int((reached.ends - ctx.now).total_seconds()) + 1
        raise fault from None


def most_a_day(ctx: Context) -> int:
    """What the operator allows the actor; that of trials for who is in no group, or in such on trial alone."""
    own: int | None = ctx.app.settings["limits.invitations"]
    if own is not None:
        return own
    return ctx.app.settings.number("limits.invitations_paid" if _has_plan(ctx) else "limits.invitations_trial")


def _has_plan(ctx: Context) -> bool:
    parent = aliased(Group)
    plan = func.coalesce(parent.subscription_id, Group.subscription_id)
    query = (
        select(Membership.id)
        .join(Group, Group.id == Membership.group_id)
        .outerjoin(parent, parent.id == Group.parent_id)
        .outerjoin(Subscription, Subscription.id == plan)
        .where(
            Membership.user_id == ctx.actor_id,
            Membership.accepted_at.is_not(None),
            Membership.revoked_at.is_(None),
            Group.archived_at.is_(None),
            func.coalesce(Subscription.plan, "free").not_in(ON_TRIAL),
        )
    )
    return ctx.db.scalar(query.limit(1)) is not None


def _words(ctx: Context, reached: throttle.Reached, invited: int, most: int) -> object:
    if most == 0:
        return _("No invitations can be sent by mail here.")
    me = ctx.signed_in()
    moment = format_datetime(reached.ends, "d MMM, HH:mm", get_timezone(me.time_zone), locale=me.locale)
    if reached.left == 0:
        return _(
            "Your {most} invitations of today are used up. You can send more from {moment} on.",
            most=most,
            moment=moment,
        )
    return ngettext(
        "You can send {count} more invitation today, and this would be {invited}. From {moment} on you can send {most} again.",
        "You can send {count} more invitations today, and this would be {invited}. From {moment} on you can send {most} again.",
        reached.left,
        invited=invited,
        moment=moment,
        most=most,
    )
