"""A Redis as providers offer it: TLS alone, and a user with few rights."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading

import pytest
import redis

from llmio.embedded.ports import free_port
from llmio.worker.queue import CeleryQueue
from tests import deeds
from tests.compose.site import certify
from tests.processes import PATIENCE, site, until

RULES = ("on", ">word", "resetkeys", "~*", "resetchannels", "&*", "+@all", "-@admin", "-@dangerous", "+info")
"""What docs/operators/scaling.md tells operators to give."""


class Tls:
    """Ends TLS before a server that cannot, in a thread with its own loop."""

    def __init__(self, folder, port: int) -> None:
        self._target = port
        self.port = free_port()
        certify(folder)
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(folder / "fullchain.pem", folder / "privkey.pem")
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        self._loop.run_until_complete(asyncio.start_server(self._join, "127.0.0.1", self.port, ssl=self._context))
        self._ready.set()
        self._loop.run_forever()

    async def _join(self, reader, writer) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        await asyncio.gather(self._carry(reader, back), self._carry(there, writer), return_exceptions=True)

    @staticmethod
    async def _carry(reader, writer) -> None:
        while part := await reader.read(65_536):
            writer.write(part)
            await writer.drain()
        writer.close()

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        return self

    def __exit__(self, *_raised) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


@pytest.fixture
def place(committed_db, tmp_path):
    """A site whose processes are told of Redis behind TLS, as a user without the dangerous commands."""
    with site(committed_db, tmp_path) as made, redis.Redis.from_url(made.valkey.url()) as admin:
        admin.execute_command("ACL", "SETUSER", "llmio", *RULES)
        with Tls(tmp_path, int(made.valkey.url().rsplit(":", 1)[1].split("/")[0])) as tls:
            trusted = f"ssl_ca_certs={tmp_path}/fullchain.pem&ssl_cert_reqs=required"
            made.variables["REDIS_URL"] = f"rediss://llmio:word@localhost:{tls.port}/0?{trusted}"
            yield made


def test_jobs_and_live_messages_go_over_it(place):
    url = place.variables["REDIS_URL"]
    place.app.ports.queue = CeleryQueue(url, seconds=PATIENCE)
    place.start("worker")
    place.act(deeds.note, "over TLS", times=20)
    until(lambda: place.notes() == ["over TLS"] * 20)
    port = free_port()
    place.run("channels", "--port", str(port))
    with redis.Redis.from_url(place.valkey.url()) as admin:
        until(lambda: dict(admin.pubsub_numsub("/records"))[b"/records"] > 0, PATIENCE)
        named = {one["user"] for one in admin.client_list()}
        assert "llmio" in named
        assert admin.publish("/records", json.dumps({"room": "group-1", "records": {}})) >= 1
    assert "NOPERM" not in place.log("worker") + place.log("channels")


def test_such_a_user_may_do_no_harm(place):
    with (
        redis.Redis.from_url(place.variables["REDIS_URL"]) as client,
        pytest.raises(redis.exceptions.NoPermissionError),
    ):
        client.flushall()
