"""The test of an integration: asked for on its page, sent by a job, its answer shown there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from llmio.core.errors import Invalid
from llmio.core.i18n import _
from llmio.core.outbox import writable
from llmio.core.permissions import Permission
from llmio.core.urls import absolute, site_url
from llmio.integrations import secrets
from llmio.integrations.data import group_data, icon_url
from llmio.integrations.models import Chatbot, ChatbotNotes
from llmio.integrations.service import notifier_of, target_of
from llmio.mail import language_of
from llmio.notifications.sending import Ready
from llmio.plugins import Message, Outcome, Sent
from llmio.plugins.content import Headline, Html, Markdown, Plain, Title

if TYPE_CHECKING:
    from llmio.core.context import Context

PENDING, SENT, FAILED = "pending", "sent", "failed"
PATIENCE = timedelta(seconds=90)
"""Without an answer for so long, a test is taken for lost and may be asked for again."""


def ask(ctx: Context, chatbot: Chatbot) -> bool:
    """Note that somebody wants a greeting sent; False where one is on its way. Invalid where no plugin could send it."""
    ctx.require(Permission.GROUP_INTEGRATIONS, chatbot.group)
    if notifier_of(chatbot.kind) not in ctx.app.plugins.notifiers:
        raise Invalid(_("The plugin that reaches this channel is switched off on this site."))
    if chatbot.kind != secrets.MATRIX and chatbot.webhook_kind not in ctx.app.plugins.webhook_formats:
        raise Invalid(_("The plugin for this kind of webhook is switched off on this site."))
    notes = secrets.notes_of(ctx, chatbot)
    if is_pending(ctx, notes):
        return False
    notes.test_asked_at, notes.test_state, notes.test_answer, notes.test_ended_at = ctx.now, PENDING, "", None
    ctx.db.flush()
    return True


def last(ctx: Context, chatbot: Chatbot) -> ChatbotNotes | None:
    """The last test, where there was one."""
    found = ctx.db.get(ChatbotNotes, chatbot.id)
    return found if found is not None and found.test_state else None


def is_pending(ctx: Context, notes: ChatbotNotes) -> bool:
    """Whether a test is on its way, and not lost."""
    return notes.test_state == PENDING and notes.test_asked_at is not None and notes.test_asked_at > ctx.now - PATIENCE


def prepare(ctx: Context, chatbot_id: int) -> Ready | None:
    """The greeting, ready to send; None where nobody waits for it any more."""
    chatbot, notes = ctx.db.get(Chatbot, chatbot_id), ctx.db.get(ChatbotNotes, chatbot_id)
    if chatbot is None or notes is None or notes.test_state != PENDING:
        return None
    notifier = ctx.app.plugins.notifiers.get(notifier_of(chatbot.kind))
    if notifier is None:
        _end(ctx, notes, FAILED, str(_("The plugin that reaches this channel is switched off on this site.")))
        return None
    with language_of(chatbot.author):
        return Ready(notifier, greeting(ctx, chatbot), target_of(ctx, chatbot))


def record(ctx: Context, chatbot_id: int, outcome: Outcome) -> None:
    """Write down what was answered."""
    notes = ctx.db.get(ChatbotNotes, chatbot_id)
    if notes is not None and notes.test_state == PENDING:
        good = isinstance(outcome, Sent)
        _end(ctx, notes, SENT if good else FAILED, outcome.answer if isinstance(outcome, Sent) else outcome.reason)


def _end(ctx: Context, notes: ChatbotNotes, state: str, answer: str) -> None:
    notes.test_state, notes.test_answer, notes.test_ended_at = state, writable(answer)[:300], ctx.now


def greeting(ctx: Context, chatbot: Chatbot) -> Message:
    """What a test says."""
    site, group = ctx.app.settings.text("site.name"), chatbot.group
    text = str(_("Hello from {site}! {group} is connected to this channel.", site=site, group=group.name))
    url = absolute(ctx.app.settings, f"/g/{group.key}")
    data = {
        "site_name": site,
        "title": text,
        "group": group.name,
        "icon_url": icon_url(ctx, group),
        "theme_color": ctx.app.settings.text("theme.primary"),
    }
    event = {
        "kind": "test",
        "created_at": ctx.now.isoformat(timespec="seconds"),
        "site": {"name": site, "url": site_url(ctx.app.settings)},
        "group": group_data(ctx, group),
    }
    parts = (Headline(text), Title(group.name or "", url))
    return Message(
        "test",
        text,
        Plain().render(parts),
        html=Html().render(parts),
        markdown=Markdown().render(parts),
        url=url,
        data={**data, "event": event},
        parts=parts,
        id=f"test_{uuid4().hex}",
    )
