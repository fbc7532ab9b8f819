"""How often one address on the internet may do something. Counted in Redis; while that is down nobody is refused."""

from __future__ import annotations

import logging
from ipaddress import ip_address
from typing import Any

from redis.exceptions import RedisError

from llmio.core.errors import TooMany
from llmio.core.i18n import _

log = logging.getLogger(__name__)
HOUR = 3600
DAY = 24 * HOUR
A_DAY = 3
"""A day allows so many times what an hour allows."""
IN_DEVELOPMENT = 100


def includeme(config: Any) -> None:
    """Request method `limit`, property `client_ip`."""
    config.add_request_method(limit)
    config.add_request_method(client_ip, reify=True)


def client_ip(request: Any) -> str:
    """The address a request comes from; headers count only where a proxy in front set them."""
    peer = str(request.environ.get("REMOTE_ADDR") or "")
    header = request.app.settings.text("limits.ip_header")
    named = request.headers.get(header, "") if header else ""
    if not header and is_private(peer):
        named = request.headers.get("X-Forwarded-For", "").split(",")[-1]
    named = named.strip()
    return named if _is_address(named) else peer


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_private(text: str) -> bool:
    """Whether an address (or none, of a Unix socket) is of this machine or its network."""
    return text == "" or (_is_address(text) and ip_address(text).is_private)


def limit(request: Any, what: str, an_hour: int) -> None:
    """Count one try of this address at something; raises TooMany beyond the limit of the hour or the day."""
    app = request.app
    settings = app.settings
    if not settings.on("limits.on") or app.redis is None:
        return
    factor = settings["limits.rate_factor"]
    if factor is None:
        factor = 1 if settings["llmio.env"] == "production" else IN_DEVELOPMENT
    now = app.ports.clock.now().timestamp()
    for seconds, most in ((HOUR, an_hour * factor), (DAY, an_hour * A_DAY * factor)):
        span = max(1, int(seconds * settings["limits.time_factor"]))
        if _count(app.redis, f"limit:{what}:{request.client_ip}:{span}:{int(now // span)}", span) > most:
            raise TooMany(
                _("That was often enough for now. Please try again later."), retry_after=int(span - now % span) + 1
            )


def _count(redis: Any, key: str, seconds: int) -> int:
    try:
        with redis.pipeline(transaction=False) as pipe:
            pipe.incr(key)
            pipe.expire(key, seconds)
            return int(pipe.execute()[0])
    except (RedisError, OSError):
        log.warning("cannot count %s: Redis does not answer", key.split(":")[1])
        return 0
