"""`/admin/settings`: every setting, where its value comes from, what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.admin.service import settings
from llmio.admin.views import words
from llmio.core.i18n import _
from llmio.core.permissions import Permission

ORIGINS = {
    "environment": (_("variable"), "accent"),
    "file": (_("file named by a variable"), "accent"),
    "ini": (_("ini file"), "accent"),
    "default": (_("default"), "neutral"),
}


@view_config(
    route_name="admin.settings", renderer="llmio:web/templates/admin/settings.jinja2", permission=Permission.ADMIN
)
def show(request: Any) -> Mapping[str, Any]:
    """All of them, or only those that were set, or that hold some words."""
    asked, changed = words(request.params.get("q")), request.params.get("show") == "changed"
    found = settings.show(request.ctx, words=asked, changed=changed)
    return {"found": found, "values": {"q": asked}, "changed": changed, "origins": ORIGINS}
