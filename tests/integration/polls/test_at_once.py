"""Votes that come at the same moment: each counts, none is counted twice, and none slips in behind the closing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from llmio.accounts import sessions
from llmio.core.errors import Conflict, NotAllowed
from llmio.plugins.polls import Ballot
from llmio.polls import queries, service
from llmio.polls.models import Poll, Stance
from llmio.polls.values import OptionInput, PollInput
from tests import factories

VOTERS = 12


@pytest.fixture
def site(committed_db):
    """(app, identities of the voters, id of a poll they may vote in), committed."""
    app = committed_db.app
    with app.begin() as ctx:
        people = [factories.user(ctx.db) for _ in range(VOTERS)]
        group = factories.group(ctx.db, admin=people[0], members=people[1:])
        actors = [sessions.identity_of(person) for person in people]
        ctx.actor = actors[0]
        options = [OptionInput("Agree"), OptionInput("Disagree")]
        values = PollInput("Now?", options=options, closing_at=ctx.now + timedelta(days=1))
        poll_id = service.create_poll(ctx, poll_type="proposal", values=values, group=group).id
    return app, actors, poll_id


def vote(app, actor, poll_id, place):
    with app.begin(actor) as ctx:
        poll = queries.get(ctx, poll_id)
        service.cast_vote(ctx, poll, ballot=Ballot({poll.options[place].id: 1}))


def test_votes_at_once_are_all_counted(site):
    app, actors, poll_id = site
    with ThreadPoolExecutor(VOTERS) as crowd:
        for answer in [crowd.submit(vote, app, actor, poll_id, place % 2) for place, actor in enumerate(actors)]:
            answer.result()
    with app.begin() as ctx:
        poll = queries.get(ctx, poll_id)
        assert poll.stance_counts == [VOTERS // 2, VOTERS // 2]
        assert (poll.voters_count, poll.undecided_voters_count) == (VOTERS, 0)
        assert len(poll.options[0].voter_scores) == VOTERS // 2


def test_one_person_voting_twice_at_once_has_one_vote(site):
    app, actors, poll_id = site
    with ThreadPoolExecutor(8) as crowd:
        for answer in [crowd.submit(vote, app, actors[1], poll_id, place % 2) for place in range(8)]:
            answer.result()
    with app.begin() as ctx:
        assert sum(queries.get(ctx, poll_id).stance_counts) == 1
        own = select(Stance).where(Stance.participant_id == actors[1].id, Stance.latest)
        assert len(ctx.db.scalars(own).all()) == 1


def test_a_vote_counts_or_is_refused_while_the_poll_is_closed(site):
    app, actors, poll_id = site

    def close():
        with app.begin(actors[0]) as ctx:
            service.close_poll(ctx, queries.get(ctx, poll_id))

    def try_to_vote(actor):
        try:
            vote(app, actor, poll_id, 0)
        except (Conflict, NotAllowed):
            return 0
        return 1

    with ThreadPoolExecutor(VOTERS) as crowd:
        votes = [crowd.submit(try_to_vote, actor) for actor in actors[1:7]]
        closing = crowd.submit(close)
        votes += [crowd.submit(try_to_vote, actor) for actor in actors[7:]]
        closing.result()
        counted = sum(one.result() for one in votes)
    with app.begin() as ctx:
        poll = ctx.db.get_one(Poll, poll_id)
        assert poll.closed_at is not None
        assert sum(poll.stance_counts) == counted
