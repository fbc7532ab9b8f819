"""`/admin`: the site at a glance, and the ways to what can be changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config
from sqlalchemy import func, select

from llmio.accounts.models import User
from llmio.admin.service import checks
from llmio.core.i18n import _
from llmio.core.outbox import Outbox
from llmio.core.permissions import Permission
from llmio.discussions.models import Discussion
from llmio.groups.models import Group
from llmio.notifications.deliveries import Delivery, Status
from llmio.polls.models import Poll
from llmio.upkeep.service import backups

AMOUNTS = {"people": _("People"), "groups": _("Groups"), "threads": _("Threads"), "polls": _("Polls")}


def includeme(config: Any) -> None:
    """The route."""
    config.add_route("admin.overview", "/admin")
    config.scan(__name__)


@view_config(
    route_name="admin.overview", renderer="llmio:web/templates/admin/overview.jinja2", permission=Permission.ADMIN
)
def overview(request: Any) -> Mapping[str, Any]:
    """How much there is, what waits, and what needs an administrator; four queries."""
    counts = {
        "people": select(func.count()).select_from(User).where(User.email_verified, User.deactivated_at.is_(None)),
        "groups": select(func.count()).select_from(Group).where(Group.archived_at.is_(None)),
        "threads": select(func.count()).select_from(Discussion).where(Discussion.discarded_at.is_(None)),
        "polls": select(func.count()).select_from(Poll).where(Poll.discarded_at.is_(None)),
        "waiting": select(func.count()).select_from(Outbox).where(Outbox.dead_at.is_(None)),
        "dead": select(func.count()).select_from(Outbox).where(Outbox.dead_at.is_not(None)),
        "undelivered": select(func.count()).select_from(Delivery).where(Delivery.status == Status.DEAD),
    }
    found = request.ctx.db.execute(select(*(query.scalar_subquery().label(name) for name, query in counts.items())))
    row = found.one()._asdict()
    records = request.app.plugins.records
    return {
        "amounts": [(label, row[name]) for name, label in AMOUNTS.items()],
        "waiting": row["waiting"],
        "dead": row["dead"],
        "undelivered": row["undelivered"],
        "plugins": sum(one.works for one in records),
        "backup": backups.state(request.ctx.db, request.app.settings, request.ctx.now),
        "tampered": checks.worst(request.ctx.db),
        "faulty": [one.title or one.name for one in records if one.at_fault],
    }
