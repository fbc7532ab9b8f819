"""Kinds of integrations: the webhook formats that are installed, and each further notifier that reaches a channel."""

from __future__ import annotations

from dataclasses import dataclass

from llmio.integrations.models import MATRIX, WEBHOOK, Chatbot
from llmio.plugins import Notifier, Reaches, WebhookFormat
from llmio.plugins.registry import Plugins

COLUMNS = {"address": "server"}
"""Fields whose column in table `chatbots`, and so in the form and for programs, has another name."""


@dataclass(frozen=True)
class Kind:
    """What can be connected: the notifier that reaches it, and of `webhook` the format."""

    key: str
    title: str
    notifier: Notifier
    shape: WebhookFormat | None = None

    @property
    def of_reference(self) -> bool:
        """Whether it is kept in the columns of table `chatbots`."""
        return self.notifier.key in (WEBHOOK, MATRIX)

    def called(self, field: str) -> str:
        """The name of a field in the form: that of the column, or with the kind before it, so that kinds do not mix."""
        return COLUMNS.get(field, field) if self.of_reference else f"{self.key}-{field}"


def kinds_of(plugins: Plugins) -> dict[str, Kind]:
    """All kinds by key, in the order of their titles; a notifier that has the name of a format is told apart."""
    found: list[Kind] = []
    for one in plugins.notifiers.values():
        if one.key == WEBHOOK:
            found += [Kind(shape.key, str(shape.title), one, shape) for shape in plugins.webhook_formats.values()]
        elif one.reaches == Reaches.CHANNEL:
            found.append(Kind(_key(one.key, plugins), str(one.title), one))
    return {one.key: one for one in sorted(found, key=lambda one: one.title.lower())}


def _key(notifier: str, plugins: Plugins) -> str:
    return f"{notifier}-notifier" if notifier in plugins.webhook_formats else notifier


def key_of(chatbot: Chatbot, plugins: Plugins) -> str:
    """The key of an integration's kind, be its plugin there or not."""
    return chatbot.shape if chatbot.notifier == WEBHOOK else _key(chatbot.notifier, plugins)


def kind_of(chatbot: Chatbot, plugins: Plugins) -> Kind | None:
    """The kind of an integration; None where its plugin is missing."""
    return kinds_of(plugins).get(key_of(chatbot, plugins))
