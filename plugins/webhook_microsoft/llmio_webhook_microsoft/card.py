"""A message as an Adaptive Card."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from llmio.plugins import (
    Action,
    Chart,
    Grid,
    Headline,
    Link,
    Links,
    Markdown,
    Message,
    Note,
    Part,
    Prose,
    Quote,
    Title,
    _,
    bar,
    grid_text,
    shortened,
)

LIMIT = 26_000
"""Teams takes messages of 28 KB; the rest is for what is around the card."""
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
FENCE = re.compile(r"^```.*$\n?", re.MULTILINE)
markdown = Markdown()


def card_of(message: Message) -> str:
    """The card as JSON, small enough for Teams."""
    parts: Sequence[Part] = message.parts
    if not parts:
        text = (message.markdown or message.text or message.subject or " ")[: LIMIT // 6]
        parts = (Prose("", text),)
    return shortened(parts, lambda kept: _card(kept, message.url), lambda made: len(made.encode()) <= LIMIT)


def _card(parts: Sequence[Part], url: str) -> str:
    body: list[dict[str, Any]] = []
    actions = [_open(part.link) for part in parts if isinstance(part, Action)]
    for part in parts:
        facts = _facts(part)
        if facts and body and body[-1]["type"] == "FactSet" and isinstance(part, Note):
            body[-1]["facts"] += facts
        elif facts:
            body += [*_heading(part), {"type": "FactSet", "facts": facts}]
        else:
            body += _blocks(part)
    if url and not actions:
        actions.append(_open(Link(str(_("Open")), url)))
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "msteams": {"width": "Full"},
    }
    return json.dumps({**card, "actions": actions} if actions else card)


def _open(link: Link) -> dict[str, Any]:
    return {"type": "Action.OpenUrl", "title": link.title, "url": link.url}


def _text(text: str, **how: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text or " ", "wrap": True, **how}


def _heading(part: Part) -> list[dict[str, Any]]:
    return [_text(markdown.escape(part.title), weight="Bolder")] if isinstance(part, Chart) and part.title else []


def _facts(part: Part) -> list[dict[str, str]]:
    """Lines that stand in two columns: labelled notes, results."""
    if isinstance(part, Note) and part.label:
        return [{"title": markdown.escape(part.label), "value": markdown.escape(part.text) or " "}]
    if not isinstance(part, Chart):
        return []
    facts = []
    for line in part.lines:
        numbers = " · ".join(f"{head}: {cell}" for head, cell in zip(part.heads, line.cells, strict=False))
        said = "  ".join(one for one in (bar(line.percent), numbers, line.note) if one)
        facts.append({"title": markdown.escape(line.label) or " ", "value": markdown.escape(said)})
    return facts


def _blocks(part: Part) -> list[dict[str, Any]]:
    if isinstance(part, Headline):
        return [_text(markdown.escape(part.text), weight="Bolder")]
    if isinstance(part, Title):
        return [_text(markdown.link(Link(part.text, part.url)), size="Large")]
    if isinstance(part, Quote):
        return [{"type": "Container", "style": "emphasis", "items": [_text(markdown.escape(part.text))]}]
    if isinstance(part, Prose):
        return [_text(HEADING.sub(r"**\1**", FENCE.sub("", markdown.prose(part))))]
    if isinstance(part, Note):
        return [_text(markdown.escape(part.text), isSubtle=True)]
    if isinstance(part, Links):
        items = "\r".join(f"- {markdown.link(one)}" for one in part.links)
        return [_text(markdown.escape(part.label), weight="Bolder", spacing="Medium"), _text(items, spacing="None")]
    if isinstance(part, Grid):
        lines = grid_text(part).replace(" ", "\u00a0").splitlines()
        made = [_text(line, fontType="Monospace", wrap=False, spacing="None", size="Small") for line in lines]
        return [_text(markdown.escape(part.title), weight="Bolder"), *made] if part.title else made
    return []
