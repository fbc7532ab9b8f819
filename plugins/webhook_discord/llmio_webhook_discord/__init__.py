"""Webhook format `discord`: messages for Discord's webhooks.

Source: https://discord.com/developers/docs/resources/webhook#execute-webhook and, for the limits,
https://discord.com/developers/docs/resources/message#embed-object-embed-limits.
"""

from __future__ import annotations

import re
from typing import Any

from llmio.plugins import JsonFormat, Message, Plugin, WebhookFormat, _, hookimpl

PLUGIN = Plugin(_("Discord"), _("Webhook format of Discord."))
LIMIT = 1900
"""Discord refuses a content of more than 2,000 characters."""
SUFFIX = "... (truncated)"
EMBED_TITLE, EMBED_TEXT = 256, 4096
FENCE = "```"
FORBIDDEN = re.compile("discord|clyde|```|system message", re.IGNORECASE)
"""A webhook whose username has one of these is refused."""


class Discord(JsonFormat):
    """The fields of `markdown` with `content`; what does not fit there follows in an embed."""

    key = "discord"
    title = "Discord"
    summary = "A webhook of a channel of Discord."

    def body(self, message: Message) -> dict[str, Any]:
        """The fields; nobody is called by what people write (`allowed_mentions`)."""
        made = super().body(message)
        text = made["text"] or message.subject
        content, rest = cut(text, LIMIT)
        made |= {"text": content, "content": content + (SUFFIX if rest else ""), "allowed_mentions": {"parse": []}}
        if rest:
            made["embeds"] = [self._embed(message, rest)]
        name = str(made["username"]).strip()[:80]
        if not name or FORBIDDEN.search(name):
            del made["username"]
        else:
            made["username"] = name
        if made["icon_url"]:
            made["avatar_url"] = made["icon_url"]
        return made

    def _embed(self, message: Message, rest: str) -> dict[str, Any]:
        title = str(message.data.get("title") or message.subject)[:EMBED_TITLE]
        text, more = cut(rest, EMBED_TEXT - len(SUFFIX))
        made = {"title": title, "description": text + (SUFFIX if more else "")}
        return {**made, "url": message.url} if message.url else made


def cut(text: str, most: int) -> tuple[str, str]:
    """A text cut after so many characters, at the end of a line where there is one; a table stays a table in both."""
    if len(text) <= most:
        return text, ""
    end = text.rfind("\n", most // 2, most - len(FENCE))
    end = end if end > 0 else most - len(FENCE) - 1
    first, rest = text[:end], text[end:].lstrip("\n")
    if first.count(FENCE) % 2:
        first, rest = f"{first}\n{FENCE}", f"{FENCE}\n{rest}"
    return first, rest or " "


@hookimpl
def llmio_webhook_formats() -> list[WebhookFormat]:
    """The format of this plugin."""
    return [Discord()]
