"""Event kinds of groups and memberships."""

from __future__ import annotations

from llmio.core.events import Channel, kind

MEMBERSHIP_CREATED = kind(
    "membership_created", "Group", Channel.IN_APP, Channel.EMAIL, summary="People were invited to a group."
)
MEMBERSHIP_RESENT = kind("membership_resent", "Group", Channel.EMAIL, summary="An invitation was sent again.")
MEMBERSHIP_REQUESTED = kind(
    "membership_requested", "MembershipRequest", Channel.IN_APP, Channel.EMAIL, summary="Someone asks to join a group."
)
MEMBERSHIP_REQUEST_APPROVED = kind(
    "membership_request_approved",
    "Membership",
    Channel.IN_APP,
    Channel.EMAIL,
    summary="A request to join was approved.",
)
INVITATION_ACCEPTED = kind(
    "invitation_accepted", "Membership", Channel.IN_APP, Channel.LIVE, summary="Someone accepted an invitation."
)
USER_ADDED_TO_GROUP = kind(
    "user_added_to_group", "Membership", Channel.IN_APP, Channel.EMAIL, summary="Someone was added to a group."
)
USER_JOINED_GROUP = kind("user_joined_group", "Membership", summary="Someone joined an open group.")
NEW_COORDINATOR = kind("new_coordinator", "Membership", Channel.IN_APP, summary="A member was made an admin.")

KINDS = (
    MEMBERSHIP_CREATED,
    MEMBERSHIP_RESENT,
    MEMBERSHIP_REQUESTED,
    MEMBERSHIP_REQUEST_APPROVED,
    INVITATION_ACCEPTED,
    USER_ADDED_TO_GROUP,
    USER_JOINED_GROUP,
    NEW_COORDINATOR,
)
