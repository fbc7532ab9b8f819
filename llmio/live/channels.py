"""The live channel: a Socket.IO server that hands on what is published in Redis to the browsers concerned."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from typing import Any, cast
from urllib.parse import parse_qs

import redis.asyncio as redis
from aiohttp import web
from redis.exceptions import RedisError

from llmio.core import logs, reports, sources
from llmio.core.declared import SETTINGS
from llmio.core.errors import Unavailable
from llmio.core.ports import LIVE_CLIENTS, LIVE_TOKEN
from llmio.core.settings import Settings, load
from llmio.core.urls import redis_url
from llmio.live.matrix import CHANNELS as MATRIX_CHANNELS
from llmio.live.matrix import MatrixBot
from llmio.live.publish import CHANNEL, MEMBERSHIPS
from llmio.live.socket import Server

log = logging.getLogger(__name__)
NOTICE_CHANNEL = "/system_notice"
NOTICE = "notice"
OWN_ROOMS = ("user-", "group-")
RECONNECT_SECONDS = 0.5
CHECK_SECONDS = 15
CONNECT_SECONDS = 5
KEEP_ALIVE = {
    getattr(socket, name): value
    for name, value in (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
    if hasattr(socket, name)
}
"""A Redis whose machine has vanished is missed after half a minute, not after the two hours of the system."""
STOP_SECONDS = 3
COUNT_SECONDS = 5


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
    """Who is unknown hears system notices alone; rooms follow the groups a person is in."""

    def __init__(self, settings: Settings) -> None:
        self._redis = redis.Redis.from_url(
            redis_url(settings),
            health_check_interval=CHECK_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_keepalive=True,
            socket_keepalive_options=KEEP_ALIVE,
        )
        self._matrix = MatrixBot(self._redis)
        self.server = Server(origins(settings))
        self.server.on("connect", self.connect)
        self.server.on("disconnect", self.disconnect)

    def application(self) -> web.Application:
        """What an HTTP server serves: the channel, and `/health`."""
        made = web.Application()
        self.server.attach(made)
        made.router.add_get("/health", self.health)
        return made

    async def health(self, _request: web.Request) -> web.Response:
        """200 while Redis answers, else 503; how many browsers listen."""
        try:
            await asyncio.wait_for(cast("Awaitable[bool]", self._redis.ping()), STOP_SECONDS)
        except (RedisError, OSError, TimeoutError) as error:
            return web.json_response({"status": "ailing", "redis": str(error) or "no answer"}, status=503)
        return web.json_response({"status": "well", "clients": len(self.server.eio.sockets)})

    async def connect(self, sid: str, environ: Mapping[str, Any], auth: object = None) -> None:
        """Seat a browser in its rooms."""
        token = parse_qs(environ.get("QUERY_STRING", "")).get("channel_token", [""])[0]
        rooms = await self._rooms(token) if token else frozenset()
        # While nobody knows the rooms, nothing of what was missed can be told: then the page must not believe it was.
        self.server.resume(sid, None if rooms is None else auth, (rooms or frozenset()) | {NOTICE})
        if rooms is None:
            self.server.start_background_task(self._seat_later, sid, token)

    async def disconnect(self, sid: str, reason: str = "") -> None:
        """Remember for a while what a browser heard of, in case it comes back."""
        self.server.leave(sid, reason)

    async def _rooms(self, token: str) -> frozenset[str] | None:
        """The rooms of the owner of a token; None when Redis does not say who that is."""
        try:
            found = await self._redis.get(LIVE_TOKEN + token)
        except (RedisError, OSError):
            return None
        return rooms_of(json.loads(found)) if found else frozenset()

    async def _seat_later(self, sid: str, token: str) -> None:
        while self.server.manager.is_connected(sid, "/"):
            await asyncio.sleep(RECONNECT_SECONDS)
            rooms = await self._rooms(token)
            if rooms is None:
                continue
            if self.server.manager.is_connected(sid, "/"):  # it may have left while Redis was asked
                self.server.resume(sid, None, rooms)
            return

    def reseat(self, person: dict[str, Any]) -> None:
        """Who has joined or left groups hears so at once, on each open page; who has no groups told has left the site."""
        own = f"user-{person['id']}"
        wanted = rooms_of(person) if person.get("group_ids") is not None else frozenset[str]()
        for sid, _connection in list(self.server.manager.get_participants("/", own)):
            seated = frozenset(self.server.rooms(sid))
            for room in seated - wanted:
                if str(room).startswith(OWN_ROOMS):
                    self.server.manager.basic_leave_room(sid, "/", room)
            for room in wanted - seated:
                self.server.manager.basic_enter_room(sid, "/", room)

    async def say_goodbye(self) -> None:
        """End all connections; browsers come back by themselves when there is a server again."""
        await self.server.end_all()
        await self.server.shutdown()

    async def tell_how_many(self) -> None:
        """Write down how many browsers listen here, for /metrics, until cancelled."""
        key = f"{LIVE_CLIENTS}{os.uname().nodename}:{os.getpid()}"
        while True:
            with suppress(RedisError, OSError):
                await self._redis.set(key, len(self.server.eio.sockets), ex=3 * COUNT_SECONDS)
            await asyncio.sleep(COUNT_SECONDS)

    async def listen(self) -> None:
        """Hand on what is published until cancelled; comes back by itself when Redis does.

        What was published meanwhile nobody has heard: all browsers connect anew then, and their pages fetch what they missed.
        """
        ailing = False
        while True:
            try:
                async with self._redis.pubsub() as hearing:
                    await hearing.subscribe(CHANNEL, NOTICE_CHANNEL, MEMBERSHIPS, *MATRIX_CHANNELS)
                    if ailing:
                        log.warning("Redis answers again")
                        await self.server.begin_anew()
                    ailing = False
                    async for message in hearing.listen():
                        if message["type"] == "message":
                            self.hand_on(message["channel"].decode(), message["data"])
            except (RedisError, OSError) as error:
                if not ailing:
                    log.warning("Redis does not answer, nothing is live: %s", error)
                ailing = True
                await asyncio.sleep(RECONNECT_SECONDS)

    def hand_on(self, channel: str, data: bytes) -> None:
        """Send one published message to whom it concerns; what cannot be read is logged and dropped."""
        try:
            text = data.decode()
            payload = json.loads(text, parse_constant=_no_json)
            if channel == NOTICE_CHANNEL:
                self.server.say(NOTICE, "notice", text)
            elif channel == CHANNEL:
                if isinstance(payload, dict) and payload.get("room"):
                    self.server.say(str(payload["room"]), "records", text)
            elif channel == MEMBERSHIPS:
                self.reseat(payload)
            else:
                self.server.start_background_task(self._matrix.hand_on, channel, payload)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            log.warning("unreadable message on %s", channel)


def _no_json(word: str) -> None:
    message = f"{word} is no JSON"
    raise ValueError(message)


def rooms_of(person: Mapping[str, Any]) -> frozenset[str]:
    """The rooms of a person as the site keeps them: `{"id": 1, "group_ids": [2, 3]}`."""
    own = {f"user-{person['id']}"} if "id" in person else set()
    return frozenset(own | {f"group-{group_id}" for group_id in person["group_ids"]})


async def serve(settings: Settings, *, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    channels = Channels(settings)
    told_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, told_to_stop.set)
    runner = web.AppRunner(channels.application(), access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, host, port, backlog=1024, shutdown_timeout=STOP_SECONDS).start()
    listening = asyncio.create_task(channels.listen())
    counting = asyncio.create_task(channels.tell_how_many())
    log.info("live channel on port %s for %s", port, ", ".join(origins(settings)))
    stopping = asyncio.create_task(told_to_stop.wait())
    await asyncio.wait({stopping, listening}, return_when=asyncio.FIRST_COMPLETED)
    listening.cancel()
    counting.cancel()
    with suppress(TimeoutError):
        await asyncio.wait_for(channels.say_goodbye(), STOP_SECONDS)
    with suppress(TimeoutError):
        await asyncio.wait_for(runner.cleanup(), STOP_SECONDS)


def run(*, host: str = "127.0.0.1", port: int | None = None) -> None:
    """Be the live channel until SIGTERM or SIGINT; the database is not needed."""
    # The core's settings alone: importing the features would double the memory of this process.
    settings = load(
        SETTINGS, sources.read_ini(os.environ[sources.INI]) if os.environ.get(sources.INI) else {}, os.environ
    )
    logs.begin(settings, "channels")
    reports.begin(settings, "channels")
    if faults := [str(fault) for fault in settings.faults if fault.fatal]:
        raise Unavailable("\n".join(faults))
    if not redis_url(settings):
        raise Unavailable("REDIS_URL is not set: the live channel needs Valkey or Redis")
    asyncio.run(serve(settings, host=host, port=port or settings.number("channels.port")))
