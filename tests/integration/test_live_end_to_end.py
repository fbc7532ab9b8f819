"""From a comment to another person's open page: outbox, worker, Redis, Socket.IO."""

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

from llmio.discussions import service as threads
from llmio.discussions.models import Discussion
from llmio.embedded.ports import free_port
from llmio.embedded.process import wait_until
from llmio.testing.browser import identity_of
from tests import factories
from tests.forked import ROOT
from tests.processes import PATIENCE, site

TRIES = 40


@pytest.fixture
def place(committed_db, tmp_path):
    with site(committed_db, tmp_path) as made:
        yield made


@pytest.fixture
def address(place):
    """A live channel beside the worker."""
    port = free_port()
    environment = place.environment() | {"CHANNELS_PORT": str(port), "PATH": os.environ["PATH"]}
    process = subprocess.Popen([sys.executable, "-m", "llmio", "channels"], cwd=ROOT, env=environment)
    place.running.append(process)
    with redis.Redis.from_url(place.valkey.url()) as asking:
        assert wait_until(lambda: dict(asking.pubsub_numsub("/records"))[b"/records"] > 0, PATIENCE)
    return f"http://127.0.0.1:{port}"


def test_a_comment_is_on_other_pages_within_a_second(place, address):
    with place.app.begin() as ctx:
        ben = factories.user(ctx.db)
        group = factories.group(ctx.db, members=[ben])
        thread = factories.discussion(ctx.db, group)
        ben, thread_id, group_id = identity_of(ben), thread.id, group.id
    with redis.Redis.from_url(place.valkey.url()) as asking:
        asking.set("/current_users/reader", json.dumps({"name": "Reader", "group_ids": [group_id], "id": 99}))
    place.start("worker")
    waits = []

    def comment(number):
        with place.app.begin(ben) as ctx:
            threads.add_comment(ctx, ctx.db.get_one(Discussion, thread_id), body=f"Number {number}", body_format="md")

    async def reader():
        page, heard = socketio.AsyncClient(), asyncio.Queue()
        page.on("records", lambda data, _offset="": heard.put_nowait(data))
        await page.connect(f"{address}?channel_token=reader", transports=["websocket"], wait_timeout=PATIENCE)
        for number in range(TRIES):
            began = time.monotonic()
            await asyncio.to_thread(comment, number)
            while True:
                data = await asyncio.wait_for(heard.get(), PATIENCE)
                bodies = [one["body"] for one in data["records"].get("comments", ())]
                if bodies == [f"Number {number}"]:
                    break
            waits.append(time.monotonic() - began)
            if waits[-1] < 1.0:
                break
        await page.disconnect()

    asyncio.run(reader())
    # The first waits for the worker to start; a machine busy with other tests may delay the rest, hardly all of them.
    assert min(waits) < 1.0, waits
