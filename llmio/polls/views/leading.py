"""Leading a poll: who may vote, reminders, closing, reopening, discarding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.accounts import zones
from llmio.core.errors import Invalid, NotFound
from llmio.core.forms import parse
from llmio.core.i18n import _, ngettext
from llmio.core.permissions import Permission
from llmio.groups import queries as groups
from llmio.polls import calendar, cards, forms, queries, service
from llmio.polls.forms import RemindForm, ReopenForm, VotersForm
from llmio.polls.models import Poll, Stance
from llmio.polls.results import voters_nameable

VOTERS = "llmio:web/templates/polls/voters.jinja2"
REMIND = "llmio:web/templates/polls/remind.jinja2"
REOPEN = "llmio:web/templates/polls/reopen.jinja2"
MOST_SHOWN = 300
PAGE = 100
"""Voters on one page."""
View = Mapping[str, Any]


def again(view: Any, key: str, request: Any, fault: Invalid, values: Mapping[str, Any]) -> View:
    """A page as filled, with what is wrong."""
    request.tm.abort()
    request.tm.begin()
    request.ctx.memo.clear()
    poll = queries.by_key(request.ctx, key)
    if poll is None:
        raise fault
    request.refused(fault)
    shown: dict[str, Any] = dict(view(poll, request))
    return {**shown, "errors": fault.errors, "values": {**shown.get("values", {}), **values}}


@view_config(route_name="polls.voters", renderer=VOTERS, permission=Permission.POLL_ADD_VOTERS)
def voters(poll: Poll, request: Any) -> View:
    """Who may vote, and who else could be asked."""
    ctx = request.ctx
    search, page = request.params.get("q", "").strip(), _number(request.params.get("page", ""))
    rows = queries.voters(ctx, poll, search=search, limit=PAGE + 1, offset=(page - 1) * PAGE)
    asked = set(queries.voter_ids(ctx, poll.id))
    members = groups.members(ctx, poll.group, search=search, without=asked, limit=MOST_SHOWN) if poll.group else []
    all_members = groups.member_ids(ctx, poll.group.id) if poll.group else []
    return {
        "view": cards.one(ctx, poll),
        "voters": [(row, cards.person_of(row.participant)) for row in rows[:PAGE]],
        "page": page,
        "more": len(rows) > PAGE,
        "many": len(asked) > PAGE or len(set(all_members) - asked) > MOST_SHOWN,
        "q": search,
        "nameable": voters_nameable(poll),
        "others": [cards.person_of(member.user) for member in members],
        "others_count": len(set(all_members) - asked),
        "may_add_guests": ctx.can(Permission.POLL_ADD_GUESTS, poll),
        "values": {"notify": poll.opening is None or poll.opening.notify},
    }


def _number(text: str) -> int:
    return max(1, int(text)) if text.isdecimal() and len(text) < 7 else 1


@view_config(route_name="polls.voters", request_method="POST", renderer=VOTERS, permission=Permission.POLL_ADD_VOTERS)
def add_voters(poll: Poll, request: Any) -> Any:
    """Ask them."""
    key = poll.key
    try:
        form = parse(VotersForm, request.POST)
        new = service.add_voters(
            request.ctx,
            poll,
            user_ids=form.user_ids,
            everyone=form.everyone,
            emails=form.addresses,
            notify=form.notify,
            message=form.message,
        )
    except Invalid as fault:
        values = {**request.POST.mixed(), "user_ids": request.POST.getall("user_ids")}
        return again(voters, key, request, fault, values)
    request.flash("success", _asked(len(new), later=poll.opening is not None))
    return request.see_other("polls.voters", key=key)


def _asked(count: int, *, later: bool) -> object:
    if not count:
        return _("They could vote already.")
    if later:
        return ngettext(
            "{count} more person can vote when the poll opens.",
            "{count} more people can vote when the poll opens.",
            count,
        )
    return ngettext("{count} person can vote now.", "{count} more people can vote now.", count)


def voter(poll: Poll, request: Any) -> Stance:
    """The voter that the address names."""
    stance: Stance | None = request.ctx.db.get(Stance, int(request.matchdict["id"][:9]))
    if stance is None or stance.poll_id != poll.id or not stance.latest or stance.revoked_at is not None:
        raise NotFound(_("There is no such voter."))
    return stance


@view_config(route_name="polls.make_admin", request_method="POST", permission=Permission.STANCE_MAKE_ADMIN)
@view_config(route_name="polls.remove_admin", request_method="POST", permission=Permission.STANCE_REMOVE_ADMIN)
def set_admin(poll: Poll, request: Any) -> Any:
    """Let somebody lead the poll, or no longer."""
    admin = request.matched_route.name == "polls.make_admin"
    service.set_poll_admin(request.ctx, poll, voter(poll, request), admin=admin)
    request.flash("success", _("They can now edit, close and lead this poll.") if admin else _("Saved."))
    return request.see_other("polls.voters", key=poll.key)


@view_config(route_name="polls.remove_voter", request_method="POST", permission=Permission.POLL_ADD_VOTERS)
def remove_voter(poll: Poll, request: Any) -> Any:
    """Take somebody out."""
    who = service.remove_voter(request.ctx, poll, voter(poll, request)).participant
    name = (who.name or who.email or "") if who else ""
    request.flash("success", _("{name} can no longer vote.", name=name) if name else _("They can no longer vote."))
    return request.see_other("polls.voters", key=poll.key)


@view_config(route_name="polls.remind", renderer=REMIND, permission=Permission.POLL_REMIND)
def remind(poll: Poll, request: Any) -> View:
    """Who has not voted, and what to tell them."""
    waiting = queries.voters(request.ctx, poll, undecided=True, limit=MOST_SHOWN)
    return {
        "view": cards.one(request.ctx, poll),
        "nameable": voters_nameable(poll),
        "waiting": [cards.person_of(stance.participant) for stance in waiting] if voters_nameable(poll) else [],
        "undecided": poll.undecided_voters_count,
        "values": {"user_ids": [str(stance.participant_id) for stance in waiting]},
    }


@view_config(route_name="polls.remind", request_method="POST", renderer=REMIND, permission=Permission.POLL_REMIND)
def send_reminder(poll: Poll, request: Any) -> Any:
    """Remind them."""
    key = poll.key
    try:
        form = parse(RemindForm, request.POST)
        chosen = form.user_ids if voters_nameable(poll) and not form.everyone else None
        reminded = service.remind(request.ctx, poll, user_ids=chosen, message=form.message)
    except Invalid as fault:
        return again(
            remind,
            key,
            request,
            fault,
            {**request.POST.mixed(), "user_ids": request.POST.getall("user_ids")},
        )
    request.flash("success", ngettext("{count} person is reminded.", "{count} people are reminded.", len(reminded)))
    return request.see_other(cards.path_of(poll))


@view_config(route_name="polls.close", request_method="POST", permission=Permission.POLL_CLOSE)
def close(poll: Poll, request: Any) -> Any:
    """Close it now."""
    service.close_poll(request.ctx, poll)
    request.flash("success", _("The poll is closed. Tell everyone what was decided."))
    return request.see_other(cards.path_of(poll))


@view_config(route_name="polls.open", request_method="POST", permission=Permission.POLL_UPDATE)
def open_now(poll: Poll, request: Any) -> Any:
    """Open it before its time."""
    service.open_now(request.ctx, poll)
    request.flash("success", _("The poll is open."))
    return request.see_other(cards.path_of(poll))


@view_config(route_name="polls.stay_draft", request_method="POST", permission=Permission.POLL_UPDATE)
def stay_draft(poll: Poll, request: Any) -> Any:
    """Have it open by itself no more."""
    service.call_off_opening(request.ctx, poll)
    request.flash("success", _("It does not open by itself any more. The draft is kept."))
    return request.see_other(cards.path_of(poll))


@view_config(route_name="polls.reopen", renderer=REOPEN, permission=Permission.POLL_REOPEN)
def reopen_form(poll: Poll, request: Any) -> View:
    """Ask until when."""
    zone = request.ctx.signed_in().time_zone
    kind = request.app.plugins.poll_type(poll.poll_type)
    fresh = forms.fresh_values(kind, request.ctx.now, zone)
    view = cards.one(request.ctx, poll)
    return {
        "view": view,
        "zones": zones.names(),
        "meeting": calendar.to_come(request.ctx, poll, view.outcome),
        "values": {"closing_at": fresh["closing_at"], "time_zone": zone, "call_off": True},
    }


@view_config(route_name="polls.reopen", request_method="POST", renderer=REOPEN, permission=Permission.POLL_REOPEN)
def reopen(poll: Poll, request: Any) -> Any:
    """Open it again."""
    key = poll.key
    try:
        form = parse(ReopenForm, request.POST)
        until = forms.moment(form.closing_at, form.time_zone)
        if until is None:
            raise Invalid.at("closing_at", _("Please give a date and a time."))
        service.reopen_poll(request.ctx, poll, closing_at=until, call_off=form.call_off)
    except Invalid as fault:
        values = {**request.POST.mixed(), "call_off": "call_off" in request.POST}
        return again(reopen_form, key, request, fault, values)
    message = _("The poll is open again. The meeting is called off.") if form.call_off else _("The poll is open again.")
    request.flash("success", message)
    return request.see_other(cards.path_of(poll))


@view_config(route_name="polls.discard", request_method="POST", permission=Permission.POLL_DISCARD)
def discard(poll: Poll, request: Any) -> Any:
    """Take it away."""
    service.discard_poll(request.ctx, poll)
    request.flash("success", _("The poll was removed."))
    if poll.discussion is not None:
        return request.see_other(f"/d/{poll.discussion.key}")
    return request.see_other(f"/g/{poll.group.key}" if poll.group else "/dashboard")
