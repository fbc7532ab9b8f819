"""What the reference publishes for rooms of Matrix: `chatbot/test` and `chatbot/publish`, handed to the notifier `matrix`.

llmio itself delivers from its own queue, with tries and a log. This serves whoever publishes as the reference does.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import redis.asyncio as redis

    from llmio.core.ports import Mail, Receipt

log = logging.getLogger(__name__)
TEST = "chatbot/test"
PUBLISH = "chatbot/publish"
CHANNELS = (TEST, PUBLISH)
ONCE_MS = 2_000
"""Several channel servers hear the same message within moments; one of them acts."""
AT_ONCE = 8


class MatrixBot:
    """Posts to rooms; the notifier is loaded when it is first needed."""

    def __init__(self, store: redis.Redis) -> None:
        self._redis = store
        self._hands = asyncio.Semaphore(AT_ONCE)

    async def hand_on(self, channel: str, payload: dict[str, Any]) -> None:
        """Post one message; what goes wrong is logged."""
        config = payload if channel == TEST else payload.get("config")
        if not isinstance(config, dict) or not all(config.get(key) for key in ("server", "access_token", "channel")):
            log.warning("message on %s without server, access_token or channel", channel)
            return
        digest = hashlib.sha256(json.dumps([channel, payload], sort_keys=True).encode()).hexdigest()
        if not await self._redis.set(f"llmio:matrix:{digest}", 1, nx=True, px=ONCE_MS):
            return
        async with self._hands:
            said = await asyncio.to_thread(self._post, channel, config, payload)
        if said:
            log.warning("Matrix room %s: %s", config["channel"], said)

    def _post(self, channel: str, config: dict[str, Any], payload: dict[str, Any]) -> str:
        """What went wrong, empty when nothing did."""
        from llmio.boot import read_settings  # noqa: PLC0415  # slow, and few need it
        from llmio.integrations.http import GuardedHttp  # noqa: PLC0415  # slow, and few need it
        from llmio.plugins import Message, Outgoing, Sent, Target  # noqa: PLC0415  # slow, and few need it

        found = entry_points(group="llmio.plugins", name="notify_matrix")
        if not found:
            return "plugin notify_matrix is not installed"
        (notifier,) = next(iter(found)).load().llmio_notifiers()
        target = Target(
            str(config["server"]),
            str(config["channel"]),
            {"access_token": str(config["access_token"]), "channel": str(config["channel"])},
        )
        if channel == TEST:
            message = Message("test", "", str(payload.get("message") or ""))
        else:
            html = str((payload.get("payload") or {}).get("html") or "")
            message = Message("published", "", _plain(html), html=html)
        outcome = notifier.send(message, target, Outgoing(GuardedHttp(read_settings()), _NoMail()))
        return "" if isinstance(outcome, Sent) else str(outcome)


class _NoMail:
    """Nothing here sends mail."""

    def send(self, mail: Mail) -> Receipt:
        """Refuse."""
        raise NotImplementedError(mail.subject)


def _plain(html: str) -> str:
    from llmio.core.richtext import plain  # noqa: PLC0415  # slow, and few need it

    return plain(html)
