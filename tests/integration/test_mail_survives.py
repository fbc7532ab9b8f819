"""A vote and a comment are accepted, and their mails go out once, whatever dies on the way."""

from __future__ import annotations

import asyncio
import email
import email.utils
import threading
from collections import Counter
from types import SimpleNamespace

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import text

from llmio.discussions import service as threads
from llmio.discussions.models import Discussion
from llmio.embedded.ports import free_port
from llmio.plugins.polls import Ballot
from llmio.polls import queries
from llmio.polls import service as polls
from llmio.testing.browser import identity_of
from tests import factories
from tests.processes import PATIENCE, kill, site, until


class Postbox:
    """A mail server that says yes only when it may; what it has not said yes to, it does not have."""

    def __init__(self):
        self.mails = []
        self.began = threading.Event()
        self.open = True
        self.thinking = 0

    async def handle_DATA(self, server, session, envelope):
        self.thinking += 1
        self.began.set()
        try:
            while not self.open:
                await asyncio.sleep(0.02)
                if server.transport is None or server.transport.is_closing():
                    return "451 gone"
        finally:
            self.thinking -= 1
        self.mails.append(email.message_from_bytes(envelope.content))
        return "250 OK"

    def received(self):
        return Counter(email.utils.parseaddr(mail["To"])[1] for mail in self.mails)


@pytest.fixture
def postbox():
    box = Postbox()
    box.port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=box.port, ready_timeout=PATIENCE)
    controller.start()
    yield box
    box.open = True
    controller.stop()


@pytest.fixture
def place(committed_db, tmp_path, postbox):
    with site(committed_db, tmp_path) as made:
        made.variables = {"SMTP_SERVER": "127.0.0.1", "SMTP_PORT": str(postbox.port), "SMTP_AUTH": "none",
                          "CANONICAL_HOST": "site.example"}  # fmt: skip
        yield made


@pytest.fixture
def garden(place):
    """A group whose five members want to be mailed of everything; Ben will act."""
    with place.app.begin() as ctx:
        people = [factories.user(ctx.db) for _ in range(5)]
        ben = factories.user(ctx.db, "Ben")
        group = factories.group(ctx.db, admin=people[0], members=[*people[1:], ben])
        ctx.db.execute(text("UPDATE memberships SET volume = 3"))
        thread = factories.discussion(ctx.db, group, author=people[0])
        poll = factories.poll(ctx.db, discussion=thread, voters=[*people, ben])
        ctx.db.execute(text("UPDATE stances SET volume = 3"))
        addresses = {one.email for one in people}
        return SimpleNamespace(ben=identity_of(ben), thread_id=thread.id, poll_key=poll.key, addresses=addresses)


def vote(place, garden):
    with place.app.begin(garden.ben) as ctx:
        poll = queries.by_key(ctx, garden.poll_key)
        polls.cast_vote(ctx, poll, ballot=Ballot({poll.options[0].id: 1}), reason="Because it is good")


def comment(place, garden):
    with place.app.begin(garden.ben) as ctx:
        threads.add_comment(ctx, ctx.db.get_one(Discussion, garden.thread_id), body="Hello all", body_format="md")


def settled(place, postbox, garden):
    """All that waited is done, and each person has one mail, not more."""
    until(lambda: len(postbox.mails) >= len(garden.addresses))
    until(lambda: place.waiting() == 0)
    assert postbox.received() == dict.fromkeys(garden.addresses, 1)
    assert place.ask("SELECT count(*) FROM llmio.deliveries WHERE status <> 'delivered'") == 0


@pytest.mark.parametrize("act", [vote, comment])
def test_an_act_while_the_queue_is_down_is_mailed_when_it_is_back(place, postbox, garden, act):
    place.valkey.stop()
    act(place, garden)
    place.valkey.start()
    place.start("worker")
    settled(place, postbox, garden)


def test_a_worker_killed_while_the_mail_server_thinks_mails_everyone_once(place, postbox, garden):
    postbox.open = False
    worker = place.start("worker")
    comment(place, garden)
    assert postbox.began.wait(PATIENCE)
    kill(worker)
    until(lambda: postbox.thinking == 0)  # else it would say yes to one who is gone
    assert postbox.mails == []
    postbox.open = True
    place.start("worker")
    settled(place, postbox, garden)


def test_workers_killed_again_and_again_lose_no_mail_and_double_none(place, postbox, garden):
    for _ in range(4):
        comment(place, garden)
    for expected in (1, 6):
        worker = place.start("worker")
        until(lambda expected=expected: len(postbox.mails) >= expected)
        kill(worker)
    place.start("worker")
    until(lambda: place.waiting() == 0)
    ids = Counter(mail["Message-ID"] for mail in postbox.mails)
    assert len(ids) == 4 * len(garden.addresses)
    # Where the worker dies after the server's yes and before ours is written down, the same mail goes out again,
    # with the same Message-ID, which mailboxes show once.
    assert sum(ids.values()) <= len(ids) + 2 * 4
