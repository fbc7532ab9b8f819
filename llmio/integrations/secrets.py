"""Secrets of integrations that sign: made, renewed with an overlap, ended."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from llmio.core import audit
from llmio.core.errors import Invalid
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.integrations.models import Chatbot, ChatbotNotes

if TYPE_CHECKING:
    from llmio.core.context import Context

OVERLAP = timedelta(hours=24)
"""How long an old secret signs beside the new one."""
MOST = 3
"""Old secrets that sign at a time: each makes every message longer."""


@dataclass(frozen=True)
class OldSecret:
    """A secret that was renewed, and until when it signs."""

    secret: str
    until: datetime


def new_secret() -> str:
    """A secret as Standard Webhooks wants it: 24 random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def signs(ctx: Context, chatbot: Chatbot) -> bool:
    """Whether what goes to an integration is signed."""
    shape = ctx.app.plugins.webhook_formats.get(chatbot.shape)
    return shape is not None and shape.signed


def notes_of(ctx: Context, chatbot: Chatbot) -> ChatbotNotes:
    """The notes on an integration, begun where there are none."""
    if chatbot.notes is None:
        chatbot.notes = ChatbotNotes(chatbot_id=chatbot.id, old_secrets=[], test_state="", test_answer="")
    return chatbot.notes


def renew(ctx: Context, chatbot: Chatbot) -> Chatbot:
    """Give an integration that signs a new secret; the old one signs beside it for a day."""
    ctx.require(Permission.GROUP_INTEGRATIONS, chatbot.group)
    _check(ctx, chatbot)
    kept = [{"secret": one.secret, "until": one.until.isoformat()} for one in old_ones(ctx, chatbot)]
    if chatbot.access_token:
        kept.insert(0, {"secret": chatbot.access_token, "until": (ctx.now + OVERLAP).isoformat()})
    notes_of(ctx, chatbot).old_secrets = kept[:MOST]
    chatbot.access_token, chatbot.updated_at = new_secret(), ctx.now
    audit.note(ctx, "integration.new_secret", chatbot, group_id=chatbot.group_id)
    return chatbot


def end_old(ctx: Context, chatbot: Chatbot) -> None:
    """Let old secrets sign no more: one of them came into wrong hands, or the receiver knows the new one."""
    ctx.require(Permission.GROUP_INTEGRATIONS, chatbot.group)
    _check(ctx, chatbot)
    notes_of(ctx, chatbot).old_secrets = []
    audit.note(ctx, "integration.end_old_secrets", chatbot, group_id=chatbot.group_id)
    ctx.db.flush()


def old_ones(ctx: Context, chatbot: Chatbot) -> list[OldSecret]:
    """Old secrets that still sign, the latest first."""
    found = chatbot.notes
    all_of_them = (
        [OldSecret(one["secret"], datetime.fromisoformat(one["until"])) for one in found.old_secrets] if found else []
    )
    return [one for one in all_of_them if one.until > ctx.now]


def _check(ctx: Context, chatbot: Chatbot) -> None:
    if not signs(ctx, chatbot):
        raise Invalid(_("This kind of integration has no secret."))
