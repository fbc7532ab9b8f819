"""Polls: ballots, counting, outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmio.core.app import App


def register(app: App) -> None:
    """Give the App this feature's rules, kinds, jobs and sections."""
    from llmio.polls import jobs, kinds, rules  # noqa: PLC0415  # slow

    rules.register(app)
    app.add_kinds(*kinds.KINDS)
    app.add_jobs(*jobs.JOBS)
    app.add_schedule(jobs.close_expired, every=30)
    app.add_schedule(jobs.closing_soon, every=600)
    app.add_schedule(jobs.outcome_review_due, every=3600)
    app.add_observer(jobs.follow_membership, "Membership")


def includeme(config: Any) -> None:
    """Routes and views."""
