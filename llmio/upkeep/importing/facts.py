"""What an export holds: its tables, and which of their columns point to other rows, must be new, or are not taken."""

from __future__ import annotations

from collections.abc import Mapping

ATTACHMENTS = "attachments"
FIRST: tuple[str, ...] = (
    "groups",
    "users",
    "tags",
    "poll_templates",
    "discussion_templates",
    "memberships",
    "membership_requests",
    "discussions",
    "polls",
    "poll_options",
    "outcomes",
    "stances",
    "stance_choices",
    "stance_receipts",
    "discussion_readers",
    "comments",
)
LATER: tuple[str, ...] = ("events", "notifications", "reactions", ATTACHMENTS)
"""Tables whose rows are about rows of the others; the file has them before those."""
TABLES = frozenset((*FIRST, *LATER))
ALIASES: Mapping[str, str] = {
    "group": "groups",
    "all_users": "users",
    "all_events": "events",
    "all_notifications": "notifications",
    "all_reactions": "reactions",
    "all_tags": "tags",
}
"""Other names of tables in the reference's files."""

NEEDED: Mapping[str, Mapping[str, str]] = {
    "tags": {"group_id": "groups"},
    "poll_templates": {"group_id": "groups", "author_id": "users"},
    "discussion_templates": {"group_id": "groups"},
    "memberships": {"group_id": "groups", "user_id": "users"},
    "membership_requests": {"group_id": "groups"},
    "polls": {"author_id": "users"},
    "poll_options": {"poll_id": "polls"},
    "outcomes": {"poll_id": "polls", "author_id": "users"},
    "stances": {"poll_id": "polls"},
    "stance_choices": {"stance_id": "stances", "poll_option_id": "poll_options"},
    "stance_receipts": {"poll_id": "polls", "voter_id": "users"},
    "discussion_readers": {"discussion_id": "discussions", "user_id": "users"},
    "comments": {"discussion_id": "discussions"},
    "notifications": {"user_id": "users", "event_id": "events"},
    "reactions": {"user_id": "users"},
}
"""Table → columns without which a row means nothing, and the tables they point to."""

POINTING: Mapping[str, Mapping[str, str]] = {
    "groups": {"parent_id": "groups", "creator_id": "users"},
    "poll_templates": {"discarded_by": "users"},
    "discussion_templates": {"author_id": "users", "discarded_by": "users", "source_discussion_id": "discussions"},
    "memberships": {"inviter_id": "users", "revoker_id": "users"},
    "membership_requests": {"requestor_id": "users", "responder_id": "users"},
    "discussions": {
        "group_id": "groups",
        "author_id": "users",
        "discarded_by": "users",
        "closer_id": "users",
        "discussion_template_id": "discussion_templates",
    },
    "polls": {
        "discussion_id": "discussions",
        "group_id": "groups",
        "discarded_by": "users",
        "poll_template_id": "poll_templates",
    },
    "outcomes": {"poll_option_id": "poll_options"},
    "stances": {"participant_id": "users", "inviter_id": "users", "revoker_id": "users"},
    "stance_receipts": {"inviter_id": "users"},
    "discussion_readers": {"inviter_id": "users", "revoker_id": "users"},
    "comments": {"user_id": "users", "discarded_by": "users"},
    "events": {"user_id": "users", "discussion_id": "discussions", "parent_id": "events"},
    "notifications": {"actor_id": "users"},
}
"""Table → columns that are left empty where what they point to did not come along."""

TYPED: Mapping[str, tuple[str, str]] = {
    "events": ("eventable_type", "eventable_id"),
    "reactions": ("reactable_type", "reactable_id"),
    "comments": ("parent_type", "parent_id"),
    ATTACHMENTS: ("record_type", "record_id"),
}
"""Table → its columns that point to a row of any kind: type, id."""

NOT_TAKEN: Mapping[str, frozenset[str]] = {
    "groups": frozenset(
        {
            "token",
            "category_id",
            "theme_id",
            "cohort_id",
            "default_group_cover_id",
            "subscription_id",
            "admin_tags",
            "attachments",
        }
    ),
    "memberships": frozenset({"token", "invitation_id", "experiences"}),
    "discussions": frozenset({"attachments"}),
    "polls": frozenset({"attachments"}),
    "outcomes": frozenset({"attachments"}),
    "stances": frozenset({"token", "attachments", "option_scores"}),
    "discussion_readers": frozenset({"token"}),
    "comments": frozenset({"attachments"}),
    "poll_options": frozenset({"voter_scores"}),
    "events": frozenset({"eventable_version_id"}),
    "discussion_templates": frozenset({"attachments"}),
    "poll_templates": frozenset({"atttachments"}),
}
"""Columns that are made anew here: what opens doors, what names rows of the other site alone, lists of files."""

OF_PEOPLE = frozenset(
    {
        "email",
        "name",
        "username",
        "created_at",
        "deactivated_at",
        "avatar_initials",
        "short_bio",
        "short_bio_format",
        "location",
        "time_zone",
        "selected_locale",
        "detected_locale",
        "content_locale",
        "date_time_pref",
        "default_membership_volume",
        "email_catch_up",
        "email_catch_up_day",
        "email_when_mentioned",
        "email_on_participation",
        "autodetect_time_zone",
        "auto_translate",
    }
)
"""Columns of users that are taken: never what makes an administrator, a bot, or a confirmed address."""

TEXTS: Mapping[str, str] = {
    "Group": "description",
    "Discussion": "description",
    "Comment": "body",
    "Poll": "details",
    "Stance": "reason",
    "Outcome": "statement",
}
"""Type → the column that holds its text, in which pictures are named by address."""
