"""The live channel as a browser meets it: the real server, a real Socket.IO client."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time

import pytest
import redis
import socketio

from llmio.embedded.ports import free_port
from llmio.embedded.process import wait_until
from llmio.embedded.valkey import Valkey
from llmio.live.publish import RedisLive
from llmio.worker.queue import client
from tests.forked import ROOT
from tests.processes import PATIENCE

ORIGIN = "http://site.example"


@pytest.fixture(scope="module")
def valkey(tmp_path_factory):
    server = Valkey(tmp_path_factory.mktemp("valkey"), fast=True)
    server.start()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def address(valkey, tmp_path_factory):
    """A running `llmio channels`."""
    port = free_port()
    environment = {"PATH": os.environ["PATH"], "REDIS_URL": valkey.url(), "PUBLIC_APP_URL": ORIGIN,
                   "CHANNELS_PORT": str(port), "LLMIO_ENV": "testing",
                   "LLMIO_DATA": str(tmp_path_factory.mktemp("data"))}  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "llmio", "channels"], cwd=ROOT, env=environment)
    assert wait_until(lambda: _subscribed(valkey) or process.poll() is not None, PATIENCE, every=0.05)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    assert process.wait(PATIENCE) == 0


def _subscribed(valkey) -> bool:
    with redis.Redis.from_url(valkey.url()) as asking:
        return dict(asking.pubsub_numsub("/records"))[b"/records"] > 0


@pytest.fixture
def keep(valkey):
    """`keep(token, id, group_ids)`: what the site keeps of a person who opened a page."""

    def made(token, user_id, group_ids):
        with redis.Redis.from_url(valkey.url()) as asking:
            asking.set(f"/current_users/{token}", json.dumps({"name": "Ada", "group_ids": group_ids, "id": user_id}))

    return made


class Page:
    """A browser's end of the channel."""

    def __init__(self):
        self.io = socketio.AsyncClient(reconnection=False)
        self.heard: asyncio.Queue = asyncio.Queue()
        self.gone = asyncio.Event()
        self.io.on("disconnect", lambda *_why: self.gone.set())
        for name in ("records", "notice"):
            self.io.on(name, lambda data, _offset="", name=name: self.heard.put_nowait((name, data)))

    async def open(self, address, token="", origin=ORIGIN, transports=("websocket",)):
        await self.io.connect(
            f"{address}?channel_token={token}", headers={"Origin": origin}, transports=list(transports), wait_timeout=60
        )
        return self

    async def next(self):
        return await asyncio.wait_for(self.heard.get(), PATIENCE)


def publish(valkey, room, **records):
    live = RedisLive(client(valkey.url()))
    live.publish(room, records)


def notice(valkey, text):
    with redis.Redis.from_url(valkey.url()) as asking:
        asking.publish("/system_notice", json.dumps({"version": "1", "notice": text, "reload": False}))


def test_records_reach_the_rooms_of_a_person_and_no_other(address, valkey, keep):
    keep("token-of-ada", 7, [3, 4])

    async def scene():
        page = await Page().open(address, "token-of-ada")
        for room in ("user-8", "group-9", "user-7", "group-3", "group-4"):
            publish(valkey, room, comments=[{"id": 1}])
        heard = [await page.next() for _ in range(3)]
        await page.io.disconnect()
        return heard, page.heard.empty()

    heard, nothing_else = asyncio.run(scene())
    assert heard == [
        ("records", {"room": room, "records": {"comments": [{"id": 1}]}}) for room in ("user-7", "group-3", "group-4")
    ]
    assert nothing_else


@pytest.mark.parametrize("token", ["", "made-up"])
def test_who_is_unknown_hears_system_notices_alone(address, valkey, token):
    async def scene():
        page = await Page().open(address, token)
        publish(valkey, "group-3", comments=[{"id": 1}])
        notice(valkey, "We restart at noon")
        heard = await page.next()
        await page.io.disconnect()
        return heard

    assert asyncio.run(scene()) == ("notice", {"version": "1", "notice": "We restart at noon", "reload": False})


def test_records_arrive_well_within_a_second(address, valkey, keep):
    keep("quick", 7, [])

    async def scene():
        page = await Page().open(address, "quick")
        waits = []
        for _ in range(10):
            began = time.monotonic()
            publish(valkey, "user-7", comments=[])
            await page.next()
            waits.append(time.monotonic() - began)
        await page.io.disconnect()
        return min(waits)

    assert asyncio.run(scene()) < 0.5


def test_browsers_that_cannot_do_websockets_hear_too(address, valkey, keep):
    keep("polling", 7, [])

    async def scene():
        page = await Page().open(address, "polling", transports=("polling",))
        publish(valkey, "user-7", comments=[])
        heard = await page.next()
        await page.io.eio.disconnect(abort=True)  # a polite end waits for the poll under way
        return heard

    assert asyncio.run(scene())[1]["room"] == "user-7"


def test_pages_of_other_sites_are_refused(address, keep):
    keep("stolen", 7, [3])

    async def scene():
        await Page().open(address, "stolen", origin="http://elsewhere.example")

    with pytest.raises(socketio.exceptions.ConnectionError):
        asyncio.run(scene())


def test_what_cannot_be_read_harms_nobody(address, valkey, keep):
    keep("steady", 7, [])

    async def scene():
        page = await Page().open(address, "steady")
        with redis.Redis.from_url(valkey.url()) as asking:
            for nonsense in (b"\xff\xfe", "no json", "[]", "{}", '{"room": null}', '"text"'):
                asking.publish("/records", nonsense)
        publish(valkey, "user-7", comments=[])
        heard = await page.next()
        await page.io.disconnect()
        return heard

    assert asyncio.run(scene())[0] == "records"


def test_the_channel_comes_back_with_redis(address, valkey, keep):
    keep("patient", 7, [])

    async def scene():
        before = await Page().open(address, "patient")
        valkey._process.kill()
        valkey._process.wait()
        meanwhile = await Page().open(address, "patient")
        valkey.start()  # in this thread: the server ends with the one that started it
        keep("patient", 7, [])
        for page in (before, meanwhile):
            await (
                page.gone.wait()
            )  # ended, since nobody knows what was missed; the client itself rests half a minute longer
        again = await Page().open(address, "patient")
        publish(valkey, "user-7", comments=[])
        assert (await again.next())[1]["room"] == "user-7"
        await again.io.disconnect()

    asyncio.run(asyncio.wait_for(scene(), PATIENCE))
