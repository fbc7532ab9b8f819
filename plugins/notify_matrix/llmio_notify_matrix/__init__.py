"""Notifier `matrix`: notices to a room of Matrix, by the client-server API.

Source: https://spec.matrix.org/v1.11/client-server-api/ (sending events to a room, joining rooms, room aliases, rate
limiting). `target.address` is the homeserver; `target.options` has `access_token` and `channel`, a room id or an alias.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from llmio.plugins import (
    ADDRESS,
    Failed,
    Field,
    Html,
    HttpAnswer,
    Message,
    Notifier,
    Outcome,
    Outgoing,
    Plain,
    Plugin,
    Reaches,
    Retry,
    Sent,
    Target,
    _,
    hookimpl,
    shortened,
    wait_of,
)

PLUGIN = Plugin(_("Matrix"), _("Notices to rooms of Matrix."))
LIMIT = 24_000
"""An event may have 65,536 bytes; it holds the text twice, and JSON makes it longer."""
API = "/_matrix/client/v3"
ROOM = r"[!#][^\s:]+(:[^\s:]+(:\d+)?)?"
"""A room's id or alias, as https://spec.matrix.org/v1.11/appendices/#room-ids has them."""


class Matrix(Notifier):
    """One `m.room.message` per notice, with a transaction id, so that a try that is repeated shows once."""

    key = "matrix"
    title = "Matrix"
    summary = "A room of Matrix: an account of yours posts there."
    reaches = Reaches.CHANNEL
    fields = (
        ADDRESS,
        Field(
            "channel",
            "text",
            _("Room"),
            required=True,
            max=255,
            help=_("Its alias, such as #board:example.org, or its id."),
            pattern=ROOM,
            mismatch=_("Please give a room as #name:server or !id:server."),
        ),
        Field(
            "access_token",
            "secret",
            _("Access token"),
            required=True,
            max=500,
            help=_("Of the account that shall post. Invite it to the room; it joins by itself."),
        ),
    )

    def send(self, message: Message, target: Target, out: Outgoing) -> Outcome:
        """Put the message into the room; where the account is not in it yet, accept its invitation first."""
        room = Room(target, out)
        found = room.resolve()
        if isinstance(found, HttpAnswer):
            return outcome_of(found)
        said = json.dumps(content_of(message), ensure_ascii=False).encode("utf-8", "replace")
        transaction = message.id or sha256(said).hexdigest()
        answer = room.put(found, transaction, said)
        if answer.status == 403:
            joined = room.join(found)
            if joined.status != 200:
                return outcome_of(joined)
            answer = room.put(found, transaction, said)
        return outcome_of(answer)


@dataclass(frozen=True)
class Room:
    """The requests about one room, with the account's token."""

    target: Target
    out: Outgoing

    @property
    def name(self) -> str:
        """Id or alias, as entered."""
        return str(self.target.options.get("channel") or "").strip()

    def call(self, method: str, path: str, body: bytes = b"") -> HttpAnswer:
        """A request to the homeserver."""
        headers = {
            "Authorization": f"Bearer {self.target.options.get('access_token') or ''}",
            "Content-Type": "application/json",
        }
        url = self.target.address.rstrip("/") + API + path
        return self.out.http.request(method, url, headers=headers, body=body)

    def resolve(self) -> str | HttpAnswer:
        """The room's id; the answer where an alias leads nowhere."""
        if not self.name.startswith("#"):
            return self.name
        answer = self.call("GET", f"/directory/room/{quote(self.name, safe='')}")
        room_id = read(answer).get("room_id") if answer.status == 200 else None
        if isinstance(room_id, str):
            return room_id
        return answer if answer.status != 200 else HttpAnswer(502, {}, "the homeserver names no room")

    def join(self, room_id: str) -> HttpAnswer:
        """Accept an invitation, or enter a room that is open."""
        return self.call("POST", f"/join/{quote(self.name or room_id, safe='')}", b"{}")

    def put(self, room_id: str, transaction: str, said: bytes) -> HttpAnswer:
        """The message."""
        path = f"/rooms/{quote(room_id, safe='')}/send/m.room.message/{quote(transaction, safe='')}"
        return self.call("PUT", path, said)


def content_of(message: Message) -> dict[str, Any]:
    """Plain text and HTML; a test is a notice, which rings nobody's phone."""
    text, html = message.text or message.markdown or message.subject or " ", message.html
    if message.parts:
        text, html = shortened(message.parts, Plain().render, fits), shortened(message.parts, Html().render, fits)
    made: dict[str, Any] = {
        "msgtype": "m.notice" if message.kind == "test" else "m.text",
        "body": text[: LIMIT // 4],
        "m.mentions": {},  # nobody is called by what people write, `@room` included
    }
    if html and fits(html):
        made |= {"format": "org.matrix.custom.html", "formatted_body": html}
    return made


def fits(text: str) -> bool:
    """Whether there is room for it in an event."""
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")) <= LIMIT


def read(answer: HttpAnswer) -> dict[str, Any]:
    """The JSON object of an answer; empty where it is none."""
    try:
        found = json.loads(answer.text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def outcome_of(answer: HttpAnswer) -> Outcome:
    """What an answer means."""
    found = read(answer)
    words = " ".join(str(found[key]) for key in ("errcode", "error") if found.get(key)) or answer.text[:200]
    said = f"{answer.status or ''} {words}".strip()
    if 200 <= answer.status < 300:
        return Sent(str(found.get("event_id") or words))
    if answer.status in (0, 408, 429) or answer.status >= 500:
        wait, asked = wait_of(answer), found.get("retry_after_ms")
        if wait is None and isinstance(asked, int | float):
            wait = max(0.0, asked / 1000)
        return Retry(said, wait)
    return Failed(said)


@hookimpl
def llmio_notifiers() -> list[Notifier]:
    """The notifier of this plugin."""
    return [Matrix()]
