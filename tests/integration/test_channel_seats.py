"""A browser is seated late when Redis did not say at first who it is; it may have left by then."""

from __future__ import annotations

import asyncio

import pytest
import socketio
from aiohttp import web

from llmio.core.declared import SETTINGS
from llmio.core.settings import load
from llmio.live.channels import Channels
from tests.processes import PATIENCE

ORIGIN = "http://site.example"
BUSY = b"-LOADING Redis is loading the dataset in memory\r\n"
ADA = b'$27\r\n{"id": 7, "group_ids": [3]}\r\n'


class Keeper:
    """A Redis on loopback that answers the first questions with an error, and what comes then when it may."""

    def __init__(self):
        self.ready, self.asked, self.may = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def serve(self, reader, writer):
        while line := await reader.readline():
            words = []
            for _ in range(int(line[1:])):
                size = int((await reader.readline())[1:])
                words.append((await reader.readexactly(size + 2))[:-2])
            writer.write(await self.answer(words[0].upper()))

    async def answer(self, verb):
        if verb != b"GET":
            return b"+OK\r\n"
        if not self.ready.is_set():
            return BUSY
        self.asked.set()
        await self.may.wait()
        return ADA


async def scene(*, stays):
    """What became of the task that seats a page late, and whether the page is in the room of its group."""
    keeper = Keeper()
    store = await asyncio.start_server(keeper.serve, "127.0.0.1", 0)
    address = f"redis://127.0.0.1:{store.sockets[0].getsockname()[1]}/0"
    env = {"LLMIO_ENV": "testing", "PUBLIC_APP_URL": ORIGIN, "REDIS_URL": address}
    channels = Channels(load(SETTINGS, {}, env))
    runner = web.AppRunner(channels.application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    page = socketio.AsyncClient(reconnection=False)
    here = f"http://127.0.0.1:{runner.addresses[0][1]}?channel_token=x"
    await page.connect(here, headers={"Origin": ORIGIN}, transports=["websocket"], wait_timeout=60)
    keeper.ready.set()
    await keeper.asked.wait()
    (seat,) = [one for one in asyncio.all_tasks() if one.get_coro().__name__ == "_seat_later"]
    if not stays:
        await page.disconnect()
        while list(channels.server.manager.get_participants("/", None)):  # noqa: ASYNC110
            await asyncio.sleep(0)
    keeper.may.set()
    (end,) = await asyncio.gather(seat, return_exceptions=True)
    seated = bool(list(channels.server.manager.get_participants("/", "group-3")))
    await page.disconnect()
    await channels.say_goodbye()
    await runner.cleanup()
    store.close()
    return end, seated


@pytest.mark.parametrize("stays", [True, False])
def test_who_has_left_meanwhile_is_not_seated(stays):
    assert asyncio.run(asyncio.wait_for(scene(stays=stays), PATIENCE)) == (None, stays)
