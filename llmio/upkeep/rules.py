"""Who may do what cannot be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio.accounts.rules import is_self
from llmio.core.permissions import Permission, site_admin
from llmio.groups.rules import is_admin, kept

if TYPE_CHECKING:
    from llmio.core.app import App


def register(app: App) -> None:
    """Fill the rule map."""
    app.add_rule(Permission.USER_REDACT, is_self, site_admin)
    app.add_rule(Permission.USER_MERGE, is_self, site_admin)
    app.add_rule(Permission.GROUP_DESTROY, (kept, is_admin), site_admin)
    app.add_rule(Permission.GROUP_EXPORT, (kept, is_admin), site_admin)
