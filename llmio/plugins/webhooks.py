"""What a webhook plugin offers: the shape of what notifier `webhook` posts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from llmio.core.ports import HttpAnswer
from llmio.plugins.notify import Failed, Message, Outcome, Retry, Sent


class WebhookFormat(ABC):
    """How a message looks to one kind of chat or service, and what its answers mean."""

    key: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str] = ""

    @abstractmethod
    def payload(self, message: Message) -> tuple[Mapping[str, str], bytes]:
        """Headers and body of the POST."""

    def answer(self, response: HttpAnswer) -> Outcome:
        """What an answer means; by default 2xx is sent, 429, 5xx and silence are tried again, all else has failed."""
        if 200 <= response.status < 300:
            return Sent(response.text[:200])
        if response.status in (0, 408, 425, 429) or response.status >= 500:
            after = response.headers.get("retry-after", "")
            return Retry(f"{response.status} {response.text[:200]}", float(after) if after.isdigit() else None)
        return Failed(f"{response.status} {response.text[:200]}")
