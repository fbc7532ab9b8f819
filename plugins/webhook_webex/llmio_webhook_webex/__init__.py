"""Webhook format `webex`: messages for Webex's incoming webhooks.

Source: https://apphub.webex.com/applications/incoming-webhooks-cisco-systems-38054-23307-75252 and, for the limit,
https://developer.webex.com/docs/api/v1/messages/create-a-message.
"""

from __future__ import annotations

from typing import Any

from llmio.plugins import JsonFormat, Markdown, Message, Plugin, WebhookFormat, _, hookimpl, shortened

PLUGIN = Plugin(_("Webex"), _("Webhook format of Webex."))
LIMIT = 7_000
"""Webex takes 7,439 bytes."""


class Webex(JsonFormat):
    """The fields of `markdown` with `markdown`."""

    key = "webex"
    title = "Webex"
    summary = "An incoming webhook of a space of Webex."

    def body(self, message: Message) -> dict[str, Any]:
        """The fields."""
        made = super().body(message)
        text = str(made["text"])
        if not fits(text) and message.parts:
            text = shortened(message.parts, Markdown().render, fits)
        if not fits(text):
            text = text.encode("utf-8", "replace")[:LIMIT].decode("utf-8", "ignore")
        return {**made, "text": text, "markdown": text}


def fits(text: str) -> bool:
    """Whether Webex takes it."""
    return len(text.encode("utf-8", "replace")) <= LIMIT


@hookimpl
def llmio_webhook_formats() -> list[WebhookFormat]:
    """The format of this plugin."""
    return [Webex()]
