"""Event kinds of incoming mail."""

from __future__ import annotations

from llmio.core.events import Channel, kind

UNKNOWN_SENDER = kind(
    "unknown_sender",
    "ReceivedEmail",
    Channel.IN_APP,
    Channel.EMAIL,
    summary="Somebody unknown wrote to a group by mail.",
)
KINDS = (UNKNOWN_SENDER,)
