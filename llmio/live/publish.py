"""The Live port: records for browsers, published on Redis channel `/records`."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import redis

log = logging.getLogger(__name__)
CHANNEL = "/records"


class RedisLive:
    """Publishes; where Redis does not answer, nobody hears it and pages show it when they are loaded next."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._ailing = False

    def publish(self, room: str, records: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Send records to a room (`group-<id>` or `user-<id>`)."""
        try:
            self._redis.publish(CHANNEL, json.dumps({"room": room, "records": records}))
        except redis.RedisError as error:
            if not self._ailing:
                log.warning("live channel: Redis does not answer: %s", error)
            self._ailing = True
        else:
            self._ailing = False
