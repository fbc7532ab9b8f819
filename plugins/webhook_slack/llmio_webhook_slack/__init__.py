"""Webhook format `slack`: mrkdwn for Slack's incoming webhooks.

Source: https://api.slack.com/reference/surfaces/formatting (mrkdwn) and https://api.slack.com/messaging/webhooks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from llmio.plugins import (
    Failed,
    HttpAnswer,
    Link,
    Message,
    Outcome,
    Plugin,
    Prose,
    Renderer,
    WebhookFormat,
    _,
    hookimpl,
    shortened,
)

PLUGIN = Plugin(_("Slack"), _("Webhook format of Slack."))
LIMIT = 39_000
"""Slack cuts a text after 40,000 characters."""
GONE = frozenset({"no_service", "channel_not_found", "channel_is_archived", "action_prohibited", "invalid_token"})

CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
LINK = re.compile(r"!?\[([^\]]*)\]\(([^()\s]+)\)")
ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!~|<>])")
KEPT = 0xE000
"""Where Unicode's private use begins: escaped marks wait there while the others are translated."""
BOLD = re.compile(r"\*\*(.+?)\*\*|__(.+?)__", re.DOTALL)
ITALIC = re.compile(r"(?<![\*\w])\*(?!\s)([^*\n]+?)(?<!\s)\*(?![\*\w])")
STRIKE = re.compile(r"~~(.+?)~~", re.DOTALL)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
BULLET = re.compile(r"^(\s*)[-*+]\s+", re.MULTILINE)


def escape(text: str) -> str:
    """Slack's three control characters as entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mrkdwn(markdown: str) -> str:
    """Markdown as Slack's mrkdwn; code is left as it is."""
    return "".join(escape(part) if index % 2 else _prose(part) for index, part in enumerate(CODE.split(markdown)))


def _prose(text: str) -> str:
    text = ESCAPED.sub(lambda found: chr(KEPT + ord(found[1])), text)
    quoted = re.sub(r"^(\s*)&gt;", r"\1>", escape(text), flags=re.MULTILINE)
    made = LINK.sub(lambda found: f"<{found[2]}|{found[1] or found[2]}>", quoted)
    made = ITALIC.sub(r"_\1_", made)
    made = BOLD.sub(lambda found: f"*{found[1] or found[2]}*", made)
    made = HEADING.sub(r"*\1*", made)
    made = STRIKE.sub(r"~\1~", made)
    made = BULLET.sub(r"\1• ", made)
    return "".join(escape(chr(ord(one) - KEPT)) if KEPT < ord(one) < KEPT + 128 else one for one in made)


class Mrkdwn(Renderer):
    """Parts of a message in Slack's marks, which have no way to escape but these three characters."""

    def escape(self, text: str) -> str:
        """Entities."""
        return escape(text)

    def strong(self, marked: str) -> str:
        """Bold."""
        return f"*{marked}*"

    def link(self, link: Link) -> str:
        """A link; a bar would end its address."""
        return f"<{escape(link.url).replace('|', '%7C')}|{escape(' '.join(link.title.split()))}>"

    def fence(self, text: str) -> str:
        """A block of code."""
        return f"```\n{escape(text)}\n```"

    def item(self, marked: str) -> str:
        """A line of a list."""
        return f"• {marked}"

    def prose(self, part: Prose) -> str:
        """What somebody wrote."""
        return mrkdwn(part.markdown)


class Slack(WebhookFormat):
    """`{"text": <mrkdwn>}`."""

    key = "slack"
    title = "Slack"
    summary = "An incoming webhook of Slack."

    def payload(self, message: Message) -> tuple[Mapping[str, str], bytes]:
        """Headers and body."""
        if message.parts:
            text = shortened(message.parts, Mrkdwn().render, lambda made: len(made) <= LIMIT)
        else:
            text = mrkdwn(message.markdown or message.text)
        if len(text) > LIMIT:
            text = text[:LIMIT] + " …"
        return {"Content-Type": "application/json"}, json.dumps({"text": text}).encode()

    def answer(self, response: HttpAnswer) -> Outcome:
        """As by default; Slack names hooks that are gone for good in words."""
        if response.text.strip() in GONE:
            return Failed(f"{response.status} {response.text.strip()}")
        return super().answer(response)


@hookimpl
def llmio_webhook_formats() -> list[WebhookFormat]:
    """The format of this plugin."""
    return [Slack()]
