"""The Live port: records for browsers, published on Redis channel `/records`."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any, cast

import redis

from llmio.core.ports import LIVE_TOKEN

log = logging.getLogger(__name__)
CHANNEL = "/records"
MEMBERSHIPS = "/memberships"
"""`{"id": 1, "group_ids": [2, 3]}`: a person's groups have changed; null: they are signed out everywhere. Ours: the reference's
server does not know it, and its pages hear of a new group once they reconnect."""


class RedisLive:
    """Publishes; where Redis does not answer, nobody hears it and pages show it when they are loaded next."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._ailing = False

    def publish(self, room: str, records: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Send records to a room (`group-<id>` or `user-<id>`)."""
        self._tell(CHANNEL, {"room": room, "records": records})

    def reseat(self, user_id: int, token: str, group_ids: Sequence[int] | None) -> None:
        """Move a person's open pages into the rooms of these groups, and have new ones begin there."""
        key = LIVE_TOKEN + token
        try:
            if group_ids is None:
                self._redis.delete(key)
            elif kept := self._redis.get(key):
                person = {**json.loads(cast("bytes", kept)), "group_ids": list(group_ids)}
                self._redis.set(key, json.dumps(person), keepttl=True, xx=True)
        except redis.RedisError:  # nobody is let in while it is away, and what is kept there ends after some days
            return
        self._tell(MEMBERSHIPS, {"id": user_id, "group_ids": None if group_ids is None else list(group_ids)})

    def _tell(self, channel: str, message: Mapping[str, Any]) -> None:
        try:
            self._redis.publish(channel, json.dumps(message))
        except redis.RedisError as error:
            if not self._ailing:
                log.warning("live channel: Redis does not answer: %s", error)
            self._ailing = True
        else:
            self._ailing = False
