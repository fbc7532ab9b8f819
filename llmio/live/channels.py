"""The live channel: a Socket.IO server that hands on what is published in Redis to the browsers concerned."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

import redis.asyncio as redis
import socketio
from redis.exceptions import RedisError

from llmio.core.declared import SETTINGS
from llmio.core.errors import Unavailable
from llmio.core.ports import LIVE_TOKEN
from llmio.core.settings import Settings, load
from llmio.live.publish import CHANNEL

log = logging.getLogger(__name__)
NOTICE_CHANNEL = "/system_notice"
NOTICE = "notice"
RECONNECT_SECONDS = 0.5
CHECK_SECONDS = 15
STOP_SECONDS = 3


def origins(settings: Settings) -> list[str]:
    """The addresses of pages that may open a channel: ours alone, as browsers write it."""
    given = settings.text("channels.origin").rstrip("/")
    if given:
        return [given]
    scheme = "https" if settings.on("site.ssl") or settings.on("site.assume_ssl") else "http"
    port = f":{settings['site.port']}" if settings["site.port"] else ""
    hosts = {settings.text("site.host")}
    if settings["llmio.env"] != "production" and "localhost" in hosts:
        hosts.add("127.0.0.1")
    return [f"{scheme}://{host}{port}" for host in sorted(hosts)]


class Channels:
    """Rooms are joined once, at the connect; whoever is unknown hears system notices alone."""

    def __init__(self, redis_url: str, allowed: list[str]) -> None:
        self._redis = redis.Redis.from_url(redis_url, health_check_interval=CHECK_SECONDS)
        self.server = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins=allowed)
        self.server.on("connect", self.connect)
        self.application = socketio.ASGIApp(self.server, socketio_path="socket.io")

    async def connect(self, sid: str, environ: Mapping[str, Any], _auth: object = None) -> None:
        """Seat a browser in its rooms."""
        await self.server.enter_room(sid, NOTICE)
        token = parse_qs(environ.get("QUERY_STRING", "")).get("channel_token", [""])[0]
        if token and not await self._seat(sid, token):
            self.server.start_background_task(self._seat_later, sid, token)

    async def _seat(self, sid: str, token: str) -> bool:
        """Let the owner of the token into their rooms; False when Redis does not say who that is."""
        try:
            found = await self._redis.get(LIVE_TOKEN + token)
        except RedisError:
            return False
        person = json.loads(found) if found else {"group_ids": []}
        rooms = [f"user-{person['id']}"] if "id" in person else []
        for room in [*rooms, *(f"group-{group_id}" for group_id in person["group_ids"])]:
            await self.server.enter_room(sid, room)
        return True

    async def _seat_later(self, sid: str, token: str) -> None:
        while self.server.manager.is_connected(sid, "/"):
            await asyncio.sleep(RECONNECT_SECONDS)
            if await self._seat(sid, token):
                return

    async def say_goodbye(self) -> None:
        """End all connections; browsers come back by themselves when there is a server again."""
        if self.server.eio.sockets:  # with nobody there, it would wait for an empty set of tasks, which asyncio refuses
            await self.server.eio.disconnect()
        await self.server.shutdown()

    async def listen(self) -> None:
        """Hand on what is published until cancelled; comes back by itself when Redis does."""
        ailing = False
        while True:
            try:
                async with self._redis.pubsub() as hearing:
                    await hearing.subscribe(CHANNEL, NOTICE_CHANNEL)
                    if ailing:
                        log.warning("Redis answers again")
                    ailing = False
                    async for message in hearing.listen():
                        if message["type"] == "message":
                            await self.hand_on(message["channel"].decode(), message["data"])
            except (RedisError, OSError) as error:
                if not ailing:
                    log.warning("Redis does not answer, nothing is live: %s", error)
                ailing = True
                await asyncio.sleep(RECONNECT_SECONDS)

    async def hand_on(self, channel: str, data: bytes) -> None:
        """Send one published message to its room; what cannot be read is logged and dropped."""
        try:
            payload = json.loads(data)
        except ValueError:
            log.warning("unreadable message on %s", channel)
            return
        if channel == NOTICE_CHANNEL:
            await self.server.emit("notice", payload, room=NOTICE)
        elif isinstance(payload, dict) and payload.get("room"):
            await self.server.emit("records", payload, room=str(payload["room"]))


async def serve(settings: Settings, *, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    from granian.constants import Interfaces  # noqa: PLC0415  # slow
    from granian.server.embed import Server  # noqa: PLC0415  # slow

    channels = Channels(settings.text("redis.url"), origins(settings))
    server = Server(channels.application, address=host, port=port, interface=Interfaces.ASGINL, log_enabled=False)
    told_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, told_to_stop.set)
    listening = asyncio.create_task(channels.listen())
    serving = asyncio.create_task(server.serve())
    log.info("live channel on port %s for %s", port, ", ".join(origins(settings)))
    stopping = asyncio.create_task(told_to_stop.wait())
    await asyncio.wait({stopping, serving}, return_when=asyncio.FIRST_COMPLETED)
    listening.cancel()
    # The server waits for its connections to end, and browsers hold theirs for hours.
    with suppress(TimeoutError):
        await asyncio.wait_for(channels.say_goodbye(), STOP_SECONDS)
    server.stop()  # type: ignore[no-untyped-call]  # Granian's own lack of a type
    await asyncio.wait({serving}, timeout=STOP_SECONDS)


def run(*, host: str = "127.0.0.1", port: int | None = None) -> None:
    """Be the live channel until SIGTERM or SIGINT; the database is not needed."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # The core's settings alone: importing the features would double the memory of this process.
    settings = load(SETTINGS, {}, os.environ)
    if faults := [str(fault) for fault in settings.faults if fault.fatal]:
        raise Unavailable("\n".join(faults))
    if not settings.text("redis.url"):
        raise Unavailable("REDIS_URL is not set: the live channel needs Valkey or Redis")
    asyncio.run(serve(settings, host=host, port=port or settings.number("channels.port")))
