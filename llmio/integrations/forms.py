"""What an admin types about an integration → clean values; what is typed in the fields of its kind, see `entries`."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from pydantic import Field

from llmio.core.forms import Form


class ChatbotForm(Form):
    """Connect a channel."""

    name: str = Field(min_length=1, max_length=100)
    webhook_kind: str = Field(min_length=1)
    event_kinds: list[str] = []
    notification_only: bool = False


def literal_address(url: str) -> str | None:
    """The address of a URL whose host is one; None where it is a name, which is judged when something is sent."""
    host = (urlsplit(url).hostname or "").strip("[]")
    if host == "localhost" or host.endswith(".localhost"):
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None
