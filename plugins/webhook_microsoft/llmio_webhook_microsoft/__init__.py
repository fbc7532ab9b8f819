"""Webhook formats `microsoft` and `microsoft_card`: Microsoft Teams, today's workflows and the older connectors.

Sources: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using (both kinds of
address and what they answer), https://adaptivecards.io/explorer/ (cards),
https://learn.microsoft.com/outlook/actionable-messages/message-card-reference (MessageCard).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from llmio.plugins import (
    Failed,
    HttpAnswer,
    JsonFormat,
    Markdown,
    Message,
    Outcome,
    Plugin,
    Retry,
    Target,
    WebhookFormat,
    _,
    as_json,
    hookimpl,
    shortened,
    wait_of,
)
from llmio_webhook_microsoft.card import card_of

PLUGIN = Plugin(_("Microsoft Teams"), _("Webhook formats of Microsoft Teams: workflows and the older connectors."))
CONNECTORS = ("webhook.office.com", "outlook.office.com", "outlook.office365.com")
"""Hosts of the older connectors, which take a MessageCard; every other address is taken for a workflow."""
CARD = "application/vnd.microsoft.card.adaptive"
HIDDEN_FAULT = re.compile(r"returned HTTP error (\d{3})")
"""A connector answers 200 also where Teams refused; its words tell."""
ACCENT = "3355c4"
HEX = re.compile(r"#?([0-9A-Fa-f]{6}|[0-9A-Fa-f]{3})")
LIMIT = 24_000
"""Bytes of a text as it stands in JSON: Teams takes messages of 28 KB; the rest is for what is around it."""


def is_connector(address: str) -> bool:
    """Whether an address belongs to an older connector."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    return any(host == one or host.endswith(f".{one}") for one in CONNECTORS)


def fits(text: str) -> bool:
    """Whether there is room for a text."""
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")) <= LIMIT


def text_of(message: Message) -> str:
    """The message as Markdown, as much of it as there is room for."""
    text = message.markdown or message.text
    if fits(text):
        return text
    text = shortened(message.parts, Markdown().render, fits) if message.parts else text[: LIMIT // 6]
    while not fits(text):
        text = text[: len(text) * 3 // 4]
    return text


def colour(given: str) -> str:
    """The site's colour as six hexadecimal digits, the only form that a card takes; llmio's own where it is another."""
    found = HEX.fullmatch(given.strip())
    if found is None:
        return ACCENT
    digits = found[1]
    return digits if len(digits) == 6 else "".join(one * 2 for one in digits)


class MessageCard(JsonFormat):
    """The fields of `markdown` with those of a MessageCard."""

    key = "microsoft_card"
    title = "Microsoft Teams, older connector (MessageCard)"
    summary = "For receivers that know no Adaptive Cards."

    def body(self, message: Message) -> dict[str, Any]:
        """The card."""
        made = super().body(message)
        return {
            **made,
            "text": text_of(message),
            "@type": "MessageCard",
            "@context": "http://schema.org/extensions",
            "themeColor": colour(str(message.data.get("theme_color") or "")),
            "summary": message.subject[:200] or "llmio",
            "sections": [],
        }

    def answer(self, response: HttpAnswer) -> Outcome:
        """As by default, but a connector says in words what went wrong behind a 200."""
        hidden = HIDDEN_FAULT.search(response.text) if response.status == 200 else None
        if hidden is None:
            return super().answer(response)
        status = int(hidden[1])
        if status == 429 or status >= 500:
            return Retry(response.text[:200], wait_of(response))
        return Failed(response.text[:200])


class Teams(MessageCard):
    """An Adaptive Card for workflows; a MessageCard where the address is that of an older connector."""

    key = "microsoft"
    title = "Microsoft Teams"
    summary = "A workflow “When a Teams webhook request is received”, or an older connector: told by the address."

    def payload(self, message: Message) -> tuple[Mapping[str, str], bytes]:
        """What a workflow takes."""
        attachment = {"contentType": CARD, "contentUrl": None, "content": json.loads(card_of(message))}
        return as_json({"type": "message", "attachments": [attachment]})

    def request(self, message: Message, target: Target, now: datetime) -> tuple[Mapping[str, str], bytes]:
        """By the kind of address."""
        return as_json(self.body(message)) if is_connector(target.address) else self.payload(message)


@hookimpl
def llmio_webhook_formats() -> list[WebhookFormat]:
    """Both formats."""
    return [Teams(), MessageCard()]
