"""The Queue port: hints for the worker, as Celery messages in Redis lists."""

from __future__ import annotations

import base64
import json
import logging
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import uuid4

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

if TYPE_CHECKING:
    from llmio.core.settings import Settings

log = logging.getLogger(__name__)
TASK = "llmio.run"
SECONDS = 0.25
REST = 3.0


def queue_url(settings: Settings) -> str:
    """The Redis that carries the queues."""
    return settings.text("redis.queue_url") or settings.text("redis.url")


def client(url: str, *, seconds: float = SECONDS, retries: int = 1) -> redis.Redis:
    """A Redis client that gives up soon; connections are opened when first used, in the process that uses them.

    One retry without waiting: it replaces connections that a restarted server has left dead in the pool.
    """
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=seconds,
        socket_timeout=seconds,
        retry=Retry(NoBackoff(), retries),
        health_check_interval=0,
    )


def hint(outbox_id: int, queue: str) -> str:
    """A call of task `llmio.run` as Celery's message protocol 2 and kombu's Redis transport have it.

    Written here rather than by Celery's producer, which costs ten times as much (it is paid within people's requests,
    once a job) and insists when the server is away. A test holds it against what Celery itself sends.
    https://docs.celeryq.dev/en/stable/internals/protocol.html
    """
    ident = str(uuid4())
    call = [[outbox_id], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
    return json.dumps(
        {
            "body": base64.b64encode(json.dumps(call).encode()).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {
                "lang": "py",
                "task": TASK,
                "id": ident,
                "root_id": ident,
                "parent_id": None,
                "group": None,
                "retries": 0,
                "eta": None,
                "expires": None,
                "timelimit": [None, None],
                "argsrepr": f"({outbox_id},)",
                "kwargsrepr": "{}",
                "origin": "llmio",
                "ignore_result": True,
            },
            "properties": {
                "correlation_id": ident,
                "reply_to": "",
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": queue},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": ident,
            },
        }
    )


class CeleryQueue:
    """Pushes hints; where Redis does not answer it says so once, loses them, and leaves it alone for some seconds."""

    def __init__(self, url: str, *, rest: float = REST, seconds: float = SECONDS) -> None:
        self.redis = client(url, seconds=seconds)
        self._rest = rest
        self._lock = threading.Lock()
        self._resting_until = 0.0
        self._down = False

    def kick(self, rows: Sequence[tuple[int, str]]) -> bool:
        """Ask workers to run these rows, in one round trip; False when the hints are lost."""
        if not rows:
            return True
        if self._down and time.monotonic() < self._resting_until:
            return False
        try:
            if len(rows) == 1:
                self.redis.lpush(rows[0][1], hint(*rows[0]))
            else:
                with self.redis.pipeline(transaction=False) as pipe:
                    for row in rows:
                        pipe.lpush(row[1], hint(*row))
                    pipe.execute()
        except redis.RedisError as error:
            self._lost(error)
            return False
        self._found()
        return True

    def answers(self) -> bool:
        """Whether Redis is there."""
        try:
            return bool(self.redis.ping())
        except redis.RedisError:
            return False

    def lengths(self, queues: Sequence[str]) -> dict[str, int]:
        """How many hints wait in each queue; raises RedisError when Redis does not answer."""
        with self.redis.pipeline(transaction=False) as pipe:
            for queue in queues:
                pipe.llen(queue)
            return dict(zip(queues, pipe.execute(), strict=True))

    def _lost(self, error: redis.RedisError) -> None:
        with self._lock:
            self._resting_until = time.monotonic() + self._rest
            if not self._down:
                self._down = True
                log.warning("the queue does not answer, jobs wait in the database: %s", error)

    def _found(self) -> None:
        if self._down:
            with self._lock:
                self._down = False
            log.warning("the queue answers again")
