"""Files: uploads, storage, downloads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmio.files.settings import SETTINGS

if TYPE_CHECKING:
    from llmio.core.app import App

__all__ = ["SETTINGS", "includeme", "register"]


def register(app: App) -> None:
    """Give the App this feature's rules and jobs."""
    from llmio.core.jobs import DAY  # noqa: PLC0415  # slow
    from llmio.files import jobs, rules  # noqa: PLC0415  # likewise

    rules.register(app)
    app.add_jobs(jobs.purge_unused, jobs.sweep, jobs.preview, jobs.strip, jobs.discard)
    app.add_observer(jobs.preview, "Blob")
    app.add_schedule(jobs.purge_unused, every=DAY)
    app.add_schedule(jobs.sweep, every=DAY)


def includeme(config: Any) -> None:
    """Routes and views."""
    from llmio.files import resources  # noqa: PLC0415  # slow
    from llmio.groups import resources as of_groups  # noqa: PLC0415  # slow

    config.add_route("files.create", "/files", request_method="POST")
    config.add_route("files.announce", "/direct_uploads", request_method="POST")
    config.add_route("files.announce_rails", "/rails/active_storage/direct_uploads", request_method="POST")
    config.add_route("files.put", r"/rails/active_storage/disk/{token:[\w=.-]+}", request_method="PUT")
    signed = r"{how:(redirect/|proxy/)?}{signed:[\w=+/-]+--[0-9a-f]+}"
    config.add_route("files.rails", f"/rails/active_storage/blobs/{signed}/{{filename}}", factory=resources.rails_blob)
    config.add_route(
        "files.rails_preview",
        f"/rails/active_storage/representations/{signed}/{{variation}}/{{filename}}",
        factory=resources.rails_blob,
    )
    config.add_route("files.show", r"/files/{reference:\d+(-[0-9a-f]+)?}/{filename}", factory=resources.blob)
    config.add_route("groups.pictures", "/g/{key}/pictures", factory=of_groups.group)
    config.add_route("accounts.picture", "/profile/picture")
    config.add_route("accounts.portrait", r"/users/{id:\d{1,9}}/picture", factory=resources.pictured)
    config.scan("llmio.files.views")
    config.scan("llmio.files.group_views")
    config.scan("llmio.files.portrait_views")
