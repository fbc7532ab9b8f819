"""Tasks, and whom they are given to."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column, relationship

from llmio.accounts.models import User
from llmio.core.db import Base, Utc, utcnow


class Task(Base):
    """A line of a text that someone is to do."""

    __tablename__ = "tasks"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    record_type: Mapped[str | None]
    record_id: Mapped[int | None] = mapped_column(BigInteger)
    author_id: Mapped[int] = mapped_column(BigInteger)
    uid: Mapped[int]
    name: Mapped[str]
    done: Mapped[bool]
    done_at: Mapped[datetime | None] = mapped_column(Utc)
    due_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow, onupdate=utcnow)
    discarded_at: Mapped[datetime | None] = mapped_column(Utc)
    doer_id: Mapped[int | None]
    remind: Mapped[int | None]
    remind_at: Mapped[datetime | None] = mapped_column(Utc)

    author: Mapped[User] = relationship(primaryjoin="foreign(Task.author_id) == User.id")
    doer: Mapped[User | None] = relationship(primaryjoin="foreign(Task.doer_id) == User.id")


class TasksUser(Base):
    """Someone a task is given to."""

    __tablename__ = "tasks_users"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    task_id: Mapped[int | None] = mapped_column(BigInteger)
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow, onupdate=utcnow)

    task: Mapped[Task | None] = relationship(primaryjoin="foreign(TasksUser.task_id) == Task.id")
    user: Mapped[User | None] = relationship(primaryjoin="foreign(TasksUser.user_id) == User.id")
