"""A poll's page: ballot, results, votes; and the fragments that keep it fresh."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pyramid.view import view_config

from llmio.core.errors import Invalid
from llmio.core.permissions import Permission
from llmio.discussions.views import fragments
from llmio.plugins.polls import Ballot
from llmio.polls import cards, queries, service
from llmio.polls.cards import PollView, VoteView
from llmio.polls.models import Poll
from llmio.polls.results import voters_nameable
from llmio.polls.values import single_choice
from llmio.tasks import queries as tasks
from llmio.tasks.views import streams as boxes

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.discussions.values import Person

SHOW = "llmio:web/templates/polls/show.jinja2"
VOTES = "llmio:web/templates/polls/vote_items.jinja2"
PARTS = "llmio:web/templates/polls"
PAGE = 50
View = Mapping[str, Any]
Stream = list[tuple[str, str, str, dict[str, Any]]]


@view_config(route_name="polls.short", permission=Permission.POLL_SHOW)
@view_config(route_name="polls.ballot", permission=Permission.POLL_SHOW)
def short(poll: Poll, request: Any) -> Any:
    """Lead to the full address; that of a discarded poll does not say its title."""
    query = f"?{request.query_string}" if request.query_string else ""
    path = cards.path_of(poll) if poll.discarded_at is None else f"/p/{poll.key}/discarded"
    return request.see_other(path + query)


@view_config(route_name="polls.show", renderer=SHOW, permission=Permission.POLL_SHOW)
def show(poll: Poll, request: Any) -> View:
    """The poll; who comes by an invitation takes their place in it."""
    ctx = request.ctx
    if request.params.get("stance_token") and ctx.actor is not None:
        service.redeem(ctx, poll, token=request.params["stance_token"])
    view = cards.one(ctx, poll)
    found = cards.votes(view, limit=PAGE + 1)
    ctx.saw(
        {"Poll": [poll.id], "Stance": [vote.id for vote in found], "Outcome": [view.outcome.id] if view.outcome else []}
    )
    return {
        **_picked(view, request.params.get("poll_option_id", "")),
        "view": view,
        **votes_values(request, found),
        "undecided": undecided(ctx, poll),
        "may_export": ctx.can(Permission.POLL_EXPORT, poll),
        "full_page": True,
    }


def undecided(ctx: Context, poll: Poll) -> list[Person | None]:
    """Those who have not voted, where the reader may see their names."""
    if ctx.actor is None or not voters_nameable(poll):
        return []
    return [cards.person_of(row) for row in queries.undecided(ctx, poll, limit=PAGE)]


def _picked(view: PollView, option_id: str) -> dict[str, Any]:
    """The ballot with the option that a link named (`?poll_option_id=`), where a vote is one option; it is not cast yet."""
    if not view.can_vote or not single_choice(view.value):
        return {}
    known = {str(option.id): option.id for option in view.value.options}
    return {"filled": Ballot({known[option_id]: 1})} if option_id in known else {}


@view_config(
    route_name="polls.votes", renderer="llmio:web/templates/polls/votes.jinja2", permission=Permission.POLL_SHOW
)
def votes(poll: Poll, request: Any) -> View:
    """Further votes, from an offset on."""
    offset = request.params.get("offset", "0")
    if not offset.isdecimal() or len(offset) > 6:
        raise Invalid.at("offset", "offset")
    view = cards.one(request.ctx, poll)
    found = cards.votes(view, limit=PAGE + 1, offset=int(offset))
    return {"view": view, "offset": int(offset), **votes_values(request, found, int(offset))}


def votes_values(request: Any, found: Sequence[VoteView], offset: int = 0) -> dict[str, Any]:
    """A page of votes as HTML, and where the next begins (0: there is none)."""
    keyed = [
        ((place, *key_of(vote, request.ctx.now)), (place, vote)) for place, vote in enumerate(found[:PAGE], offset)
    ]
    return {"votes_html": fragments.once(request, VOTES, keyed), "more": offset + PAGE if len(found) > PAGE else 0}


def key_of(vote: VoteView, now: datetime) -> tuple[Hashable, ...]:
    """All that the markup of a vote depends on."""
    chosen = tuple(
        (choice.option.name, choice.option.icon, choice.tone, choice.score, choice.shows_score)
        for choice in vote.choices
    )
    age = fragments.age(vote.cast_at, now)
    return vote.id, vote.person, vote.cast_at, age, chosen, vote.none_of_the_above, vote.reason, vote.own


@view_config(route_name="polls.card", permission=Permission.POLL_SHOW)
def card(poll: Poll, request: Any) -> Any:
    """What changes while others vote: status and results, not the ballot that one is filling in.

    Where the poll opened or closed since the page was made, the ballot comes or goes, and all that hangs on it.
    """
    view = cards.one(request.ctx, poll)
    stream = results_stream(view)
    known = request.params.get("stage", view.stage)
    values = {"view": view, "full_page": "full" in request.params}
    if not view.can_vote or known != view.stage:
        stream.append(("update", f"{view.dom_id}-vote", f"{PARTS}/vote.jinja2", values))
    if known != view.stage:
        aside = {**values, "undecided": undecided(request.ctx, poll)}
        stream += [
            ("update", f"{view.dom_id}-undecided", f"{PARTS}/undecided.jinja2", aside),
            ("replace", f"{view.dom_id}-acts", f"{PARTS}/acts.jinja2", values),
            ("replace", f"{view.dom_id}-live", f"{PARTS}/live.jinja2", values),
        ]
    return request.render_stream([*stream, *_boxes(view)])


def _boxes(view: PollView) -> Stream:
    """The tasks in the poll's text, in its outcome and in the reasons of its votes."""
    ids = [view.outcome.id] if view.outcome else []
    polls = tasks.marked(view.ctx, "Poll", [view.id], lambda _id: view.may["edit"])
    outcomes = tasks.marked(view.ctx, "Outcome", ids, lambda _id: view.may["decide"])
    votes = queries.votes_with_tasks(view.ctx, view.poll) if view.result and voters_nameable(view.poll) else []
    return boxes([*polls, *outcomes, *tasks.marked(view.ctx, "Stance", votes, lambda _id: False)])


def results_stream(view: PollView) -> Stream:
    """Status and results anew."""
    values = {"view": view}
    return [
        ("update", f"{view.dom_id}-status", f"{PARTS}/status.jinja2", values),
        ("update", f"{view.dom_id}-results", f"{PARTS}/results.jinja2", values),
    ]
