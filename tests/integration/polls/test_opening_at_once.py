"""Two workers that open one poll at the same moment, or one while its author lets it be: it opens once, or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from llmio.accounts import sessions
from llmio.core.errors import Conflict
from llmio.core.tables import Event
from llmio.polls import queries, service
from llmio.polls.models import Poll, PollOpening
from llmio.polls.values import OptionInput, PollInput
from tests import factories


@pytest.fixture
def due(committed_db):
    """(app, identity of the author, id of a poll that is to open now), committed."""
    app = committed_db.app
    with app.begin() as ctx:
        ada = factories.user(ctx.db)
        group = factories.group(ctx.db, admin=ada, members=[factories.user(ctx.db)])
        ctx.actor = sessions.identity_of(ada)
        times = {"opening_at": ctx.now + timedelta(hours=1), "closing_at": ctx.now + timedelta(days=1)}
        values = PollInput("Now?", options=[OptionInput("Agree"), OptionInput("Disagree")], **times)
        poll_id = service.create_poll(ctx, poll_type="proposal", values=values, group=group, notify=True).id
        ctx.db.execute(update(PollOpening).values(opening_at=ctx.now))
        actor = ctx.actor
    return app, actor, poll_id


def open_it(app, poll_id):
    with app.begin() as ctx:
        return app.jobs["polls.open_planned"].run(ctx, poll_id)


def told(ctx):
    return ctx.db.scalar(select(func.count()).select_from(Event).where(Event.kind == "poll_created"))


def test_many_workers_open_it_once(due):
    app, _actor, poll_id = due
    with ThreadPoolExecutor(6) as crowd:
        for answer in [crowd.submit(open_it, app, poll_id) for _ in range(6)]:
            answer.result()
    with app.begin() as ctx:
        assert ctx.db.get_one(Poll, poll_id).closing_at is not None
        assert told(ctx) == 1


def test_it_opens_or_is_let_be_and_never_both(due):
    app, actor, poll_id = due

    def let_be():
        with app.begin(actor) as ctx:
            try:
                service.call_off_opening(ctx, queries.get(ctx, poll_id))
            except Conflict:
                return False
            return True

    with ThreadPoolExecutor(3) as crowd:
        first, called_off, second = (
            crowd.submit(open_it, app, poll_id),
            crowd.submit(let_be),
            crowd.submit(open_it, app, poll_id),
        )
        first.result(), second.result()
    with app.begin() as ctx:
        assert told(ctx) == (0 if called_off.result() else 1)
        assert (ctx.db.get_one(Poll, poll_id).closing_at is None) == called_off.result()
