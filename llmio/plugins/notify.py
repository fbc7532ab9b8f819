"""What a notifier plugin offers: a way to reach a person or a channel."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

from llmio.core.ports import Clock, Http, HttpAnswer, Mail, Mailer, SystemClock
from llmio.plugins.content import Part
from llmio.plugins.fields import Field


class Reaches(StrEnum):
    """Whom a notifier reaches."""

    PERSON = "person"
    CHANNEL = "channel"


@dataclass(frozen=True)
class Sent:
    """Delivered; `answer` is what the other side said."""

    answer: str = ""


@dataclass(frozen=True)
class Retry:
    """Not delivered, but a later try may help; `after` seconds where the other side said so."""

    reason: str
    after: float | None = None


@dataclass(frozen=True)
class Failed:
    """Not delivered, and trying again will not help."""

    reason: str


Outcome = Sent | Retry | Failed


class Enclosure(NamedTuple):
    """A file that goes along with a message: its name, its type with parameters, its bytes."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Message:
    """A notice, rendered once for its recipient.

    `why` says why it came. `parts` say the same as `text`, `html` and `markdown`, in pieces for formats that lay them out
    themselves. `data` holds the values behind it (`event`, `group`, `poll`, `results`, …) for programs. `id` is the same at
    each try, so that the other side can tell a message that comes twice.
    """

    kind: str
    subject: str
    text: str
    html: str = ""
    markdown: str = ""
    url: str = ""
    why: str = ""
    locale: str = "en"
    headers: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    id: str = ""
    attachments: tuple[Enclosure, ...] = ()
    """Files that go along (a meeting for the calendar). The text says all that matters: who carries no files leaves them out."""


@dataclass(frozen=True)
class Target:
    """Whom to send to: an address or URL, a name, and what the notifier needs beside.

    `address` is what was entered in the notifier's field of that name (for `email`, the person's mail address); `options` holds the
    others under their names; for `webhook` also `format`, `secret` and `old_secrets`.
    """

    address: str
    name: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outgoing:
    """The ways out that a notifier may use: outgoing requests and the mail server; the time; and the plugin's own settings, keys without
    its name before them.
    """

    http: Http
    mailer: Mailer
    clock: Clock = field(default_factory=SystemClock)
    settings: Mapping[str, Any] = field(default_factory=dict)


class Notifier(ABC):
    """A way to reach people or a channel. `send` runs in a job, outside any transaction."""

    key: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str] = ""
    reaches: ClassVar[Reaches] = Reaches.PERSON
    carries_files: ClassVar[bool] = False
    """Whether `message.attachments` arrive; the contract holds it to that."""
    fields: ClassVar[tuple[Field, ...]] = ()
    """What is asked of whoever connects a target: the form, its checks and `Target` are made from them. One named `address` becomes
    `target.address`."""

    def check(self, values: Mapping[str, Any]) -> None:  # noqa: B027  # not abstract: most have nothing to check
        """Raise FieldError for values that do not go together; each was cleaned by its field before. No network."""

    @abstractmethod
    def send(self, message: Message, target: Target, out: Outgoing) -> Outcome:
        """Deliver one message to one target and say what came of it."""


__all__ = [
    "Enclosure",
    "Failed",
    "Http",
    "HttpAnswer",
    "Mail",
    "Mailer",
    "Message",
    "Notifier",
    "Outcome",
    "Outgoing",
    "Reaches",
    "Retry",
    "Sent",
    "Target",
]
