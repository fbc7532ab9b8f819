"""What on this site uses a plugin, so that an administrator knows before switching it off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, select, true
from sqlalchemy.orm import aliased

from llmio.core.i18n import _, ngettext
from llmio.core.permissions import Permission
from llmio.files.models import Blob
from llmio.integrations.models import Chatbot, ChatbotNotes
from llmio.notifications.models import PersonWay
from llmio.polls.models import Poll

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.plugins.registry import PluginRecord

Use = Mapping[tuple[str, str], int]
"""(kind of what a plugin offers, key) → how much uses it."""


def counted(ctx: Context) -> Use:
    """Everything at once: six queries, however many plugins there are."""
    ctx.require(Permission.ADMIN)
    kept = Poll.discarded_at.is_(None)
    columns: dict[str, tuple[Any, Any]] = {
        "poll_types": (Poll.poll_type, kept),
        "open_polls": (Poll.poll_type, kept & Poll.closed_at.is_(None)),
        "person_ways": (PersonWay.notifier, true()),
        "storages": (Blob.service_name, Blob.service_name.is_not(None)),
    }
    found = {}
    for kind, (column, where) in columns.items():
        for key, count in ctx.db.execute(select(column, func.count()).where(where).group_by(column)):
            found[kind, str(key)] = int(count)
    notes = aliased(ChatbotNotes)
    beyond = func.coalesce(notes.notifier, "")
    notifier = case((beyond != "", beyond), else_=Chatbot.kind).label("key")
    shape = case((func.coalesce(notes.webhook_kind, "") != "", notes.webhook_kind), else_=Chatbot.webhook_kind).label(
        "key"
    )
    for kind, label, where in (("notifiers", notifier, true()), ("webhook_formats", shape, beyond == "")):
        query = select(label, func.count()).select_from(Chatbot).outerjoin(notes, notes.chatbot_id == Chatbot.id)
        for key, count in ctx.db.execute(query.where(where).group_by(label)):
            found[kind, str(key)] = int(count)
    return found


def effects(ctx: Context, record: PluginRecord, use: Use) -> list[str]:
    """What happens when the plugin is off, one sentence each; empty where nothing uses it."""

    def total(kind: str, offered: str = "") -> int:
        return sum(use.get((kind, key), 0) for key in record.offers.get(offered or kind, ()))

    settings, said = ctx.app.settings, []
    if polls := total("poll_types"):
        running = total("open_polls", "poll_types")
        said.append(
            ngettext(
                "{count} poll is shown as it stands and takes no votes ({running} of them open now).",
                "{count} polls are shown as they stand and take no votes ({running} of them open now).",
                polls,
                running=running,
            )
        )
    if chats := total("notifiers") + total("webhook_formats"):
        said.append(
            ngettext(
                "{count} chat or webhook hears nothing; its messages wait.",
                "{count} chats and webhooks hear nothing; their messages wait.",
                chats,
            )
        )
    if people := total("person_ways", "notifiers"):
        said.append(
            ngettext(
                "{count} person is no longer told this way; the notices wait.",
                "{count} people are no longer told this way; the notices wait.",
                people,
            )
        )
    if files := total("storages"):
        said.append(ngettext("{count} file cannot be read.", "{count} files cannot be read.", files))
    if "email" in record.offers.get("notifiers", ()):
        said.append(str(_("Notices by mail wait until it is on again.")))
    if settings.text("search.provider") in record.offers.get("search_providers", ()):
        said.append(str(_("The search of this site stops.")))
    return said
