"""The format for programs: the contract, signatures by the published verifier, and a wrong sibling."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from llmio_webhook_json import Json
from llmio_webhook_json.schema import KINDS, schema_of
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from llmio.plugins import Target, WebhookFormat
from llmio.testing.contracts.webhooks import MESSAGE, WebhookFormatContract

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdefghijklmn").decode()
TARGET = Target("https://example.org/hook", "program", {"secret": SECRET})
SIGNED = replace(MESSAGE, id="msg_1")


class TestJson(WebhookFormatContract):
    @pytest.fixture
    def shape(self) -> WebhookFormat:
        return Json()


def test_the_published_verifier_takes_it():
    headers, body = Json().request(SIGNED, TARGET, datetime.now(UTC))
    assert Webhook(SECRET).verify(body, dict(headers))["type"] == "poll_created"


def test_what_was_changed_replayed_or_signed_by_another_is_refused():
    headers, body = Json().request(SIGNED, TARGET, datetime.now(UTC))
    verifier = Webhook(SECRET)
    old, _body = Json().request(SIGNED, TARGET, datetime.now(UTC) - timedelta(minutes=6))
    other = Webhook("whsec_" + base64.b64encode(b"another secret of 24 byt").decode())
    wrong = [
        (verifier, body.replace(b"Ada", b"Eve"), headers),
        (verifier, body, old),
        (verifier, body, {**headers, "webhook-id": "msg_2"}),
        (verifier, body, {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}),
        (verifier, body, {k: v for k, v in headers.items() if k != "webhook-signature"}),
        (other, body, headers),
    ]
    for one, text, given in wrong:
        with pytest.raises(WebhookVerificationError):
            one.verify(text, dict(given))


def test_a_second_try_has_the_same_id_and_a_new_timestamp():
    first, _body = Json().request(SIGNED, TARGET, datetime(2031, 1, 1, tzinfo=UTC))
    later, _body = Json().request(SIGNED, TARGET, datetime(2031, 1, 2, tzinfo=UTC))
    assert first["webhook-id"] == later["webhook-id"]
    assert first["webhook-timestamp"] != later["webhook-timestamp"]
    assert first["webhook-signature"] != later["webhook-signature"]


def test_schemas_are_served_to_everyone(web):
    listed = web.get("/x/webhook_json/schemas/").json
    assert sorted(listed) == sorted(KINDS)
    for kind, url in listed.items():
        assert web.get("/" + url.split("/", 3)[3]).json == json.loads(json.dumps(schema_of(kind)))
    assert "poll_created" in web.get("/x/webhook_json/schemas/nonsense.json", status=404).json["error"]


class Wrong(Json):
    """Puts the time into the body, so that each try says something else."""

    def payload(self, message):
        headers, body = super().payload(message)
        return headers, json.dumps({**json.loads(body), "now": str(datetime.now(UTC))}).encode()


def test_the_contract_finds_a_wrong_sibling_out():
    with pytest.raises(AssertionError):
        WebhookFormatContract().test_the_same_message_gives_the_same_payload(Wrong())
