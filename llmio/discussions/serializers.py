"""Threads, comments and reactions as JSON."""

from __future__ import annotations

from typing import Any

from llmio.core.serialize import columns, mentioned
from llmio.discussions.models import Comment, Discussion, Reaction

DISCUSSION = (
    "id key group_id title tags content_locale description description_format discussion_template_id items_count "
    "last_comment_at last_activity_at closed_at closer_id seen_by_count members_count created_at updated_at private "
    "versions_count pinned_at attachments link_previews newest_first max_depth discarded_at author_id"
)
COMMENT = (
    "id body body_format discussion_id created_at updated_at parent_id parent_type content_locale versions_count "
    "attachments link_previews discarded_at"
)
REACTION = "id reaction reactable_id reactable_type user_id"


def discussion(record: Discussion) -> dict[str, Any]:
    """A thread; a discarded one without its words."""
    hidden = ("title", "description") if record.discarded_at else ()
    ranges = [part.split("-") for part in (record.ranges_string or "").split(",") if part]
    return columns(record, DISCUSSION, without=hidden) | {
        "ranges": [[int(part[0]), int(part[-1])] for part in ranges],
        "mentioned_usernames": [] if hidden else mentioned(record.description),
    }


def comment(record: Comment) -> dict[str, Any]:
    """A comment; a discarded one without its words."""
    hidden = ("body", "attachments", "link_previews") if record.discarded_at else ()
    return columns(record, COMMENT, without=hidden) | {
        "author_id": record.user_id,
        "mentioned_usernames": [] if hidden else mentioned(record.body),
    }


def reaction(record: Reaction) -> dict[str, Any]:
    """A reaction."""
    return columns(record, REACTION)
