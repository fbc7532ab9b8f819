"""Whom the mails of a poll reach, and what they ask for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from llmio.notifications import volumes
from llmio.plugins.polls import Ballot
from llmio.polls import service
from llmio.polls.models import PollOption
from llmio.polls.values import ClosingSoon
from tests.functional.polls.test_pages import form_of


@pytest.fixture
def told(run_jobs, mailbox):
    """`told()`: (address, kind, reason) of each mail since the last time."""

    def seen():
        run_jobs()
        reasons = {one.to[1]: one.text.partition("You get this because ")[2].splitlines()[0] for one in mailbox.mails}
        found = sorted((one.to[1], one.kind, reasons[one.to[1]]) for one in mailbox.mails)
        mailbox.reset()
        return found

    return seen


def run(app, name):
    with app.begin() as ctx:
        app.jobs[name].run(ctx)


@pytest.mark.parametrize("volume", [1, 2])
def test_who_started_a_poll_is_mailed_when_it_has_ended(app, ctx, start, group, ada, clock, told, volume):
    start(ada, group=group)
    told()
    volumes.set_everywhere(ctx(ada), ada, volume)
    clock.move(days=4)
    run(app, "polls.close_expired")
    assert told() == ([(ada.email, "poll_expired", "you started it.")] if volume == 2 else [])


@pytest.mark.parametrize("whom", list(ClosingSoon))
def test_only_those_chosen_are_told_that_a_poll_closes_soon(app, ctx, db, start, group, ada, ben, clock, told, whom):
    poll = start(ada, group=group, notify_on_closing_soon=whom)
    option = db.scalars(select(PollOption).where(PollOption.poll_id == poll.id)).first()
    service.cast_vote(ctx(ada), poll, ballot=Ballot({option.id: 1}))
    told()
    clock.set(poll.closing_at - timedelta(hours=24, minutes=30))
    run(app, "polls.closing_soon")
    author = (ada.email, "poll_closing_soon", "you started it.")
    voter = (ben.email, "poll_closing_soon", "your vote is asked for.")
    assert (
        told()
        == {
            ClosingSoon.NOBODY: [],
            ClosingSoon.AUTHOR: [author],
            ClosingSoon.UNDECIDED_VOTERS: [voter],
            ClosingSoon.VOTERS: [author, voter],
        }[whom]
    )


def test_voters_hear_of_an_edit_that_its_author_has_words_for(sign_in, start, group, ada, ben, told):
    poll = start(ada, group=group)
    told()
    for message in ("", "The price is known."):
        form = form_of(sign_in(ada).get(f"/p/{poll.key}/edit"))
        form["message"] = message
        form.submit(status=303)
        assert told() == ([(ben.email, "poll_edited", "your vote is asked for.")] if message else [])
