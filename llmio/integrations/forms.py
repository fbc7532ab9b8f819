"""What an admin types about an integration → clean values."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from llmio.core.forms import Form
from llmio.core.i18n import _


class ChatbotForm(Form):
    """Connect a channel."""

    name: str = Field(min_length=1, max_length=100)
    webhook_kind: str = Field(min_length=1)
    server: str = Field(min_length=1, max_length=2000)
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
        if not named:
            raise ValueError(_("Please paste the whole address, beginning with https://."))
        return value
