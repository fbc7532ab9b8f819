"""Acts on threads, comments, reactions and reading marks."""

from __future__ import annotations

from llmio.discussions.service.comments import add_comment, discard_comment, edit_comment, undiscard_comment
from llmio.discussions.service.pins import pin_item, unpin_item
from llmio.discussions.service.reactions import react
from llmio.discussions.service.reading import dismiss, mark_read, recall, set_volume
from llmio.discussions.service.removal import destroy_comment, leave_out
from llmio.discussions.service.threads import (
    close_discussion,
    discard_discussion,
    edit_discussion,
    pin_discussion,
    reopen_discussion,
    start_discussion,
    unpin_discussion,
)

__all__ = [
    "add_comment",
    "close_discussion",
    "destroy_comment",
    "discard_comment",
    "discard_discussion",
    "dismiss",
    "edit_comment",
    "edit_discussion",
    "leave_out",
    "mark_read",
    "pin_discussion",
    "pin_item",
    "react",
    "recall",
    "reopen_discussion",
    "set_volume",
    "start_discussion",
    "undiscard_comment",
    "unpin_discussion",
    "unpin_item",
]
