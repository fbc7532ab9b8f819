"""What an admin types about an integration → clean values."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from llmio.core.forms import Form
from llmio.core.i18n import _

ROOM = re.compile(r"[!#][^\s:]+(:[^\s:]+(:\d+)?)?")
"""A room's id or alias, as https://spec.matrix.org/v1.11/appendices/#room-ids has them."""


class ChatbotForm(Form):
    """Connect a channel."""

    name: str = Field(min_length=1, max_length=100)
    webhook_kind: str = Field(min_length=1)
    server: str = Field(min_length=1, max_length=2000)
    access_token: str = Field(default="", max_length=500)
    channel: str = Field(default="", max_length=255)
    event_kinds: list[str] = []
    notification_only: bool = False

    @field_validator("server")
    @classmethod
    def _address(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            named = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            named = False
        if not named or re.search(r"[\s\x00-\x1f]", value):
            raise ValueError(_("Please paste the whole address, beginning with https://."))
        return value

    @field_validator("access_token")
    @classmethod
    def _token(cls, value: str) -> str:
        if re.search(r"[^\x21-\x7e]", value):
            raise ValueError(_("A token has no spaces and no letters with accents. Please paste it again."))
        return value

    @field_validator("channel")
    @classmethod
    def _room(cls, value: str) -> str:
        if value and not ROOM.fullmatch(value):
            raise ValueError(_("Please give a room as #name:server or !id:server."))
        return value


def literal_address(url: str) -> str | None:
    """The address of a URL whose host is one; None where it is a name, which is judged when something is sent."""
    host = (urlsplit(url).hostname or "").strip("[]")
    if host == "localhost" or host.endswith(".localhost"):
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None
