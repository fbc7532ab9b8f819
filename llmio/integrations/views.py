"""Pages of a group's integrations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config
from sqlalchemy.orm import joinedload

from llmio.core.errors import NotFound
from llmio.core.forms import form_view, parse
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.groups.models import Group
from llmio.groups.views import frame
from llmio.integrations import service
from llmio.integrations.forms import ChatbotForm
from llmio.integrations.models import Chatbot
from llmio.plugins import Sent

LIST = "llmio:web/templates/integrations/list.jinja2"
FORM = "llmio:web/templates/integrations/form.jinja2"
View = Mapping[str, Any]


def chatbot_of(request: Any) -> Chatbot:
    """Route factory: `/integrations/{id}…`, for admins of its group alone."""
    found = request.ctx.db.get(Chatbot, int(request.matchdict["id"]), options=[joinedload(Chatbot.group)])
    if found is None or not request.ctx.can(Permission.GROUP_INTEGRATIONS, found.group):
        raise NotFound(_("There is no such integration."))
    return found


def _formats(request: Any) -> list[Any]:
    return sorted(request.app.plugins.webhook_formats.values(), key=lambda one: one.title)


@view_config(route_name="integrations.list", renderer=LIST, permission=Permission.GROUP_INTEGRATIONS)
def index(group: Group, request: Any) -> View:
    """What the group is connected to, and what was sent."""
    chatbots = service.chatbots_of(request.ctx, group)
    names = {one.id: one.name for one in chatbots}
    return {
        **frame(group, request),
        "chatbots": chatbots,
        "formats": {one.key: one.title for one in _formats(request)},
        "log": [(one, names.get(one.recipient_id, "")) for one in service.log_of(request.ctx, group)],
        "kinds": service.EVENT_KINDS,
    }


@view_config(route_name="integrations.new", renderer=FORM, permission=Permission.GROUP_INTEGRATIONS)
def new(group: Group, request: Any) -> View:
    """The form to connect a channel."""
    values = {"webhook_kind": "slack", "event_kinds": list(service.DEFAULT_KINDS)}
    return {
        **frame(group, request),
        "chatbot": None,
        "formats": _formats(request),
        "kinds": service.EVENT_KINDS,
        "values": values,
    }


@view_config(
    route_name="integrations.new", renderer=FORM, request_method="POST", permission=Permission.GROUP_INTEGRATIONS
)
@form_view(new)
def create(group: Group, request: Any) -> Any:
    """Connect it."""
    service.save(request.ctx, group, parse(ChatbotForm, request.POST))
    request.flash("success", _("Connected. Send a test to see that it arrives."))
    return request.see_other("integrations.list", key=group.key)


@view_config(route_name="integrations.edit", renderer=FORM, permission=Permission.SIGNED_IN)
def edit(chatbot: Chatbot, request: Any) -> View:
    """The form for a channel."""
    values = {name: getattr(chatbot, name) for name in ChatbotForm.model_fields}
    shown = {"chatbot": chatbot, "formats": _formats(request), "kinds": service.EVENT_KINDS, "values": values}
    return {**frame(chatbot.group, request), **shown}


@view_config(route_name="integrations.edit", renderer=FORM, request_method="POST", permission=Permission.SIGNED_IN)
@form_view(edit)
def update(chatbot: Chatbot, request: Any) -> Any:
    """Save it."""
    service.save(request.ctx, chatbot.group, parse(ChatbotForm, request.POST), chatbot=chatbot)
    request.flash("success", _("Saved."))
    return request.see_other("integrations.list", key=chatbot.group.key)


@view_config(route_name="integrations.remove", request_method="POST", permission=Permission.SIGNED_IN)
def remove(chatbot: Chatbot, request: Any) -> Any:
    """Disconnect it."""
    group = chatbot.group
    service.remove(request.ctx, chatbot)
    request.flash("success", _("Disconnected."))
    return request.see_other("integrations.list", key=group.key)


@view_config(route_name="integrations.test", request_method="POST", permission=Permission.SIGNED_IN)
def test(chatbot: Chatbot, request: Any) -> Any:
    """Send a greeting to the channel."""
    outcome = service.test(request.ctx, chatbot)
    if isinstance(outcome, Sent):
        request.flash("success", _("It arrived: {answer}", answer=outcome.answer or "ok"))
    else:
        request.flash("danger", _("It did not arrive. The answer was: {answer}", answer=outcome.reason))
    return request.see_other("integrations.list", key=chatbot.group.key)
