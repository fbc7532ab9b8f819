"""Demo data: an organisation that looks real, made by the same acts that people use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from llmio.accounts.models import User
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
            return len(stage.people)
    finally:
        app.event_jobs = telling
