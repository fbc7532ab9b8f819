"""Webhook format `json`: events for programs, signed by the headers of Standard Webhooks, with a published schema.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from llmio.plugins import Message, Permission, Plugin, Target, WebhookFormat, _, as_json, hookimpl
from llmio_webhook_json.schema import KINDS, schema_of

PLUGIN = Plugin(_("Webhook for programs"), _("Events as JSON, signed, with a published schema."))
PREFIX = "whsec_"


class Json(WebhookFormat):
    """`{"type": <kind of event>, "timestamp": <when it happened>, "data": {…}}`."""

    key = "json"
    title = "JSON for programs (Standard Webhooks)"
    summary = "Events with their data for a program of yours; signed, so that it can tell that they come from here."
    signed = True

    def payload(self, message: Message) -> tuple[Mapping[str, str], bytes]:
        """Headers and body, unsigned."""
        event = dict(message.data.get("event") or {})
        headers, body = as_json(
            {
                "type": message.kind,
                "timestamp": event.get("created_at"),
                "data": {"text": message.text or message.subject, "url": message.url, **event},
            }
        )
        return ({**headers, "webhook-id": message.id} if message.id else headers), body

    def request(self, message: Message, target: Target, now: datetime) -> tuple[Mapping[str, str], bytes]:
        """Signed for this target at this time: a try that is repeated has the same id and a new timestamp.

        While a secret is being renewed, with the old one as well: the receiver takes whichever it knows.
        """
        headers, body = self.payload(message)
        secret = str(target.options.get("secret") or "")
        if not secret or not message.id:
            return headers, body
        stamp = str(int(now.timestamp()))
        good = [secret, *(str(one) for one in target.options.get("old_secrets") or ())]
        signatures = " ".join(sign(one, message.id, stamp, body) for one in good)
        return {**headers, "webhook-timestamp": stamp, "webhook-signature": signatures}, body


def sign(secret: str, message_id: str, stamp: str, body: bytes) -> str:
    """The signature: HMAC-SHA256 of id, timestamp and body, in base64, after its version."""
    signed = f"{message_id}.{stamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()}"


def key_of(secret: str) -> bytes:
    """The bytes of a secret `whsec_<base64>`; one of another form stands for itself."""
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()


@hookimpl
def llmio_webhook_formats() -> list[WebhookFormat]:
    """The format of this plugin."""
    return [Json()]


def show_schema(context: Any, request: Any) -> Any:
    """The schema of a kind of event."""
    kind = request.matchdict["kind"]
    if kind in KINDS:
        return schema_of(kind)
    request.response.status_int = 404
    return {"error": f"no event of kind {kind} is sent; there are {', '.join(KINDS)}"}


def list_schemas(context: Any, request: Any) -> dict[str, Any]:
    """The kinds, with the address of each schema."""
    return {kind: request.link("webhook_json.schema", kind=kind) for kind in KINDS}


@hookimpl
def llmio_includeme(config: Any) -> None:
    """`/x/webhook_json/schemas/` and the schema of each kind, for everyone."""
    config.add_route("webhook_json.schemas", "/schemas/")
    config.add_route("webhook_json.schema", "/schemas/{kind}.json")
    config.add_view(list_schemas, route_name="webhook_json.schemas", renderer="json", permission=Permission.PUBLIC)
    config.add_view(show_schema, route_name="webhook_json.schema", renderer="json", permission=Permission.PUBLIC)
