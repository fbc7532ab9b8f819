"""Every column that names a person, for what is done to all of a person's rows. A test holds it against the schema."""

from __future__ import annotations

PERSON_COLUMNS: dict[str, tuple[str, ...]] = {
    "attachments": ("user_id",),
    "blazer_audits": ("user_id",),
    "blazer_checks": ("creator_id",),
    "blazer_dashboards": ("creator_id",),
    "blazer_queries": ("creator_id",),
    "chatbots": ("author_id",),
    "comments": ("user_id", "discarded_by"),
    "demos": ("author_id",),
    "discussion_readers": ("user_id", "inviter_id", "revoker_id"),
    "discussion_templates": ("author_id", "discarded_by"),
    "discussions": ("author_id", "discarded_by", "closer_id"),
    "documents": ("author_id",),
    "events": ("user_id",),
    "groups": ("creator_id",),
    "member_email_aliases": ("user_id", "author_id"),
    "membership_requests": ("requestor_id", "responder_id"),
    "memberships": ("user_id", "inviter_id", "revoker_id"),
    "notifications": ("user_id", "actor_id"),
    "oauth_access_grants": ("resource_owner_id",),
    "oauth_access_tokens": ("resource_owner_id",),
    "omniauth_identities": ("user_id",),
    "outcomes": ("author_id",),
    "pg_search_documents": ("author_id",),
    "poll_templates": ("author_id",),
    "polls": ("author_id", "discarded_by"),
    "reactions": ("user_id",),
    "stance_receipts": ("voter_id", "inviter_id"),
    "stances": ("participant_id", "inviter_id", "revoker_id"),
    "subscriptions": ("owner_id",),
    "tasks": ("author_id", "doer_id"),
    "tasks_users": ("user_id",),
    "user_deactivation_responses": ("user_id",),
    "users": ("deactivator_id",),
    "versions": ("whodunnit",),
    "webhooks": ("author_id", "actor_id"),
}
"""Table of schema `public` → its columns that hold a user's id."""

OURS: dict[str, tuple[str, ...]] = {"llmio.poll_openings": ("planner_id",)}
"""Likewise of schema `llmio`, where what a person planned goes on in another's name."""

TYPED_COLUMNS: dict[str, tuple[str, str]] = {
    "active_admin_comments": ("author_type", "author_id"),
    "oauth_applications": ("owner_type", "owner_id"),
}
"""Tables whose column holds a user's id where another says `User`."""

ELSEWHERE = frozenset({("login_tokens", "user_id")})
"""Columns that are never moved: what signs a person in dies with the account."""
