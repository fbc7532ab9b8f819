"""What tests of polls share: a poll made by its service, and votes by theirs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from llmio.plugins.polls import Ballot
from llmio.polls import queries, service
from llmio.polls.values import OptionInput, PollInput


@pytest.fixture
def start(ctx, app):
    """`start(author, group=…, options=…, …)`: a poll as its author would start it."""

    def started(
        author,
        poll_type="proposal",
        options=("Agree", "Abstain", "Disagree"),
        group=None,
        discussion=None,
        notify=False,
        **values,
    ):
        context = ctx(author)
        values.setdefault("title", "Shall we?")
        values.setdefault("closing_at", context.now + timedelta(days=3))
        values["options"] = [one if isinstance(one, OptionInput) else OptionInput(one) for one in options]
        return service.create_poll(
            context, poll_type=poll_type, values=PollInput(**values), group=group, discussion=discussion, notify=notify
        )

    return started


@pytest.fixture
def vote(ctx):
    """`vote(user, poll, "Agree", reason=…)` or `vote(user, poll, {"Tea": 3})`: a vote as the person would cast it."""

    def voted(user, poll, choice="Agree", **how):
        context = ctx(user)
        scores = choice if isinstance(choice, dict) else {choice: 1}
        ids = {option.name: option.id for option in queries.options(context, poll.id)}
        ballot = Ballot({ids[name]: score for name, score in scores.items()})
        return service.cast_vote(context, queries.get(context, poll.id), ballot=ballot, **how)

    return voted
