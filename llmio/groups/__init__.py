"""Groups and their members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmio.core.app import App


def register(app: App) -> None:
    """Give the App this feature's rules, kinds and jobs."""
    from llmio.core.features import Panel  # noqa: PLC0415  # slow
    from llmio.groups import jobs, kinds, membership, queries, rules, subgroups, tasks  # noqa: PLC0415  # slow

    rules.register(app)
    app.add_kinds(*kinds.KINDS)
    app.add_jobs(jobs.account_changed)
    app.add_task_place(tasks.PLACE)
    app.add_observer(jobs.account_changed, "User")
    app.add_panel(Panel("group", "subgroups", 30, "llmio:web/templates/groups/panel_subgroups.jinja2", subgroups.panel))
    app.add_extra("site_set_up", "groups", membership.join_demo)
    app.add_extra("invitations", "groups", queries.inviting)


def includeme(config: Any) -> None:
    """Routes and views."""
    from llmio.groups import resources  # noqa: PLC0415  # slow

    of_group: dict[str, Any] = {"factory": resources.group}
    of_membership: dict[str, Any] = {"factory": resources.membership}
    config.add_route("groups.new", "/g/new")
    config.add_route("groups.new_subgroup", "/g/{key}/subgroups/new", **of_group)
    config.add_route("groups.explore", "/explore")
    config.add_route("groups.show", "/g/{key}", **of_group)
    for act in ("edit", "settings", "archive", "members", "invite", "join", "request", "leave", "volume", "join_link"):
        config.add_route(f"groups.{act}", f"/g/{{key}}/{act}", **of_group)
    config.add_route(
        "groups.answer", "/membership_requests/{id:\\d+}/{answer:approve|ignore}", factory=resources.request_to_join
    )
    for act in ("make_admin", "remove_admin", "revoke", "resend", "title"):
        config.add_route(f"memberships.{act}", f"/memberships/{{id:\\d+}}/{act}", **of_membership)
    config.add_route("groups.invitation", "/invitations/{token}", factory=resources.invitation)
    config.add_route("groups.join_by_link", "/join/group/{token}", factory=resources.group_by_token)
    config.scan("llmio.groups.views")
    config.scan("llmio.groups.member_views")


def handle_route(config: Any) -> None:
    """`/{handle}`: included last of all, since it takes any path of one part."""
    from llmio.groups import resources, views  # noqa: PLC0415  # slow

    config.add_route("groups.handle", "/{handle:[A-Za-z0-9][A-Za-z0-9-]*}", factory=resources.group_by_handle)
    config.add_view(views.show, route_name="groups.handle", renderer=views.SHOW, permission="group.show")
