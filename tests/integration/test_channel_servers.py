"""`llmio channels` and a server of the reference's kind, asked the same by the real client: either fits in the other's place."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
import redis

from llmio.embedded.ports import free_port
from llmio.embedded.process import wait_until
from llmio.embedded.valkey import Valkey
from tests.forked import ROOT
from tests.nodes import NODE, installed
from tests.processes import PATIENCE

ORIGIN = "http://site.example"
SERVERS = ("llmio", "node")


class Browser:
    """One real client of Socket.IO, in a process of Node.js."""

    def __init__(self, folder, address):
        self.address = address
        self.process = subprocess.Popen(
            ["node", str(folder / "client.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.told: queue.Queue = queue.Queue()
        self.happened: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()
        assert self.next()["it"] == "ready"

    def _read(self):
        for line in self.process.stdout:
            told = json.loads(line)
            self.happened.append(told["it"])
            if told["it"] != "upgraded":  # may come before or after what else there is
                self.told.put(told)

    def do(self, act, **how):
        self.process.stdin.write(json.dumps({"do": act, **how}) + "\n")

    def open(self, token="", **how):
        self.do("open", **{"address": self.address, "token": token, "origin": ORIGIN, **how})
        return self

    def next(self, kind=None):
        """What happens next (of a kind)."""
        while True:
            told = self.told.get(timeout=PATIENCE)
            if kind is None or told["it"] == kind:
                return told

    def heard(self):
        """What the next message says."""
        told = self.next()
        assert told["it"] in ("records", "notice"), told
        return told["data"].get("notice") or told["data"]["records"]["comments"][0]["body"]

    def back(self, count):
        """Come back after a break, as the same one; what is heard of what was missed, which comes before or after that."""
        self.do("back")
        told = [self.next() for _ in range(count + 1)]
        assert [one["recovered"] for one in told if one["it"] == "connected"] == [True]
        return [one["data"]["records"]["comments"][0]["body"] for one in told if one["it"] == "records"]

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def valkey(tmp_path_factory):
    server = Valkey(tmp_path_factory.mktemp("valkey"), fast=True)
    server.start()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def store(valkey):
    with redis.Redis.from_url(valkey.url()) as made:
        yield made


@pytest.fixture(scope="module")
def folder():
    return installed(NODE / "channels")


@pytest.fixture(scope="module", params=SERVERS)
def server(request, valkey, store, folder, tmp_path_factory):
    """Either of the two servers: its kind, address, and how to kill and start it again."""
    port = free_port()
    command = {"llmio": [sys.executable, "-m", "llmio", "channels"], "node": ["node", str(folder / "reference.mjs")]}
    environment = {"PATH": os.environ["PATH"], "REDIS_URL": valkey.url(), "PUBLIC_APP_URL": ORIGIN,
                   "CHANNELS_PORT": str(port), "LLMIO_ENV": "testing",
                   "LLMIO_DATA": str(tmp_path_factory.mktemp("data"))}  # fmt: skip
    running = {}

    def start():
        running["process"] = subprocess.Popen(command[request.param], cwd=ROOT, env=environment)
        assert wait_until(lambda: store.pubsub_numsub("/records")[0][1] == 1, PATIENCE)
        assert wait_until(lambda: _answers(port), PATIENCE)

    def kill():
        running["process"].kill()
        running["process"].wait()
        assert wait_until(lambda: store.pubsub_numsub("/records")[0][1] == 0, PATIENCE)

    start()
    yield SimpleNamespace(kind=request.param, address=f"http://127.0.0.1:{port}", start=start, kill=kill, port=port)
    running["process"].terminate()
    assert running["process"].wait(PATIENCE) == 0


def _answers(port):
    import socket  # the standard one, beside so many others here

    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def browser(server, folder):
    """`browser()`: another browser."""
    made = []

    def one():
        made.append(Browser(folder, server.address))
        return made[-1]

    yield one
    for each in made:
        each.end()


@pytest.fixture
def person(store):
    """`person(token, id, group_ids)`: who opened a page."""

    def made(token, user_id, group_ids):
        store.set(f"/current_users/{token}", json.dumps({"name": "Ada", "group_ids": group_ids, "id": user_id}))
        return token

    return made


@pytest.fixture
def say(store):
    """`say(room, words)`: what the site publishes."""

    def said(room, words):
        store.publish("/records", json.dumps({"room": room, "records": {"comments": [{"body": words}]}}))

    return said


def settled(page, say, room):
    """Let into its rooms: the reference joins them a moment after it says that one is connected."""

    def heard():
        say(room, "settled?")
        try:
            page.told.get(timeout=0.3)
        except queue.Empty:
            return False
        return True

    assert wait_until(heard, PATIENCE)
    say(room, "settled")
    while page.heard() != "settled":  # the questions asked meanwhile, which may still be under way
        pass


def test_one_hears_the_rooms_one_is_in_and_no_other(browser, person, say):
    page = browser().open(person("ada", 7, [3, 4]))
    assert page.next()["it"] == "connected"
    settled(page, say, "user-7")
    for room, words in (("user-8", "no"), ("group-9", "no"), ("user-7", "me"), ("group-3", "three"), ("group-4", "4")):
        say(room, words)
    assert [page.heard() for _ in range(3)] == ["me", "three", "4"]


@pytest.mark.parametrize("token", ["", "made-up"])
def test_who_is_unknown_hears_notices_alone(browser, say, store, token):
    page = browser().open(token)
    assert page.next()["it"] == "connected"
    say("group-3", "no")
    store.publish("/system_notice", json.dumps({"version": "1", "notice": "We restart", "reload": False}))
    assert page.heard() == "We restart"


def test_one_who_begins_by_polling_is_upgraded_and_misses_nothing(browser, person, say):
    page = browser().open(person("poll", 17, []), transports=["polling", "websocket"])
    page.next("connected")
    settled(page, say, "user-17")
    for number in range(50):
        say("user-17", str(number))
    heard = [page.next("records")["data"]["records"]["comments"][0]["body"] for _ in range(50)]
    assert heard == [str(number) for number in range(50)]
    assert "upgraded" in page.happened


def test_after_a_break_one_hears_what_was_missed_and_not_what_was_not_ones_own(browser, person, say):
    page = browser().open(person("train", 27, [3]))
    assert page.next() == {"it": "connected", "recovered": False, "transport": "websocket"}
    settled(page, say, "user-27")
    say("user-27", "before")
    assert page.heard() == "before"
    page.do("drop")
    assert page.next()["it"] == "disconnected"
    for room, words in (("user-27", "one"), ("user-28", "no"), ("group-3", "two")):
        say(room, words)
    assert page.back(2) == ["one", "two"]
    say("user-27", "after")
    assert page.heard() == "after"


def test_who_says_goodbye_begins_anew(browser, person, say):
    page = browser().open(person("bye", 37, []))
    assert page.next()["it"] == "connected"
    settled(page, say, "user-37")
    page.do("close")
    page.next("closed")
    say("user-37", "missed")
    page.do("back")
    assert page.next("connected")["recovered"] is False
    settled(page, say, "user-37")
    assert page.told.empty()


def test_when_the_server_is_killed_browsers_come_back_and_know_that_they_missed_something(server, browser, person, say):
    page = browser().open(person("steady", 47, []))
    assert page.next()["it"] == "connected"
    settled(page, say, "user-47")
    server.kill()
    assert page.next()["it"] == "disconnected"
    server.start()
    assert page.next("connected")["recovered"] is False
    settled(page, say, "user-47")


def test_pages_of_other_sites_may_not_read(server):
    """The browser keeps the answer from a page unless it is allowed to have it."""
    import httpx  # for this one

    def allowed(origin):
        answer = httpx.get(
            f"{server.address}/socket.io/?EIO=4&transport=polling", headers={"Origin": origin}, timeout=PATIENCE
        )
        return answer.headers.get("access-control-allow-origin")

    assert allowed(ORIGIN) == ORIGIN
    assert allowed("http://elsewhere.example") in (None, ORIGIN)


@pytest.mark.parametrize("server", ["llmio"], indirect=True)
class TestOurs:
    """What the reference's server does not do."""

    def test_new_groups_are_heard_and_old_ones_not_without_reconnecting(self, browser, person, say, store):
        page = browser().open(person("mover", 57, [3]))
        assert page.next()["it"] == "connected"
        store.publish("/memberships", json.dumps({"id": 57, "group_ids": [4]}))
        for room, words in (("group-3", "old"), ("group-4", "new"), ("user-57", "me")):
            say(room, words)
        assert [page.heard(), page.heard()] == ["new", "me"]

    def test_who_was_signed_out_everywhere_hears_notices_alone(self, browser, person, say, store):
        page = browser().open(person("out", 67, [3]))
        assert page.next()["it"] == "connected"
        store.publish("/memberships", json.dumps({"id": 67, "group_ids": None}))
        say("user-67", "no")
        say("group-3", "no")
        store.publish("/system_notice", json.dumps({"version": "1", "notice": "Still here", "reload": False}))
        assert page.heard() == "Still here"

    def test_what_was_missed_in_a_group_one_was_put_out_of_is_not_told(self, browser, person, say, store):
        page = browser().open(person("put-out", 77, [3, 4]))
        assert page.next()["it"] == "connected"
        say("user-77", "before")
        assert page.heard() == "before"
        page.do("drop")
        assert page.next()["it"] == "disconnected"
        person("put-out", 77, [4, 5])
        for room, words in (("group-3", "no longer"), ("group-4", "yes"), ("group-5", "not yet")):
            say(room, words)
        assert page.back(1) == ["yes"]
        say("group-5", "now")
        assert page.heard() == "now"

    def test_what_nobody_heard_while_redis_was_cut_off_is_known_to_be_missed(self, browser, person, say, store):
        page = browser().open(person("cut", 87, [3]))
        assert page.next()["it"] == "connected"
        say("user-87", "before")
        assert page.heard() == "before"
        with store.pipeline() as at_once:  # before the server can be back
            at_once.client_kill_filter(_type="pubsub")
            at_once.publish("/records", json.dumps({"room": "user-87", "records": {}}))
            assert at_once.execute() == [1, 0]
        assert page.next()["it"] == "disconnected"
        assert page.next() == {"it": "connected", "recovered": False, "transport": "websocket"}
        say("group-3", "after")
        assert page.heard() == "after"
