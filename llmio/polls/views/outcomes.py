"""Outcomes: publish and edit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pyramid.response import Response
from pyramid.view import view_config

from llmio.accounts.models import User
from llmio.core.context import Context
from llmio.core.errors import Invalid, NotFound
from llmio.core.forms import parse
from llmio.core.i18n import _, ngettext
from llmio.core.permissions import Permission
from llmio.discussions.values import Person
from llmio.discussions.views.frame import files_values, posted_files
from llmio.groups import queries as groups
from llmio.polls import calendar, cards, queries, service
from llmio.polls.forms import OutcomeForm, ShareForm
from llmio.polls.models import Outcome, Poll
from llmio.polls.results import voters_nameable
from llmio.polls.views.leading import MOST_SHOWN, again
from llmio.tasks.views import opened_at

FORM = "llmio:web/templates/polls/outcome.jinja2"
SHARE = "llmio:web/templates/polls/share.jinja2"
SOON = timedelta(days=90)
View = Mapping[str, Any]


@view_config(route_name="polls.outcome", renderer=FORM, permission=Permission.OUTCOME_CREATE)
def new(poll: Poll, request: Any) -> View:
    """Ask what was decided."""
    view = cards.one(request.ctx, poll)
    return {
        "view": view,
        "outcome": None,
        "values": {"notify": True, "statement_format": "md"},
        "suggested": (request.ctx.now + SOON).date(),
        "is_meeting": calendar.decides(poll),
        **files_values(request),
    }


@view_config(route_name="polls.outcome", request_method="POST", renderer=FORM, permission=Permission.OUTCOME_CREATE)
def publish(poll: Poll, request: Any) -> Any:
    """Tell it."""
    key = poll.key
    try:
        form = parse(OutcomeForm, request.POST)
        sent = {"attachments": posted_files(request, form.attachments)}
        service.publish_outcome(request.ctx, poll, **form.values() | sent)
    except Invalid as fault:
        return again(new, key, request, fault, request.POST.mixed())
    request.flash("success", _("The outcome is published."))
    return request.see_other(cards.path_of(poll))


@view_config(route_name="outcomes.edit", renderer=FORM, permission=Permission.OUTCOME_UPDATE)
def edit(outcome: Outcome, request: Any) -> View:
    """The form of an outcome."""
    poll = queries.get(request.ctx, outcome.poll.id)
    values = {
        "statement": outcome.statement,
        "statement_format": outcome.statement_format,
        "review_on": outcome.review_on.isoformat() if outcome.review_on else "",
        "poll_option_id": outcome.poll_option_id or "",
        **{name: outcome.custom_fields.get(name, "") for name in calendar.MEETING},
    }
    shown: dict[str, Any] = {
        "view": cards.one(request.ctx, poll),
        "outcome": outcome,
        "values": values,
        "suggested": None,
    }
    shown["is_meeting"] = calendar.decides(poll)
    return {**shown, **files_values(request, outcome.attachments)}


@view_config(route_name="outcomes.edit", request_method="POST", renderer=FORM, permission=Permission.OUTCOME_UPDATE)
def update(outcome: Outcome, request: Any) -> Any:
    """Save it."""
    outcome_id, path = outcome.id, cards.path_of(outcome.poll)
    try:
        form = parse(OutcomeForm, request.POST)
        sent = {"attachments": posted_files(request, form.attachments)}
        service.update_outcome(request.ctx, outcome, **form.values() | sent, opened=opened_at(request))
    except Invalid as fault:
        request.tm.abort()
        request.tm.begin()
        request.ctx.memo.clear()
        request.refused(fault)
        fresh = request.ctx.db.get_one(Outcome, outcome_id)
        return {**edit(fresh, request), "errors": fault.errors, "values": request.POST.mixed()}
    request.flash("success", _("Saved."))
    return request.see_other(path)


@view_config(route_name="outcomes.share", renderer=SHARE, permission=Permission.OUTCOME_ANNOUNCE)
def share(outcome: Outcome, request: Any) -> View:
    """Ask whom to tell."""
    ctx, poll = request.ctx, outcome.poll
    return {
        "view": cards.one(ctx, queries.get(ctx, poll.id)),
        "outcome": outcome,
        "people": [cards.person_of(user) for user in _people(ctx, poll)],
        "may_add_guests": ctx.can(Permission.POLL_ADD_GUESTS, poll),
        "may_tell_all": poll.group is not None and ctx.can(Permission.GROUP_NOTIFY, poll.group),
        "guests": _guests(ctx, outcome),
        "values": {"who": "chosen"},
    }


@view_config(route_name="outcomes.share", request_method="POST", renderer=SHARE, permission=Permission.OUTCOME_ANNOUNCE)
def send(outcome: Outcome, request: Any) -> Any:
    """Tell them."""
    outcome_id, path = outcome.id, cards.path_of(outcome.poll)
    try:
        given = parse(ShareForm, request.POST).model_dump()
        if given.pop("everyone"):
            given["user_ids"] = [user.id for user in _people(request.ctx, outcome.poll)]
        told = service.share_outcome(request.ctx, outcome, **given)
    except Invalid as fault:
        request.tm.abort()
        request.tm.begin()
        request.ctx.memo.clear()
        request.refused(fault)
        shown = share(request.ctx.db.get_one(Outcome, outcome_id), request)
        values = {**request.POST.mixed(), "user_ids": request.POST.getall("user_ids")}
        return {**shown, "errors": fault.errors, "values": values}
    request.flash("success", ngettext("{count} person is told.", "{count} people are told.", len(told)))
    return request.see_other(path)


def _people(ctx: Context, poll: Poll) -> list[User]:
    """Those the page lists: members of the group, and voters where they may be named."""
    people: dict[int | None, User | None] = (
        {one.user_id: one.user for one in groups.members(ctx, poll.group, limit=MOST_SHOWN)} if poll.group else {}
    )
    if voters_nameable(poll):
        rows = queries.voters(ctx, poll, limit=MOST_SHOWN)
        people |= {row.participant_id: row.participant for row in rows if row.participant_id}
    people.pop(ctx.actor_id, None)
    return [user for user in people.values() if user is not None]


def _guests(ctx: Context, outcome: Outcome) -> list[tuple[Person, str]]:
    """For those who lead: people outside who were sent it, with the address where a name stands for it."""
    if not ctx.can(Permission.OUTCOME_REMOVE_GUEST, outcome):
        return []
    return [
        (
            Person(one.id, one.name or one.email or "", "", one.avatar_initials or "", one.picture),
            one.email or "" if one.name else "",
        )
        for one in service.outcome_guests(ctx, outcome)
    ]


@view_config(route_name="outcomes.remove_guest", request_method="POST", permission=Permission.OUTCOME_REMOVE_GUEST)
def remove_guest(outcome: Outcome, request: Any) -> Any:
    """Show somebody outside out."""
    user = request.ctx.db.get(User, int(request.matchdict["user_id"]))
    if user is None:
        raise NotFound(_("There is no such guest."))
    service.remove_outcome_guest(request.ctx, outcome, user)
    message = _(
        "{name} can no longer see this poll and its outcome. To let them in again, send it to them anew.",
        name=user.name or user.email,
    )
    request.flash("success", message)
    return request.see_other("outcomes.share", id=outcome.id)


@view_config(route_name="outcomes.meeting", permission=Permission.POLL_SHOW)
def meeting(outcome: Outcome, request: Any) -> Response:
    """The meeting for one's calendar; without the addresses of those who come, since whoever sees the poll may ask."""
    found = calendar.meeting(request.ctx, outcome)
    if found is None:
        raise NotFound(_("This outcome decides on no time."))
    name, content_type, content = found
    headers = {"Content-Type": content_type, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, headers=headers)
