"""Notifiers `board` (a channel) and `pager` (a person): each says which fields it needs, the site makes the forms."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from llmio.plugins import (
    Failed,
    Field,
    FieldError,
    HttpAnswer,
    Message,
    Notifier,
    Outcome,
    Outgoing,
    Plugin,
    Reaches,
    Retry,
    Sent,
    Setting,
    Target,
    hookimpl,
    wait_of,
)

PLUGIN = Plugin(
    "Boards and pagers",
    "Notices to a board on the wall, and to pagers.",
    (Setting("notify_pager.gateway", "NOTIFY_PAGER_GATEWAY", help="Where pagers are reached, an address."),),
)


def read(answer: HttpAnswer) -> Outcome:
    """What an answer means."""
    if 200 <= answer.status < 300:
        return Sent(answer.text[:200])
    said = f"{answer.status or ''} {answer.text[:200]}".strip()
    passing = answer.status in (0, 408, 429) or answer.status >= 500
    return Retry(said, wait_of(answer)) if passing else Failed(said)


class Board(Notifier):
    """One POST for each notice."""

    key = "board"
    title = "Board on the wall"
    summary = "A board that hangs in a room."
    reaches = Reaches.CHANNEL
    fields = (
        Field("address", "url", "Where the board is reached", required=True, max=500, placeholder="https://"),
        Field("tone", "choice", "Tone", default="soft", choices=(("soft", "Soft"), ("loud", "Loud"))),
        Field("rings", "bool", "Ring a bell, too", default=False),
        Field("seconds", "int", "Seconds a notice stays", default=60, min=5, max=600),
        Field(
            "key",
            "secret",
            "Key",
            required=True,
            help="It stands on the back of the board.",
            pattern=r"[A-Z]{2}-\d{4}",
            mismatch="Two capitals, a dash and four digits, such as AB-1234.",
        ),
    )

    def check(self, values: Mapping[str, Any]) -> None:
        """A bell is not soft."""
        if values.get("rings") and values.get("tone") == "soft":
            raise FieldError("tone", "Whoever wants the bell wants it loud.")

    def send(self, message: Message, target: Target, out: Outgoing) -> Outcome:
        """Put it up."""
        options = target.options
        said = {
            "id": message.id,
            "text": f"{message.text or message.subject}\n{message.url}",
            "tone": options.get("tone"),
            "rings": bool(options.get("rings")),
            "seconds": options.get("seconds"),
        }
        headers = {"Content-Type": "application/json", "X-Board-Key": str(options.get("key"))}
        return read(out.http.post(target.address, headers=headers, body=json.dumps(said).encode()))


class Pager(Notifier):
    """One POST for each notice to the gateway that the operator has set."""

    key = "pager"
    title = "Pager"
    summary = "Short notices to your pager."
    reaches = Reaches.PERSON
    fields = (
        Field(
            "number",
            "text",
            "Number",
            required=True,
            pattern=r"\+[0-9]{6,15}",
            mismatch="With the country, without spaces: +4930123456.",
            placeholder="+4930123456",
        ),
    )

    def send(self, message: Message, target: Target, out: Outgoing) -> Outcome:
        """A hundred letters and where to read on."""
        gateway = out.settings.get("gateway") or target.address
        if not gateway:
            return Failed("the operator has set no gateway")
        said = {"id": message.id, "to": target.options.get("number"), "text": f"{message.subject[:100]} {message.url}"}
        headers = {"Content-Type": "application/json"}
        return read(out.http.post(gateway, headers=headers, body=json.dumps(said).encode()))


@hookimpl
def llmio_notifiers() -> Sequence[Notifier]:
    """Both."""
    return [Board(), Pager()]
