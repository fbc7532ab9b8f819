"""The façade: all that a plugin may import of llmio (and `llmio.testing` in its tests).

A plugin is a module named by an entry point of group `llmio.plugins`. It holds `PLUGIN = Plugin(title, summary)` and
functions marked with `@hookimpl`; `llmio.plugins.hookspecs` lists the hooks.
"""

from __future__ import annotations

from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.core.ports import Http, HttpAnswer, Mail, Mailer
from llmio.core.settings import Setting
from llmio.plugins.declare import GROUP, Plugin, hookimpl
from llmio.plugins.events import EventValue, PluginContext
from llmio.plugins.notify import Failed, Message, Notifier, Outcome, Outgoing, Reaches, Retry, Sent, Target
from llmio.plugins.polls import (
    NONE_OF_THE_ABOVE,
    QUORUM,
    SHUFFLE,
    Ballot,
    BallotError,
    Column,
    Count,
    Field,
    FieldError,
    Method,
    OptionPreset,
    OptionValue,
    PollType,
    PollValue,
    Profile,
    Result,
    Row,
    Step,
    Tie,
    UnknownType,
    column,
    ranked,
    require_choices,
    require_own_options,
    require_scores,
    require_sum,
    rows_of,
    totals_of,
)
from llmio.plugins.search import Document, Filters, Hit, Page, SearchProvider, Visible
from llmio.plugins.storage import StorageBackend, StorageFault, Stored, is_key
from llmio.plugins.webhooks import WebhookFormat

__all__ = [
    "GROUP",
    "NONE_OF_THE_ABOVE",
    "QUORUM",
    "SHUFFLE",
    "Ballot",
    "BallotError",
    "Column",
    "Count",
    "Document",
    "EventValue",
    "Failed",
    "Field",
    "FieldError",
    "Filters",
    "Hit",
    "Http",
    "HttpAnswer",
    "Mail",
    "Mailer",
    "Message",
    "Method",
    "Notifier",
    "OptionPreset",
    "OptionValue",
    "Outcome",
    "Outgoing",
    "Page",
    "Permission",
    "Plugin",
    "PluginContext",
    "PollType",
    "PollValue",
    "Profile",
    "Reaches",
    "Result",
    "Retry",
    "Row",
    "SearchProvider",
    "Sent",
    "Setting",
    "Step",
    "StorageBackend",
    "StorageFault",
    "Stored",
    "Target",
    "Tie",
    "UnknownType",
    "Visible",
    "WebhookFormat",
    "_",
    "column",
    "hookimpl",
    "is_key",
    "ranked",
    "require_choices",
    "require_own_options",
    "require_scores",
    "require_sum",
    "rows_of",
    "totals_of",
]
