"""Notices to a real homeserver of Matrix: aliases, invitations, transactions, refusals."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import redis

from llmio import boot
from llmio.discussions import service as discussions
from llmio.embedded.ports import free_port
from llmio.embedded.process import wait_until
from llmio.integrations.http import GuardedHttp
from llmio.integrations.models import Chatbot
from llmio.plugins import Failed, Message, Outgoing, Sent, Target
from llmio.testing.ports import Mailbox
from tests.forked import ROOT
from tests.homeserver import homeserver
from tests.processes import PATIENCE

pytest.importorskip("synapse", reason="the extra `test` brings it")
OPEN = {"webhooks.allow_private": "1"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with homeserver(tmp_path_factory.mktemp("synapse")) as made:
        yield made


@pytest.fixture(scope="module")
def alice(server):
    return server.account("alice")


@pytest.fixture(scope="module")
def bot(server):
    return server.account("weaver")


@pytest.fixture(scope="module")
def http():
    return GuardedHttp(boot.read_settings(OPEN, {}))


@pytest.fixture
def send(app, http, bot):
    """Through the notifier, as a job does."""

    def made(channel, *, id="msg_1", text="Hello", token=bot.token):
        message = Message("new_comment", text, text, html=f"<p><strong>{text}</strong></p>", id=id)
        target = Target(bot.url, "Board", {"access_token": token, "channel": channel})
        return app.plugins.notifiers["matrix"].send(message, target, Outgoing(http, Mailbox()))

    return made


def test_who_is_invited_to_an_alias_joins_and_posts_once(alice, bot, send):
    room = alice.room("looms", bot)
    first, again = send("#looms:localhost"), send("#looms:localhost")
    assert isinstance(first, Sent)
    assert again == first
    other = send(room, id="msg_2", text="Bye")
    assert isinstance(other, Sent)
    said = alice.messages(room)
    assert [(one["sender"], one["body"]) for one in said] == [(bot.user_id, "Hello"), (bot.user_id, "Bye")]
    assert said[0]["formatted_body"] == "<p><strong>Hello</strong></p>"
    assert said[0]["msgtype"] == "m.text"


def test_who_is_not_invited_is_refused(alice, send):
    room = alice.room("closed")
    outcome = send("#closed:localhost")
    assert isinstance(outcome, Failed)
    assert "M_FORBIDDEN" in outcome.reason
    assert alice.messages(room) == []


def test_a_wrong_token_and_a_room_that_is_none_are_refused(alice, bot, send):
    alice.room("other", bot)
    wrong = send("#other:localhost", token="syt_wrong")
    assert isinstance(wrong, Failed)
    assert "M_UNKNOWN_TOKEN" in wrong.reason
    missing = send("#nowhere:localhost")
    assert isinstance(missing, Failed)
    assert "M_NOT_FOUND" in missing.reason


def test_an_event_of_a_group_appears_in_its_room(alice, bot, app, http, ctx, make, db, run_jobs):
    room = alice.room("weavers", bot)
    ada = make.user(name="Ada King")
    group = make.group(admin=ada)
    row = Chatbot(kind="matrix", name="Board", server=bot.url, access_token=bot.token, channel="#weavers:localhost")
    row.group_id, row.event_kinds = group.id, ["new_discussion"]
    db.add(row)
    before, app.ports.http = app.ports.http, http
    try:
        discussions.start_discussion(ctx(ada), group, title="Buy a <loom>?", description="**Yes** please.")
        run_jobs()
    finally:
        app.ports.http = before
    (said,) = alice.messages(room)
    assert "<strong>Yes</strong> please." in said["formatted_body"]
    assert "Buy a &lt;loom&gt;?</a>" in said["formatted_body"]
    assert "Buy a <loom>?" in said["body"]


def test_what_the_reference_publishes_for_matrix_is_posted_by_the_live_channel(alice, bot, redis_url, tmp_path):
    room = alice.room("published", bot)
    config = {"server": bot.url, "access_token": bot.token, "channel": "#published:localhost"}
    environment = {"PATH": os.environ["PATH"], "REDIS_URL": redis_url, "LLMIO_ENV": "testing", "LLMIO_DATA": str(tmp_path),
                   "CHANNELS_PORT": str(free_port()), "LLMIO_WEBHOOKS_ALLOW_PRIVATE": "1"}  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "llmio", "channels"], cwd=ROOT, env=environment)
    try:
        with redis.Redis.from_url(redis_url) as store:
            assert wait_until(lambda: store.pubsub_numsub("chatbot/publish")[0][1] > 0, PATIENCE)
            store.publish("chatbot/test", "no object")
            store.publish(
                "chatbot/publish", json.dumps({"config": {"server": bot.url}, "payload": {"html": "nowhere"}})
            )
            store.publish("chatbot/test", json.dumps({**config, "message": "It works"}))
            assert wait_until(lambda: len(alice.messages(room)) == 1, PATIENCE)
            store.publish("chatbot/publish", json.dumps({"config": config, "payload": {"html": "<b>Vote</b> now"}}))
            assert wait_until(lambda: len(alice.messages(room)) == 2, PATIENCE)
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0
    test, said = alice.messages(room)
    assert (test["msgtype"], test["body"]) == ("m.notice", "It works")
    assert (said["body"], said["formatted_body"]) == ("Vote now", "<b>Vote</b> now")
