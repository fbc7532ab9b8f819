"""`/admin/features`: switches, changed while the site runs; who changed what and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.admin.service import features
from llmio.core.forms import Form, form_view, parse
from llmio.core.i18n import _
from llmio.core.permissions import Permission

TEMPLATE = "llmio:web/templates/admin/features.jinja2"


class SwitchForm(Form):
    """What to set: a value, or `default` to take back what was set; for a group where one is named."""

    value: str = ""
    group: str = ""
    of_group: str = ""
    """Says that a group is wanted, so that leaving it out does not change the whole site."""
    default: str = ""


@view_config(route_name="admin.features", renderer=TEMPLATE, permission=Permission.ADMIN)
@view_config(route_name="admin.switch_feature", request_method="GET", renderer=TEMPLATE, permission=Permission.ADMIN)
def show(_context: Any, request: Any) -> Mapping[str, Any]:
    """The page."""
    ctx = request.ctx
    found = features.lines(ctx)
    return {
        "lines": [line for line in found if line.setting.kind == "bool"],
        "texts": [line for line in found if line.setting.kind != "bool"],
        "changes": features.history(ctx),
        "values": {},
        "asked": "",
    }


@view_config(route_name="admin.features_json", renderer="json", permission=Permission.ADMIN)
def as_json(request: Any) -> Any:
    """The same for programs; keys are only ever added."""
    return features.as_dict(request.ctx)


def again(context: Any, request: Any) -> Mapping[str, Any]:
    """The page with a refused form, filled as it was."""
    return {**show(context, request), "asked": request.matchdict["key"]}


@view_config(route_name="admin.switch_feature", request_method="POST", renderer=TEMPLATE, permission=Permission.ADMIN)
@form_view(again)
def switch(_context: Any, request: Any) -> Any:
    """Set one, or take it back."""
    form = parse(SwitchForm, request.POST)
    group = form.group or ("?" if form.of_group else "")
    item = features.switch(request.ctx, request.matchdict["key"], None if form.default else form.value, group=group)
    request.flash("success", _("Changed. Every process of the site follows within seconds."))
    return request.see_other("admin.features", _anchor=f"switch-{item.key.replace('.', '-')}")
