"""`/admin/plugins`: what is installed, what is wrong, switches."""

from __future__ import annotations

from typing import Any

from pyramid.view import view_config

from llmio.admin import plugins
from llmio.admin.service import plugin_use
from llmio.core import switches
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.plugins import report
from llmio.plugins.registry import State

TONES = {
    State.ACTIVE: ("success", "check-circle-fill", _("On")),
    State.PARTLY: ("warning", "exclamation-triangle-fill", _("Partly working")),
    State.DISABLED: ("neutral", "pause-circle", _("Off")),
    State.INCOMPATIBLE: ("danger", "exclamation-octagon-fill", _("Does not fit this version")),
    State.DUPLICATE: ("danger", "exclamation-octagon-fill", _("Name taken")),
    State.FAILED: ("danger", "exclamation-octagon-fill", _("Set aside")),
    State.MISSING: ("danger", "exclamation-octagon-fill", _("Not installed")),
}
KINDS = {
    "poll_types": _("Kinds of poll"),
    "methods": _("Counting methods"),
    "storages": _("Storage"),
    "notifiers": _("Notifiers"),
    "webhook_formats": _("Webhook formats"),
    "search_providers": _("Search"),
}


def includeme(config: Any) -> None:
    """Routes."""
    config.add_route("admin.plugins", "/admin/plugins")
    config.add_route("admin.plugins_json", "/admin/plugins.json")
    config.add_route("admin.switch_plugin", "/admin/plugins/{name}/switch")
    config.add_route("admin.forget_failures", "/admin/plugins/{name}/forget")
    config.scan(__name__)


@view_config(
    route_name="admin.plugins", renderer="llmio:web/templates/admin/plugins.jinja2", permission=Permission.ADMIN
)
def list_plugins(request: Any) -> Any:
    """The page, made of records alone: a broken plugin cannot break it."""
    lines = plugins.list_plugins(request.ctx)
    settings = request.app.settings
    use = plugin_use.counted(request.ctx)
    return {
        "wrong": [line for line in lines if line.record.at_fault],
        "added": [line for line in lines if not line.record.at_fault and not line.record.built_in],
        "built_in": [line for line in lines if not line.record.at_fault and line.record.built_in],
        "effects": {line.record.name: plugin_use.effects(request.ctx, line.record, use) for line in lines},
        "changes": switches.history(request.ctx.db, switches.PLUGINS, limit=20),
        "waiting": sum(line.waits for line in lines),
        "tones": TONES,
        "kinds": KINDS,
        "safe": settings["llmio.plugins.safe"],
        "strict": settings["llmio.plugins.strict"],
    }


@view_config(route_name="admin.plugins_json", renderer="json", permission=Permission.ADMIN)
def list_as_json(request: Any) -> Any:
    """The same for programs; keys are only ever added."""
    return report.as_dict(plugins.list_plugins(request.ctx))


@view_config(route_name="admin.switch_plugin", request_method="POST", permission=Permission.ADMIN)
def switch(request: Any) -> Any:
    """Switch one on or off."""
    on = request.POST.get("on") == "1"
    line = plugins.switch_plugin(request.ctx, request.matchdict["name"], on=on)
    name = str(line.record.title) or line.record.name
    if on:
        request.flash("success", _("{name} is on. Every process of the site follows within seconds.", name=name))
    else:
        request.flash("success", _("{name} is off. Every process of the site follows within seconds.", name=name))
    return request.see_other("admin.plugins")


@view_config(route_name="admin.forget_failures", request_method="POST", permission=Permission.ADMIN)
def forget(request: Any) -> Any:
    """Forget its failures."""
    line = plugins.forget_failures(request.ctx, request.matchdict["name"])
    request.flash(
        "success", _("The failures of {name} are forgotten.", name=str(line.record.title) or line.record.name)
    )
    return request.see_other("admin.plugins")
