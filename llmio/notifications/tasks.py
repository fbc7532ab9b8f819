"""Reminders of tasks that are due: who is told of which, and the mail."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from babel.dates import format_date
from sqlalchemy import select

from llmio import mail
from llmio.accounts.models import User
from llmio.accounts.sessions import identity_of
from llmio.core.context import Context
from llmio.core.i18n import _
from llmio.core.urls import absolute
from llmio.notifications.subjects import RECORDS, describe, may_see
from llmio.tasks import queries
from llmio.tasks.models import Task, TasksUser

if TYPE_CHECKING:
    from llmio.core.ports import Mail


def due(ctx: Context, since: datetime, until: datetime) -> list[tuple[int, int]]:
    """(task, person) for those to be reminded in a stretch of time; done and dropped tasks are left out."""
    query = (
        select(Task.id, TasksUser.user_id)
        .join(TasksUser, TasksUser.task_id == Task.id)
        .where(Task.remind_at > since, Task.remind_at <= until, Task.done.is_(False), Task.discarded_at.is_(None))
        .order_by(Task.id, TasksUser.user_id)
    )
    return [(task_id, user_id) for task_id, user_id in ctx.db.execute(query) if user_id is not None]


def reminder(ctx: Context, task_id: int, user_id: int) -> Mail | None:
    """The mail; None where it was done meanwhile, or the person may not see (any more) where it stands."""
    task, user = ctx.db.get(Task, task_id), ctx.db.get(User, user_id)
    if task is None or task.done or task.discarded_at is not None or task.record_id is None:
        return None
    if user is None or not user.email or not user.email_verified or user.deactivated_at is not None:
        return None
    record = ctx.db.get(RECORDS[task.record_type], task.record_id) if task.record_type in RECORDS else None
    subject = describe(ctx, record) if record is not None else None
    theirs = Context(ctx.app, ctx.db, ctx.tm, identity_of(user), ctx.now)
    if subject is None or subject.gone or not may_see(theirs, subject) or queries.record_of(theirs, task) is None:
        return None
    settings = ctx.app.settings
    with mail.language_of(user):
        day = format_date(task.due_on, "long", mail.babel_locale(user)) if task.due_on else ""
        return mail.compose(
            ctx,
            user,
            "mail/notice.jinja2",
            _("A task of yours is due: {task}", task=task.name),
            {
                "headline_text": task.name,
                "paragraphs": [_("You are to do this. It stands in {title}.", title=subject.title)],
                "facts_shown": [(_("Due on"), day)],
                "call": _("Go to the task"),
                "link": absolute(settings, subject.path, utm_medium="email", utm_campaign="task_due_reminder"),
                "why": _("You get this because the task was given to you, with a reminder."),
            },
            kind="task_due_reminder",
            message_id=f"task-{task.id}-{user.id}-{task.remind_at.isoformat() if task.remind_at else ''}",
        )
