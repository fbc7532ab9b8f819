"""Webhook format `markdown`: Mattermost and others that take Markdown.

Source: https://developers.mattermost.com/integrate/webhooks/incoming/.
"""

from __future__ import annotations

from typing import Any

from llmio.plugins import JsonFormat, Markdown, Message, Plugin, WebhookFormat, _, hookimpl, shortened

PLUGIN = Plugin(_("Markdown"), _("Webhook format of Mattermost and others that take Markdown."))
LIMIT = 16_000
"""Mattermost cuts a message into pieces after 16,383 characters."""


class MarkdownFormat(JsonFormat):
    """`{"text": <Markdown>, "icon_url": <logo>, "username": <name of the site>}`."""

    key = "markdown"
    title = "Mattermost, Rocket.Chat, Markdown"
    summary = "Mattermost, Rocket.Chat and others that take Markdown."

    def body(self, message: Message) -> dict[str, Any]:
        """The fields; what is too long for one message is shortened where its parts end."""
        made = super().body(message)
        if len(made["text"]) > LIMIT and message.parts:
            made["text"] = shortened(message.parts, Markdown().render, lambda text: len(text) <= LIMIT)
        return {**made, "text": made["text"][:LIMIT]}


@hookimpl
def llmio_webhook_formats() -> list[WebhookFormat]:
    """The format of this plugin."""
    return [MarkdownFormat()]
