"""Pages for those who run the site; `overview` and `plugin_views` beside this folder are older rooms of the same kind."""

from __future__ import annotations

from typing import Any


def includeme(config: Any) -> None:
    """Routes and views of every page."""
    from llmio.groups import resources as of_groups  # noqa: PLC0415  # slow

    config.add_route("admin.jobs", "/admin/jobs")
    config.add_route("admin.jobs_json", "/admin/jobs.json")
    config.add_route("admin.retry_jobs", "/admin/jobs/retry")
    config.add_route("admin.discard_jobs", "/admin/jobs/delete")
    config.add_route("admin.stuck_jobs", "/admin/jobs/{state:failed|dead|parked}")
    config.add_route("admin.retry_job", "/admin/jobs/{id}/retry")
    config.add_route("admin.discard_job", "/admin/jobs/{id}/delete")
    config.add_route("admin.deliveries", "/admin/deliveries")
    config.add_route("admin.send_all_again", "/admin/deliveries/send_again")
    config.add_route("admin.send_again", "/admin/deliveries/{id}/send_again")
    config.add_route("admin.users", "/admin/users")
    config.add_route("admin.user", "/admin/users/{id}")
    config.add_route("admin.user_act", "/admin/users/{id}/{act}")
    config.add_route("admin.reindex", "/admin/search/reindex")
    config.add_route("work.show", "/work/{id}")
    config.add_route("admin.settings", "/admin/settings")
    config.add_route("admin.doctor", "/admin/doctor")
    config.add_route("admin.support_bundle", "/admin/doctor/bundle")
    config.add_route("admin.features", "/admin/features")
    config.add_route("admin.features_json", "/admin/features.json")
    config.add_route("admin.switch_feature", "/admin/features/{key}")
    config.add_route("admin.audit", "/admin/audit")
    config.add_route("groups.acts", "/g/{key}/acts", factory=of_groups.group)
    config.add_route("accounts.acts", "/profile/acts")
    config.add_route("admin.groups", "/admin/groups")
    config.add_route("admin.group_act", "/admin/groups/{id}/{act:archive|unarchive}")
    config.scan(__name__)


def number(text: str | None, *, least: int = 1) -> int:
    """A whole number of an address, such as a page; what is none counts as the least."""
    found = int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else least
    return max(found, least)


def words(text: str | None) -> str:
    """What somebody looks for: bounded, on one line, without what a database cannot hold."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in (text or "")[:200]).split())
