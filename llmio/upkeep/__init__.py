"""Upkeep: what concerns several features at once. Accounts deleted and merged, records destroyed, counts put right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmio.upkeep.settings import SETTINGS

if TYPE_CHECKING:
    from llmio.core.app import App

__all__ = ["SETTINGS", "includeme", "register"]


def register(app: App) -> None:
    """Give the App this feature's rules, jobs, schedule and sections."""
    from llmio.core.features import Panel  # noqa: PLC0415  # slow
    from llmio.upkeep import jobs, rules  # noqa: PLC0415  # likewise

    rules.register(app)
    app.add_jobs(*jobs.JOBS)
    for job, every in jobs.SCHEDULE:
        app.add_schedule(job, every=every)
    app.add_panel(
        Panel("profile", "upkeep", 90, "llmio:web/templates/upkeep/panel_profile.jinja2", lambda _ctx, _user: {})
    )


def includeme(config: Any) -> None:
    """Routes and views."""
    from llmio.discussions.resources import discussion  # noqa: PLC0415  # slow
    from llmio.groups.resources import group  # noqa: PLC0415  # likewise
    from llmio.polls.resources import poll  # noqa: PLC0415  # likewise

    config.add_route("upkeep.delete_account", "/profile/delete")
    config.add_route("upkeep.address", "/profile/address")
    config.add_route("upkeep.address_confirm", "/profile/address/{token}")
    config.scan("llmio.upkeep.address_views")
    config.add_route("upkeep.merge", "/profile/merge")
    config.add_route("upkeep.merge_confirm", "/profile/merge/{token}")
    config.add_route("upkeep.erase_user", "/admin/users/{id:\\d{1,9}}/erase")
    config.add_route("upkeep.destroy_user", "/admin/users/{id:\\d{1,9}}/destroy")
    config.add_route("upkeep.merge_user", "/admin/users/{id:\\d{1,9}}/merge")
    config.add_route("upkeep.imports", "/admin/imports")
    config.add_route("upkeep.import", "/admin/imports/{id:\\d{1,18}}")
    config.scan("llmio.upkeep.import_views")
    of_group: dict[str, Any] = {"factory": group}
    config.add_route("upkeep.delete_group", "/g/{key}/delete", **of_group)
    config.add_route("upkeep.export", "/g/{key}/export", **of_group)
    config.add_route("upkeep.move_items", "/threads/{key}/move", factory=discussion)
    config.add_route("upkeep.move_thread", "/threads/{key}/group", factory=discussion)
    config.add_route("upkeep.repair", "/threads/{key}/repair", factory=discussion)
    config.scan("llmio.upkeep.account_views")
    config.add_route("upkeep.recount", "/admin/polls/{key}/recount", factory=poll)
    config.add_route("upkeep.tags", "/g/{key}/tags", **of_group)
    config.add_route("upkeep.change_tag", "/g/{key}/tags/{id:\\d+}", **of_group)
    config.add_route("upkeep.remove_tag", "/g/{key}/tags/{id:\\d+}/remove", **of_group)
    config.scan("llmio.upkeep.views")
    config.scan("llmio.upkeep.tag_views")
