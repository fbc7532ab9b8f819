"""Revision history: rows of the reference's `versions` table, written with each edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from llmio.core.tables import Version

if TYPE_CHECKING:
    from llmio.core.context import Context


def record(ctx: Context, item: Any, changes: Mapping[str, tuple[Any, Any]], *, event: str = "update") -> Version | None:
    """Keep what an edit changed: field → (before, after). Nothing is written where nothing changed."""
    kept = {name: list(pair) for name, pair in changes.items() if pair[0] != pair[1]}
    if not kept:
        return None
    version = Version(
        item_type=type(item).__name__,
        item_id=item.id,
        event=event,
        whodunnit=ctx.actor_id,
        created_at=ctx.now,
        object_changes=kept,
    )
    ctx.db.add(version)
    if hasattr(item, "versions_count"):
        item.versions_count = (item.versions_count or 0) + 1
    return version
