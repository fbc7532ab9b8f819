"""Event kinds of threads, comments and reactions."""

from __future__ import annotations

from llmio.core.events import Channel, kind

LIVE, IN_APP, EMAIL = Channel.LIVE, Channel.IN_APP, Channel.EMAIL
MENTIONS, WEBHOOKS, SUBSCRIBERS = Channel.MENTIONS, Channel.WEBHOOKS, Channel.SUBSCRIBERS

NEW_DISCUSSION = kind(
    "new_discussion",
    "Discussion",
    LIVE,
    IN_APP,
    EMAIL,
    MENTIONS,
    SUBSCRIBERS,
    WEBHOOKS,
    root=True,
    summary="A thread was started.",
)
DISCUSSION_EDITED = kind(
    "discussion_edited", "Discussion", LIVE, IN_APP, EMAIL, MENTIONS, WEBHOOKS, summary="A thread was edited."
)
DISCUSSION_ANNOUNCED = kind(
    "discussion_announced", "Discussion", IN_APP, EMAIL, WEBHOOKS, summary="People were told of a thread."
)
DISCUSSION_CLOSED = kind("discussion_closed", "Discussion", LIVE, summary="A thread was closed (older data alone).")
DISCUSSION_REOPENED = kind(
    "discussion_reopened", "Discussion", LIVE, summary="A thread was reopened (older data alone)."
)
DISCUSSION_MOVED = kind("discussion_moved", "Discussion", LIVE, summary="A thread was moved to another group.")
DISCUSSION_FORKED = kind("discussion_forked", "Discussion", summary="Items were moved into a new thread (older data).")
NEW_COMMENT = kind("new_comment", "Comment", EMAIL, MENTIONS, WEBHOOKS, SUBSCRIBERS, LIVE, summary="Someone commented.")
COMMENT_EDITED = kind("comment_edited", "Comment", LIVE, MENTIONS, summary="A comment was edited.")
COMMENT_REPLIED_TO = kind("comment_replied_to", "Comment", IN_APP, EMAIL, summary="Someone answered a comment.")
REACTION_CREATED = kind("reaction_created", "Reaction", IN_APP, LIVE, summary="Someone reacted to a text.")

KINDS = (
    NEW_DISCUSSION,
    DISCUSSION_EDITED,
    DISCUSSION_ANNOUNCED,
    DISCUSSION_CLOSED,
    DISCUSSION_REOPENED,
    DISCUSSION_MOVED,
    DISCUSSION_FORKED,
    NEW_COMMENT,
    COMMENT_EDITED,
    COMMENT_REPLIED_TO,
    REACTION_CREATED,
)
PARTICIPATION = frozenset(
    (
        "new_comment",
        "new_discussion",
        "discussion_edited",
        "poll_created",
        "poll_edited",
        "stance_created",
        "outcome_created",
        "poll_closed_by_user",
    )
)
"""Acts by which a person takes part: they have read what they wrote, and may want to follow the thread."""
