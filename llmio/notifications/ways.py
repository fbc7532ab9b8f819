"""Ways by which a person hears beside mail: chosen on a page of one's own, tested there, told what one would be mailed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from llmio import mail
from llmio.accounts.models import User
from llmio.core.errors import Invalid, NotFound
from llmio.core.i18n import _
from llmio.core.tables import Event
from llmio.core.urls import site_url
from llmio.notifications import entries, trials
from llmio.notifications.audience import Told
from llmio.notifications.models import PersonWay
from llmio.notifications.sending import Ready
from llmio.notifications.service import EMAIL, add_deliveries
from llmio.plugins import Failed, Notifier, Reaches

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.core.jobs import Job


def offered(ctx: Context) -> dict[str, Notifier]:
    """The notifiers that reach a person beside mail, by key, in the order of their titles."""
    found = [one for one in ctx.app.plugins.notifiers.values() if one.reaches == Reaches.PERSON and one.key != EMAIL]
    return {one.key: one for one in sorted(found, key=lambda one: str(one.title).lower())}


def of(ctx: Context) -> dict[str, PersonWay]:
    """The ways that whoever is signed in has chosen, by notifier; also those whose plugin is missing."""
    query = select(PersonWay).where(PersonWay.user_id == ctx.signed_in().id).order_by(PersonWay.notifier)
    return {one.notifier: one for one in ctx.db.scalars(query)}


def save(ctx: Context, notifier: Notifier, data: Mapping[str, Any]) -> PersonWay:
    """Be told this way from now on; raises Invalid with every fault at its field."""
    me = ctx.signed_in().id
    row = ctx.db.get(PersonWay, (me, notifier.key))
    values, faults = entries.read(ctx, notifier, data, before=row.values if row else None)
    if faults:
        raise Invalid(_("Please check the marked fields."), faults)
    if row is None:
        row = PersonWay(user_id=me, notifier=notifier.key, created_at=ctx.now, test_state="", test_answer="")
        ctx.db.add(row)
    row.values = values
    ctx.db.flush()
    return row


def remove(ctx: Context, key: str) -> None:
    """Be told this way no more."""
    ctx.db.execute(delete(PersonWay).where(PersonWay.user_id == ctx.signed_in().id, PersonWay.notifier == key))


def deliver(ctx: Context, event: Event, told: Sequence[Told], job: Job) -> None:
    """A delivery for each way that those who are told outside the site have chosen."""
    reasons = {one.user.id: one.reason for one in told if one.outside}
    if not reasons:
        return
    query = select(PersonWay.notifier, PersonWay.user_id).where(PersonWay.user_id.in_(list(reasons)))
    by_notifier: dict[str, list[tuple[str, int, str]]] = {}
    for notifier, user_id in ctx.db.execute(query.order_by(PersonWay.user_id)):
        by_notifier.setdefault(notifier, []).append(("User", user_id, reasons[user_id]))
    for notifier, recipients in by_notifier.items():
        add_deliveries(ctx, event, notifier, recipients, job)


def ask_test(ctx: Context, key: str) -> bool:
    """Note that the person wants a greeting sent; False where one is on its way."""
    row = of(ctx).get(key)
    if row is None:
        raise NotFound(_("You are not told this way."))
    if key not in offered(ctx):
        raise Invalid(_("The plugin for this is missing on this site: not installed, or switched off."))
    return trials.begin(ctx, row)


def prepare_test(ctx: Context, user_id: int, key: str) -> Ready | None:
    """The greeting, ready to send; None where nobody waits for it any more."""
    row, user = ctx.db.get(PersonWay, (user_id, key)), ctx.db.get(User, user_id)
    if row is None or user is None or row.test_state != trials.PENDING:
        return None
    notifier = offered(ctx).get(key)
    if notifier is None:
        trials.end(ctx, row, Failed(str(_("The plugin for this is missing on this site."))))
        return None
    site, url = ctx.app.settings.text("site.name"), site_url(ctx.app.settings)
    with mail.language_of(user):
        text = str(_("Hello from {site}! Notices reach you this way.", site=site))
    message = trials.greeting(text, site, url)
    return Ready(notifier, message, entries.target(row.values, user.name or ""))
