"""Jobs of notice: fan an event out, hand one message to its notifier."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from llmio.core.jobs import job
from llmio.core.tables import Event
from llmio.mail import deliver as deliver_mail
from llmio.notifications import contact, meetings, openings, service, tasks, trials, ways
from llmio.notifications.catch_up import service as catch_ups
from llmio.notifications.channels import BUSY, deliver_to_channel, forget_attempts
from llmio.notifications.deliveries import MAX_ATTEMPTS, Delivery, Status
from llmio.notifications.models import PersonWay
from llmio.notifications.parked import back
from llmio.notifications.sending import Ready, count, give_up, prepare
from llmio.plugins import Failed, Outcome, Retry, Sent
from llmio.polls.models import Outcome as PollOutcome
from llmio.polls.rules import is_active

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context

__all__ = [
    "catch_up",
    "deliver",
    "deliver_to_channel",
    "forget_attempts",
    "plan_catch_up",
    "publish_event",
    "record",
    "resume_parked",
    "send_catch_up",
    "test_way",
]


@job("notifications.publish_event", queue="high")
def publish_event(ctx: Context, event_id: int) -> None:
    """Find out who hears of an event, ring their bells and queue their mails."""
    event = ctx.db.get(Event, event_id)
    if event is not None:
        ways.deliver(ctx, event, service.publish_event(ctx, event, deliver), deliver_to_channel)


@job("notifications.deliver", queue="mailers", transaction=False)
def deliver(app: App, delivery_id: int) -> None:
    """Hand one message to its notifier, outside any transaction, and write down what came of it."""
    with app.begin() as ctx:
        ready = prepare(ctx, delivery_id)
    if ready is None:
        return
    outcome = ready.send(app)
    with app.begin() as ctx:
        record(ctx, delivery_id, outcome)


def record(ctx: Context, delivery_id: int, outcome: Outcome) -> Delivery | None:
    """Write the outcome down: delivered, tried again later, or dead."""
    row = ctx.db.scalars(select(Delivery).where(Delivery.id == delivery_id).with_for_update()).one_or_none()
    if row is None:
        return None
    row.attempts += 1
    row.attempted_at = ctx.now
    count(row.notifier, outcome)
    if isinstance(outcome, Sent):
        row.status, row.answer, row.delivered_at = Status.DELIVERED, outcome.answer, ctx.now
    elif isinstance(outcome, Failed) or row.attempts >= MAX_ATTEMPTS:
        give_up(row, outcome)
    elif isinstance(outcome, Retry):
        row.answer = outcome.reason
        wait = outcome.after if outcome.after is not None else min(10.0 * 3.0 ** (row.attempts - 1), 6 * 3600.0)
        ctx.enqueue(deliver, row.id, delay=timedelta(seconds=wait))
    return row


@job("notifications.test_way", queue="high", transaction=False)
def test_way(app: App, user_id: int, notifier: str) -> None:
    """Greet a person by a way that is not mail, since the person wants to see whether it works."""
    lane = f"test:{user_id}:{notifier}"
    with app.begin() as ctx:
        if not ctx.ports.background.room(lane, ailing=True):
            ctx.enqueue(test_way, user_id, notifier, delay=BUSY)
            return
        ready = ways.prepare_test(ctx, user_id, notifier)
    if ready is not None:
        app.ports.background.run(lane, lambda: _greet(app, user_id, notifier, ready), ailing=True)


def _greet(app: App, user_id: int, notifier: str, ready: Ready) -> None:
    outcome = ready.send(app)
    with app.begin() as ctx:
        trials.end(ctx, ctx.db.get(PersonWay, (user_id, notifier)), outcome)


@job("notifications.resume_parked")
def resume_parked(ctx: Context, mended: bool = False, after: int = 0) -> int:  # noqa: FBT001, FBT002  # arguments of jobs have no names
    """Send what waited for a plugin that is back; asked for at the start of each worker, too."""
    rows, last = back(ctx, mended=mended, after=after)
    for row in rows:
        if row.notifier == service.EMAIL:
            ctx.enqueue(deliver, row.id)
        else:
            ctx.enqueue(deliver_to_channel, row.id, row.attempts)
    if last:
        ctx.enqueue(resume_parked, mended, last)
    return len(rows)


@job("notifications.catch_up")
def catch_up(ctx: Context, since: str, until: str) -> None:
    """Find the time zones where it has become six in the morning, and have their summaries prepared."""
    for zone in catch_ups.zones_with_morning(ctx, datetime.fromisoformat(since), datetime.fromisoformat(until)):
        ctx.enqueue(plan_catch_up, zone, since, until, 0)


@job("notifications.plan_catch_up")
def plan_catch_up(ctx: Context, zone: str, since: str, until: str, after_id: int) -> None:
    """Note who of a time zone gets a summary, each person once a day, some hundred at a time."""
    new, last = catch_ups.plan(ctx, zone, datetime.fromisoformat(since), datetime.fromisoformat(until), after_id)
    for user_id, day in new:
        ctx.enqueue(send_catch_up, user_id, day.isoformat())
    if last:
        ctx.enqueue(plan_catch_up, zone, since, until, last)


@job("notifications.send_catch_up", queue="mailers", transaction=False)
def send_catch_up(app: App, user_id: int, day: str) -> None:
    """Mail one person the summary of what they have not read, where there is any."""
    with app.begin() as ctx:
        mail = catch_ups.compose(ctx, user_id, date.fromisoformat(day))
    if mail is not None:
        deliver_mail(app, mail)


@job("notifications.task_reminders")
def task_reminders(ctx: Context, since: str, until: str) -> None:
    """Find the tasks whose reminders are due."""
    for task_id, user_id in tasks.due(ctx, datetime.fromisoformat(since), datetime.fromisoformat(until)):
        ctx.enqueue(mail_task_due, task_id, user_id)


@job("notifications.mail_task_due", queue="mailers", transaction=False)
def mail_task_due(app: App, task_id: int, user_id: int) -> None:
    """Remind one person of one task by mail."""
    with app.begin() as ctx:
        mail = tasks.reminder(ctx, task_id, user_id)
    if mail is not None:
        deliver_mail(app, mail)


@job("notifications.mail_not_opened", queue="mailers", transaction=False)
def mail_not_opened(app: App, poll_id: int, user_id: int, opening_at: str, reason: str) -> None:
    """Tell who planned that a poll opens that it could not be opened, and why."""
    with app.begin() as ctx:
        mail = openings.not_opened(ctx, poll_id, user_id, datetime.fromisoformat(opening_at), reason)
    if mail is not None:
        deliver_mail(app, mail)


@job("notifications.follow_meeting")
def follow_meeting(ctx: Context, _record_type: str, outcome_id: int) -> None:
    """Call off a meeting whose poll or thread was removed, or is open again; all else comes with the event of its outcome."""
    outcome = ctx.db.get(PollOutcome, outcome_id)
    poll = outcome.poll if outcome is not None else None
    if poll is not None and (meetings.is_gone(poll) or is_active(ctx, poll)):
        service.follow_meeting(ctx, poll)


@job("notifications.mail_meeting", queue="mailers", transaction=False)
def mail_meeting(app: App, poll_id: int, user_id: int) -> None:
    """Move a meeting in one person's calendar, or call it off."""
    with app.begin() as ctx:
        found = meetings.change(ctx, poll_id, user_id)
    if found is None:
        return
    mail, delivery_id, entry = found
    deliver_mail(app, mail)
    with app.begin() as ctx:
        meetings.note(ctx, delivery_id, entry)


@job("notifications.mail_contact", queue="mailers", transaction=False)
def mail_contact(app: App, name: str, email: str, subject: str, message: str, user_id: int | None, key: str) -> None:
    """Mail what somebody wrote to the people who run the site."""
    with app.begin() as ctx:
        mail = contact.to_support(
            ctx, name=name, email=email, subject=subject, message=message, user_id=user_id, key=key
        )
    deliver_mail(app, mail)


@job("notifications.mail_contact_request", queue="mailers", transaction=False)
def mail_contact_request(app: App, sender_id: int, recipient_id: int, message: str, key: str) -> None:
    """Mail what a person wrote to another."""
    with app.begin() as ctx:
        mail = contact.to_person(ctx, sender_id, recipient_id, message, key)
    if mail is not None:
        deliver_mail(app, mail)


JOBS = (
    deliver,
    deliver_to_channel,
    forget_attempts,
    resume_parked,
    catch_up,
    plan_catch_up,
    send_catch_up,
    task_reminders,
    mail_task_due,
    mail_not_opened,
    test_way,
    follow_meeting,
    mail_meeting,
    mail_contact,
    mail_contact_request,
)
