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
        name = cut(str(made["username"]).strip(), 80)[0]
        if not name or FORBIDDEN.search(name):
            del made["username"]
        else:
            made["username"] = name
        if made["icon_url"]:
            made["avatar_url"] = made["icon_url"]
        return made

    def _embed(self, message: Message, rest: str) -> dict[str, Any]:
        title = cut(str(message.data.get("title") or message.subject), EMBED_TITLE)[0].strip() or "…"
        text, more = cut(rest, EMBED_TEXT - len(SUFFIX))
        made = {"title": title, "description": text + (SUFFIX if more else "")}
        return {**made, "url": message.url} if message.url else made


def units(text: str) -> int:
    """The length of a text as Discord's own library counts it: in UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, most: int) -> tuple[str, str]:
    """A text cut after so much of it, at the end of a line where there is one; a table stays a table in both pieces."""
    if units(text) <= most:
        return text, ""
    room = most - len(f"\n{FENCE}")
    first = text.encode("utf-16-le", "surrogatepass")[: room * 2].decode("utf-16-le", "ignore")
    end = first.rfind("\n", len(first) // 2)
    first = first[:end] if end > 0 else first
    rest = text[len(first) :].lstrip("\n")
    if first.count(FENCE) % 2:
        first, rest = f"{first}\n{FENCE}", f"{FENCE}\n{rest}"
    return first, rest or " "


@hookimpl
def llmio_webhook_formats() -> list[WebhookFormat]:
    """The format of this plugin."""
    return [Discord()]
