"""`/contact`: write to the people who run the site. `/u/{username}/contact`: write to a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field
from pyramid.view import view_config

from llmio.accounts.addresses import Email
from llmio.accounts.keys import new_token
from llmio.accounts.models import User
from llmio.core.errors import NotFound
from llmio.core.forms import Form, form_view, parse
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.notifications import jobs

CONTACT = "llmio:web/templates/notifications/contact.jinja2"
PERSON = "llmio:web/templates/notifications/contact_person.jinja2"
Line = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(min_length=1, max_length=5000)]


class ContactForm(Form):
    """A message to the people who run the site."""

    name: Line
    email: Email
    subject: Line
    message: Text


class ConsentForm(ContactForm):
    """The same where who writes must agree to be answered."""

    consent: Literal["1"]


class PersonForm(Form):
    """A message to a person."""

    message: Text


@view_config(route_name="notifications.contact", renderer=CONTACT, permission=Permission.PUBLIC)
def contact(_context: Any, request: Any) -> Mapping[str, Any]:
    """The form; 404 where nobody would read it."""
    if not request.app.settings.text("site.support_email"):
        raise NotFound(_("This site has no address for such messages."))
    me = request.ctx.actor
    return {
        "values": {"name": me.name if me else "", "email": me.email if me else ""},
        "done": request.params.get("done") == "1",
    }


@view_config(route_name="notifications.contact", request_method="POST", renderer=CONTACT, permission=Permission.PUBLIC)
@form_view(contact)
def send(context: Any, request: Any) -> Any:
    """Send it."""
    contact(context, request)
    wanted = ConsentForm if request.app.settings.on("features.contact_consent") else ContactForm
    form = parse(wanted, request.POST)
    request.limit("contact_messages")
    request.ctx.enqueue(
        jobs.mail_contact, form.name, form.email, form.subject, form.message, request.ctx.actor_id, new_token()
    )
    return request.see_other("notifications.contact", _query={"done": "1"})


@view_config(route_name="notifications.contact_person", renderer=PERSON, permission=Permission.USER_CONTACT)
def ask(context: User, _request: Any) -> Mapping[str, Any]:
    """The form."""
    return {"person": context, "values": {}}


@view_config(
    route_name="notifications.contact_person",
    request_method="POST",
    renderer=PERSON,
    permission=Permission.USER_CONTACT,
)
@form_view(ask)
def write(context: User, request: Any) -> Any:
    """Send it."""
    form = parse(PersonForm, request.POST)
    request.limit("contact_requests")
    request.ctx.enqueue(jobs.mail_contact_request, request.ctx.signed_in().id, context.id, form.message, new_token())
    request.flash("success", _("{name} gets your message by mail.", name=context.name))
    return request.see_other(f"/u/{context.username}")
