"""Voting: from the poll's page or from its thread, with a stream or a redirect as answer."""

from __future__ import annotations

from typing import Any

from pyramid.view import view_config

from llmio.core.errors import Invalid
from llmio.core.forms import parse
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.core.urls import safe_path
from llmio.plugins.guard import guard
from llmio.plugins.polls import Ballot, BallotError
from llmio.polls import cards, queries, service
from llmio.polls.forms import VoteForm
from llmio.polls.models import Poll
from llmio.polls.values import poll_value
from llmio.polls.views.show import PARTS, SHOW, results_stream, show, undecided
from llmio.tasks.views import opened_at


@view_config(route_name="polls.vote", request_method="POST", renderer=SHOW, permission=Permission.POLL_VOTE)
def vote(poll: Poll, request: Any) -> Any:
    """Cast a vote, or change it."""
    ctx, again = request.ctx, poll.key
    try:
        form = parse(VoteForm, request.POST)
        ballot = read_ballot(ctx, poll, request.POST)
        said = {"reason": form.reason, "reason_format": form.reason_format}
        service.cast_vote(ctx, poll, ballot=ballot, **said, opened=opened_at(request))
    except Invalid as fault:
        return refused(again, request, fault)
    message = _("Your vote counts. You can change it until the poll closes.")
    return answer(poll, request, message)


@view_config(route_name="polls.uncast", request_method="POST", permission=Permission.POLL_VOTE)
def uncast(poll: Poll, request: Any) -> Any:
    """Take the vote back."""
    service.uncast(request.ctx, poll)
    return answer(poll, request, _("Your vote was taken back. You can vote again until the poll closes."))


def read_ballot(ctx: Any, poll: Poll, data: Any) -> Ballot:
    """The ballot in a form, read by the poll's type; raises Invalid."""
    kind = ctx.app.plugins.poll_type(poll.poll_type)
    value = poll_value(ctx.app, poll)
    try:
        ballot = guard(
            ctx.app.plugins,
            kind,
            f"poll type {poll.poll_type}: read",
            kind.read,
            data,
            value,
            fallback=None,
            gives=lambda given: isinstance(given, Ballot),
            passes=(BallotError,),
            now=ctx.now,
        )
    except BallotError as fault:
        raise Invalid.at(fault.field, fault.message) from None
    if not isinstance(ballot, Ballot):
        raise Invalid(
            _("This kind of poll does not work at the moment; your vote was not taken. Please try again later.")
        )
    return ballot


def answer(poll: Poll, request: Any, message: object) -> Any:
    """The voter sees at once that it counted."""
    if not request.turbo:
        request.flash("success", message)
        return request.see_other(safe_path(request.POST.get("return_to")) or cards.path_of(poll))
    ctx = request.ctx
    ctx.db.flush()
    service.reload_options(ctx, poll)
    queries.forget_stance(ctx, poll.id)
    view = cards.one(ctx, poll)
    own = ("update", f"{view.dom_id}-vote", f"{PARTS}/vote.jinja2", {"view": view, "just_voted": view.mine is not None})
    waiting = {"view": view, "undecided": undecided(ctx, poll)}
    beside = ("update", f"{view.dom_id}-undecided", f"{PARTS}/undecided.jinja2", waiting)
    return request.render_stream([own, beside, *results_stream(view)])


def refused(key: str, request: Any, fault: Invalid) -> Any:
    """The ballot as it was filled in, with what is wrong with it."""
    request.tm.abort()
    request.tm.begin()
    request.ctx.memo.clear()
    poll = queries.by_key(request.ctx, key)
    if poll is None:
        raise fault
    try:
        filled = read_ballot(request.ctx, poll, request.POST)
    except Invalid:
        filled = None
    values = {
        "errors": fault.errors,
        "filled": filled,
        "typed": {name: request.POST.get(name, "") for name in ("reason", "reason_format")},
    }
    if request.turbo:
        view = cards.one(request.ctx, poll)
        target = f"{view.dom_id}-vote"
        response = request.render_stream([("update", target, f"{PARTS}/vote.jinja2", {"view": view, **values})])
        response.status_int = fault.status
        return response
    request.refused(fault)
    return {**show(poll, request), **values}
