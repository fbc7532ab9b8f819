"""Webhook format `markdown`: Mattermost and others that take Markdown.

Source: https://developers.mattermost.com/integrate/webhooks/incoming/.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from llmio.plugins import Message, Plugin, WebhookFormat, _, hookimpl

PLUGIN = Plugin(_("Markdown"), _("Webhook format of Mattermost and others that take Markdown."))


class Markdown(WebhookFormat):
    """`{"text": <Markdown>, "icon_url": <logo>, "username": <name of the site>}`."""

    key = "markdown"
    title = "Markdown"
    summary = "Mattermost, Rocket.Chat and others that take Markdown."

    def payload(self, message: Message) -> tuple[Mapping[str, str], bytes]:
        """Headers and body."""
        body = {
            "text": message.markdown or message.text,
            "icon_url": message.data.get("icon_url", ""),
            "username": message.data.get("site_name", ""),
        }
        return {"Content-Type": "application/json"}, json.dumps(body).encode()


@hookimpl
def llmio_webhook_formats() -> list[WebhookFormat]:
    """The format of this plugin."""
    return [Markdown()]
