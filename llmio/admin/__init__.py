"""Pages for those who run the site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmio.core.app import App


def register(app: App) -> None:
    """Give the App this feature's rules, kinds, jobs and sections."""
    from llmio.admin import jobs  # noqa: PLC0415  # slow
    from llmio.core.jobs import DAY, HOUR  # noqa: PLC0415  # slow

    app.add_jobs(jobs.mail_link, jobs.examine, jobs.check_all, jobs.check_new)
    app.add_schedule(jobs.check_all, every=DAY)
    app.add_schedule(jobs.check_new, every=HOUR)


def includeme(config: Any) -> None:
    """Routes and views."""
    config.include(".overview")
    config.include(".mails")
    config.include(".plugin_views")
    config.include(".views")
