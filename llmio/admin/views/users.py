"""`/admin/users`: people, found and looked after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from pyramid.view import view_config

from llmio.accounts.browsers import browser_name
from llmio.accounts.models import User
from llmio.admin.service import people
from llmio.admin.service.people import Filter
from llmio.admin.views import number, words
from llmio.core.context import Context
from llmio.core.errors import Invalid, NotFound
from llmio.core.i18n import Lazy, _
from llmio.core.permissions import Permission

TEMPLATES = "llmio:web/templates/admin"
Act = Callable[[Context, User], User]
ACTS: Mapping[str, tuple[Act, Callable[[str], Lazy]]] = {
    "make_admin": (
        lambda ctx, user: people.set_admin(ctx, user, on=True),
        lambda name: _("{name} is an administrator now.", name=name),
    ),
    "unmake_admin": (
        lambda ctx, user: people.set_admin(ctx, user, on=False),
        lambda name: _("{name} is no longer an administrator.", name=name),
    ),
    "deactivate": (people.deactivate, lambda name: _("The account of {name} is closed.", name=name)),
    "reactivate": (people.reactivate, lambda name: _("The account of {name} is open again.", name=name)),
    "sign_out": (people.sign_out, lambda name: _("{name} is signed out everywhere.", name=name)),
    "send_link": (people.send_link, lambda name: _("A sign-in link is on its way to {name}.", name=name)),
}
"""Last part of the address → what is done, and what is said then."""


@view_config(route_name="admin.users", renderer=f"{TEMPLATES}/users.jinja2", permission=Permission.ADMIN)
def listed(request: Any) -> Mapping[str, Any]:
    """People by name, user name or address."""
    asked, which = words(request.params.get("q")), Filter.ALL
    with suppress(ValueError):
        which = Filter(request.params.get("show", "all"))
    found = people.find(request.ctx, words=asked, which=which, page=number(request.params.get("page")))
    return {"q": asked, "which": which, "list": found}


@view_config(route_name="admin.user", renderer=f"{TEMPLATES}/user.jinja2", permission=Permission.ADMIN)
def show(request: Any) -> Mapping[str, Any]:
    """One person."""
    user = people.get(request.ctx, number(request.matchdict["id"], least=0))
    return {
        "person": people.show(request.ctx, user),
        "browser_name": browser_name,
        "by_mail": not request.app.settings.on("features.disable_email_login"),
    }


@view_config(route_name="admin.user_act", request_method="POST", permission=Permission.ADMIN)
def act(request: Any) -> Any:
    """Do something about a person; what cannot be done is said on the person's page."""
    user = people.get(request.ctx, number(request.matchdict["id"], least=0))
    if request.matchdict["act"] not in ACTS:
        raise NotFound(_("There is no such page."))
    do, told = ACTS[request.matchdict["act"]]
    try:
        do(request.ctx, user)
    except Invalid as fault:
        request.flash("danger", str(fault))
    else:
        request.flash("success", told(user.name or user.email or ""))
    return request.see_other("admin.user", id=user.id)
