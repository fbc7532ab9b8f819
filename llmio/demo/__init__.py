"""Demo data: an organisation that looks real, made by the same acts that people use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from llmio.accounts.models import User
from llmio.core.outbox import Outbox
from llmio.demo.play import Stage
from llmio.demo.story import play

if TYPE_CHECKING:
    from llmio.core.app import App


def is_unused(app: App) -> bool:
    """Whether nobody has an account here yet."""
    with app.sessions() as db:
        return db.scalar(select(User.id).limit(1)) is None


def load(app: App) -> int:
    """Play the story in one transaction; the number of people in it. Nobody is mailed."""
    telling, app.event_jobs = app.event_jobs, []
    try:
        with app.begin() as ctx:
            stage = Stage(ctx)
            play(stage)
            # The jobs of acts long ago begin to wait now: nothing is late.
            ctx.db.flush()
            ctx.db.execute(update(Outbox).values(created_at=ctx.now, available_at=ctx.now))
            return len(stage.people)
    finally:
        app.event_jobs = telling
