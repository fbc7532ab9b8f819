"""What a webhook plugin offers: the shape of what notifier `webhook` posts."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

from llmio.core.ports import HttpAnswer
from llmio.plugins.notify import Failed, Message, Outcome, Retry, Sent, Target

PASSING = frozenset({0, 408, 425, 429})


class WebhookFormat(ABC):
    """How a message looks to one kind of chat or service, and what its answers mean."""

    key: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str] = ""
    signed: ClassVar[bool] = False
    """Whether it signs what it posts: llmio then makes a secret for each integration, shows it to the group's admins and
    gives it as `target.options["secret"]`; those it replaced a short while ago are in `target.options["old_secrets"]`, and sign
    too where the way of signing allows it."""

    @abstractmethod
    def payload(self, message: Message) -> tuple[Mapping[str, str], bytes]:
        """Headers and body of the POST."""

    def request(self, message: Message, target: Target, now: datetime) -> tuple[Mapping[str, str], bytes]:
        """Headers and body for one target at one time; `payload` unless a format differs by address or signs."""
        return self.payload(message)

    def answer(self, response: HttpAnswer) -> Outcome:
        """What an answer means; by default 2xx is sent, 429, 5xx and silence are tried again, all else has failed."""
        said = f"{response.status or ''} {response.text[:200]}".strip()
        if 200 <= response.status < 300:
            return Sent(response.text[:200])
        if response.status in PASSING or response.status >= 500:
            return Retry(said, wait_of(response))
        return Failed(said)


class JsonFormat(WebhookFormat):
    """A format whose body is JSON; subclasses give `body`, which has the fields of Mattermost unless they say otherwise."""

    def body(self, message: Message) -> dict[str, Any]:
        """`{"text": <Markdown>, "icon_url": <logo of the group>, "username": <name of the site>}`."""
        return {
            "text": message.markdown or message.text,
            "icon_url": message.data.get("icon_url", ""),
            "username": message.data.get("site_name", ""),
        }

    def payload(self, message: Message) -> tuple[Mapping[str, str], bytes]:
        """Headers and body."""
        return as_json(self.body(message))


def as_json(body: Mapping[str, Any]) -> tuple[Mapping[str, str], bytes]:
    """Headers and body of a POST of JSON."""
    return {"Content-Type": "application/json"}, json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def wait_of(response: HttpAnswer) -> float | None:
    """The seconds that an answer asks to wait (Retry-After: a number, or a date to compare with that of the answer)."""
    said = response.headers.get("retry-after", "").strip()
    try:
        seconds = float(said)
    except ValueError:
        seconds = _until(said, response.headers.get("date", ""))
    return max(0.0, min(seconds, 86_400.0)) if seconds == seconds else None  # noqa: PLR0124  # not for NaN


def _until(then: str, now: str) -> float:
    try:
        return (parsedate_to_datetime(then) - parsedate_to_datetime(now)).total_seconds()
    except (TypeError, ValueError):
        return float("nan")
