"""Tasks and where they stand: those of a person, and the record of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import and_, case, select

from llmio.discussions import queries
from llmio.discussions.models import Comment, Discussion, Task, TasksUser
from llmio.discussions.values import ThreadRow

if TYPE_CHECKING:
    from llmio.core.context import Context

MOST = 300


@dataclass(frozen=True)
class TaskRow:
    """A task in a list, with the thread that it stands in."""

    id: int
    name: str
    done: bool
    due_on: date | None
    thread: ThreadRow
    path: str


def of_actor(ctx: Context, *, done: bool) -> list[TaskRow]:
    """What is given to the actor, as far as they see where it stands: open ones by the day they are due, done ones the latest first."""
    thread_id = case((Task.record_type == "Discussion", Task.record_id), else_=Comment.discussion_id)
    order = (Task.done_at.desc().nulls_last(),) if done else (Task.due_on.asc().nulls_last(),)
    query = (
        select(Task, thread_id)
        .join(TasksUser, TasksUser.task_id == Task.id)
        .outerjoin(Comment, and_(Task.record_type == "Comment", Comment.id == Task.record_id))
        .where(
            TasksUser.user_id == ctx.actor_id,
            Task.record_type.in_(("Discussion", "Comment")),
            Task.discarded_at.is_(None),
            Task.done.is_(done),
            Comment.discarded_at.is_(None),
        )
        .order_by(*order, Task.id)
        .limit(MOST)
    )
    found = [(task, discussion_id) for task, discussion_id in ctx.db.execute(query)]
    threads = {row.id: row for row in queries.among(ctx, {thread for _task, thread in found})}
    return [
        TaskRow(task.id, task.name, task.done, task.due_on, threads[thread], _path(task, threads[thread]))
        for task, thread in found
        if thread in threads
    ]


def _path(task: Task, thread: ThreadRow) -> str:
    return f"/d/{thread.key}/comment/{task.record_id}" if task.record_type == "Comment" else thread.url


def by_id(ctx: Context, task_id: int) -> Task | None:
    """A task that was not dropped."""
    found = ctx.db.get(Task, task_id)
    return None if found is None or found.discarded_at is not None else found


def record_of(ctx: Context, task: Task) -> Discussion | Comment | None:
    """The thread or comment that a task stands in; None where it is gone."""
    if task.record_id is None or task.record_type not in ("Discussion", "Comment"):
        return None
    found: Discussion | Comment | None = (
        ctx.db.get(Discussion, task.record_id)
        if task.record_type == "Discussion"
        else queries.comment(ctx, task.record_id)
    )
    return None if found is None or found.discarded_at is not None else found


def is_given(ctx: Context, task: Task) -> bool:
    """Whether a task is given to the actor."""
    query = select(TasksUser.id).where(TasksUser.task_id == task.id, TasksUser.user_id == ctx.actor_id)
    return ctx.db.scalar(query.limit(1)) is not None
