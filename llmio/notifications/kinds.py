"""Event kinds of mentions."""

from __future__ import annotations

from llmio.core.events import Channel, kind

USER_MENTIONED = kind(
    "user_mentioned", "", Channel.IN_APP, Channel.EMAIL, summary="People were mentioned by name, or answered."
)
GROUP_MENTIONED = kind(
    "group_mentioned", "", Channel.IN_APP, Channel.EMAIL, summary="A whole group was mentioned by its handle."
)
KINDS = (USER_MENTIONED, GROUP_MENTIONED)
