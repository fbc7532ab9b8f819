"""The test of an integration: asked for on its page, sent by a job, its answer shown there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio.core.errors import Invalid
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.core.urls import absolute, site_url
from llmio.integrations import secrets
from llmio.integrations.data import group_data, icon_url
from llmio.integrations.kinds import kind_of
from llmio.integrations.models import Chatbot, ChatbotNotes
from llmio.integrations.service import target_of
from llmio.mail import language_of
from llmio.notifications import trials
from llmio.notifications.sending import Ready
from llmio.plugins import Failed, Message, Outcome

if TYPE_CHECKING:
    from llmio.core.context import Context


def ask(ctx: Context, chatbot: Chatbot) -> bool:
    """Note that somebody wants a greeting sent; False where one is on its way. Invalid where no plugin could send it."""
    ctx.require(Permission.GROUP_INTEGRATIONS, chatbot.group)
    if kind_of(chatbot, ctx.app.plugins) is None:
        raise Invalid(
            _("The plugin that reaches this channel is missing on this site: not installed, or switched off.")
        )
    return trials.begin(ctx, secrets.notes_of(ctx, chatbot))


def last(ctx: Context, chatbot: Chatbot) -> ChatbotNotes | None:
    """The last test, where there was one."""
    found = ctx.db.get(ChatbotNotes, chatbot.id)
    return found if found is not None and found.test_state else None


def prepare(ctx: Context, chatbot_id: int) -> Ready | None:
    """The greeting, ready to send; None where nobody waits for it any more."""
    chatbot, notes = ctx.db.get(Chatbot, chatbot_id), ctx.db.get(ChatbotNotes, chatbot_id)
    if chatbot is None or notes is None or notes.test_state != trials.PENDING:
        return None
    kind = kind_of(chatbot, ctx.app.plugins)
    if kind is None:
        trials.end(ctx, notes, Failed(str(_("The plugin that reaches this channel is missing on this site."))))
        return None
    with language_of(chatbot.author):
        return Ready(kind.notifier, greeting(ctx, chatbot), target_of(ctx, chatbot))


def record(ctx: Context, chatbot_id: int, outcome: Outcome) -> None:
    """Write down what was answered."""
    trials.end(ctx, ctx.db.get(ChatbotNotes, chatbot_id), outcome)


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
    return trials.greeting(text, group.name or "", url, {**data, "event": event})
