"""Every mapped class: importing this fills Base.metadata (migrations, checks, tests)."""

from __future__ import annotations

from llmio.accounts import models as accounts
from llmio.accounts import sessions
from llmio.admin import models as admin
from llmio.core import audit, heartbeats, outbox, switches, tables, work
from llmio.core.db import Base
from llmio.discussions import models as discussions
from llmio.files import models as files
from llmio.groups import models as groups
from llmio.integrations import models as integrations
from llmio.mail import models as mail
from llmio.mail import sent
from llmio.mail.incoming import models as incoming_mail
from llmio.notifications import deliveries
from llmio.notifications import models as notifications
from llmio.notifications.catch_up import models as catch_up
from llmio.plugins import models as plugins
from llmio.polls import models as polls
from llmio.search import models as search
from llmio.tasks import models as tasks
from llmio.upkeep import models as upkeep

__all__ = [
    "Base",
    "accounts",
    "admin",
    "audit",
    "catch_up",
    "deliveries",
    "discussions",
    "files",
    "groups",
    "heartbeats",
    "incoming_mail",
    "integrations",
    "mail",
    "notifications",
    "outbox",
    "plugins",
    "polls",
    "search",
    "sent",
    "sessions",
    "switches",
    "tables",
    "tasks",
    "upkeep",
    "work",
]
