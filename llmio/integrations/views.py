"""Pages of a group's integrations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config
from sqlalchemy.orm import joinedload

from llmio.core.errors import NotFound
from llmio.core.forms import form_view
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.groups.models import Group
from llmio.groups.views import frame
from llmio.integrations import jobs, secrets, service, testing
from llmio.integrations.kinds import key_of, kind_of, kinds_of
from llmio.integrations.log import log_of, send_again
from llmio.integrations.models import Chatbot
from llmio.notifications import entries, trials

LIST = "llmio:web/templates/integrations/list.jinja2"
SHOW = "llmio:web/templates/integrations/show.jinja2"
TEST = "llmio:web/templates/integrations/test.jinja2"
FORM = "llmio:web/templates/integrations/form.jinja2"
View = Mapping[str, Any]


def chatbot_of(request: Any) -> Chatbot:
    """Route factory: `/integrations/{id}…`, for admins of its group alone."""
    found = request.ctx.db.get(Chatbot, int(request.matchdict["id"]), options=[joinedload(Chatbot.group)])
    if found is None or not request.ctx.can(Permission.GROUP_INTEGRATIONS, found.group):
        raise NotFound(_("There is no such integration."))
    return found


def _shown(group: Group, request: Any) -> dict[str, Any]:
    plugins = request.app.plugins

    def named(chatbot: Chatbot) -> object:
        found = kind_of(chatbot, plugins)
        return found.title if found else _("{kind}: its plugin is missing", kind=key_of(chatbot, plugins))

    return {**frame(group, request), "kinds": service.EVENT_KINDS, "kind_named": named}


def _form(group: Group, request: Any, chatbot: Chatbot | None, values: dict[str, Any]) -> View:
    """The form, with the fields of all kinds; those of the kind that is chosen show."""
    plugins = request.app.plugins
    kinds = kinds_of(plugins)
    choices: dict[str, object] = {key: one.title for key, one in kinds.items()}
    was = key_of(chatbot, plugins) if chatbot is not None else ""
    if was and was not in kinds:
        choices = {was: _("{kind}: its plugin is missing", kind=was), **choices}
    parts: dict[str, tuple[Any, list[str], list[str]]] = {}
    for one in kinds.values():
        for field in one.notifier.fields:
            _field, keys, titles = parts.setdefault(one.called(field.name), (field, [], []))
            keys.append(one.key)
            titles.append(one.title)
            if field.default is not None:
                values.setdefault(one.called(field.name), field.default)
    return {
        **_shown(group, request),
        "chatbot": chatbot,
        "values": values,
        "choices": choices,
        "parts": parts,
        "was": was,
    }


@view_config(route_name="integrations.list", renderer=LIST, permission=Permission.GROUP_INTEGRATIONS)
def index(group: Group, request: Any) -> View:
    """What the group is connected to, and what was sent."""
    chatbots = service.chatbots_of(request.ctx, group)
    names = {one.id: one.name for one in chatbots}
    return {
        **_shown(group, request),
        "chatbots": chatbots,
        "log": [(one, names.get(one.recipient_id, "")) for one in service.log_of(request.ctx, group)],
    }


@view_config(route_name="integrations.show", renderer=SHOW, permission=Permission.SIGNED_IN)
def show(chatbot: Chatbot, request: Any) -> View:
    """How a channel is connected, and what was sent to it."""
    before = request.params.get("before", "")
    log = log_of(request.ctx, chatbot, before=int(before) if before.isdecimal() and len(before) < 18 else None)
    signed = secrets.signs(request.ctx, chatbot)
    return {
        **_shown(chatbot.group, request),
        **_tested(chatbot, request),
        "entered": _entered(chatbot, request),
        "missing": kind_of(chatbot, request.app.plugins) is None,
        "log": log,
        "signed": signed,
        "old_secrets": secrets.old_ones(request.ctx, chatbot) if signed else (),
        "first": not before,
    }


def _entered(chatbot: Chatbot, request: Any) -> list[tuple[object, str]]:
    """What was entered, with its labels; where the plugin that knows them is missing, the address alone."""
    kind = kind_of(chatbot, request.app.plugins)
    if kind is None:
        address = chatbot.values.get("address")
        return [(_("Address"), str(address))] if address else []
    return entries.told(kind.notifier.fields, chatbot.values)


def _tested(chatbot: Chatbot, request: Any) -> dict[str, Any]:
    found = testing.last(request.ctx, chatbot)
    return {"chatbot": chatbot, "test": found, "pending": found and trials.is_pending(request.ctx, found)}


@view_config(route_name="integrations.test", request_method="GET", renderer=TEST, permission=Permission.SIGNED_IN)
def tested(chatbot: Chatbot, request: Any) -> View:
    """What became of the last test; the page asks for it while one is on its way."""
    return _tested(chatbot, request)


@view_config(route_name="integrations.again", request_method="POST", permission=Permission.SIGNED_IN)
def again(chatbot: Chatbot, request: Any) -> Any:
    """Send a message once more."""
    send_again(request.ctx, chatbot, int(request.matchdict["delivery"]))
    request.flash("success", _("It is on its way again."))
    return request.see_other("integrations.show", id=chatbot.id)


@view_config(route_name="integrations.secret", request_method="POST", permission=Permission.SIGNED_IN)
def secret(chatbot: Chatbot, request: Any) -> Any:
    """Make a new secret."""
    secrets.renew(request.ctx, chatbot)
    request.flash(
        "success",
        _("There is a new secret. Enter it at the receiver within a day; until then the old one is good, too."),
    )
    return request.see_other("integrations.show", id=chatbot.id)


@view_config(route_name="integrations.old_secrets", request_method="POST", permission=Permission.SIGNED_IN)
def end_old_secrets(chatbot: Chatbot, request: Any) -> Any:
    """Let the old secrets sign no more."""
    secrets.end_old(request.ctx, chatbot)
    request.flash("success", _("From now on only the new secret counts."))
    return request.see_other("integrations.show", id=chatbot.id)


@view_config(route_name="integrations.new", renderer=FORM, permission=Permission.GROUP_INTEGRATIONS)
def new(group: Group, request: Any) -> View:
    """The form to connect a channel."""
    chosen = str(request.params.get("kind", "slack"))
    return _form(group, request, None, {"webhook_kind": chosen, "event_kinds": list(service.DEFAULT_KINDS)})


@view_config(
    route_name="integrations.new", renderer=FORM, request_method="POST", permission=Permission.GROUP_INTEGRATIONS
)
@form_view(new)
def create(group: Group, request: Any) -> Any:
    """Connect it."""
    made = service.save(request.ctx, group, request.POST)
    request.flash("success", _("Connected. Send a test to see that it arrives."))
    return request.see_other("integrations.show", id=made.id)


@view_config(route_name="integrations.edit", renderer=FORM, permission=Permission.SIGNED_IN)
def edit(chatbot: Chatbot, request: Any) -> View:
    """The form for a channel."""
    plugins = request.app.plugins
    values: dict[str, Any] = {"name": chatbot.name, "notification_only": chatbot.notification_only}
    values |= {"webhook_kind": key_of(chatbot, plugins), "event_kinds": chatbot.hears}
    kind = kind_of(chatbot, plugins)
    if kind is not None:
        kept = chatbot.values
        values |= {kind.called(one.name): kept.get(one.name) for one in kind.notifier.fields if one.kind != "secret"}
    return _form(chatbot.group, request, chatbot, values)


@view_config(route_name="integrations.edit", renderer=FORM, request_method="POST", permission=Permission.SIGNED_IN)
@form_view(edit)
def update(chatbot: Chatbot, request: Any) -> Any:
    """Save it."""
    service.save(request.ctx, chatbot.group, request.POST, chatbot=chatbot)
    request.flash("success", _("Saved."))
    return request.see_other("integrations.show", id=chatbot.id)


@view_config(route_name="integrations.remove", request_method="POST", permission=Permission.SIGNED_IN)
def remove(chatbot: Chatbot, request: Any) -> Any:
    """Disconnect it."""
    group = chatbot.group
    service.remove(request.ctx, chatbot)
    request.flash("success", _("Disconnected."))
    return request.see_other("integrations.list", key=group.key)


@view_config(route_name="integrations.test", request_method="POST", permission=Permission.SIGNED_IN)
def test(chatbot: Chatbot, request: Any) -> Any:
    """Have a greeting sent to the channel; the page shows what came of it."""
    if testing.ask(request.ctx, chatbot):
        request.ctx.enqueue(jobs.test, chatbot.id)
    return request.see_other("integrations.show", id=chatbot.id)
