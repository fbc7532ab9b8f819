"""Outcomes: publish and edit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pyramid.view import view_config

from llmio.core.errors import Invalid
from llmio.core.forms import parse
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions.views.frame import files_values, posted_files
from llmio.polls import cards, queries, service
from llmio.polls.forms import OutcomeForm
from llmio.polls.models import Outcome, Poll
from llmio.polls.views.leading import again

FORM = "llmio:web/templates/polls/outcome.jinja2"
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
        **files_values(request),
    }


@view_config(route_name="polls.outcome", request_method="POST", renderer=FORM, permission=Permission.OUTCOME_CREATE)
def publish(poll: Poll, request: Any) -> Any:
    """Tell it."""
    key = poll.key
    try:
        form = parse(OutcomeForm, request.POST)
        sent = {"attachments": posted_files(request, form.attachments)}
        service.publish_outcome(request.ctx, poll, **form.model_dump() | sent)
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
    }
    shown = {"view": cards.one(request.ctx, poll), "outcome": outcome, "values": values, "suggested": None}
    return {**shown, **files_values(request, outcome.attachments)}


@view_config(route_name="outcomes.edit", request_method="POST", renderer=FORM, permission=Permission.OUTCOME_UPDATE)
def update(outcome: Outcome, request: Any) -> Any:
    """Save it."""
    outcome_id, path = outcome.id, cards.path_of(outcome.poll)
    try:
        form = parse(OutcomeForm, request.POST)
        sent = {"attachments": posted_files(request, form.attachments)}
        service.update_outcome(request.ctx, outcome, **form.model_dump() | sent)
    except Invalid as fault:
        request.tm.abort()
        request.tm.begin()
        request.ctx.memo.clear()
        request.response.status_int = fault.status
        fresh = request.ctx.db.get_one(Outcome, outcome_id)
        return {**edit(fresh, request), "errors": fault.errors, "values": request.POST.mixed()}
    request.flash("success", _("Saved."))
    return request.see_other(path)
