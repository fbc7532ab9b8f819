"""What on this site uses a plugin, so that an administrator knows before switching it off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from llmio.core.i18n import _, ngettext
from llmio.core.permissions import Permission
from llmio.files.models import Blob
from llmio.integrations.models import Chatbot
from llmio.polls.models import Poll

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.plugins.registry import PluginRecord

Use = Mapping[tuple[str, str], int]
"""(kind of what a plugin offers, key) → how much uses it."""


def counted(ctx: Context) -> Use:
    """Everything at once: four queries, however many plugins there are."""
    ctx.require(Permission.ADMIN)
    kept = Poll.discarded_at.is_(None)
    columns: dict[str, tuple[Any, Any]] = {
        "poll_types": (Poll.poll_type, kept),
        "open_polls": (Poll.poll_type, kept & Poll.closed_at.is_(None)),
        "notifiers": (Chatbot.kind, Chatbot.kind.is_not(None)),
        "webhook_formats": (Chatbot.webhook_kind, Chatbot.webhook_kind.is_not(None)),
        "storages": (Blob.service_name, Blob.service_name.is_not(None)),
    }
    found = {}
    for kind, (column, where) in columns.items():
        for key, count in ctx.db.execute(select(column, func.count()).where(where).group_by(column)):
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
    if files := total("storages"):
        said.append(ngettext("{count} file cannot be read.", "{count} files cannot be read.", files))
    if "email" in record.offers.get("notifiers", ()):
        said.append(str(_("Notices by mail wait until it is on again.")))
    if settings.text("search.provider") in record.offers.get("search_providers", ()):
        said.append(str(_("The search of this site stops.")))
    return said
