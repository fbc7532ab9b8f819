"""Who takes part in a thread beside the group: guests, invited and shown out; who leads it; and the way in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.accounts import door
from llmio.accounts import service as accounts
from llmio.core.forms import form_view, parse
from llmio.core.i18n import _, ngettext
from llmio.core.permissions import Permission
from llmio.discussions import queries
from llmio.discussions.forms import GuestsForm
from llmio.discussions.models import Discussion, DiscussionReader
from llmio.discussions.resources import offered
from llmio.discussions.service import guests
from llmio.discussions.values import Person, path_of
from llmio.discussions.views.frame import person_of, thread_values
from llmio.groups.forms import AcceptForm

PEOPLE = "llmio:web/templates/discussions/people.jinja2"
JOIN = "llmio:web/templates/discussions/join.jinja2"
View = Mapping[str, Any]


@view_config(route_name="discussions.people", renderer=PEOPLE, permission=Permission.DISCUSSION_SET_VOLUME)
def people(discussion: Discussion, request: Any) -> View:
    """Guests, and members who have been here."""
    ctx = request.ctx
    rows = queries.readers(ctx, discussion.id)
    leads = ctx.can(Permission.READER_MAKE_ADMIN, discussion)
    return {
        **thread_values(discussion, request),
        "guests": [(row, *_guest(row, shown=leads)) for row in rows if row.guest],
        "readers": [(row, person_of(row.user)) for row in rows if not row.guest],
        "leads": leads,
        "may_invite": ctx.can(Permission.DISCUSSION_ADD_GUESTS, discussion),
    }


def _guest(row: DiscussionReader, *, shown: bool) -> tuple[Person, str]:
    """A guest and, for those who lead, the address; it stands for a name that was not given yet."""
    user = row.user
    address = user.email or ""
    name = user.name or (address if shown else address.split("@")[0])
    return Person.of(user)._replace(name=name), address if shown and user.name else ""


@view_config(
    route_name="discussions.people",
    request_method="POST",
    renderer=PEOPLE,
    permission=Permission.DISCUSSION_ADD_GUESTS,
)
@form_view(people)
def invite(discussion: Discussion, request: Any) -> Any:
    """Invite guests."""
    form = parse(GuestsForm, request.POST)
    made = guests.invite_guests(request.ctx, discussion, emails=form.emails, message=form.message)
    if made:
        text = ngettext("{count} invitation is on its way.", "{count} invitations are on their way.", len(made))
        request.flash("success", text)
    else:
        request.flash("info", _("All of them can read this thread already."))
    return request.see_other("discussions.people", key=discussion.key)


def _back(reader: DiscussionReader, request: Any, message: object) -> Any:
    request.flash("success", message)
    return request.see_other("discussions.people", key=reader.discussion.key)


@view_config(route_name="readers.resend", request_method="POST", permission=Permission.READER_RESEND)
def resend(reader: DiscussionReader, request: Any) -> Any:
    """Send the invitation again."""
    guests.resend(request.ctx, reader)
    return _back(reader, request, _("The invitation was sent again."))


@view_config(route_name="readers.remove", request_method="POST", permission=Permission.READER_REMOVE)
def remove(reader: DiscussionReader, request: Any) -> Any:
    """Show a guest out."""
    guests.remove_guest(request.ctx, reader)
    return _back(reader, request, _("They can no longer read this thread."))


@view_config(route_name="readers.make_admin", request_method="POST", permission=Permission.READER_MAKE_ADMIN)
def make_admin(reader: DiscussionReader, request: Any) -> Any:
    """Let them lead this thread."""
    guests.make_thread_admin(request.ctx, reader)
    return _back(reader, request, _("They can now edit, close and moderate this thread."))


@view_config(route_name="readers.remove_admin", request_method="POST", permission=Permission.READER_REMOVE_ADMIN)
def remove_admin(reader: DiscussionReader, request: Any) -> Any:
    """Let them take part like everybody else."""
    guests.remove_thread_admin(request.ctx, reader)
    return _back(reader, request, _("Saved."))


@view_config(route_name="discussions.join", renderer=JOIN, permission=Permission.PUBLIC)
def join(discussion: Discussion, request: Any) -> Any:
    """An invitation: who is known signs in; who is new says a name, since the token proves the address."""
    invited = offered(request, discussion)
    if request.ctx.actor is not None or invited is None:
        return request.see_other(path_of(discussion.key, discussion.title))
    return {
        "discussion": discussion,
        "token": invited.token,
        "inviter": person_of(invited.inviter),
        "needs_name": not invited.user.email_verified,
        "next": f"/d/{discussion.key}?discussion_reader_token={invited.token}",
    }


@view_config(route_name="discussions.join", request_method="POST", renderer=JOIN, permission=Permission.PUBLIC)
@form_view(join)
def accept(discussion: Discussion, request: Any) -> Any:
    """Come in."""
    invited = offered(request, discussion)
    if invited is None or request.ctx.actor is not None or invited.user.email_verified:
        return request.see_other(path_of(discussion.key, discussion.title))
    form = parse(AcceptForm, request.POST)
    accounts.complete(request.ctx, invited.user, name=form.name)
    door.sign_in(request, invited.user)
    guests.redeem(request.ctx, discussion, token=invited.token or "")
    return request.see_other(path_of(discussion.key, discussion.title))
