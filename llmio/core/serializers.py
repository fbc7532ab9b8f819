"""Events as JSON."""

from __future__ import annotations

from typing import Any

from llmio.core.serialize import columns
from llmio.core.tables import Event

EVENT = (
    "id sequence_id position depth child_count descendant_count kind discussion_id created_at eventable_id eventable_type "
    "pinned parent_id position_key"
)


def event(record: Event) -> dict[str, Any]:
    """An event; whom it was sent to stays out, since others read this."""
    custom = record.custom_fields or {}
    shown = {key: value for key, value in custom.items() if not key.startswith("recipient_")}
    return columns(record, EVENT) | {
        "actor_id": record.user_id,
        "custom_fields": shown,
        "pinned_title": custom.get("pinned_title"),
        "recipient_message": custom.get("recipient_message"),
    }
