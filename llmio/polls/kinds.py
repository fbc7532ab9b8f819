"""Event kinds of polls, votes and outcomes."""

from __future__ import annotations

from llmio.core.events import Channel, kind

LIVE, IN_APP, EMAIL, AUTHOR = Channel.LIVE, Channel.IN_APP, Channel.EMAIL, Channel.AUTHOR
MENTIONS, WEBHOOKS, SUBSCRIBERS = Channel.MENTIONS, Channel.WEBHOOKS, Channel.SUBSCRIBERS

POLL_CREATED = kind(
    "poll_created", "Poll", LIVE, MENTIONS, WEBHOOKS, EMAIL, IN_APP, SUBSCRIBERS, summary="A poll was started."
)
POLL_EDITED = kind(
    "poll_edited", "Poll", LIVE, IN_APP, EMAIL, MENTIONS, WEBHOOKS, SUBSCRIBERS, summary="A poll was edited."
)
POLL_ANNOUNCED = kind("poll_announced", "Poll", IN_APP, EMAIL, WEBHOOKS, summary="People were asked to vote.")
POLL_REMINDER = kind("poll_reminder", "Poll", IN_APP, EMAIL, WEBHOOKS, summary="Voters were reminded of a poll.")
POLL_CLOSING_SOON = kind(
    "poll_closing_soon", "Poll", IN_APP, EMAIL, WEBHOOKS, summary="A poll closes within about a day."
)
POLL_EXPIRED = kind("poll_expired", "Poll", AUTHOR, WEBHOOKS, IN_APP, summary="A poll closed at its time.")
POLL_CLOSED_BY_USER = kind("poll_closed_by_user", "Poll", LIVE, WEBHOOKS, summary="Somebody closed a poll.")
POLL_REOPENED = kind("poll_reopened", "Poll", WEBHOOKS, summary="A closed poll was opened again.")
STANCE_CREATED = kind(
    "stance_created", "Stance", LIVE, IN_APP, MENTIONS, WEBHOOKS, SUBSCRIBERS, summary="Somebody voted."
)
STANCE_UPDATED = kind(
    "stance_updated", "Stance", LIVE, IN_APP, MENTIONS, WEBHOOKS, SUBSCRIBERS, summary="Somebody changed a vote."
)
OUTCOME_CREATED = kind(
    "outcome_created",
    "Outcome",
    MENTIONS,
    IN_APP,
    EMAIL,
    WEBHOOKS,
    LIVE,
    SUBSCRIBERS,
    summary="An outcome was published.",
)
OUTCOME_UPDATED = kind(
    "outcome_updated", "Outcome", MENTIONS, IN_APP, EMAIL, WEBHOOKS, LIVE, SUBSCRIBERS, summary="An outcome was edited."
)
OUTCOME_ANNOUNCED = kind(
    "outcome_announced", "Outcome", IN_APP, EMAIL, summary="Somebody shared an outcome with people they chose."
)
OUTCOME_REVIEW_DUE = kind(
    "outcome_review_due", "Outcome", IN_APP, EMAIL, WEBHOOKS, summary="The day to look at an outcome again has come."
)

KINDS = (
    POLL_CREATED,
    POLL_EDITED,
    POLL_ANNOUNCED,
    POLL_REMINDER,
    POLL_CLOSING_SOON,
    POLL_EXPIRED,
    POLL_CLOSED_BY_USER,
    POLL_REOPENED,
    STANCE_CREATED,
    STANCE_UPDATED,
    OUTCOME_CREATED,
    OUTCOME_UPDATED,
    OUTCOME_ANNOUNCED,
    OUTCOME_REVIEW_DUE,
)
