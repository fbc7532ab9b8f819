"""A group and a poll of it, for tests that come through the door."""

from __future__ import annotations

from datetime import timedelta

import pytest

from llmio.polls import service
from llmio.polls.values import OptionInput, PollInput


@pytest.fixture
def ada(make):
    return make.user("Ada Lovelace")


@pytest.fixture
def ben(make):
    return make.user("Ben Okri")


@pytest.fixture
def group(make, ada, ben):
    return make.group("Makers", admin=ada, members=[ben])


@pytest.fixture
def start(ctx):
    """`start(author, "poll", ("Tea", "Coffee"), group=…)`: a poll as its author would start it."""

    def started(
        author, poll_type="proposal", options=("Agree", "Abstain", "Disagree"), group=None, discussion=None, **values
    ):
        context = ctx(author)
        values.setdefault("title", "Shall we buy the loom?")
        values.setdefault("closing_at", context.now + timedelta(days=3))
        values["options"] = [one if isinstance(one, OptionInput) else OptionInput(one) for one in options]
        return service.create_poll(
            context, poll_type=poll_type, values=PollInput(**values), group=group, discussion=discussion
        )

    return started
