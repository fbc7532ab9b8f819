"""Groups, who belongs to them and what is filed under them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.dialects.postgresql import CITEXT, JSONB
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import Mapped, mapped_column, relationship

from llmio.accounts.models import User
from llmio.core.db import Base, Utc, utcnow

DEMO = "demo"
"""In a group's `info`: it was made to try the site out; whoever sets the site up is in it."""


class Group(Base):
    """A group, or a subgroup when it has a parent."""

    __tablename__ = "groups"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    parent_id: Mapped[int | None]
    description: Mapped[str | None] = mapped_column(Text)
    memberships_count: Mapped[int] = mapped_column(default=0)
    archived_at: Mapped[datetime | None] = mapped_column(Utc)
    discussions_count: Mapped[int] = mapped_column(default=0)
    full_name: Mapped[str | None] = mapped_column(String(255))
    parent_members_can_see_discussions: Mapped[bool] = mapped_column(default=False)
    key: Mapped[str | None] = mapped_column(String(255))
    category_id: Mapped[int | None]
    handle: Mapped[str | None] = mapped_column(CITEXT)
    theme_id: Mapped[int | None]
    is_visible_to_public: Mapped[bool] = mapped_column(default=True)
    is_visible_to_parent_members: Mapped[bool] = mapped_column(default=False)
    discussion_privacy_options: Mapped[str] = mapped_column(default="private_only")
    members_can_add_members: Mapped[bool] = mapped_column(default=False)
    membership_granted_upon: Mapped[str] = mapped_column(default="approval")
    members_can_edit_discussions: Mapped[bool] = mapped_column(default=True)
    cover_photo_file_name: Mapped[str | None] = mapped_column(String(255))
    cover_photo_content_type: Mapped[str | None] = mapped_column(String(255))
    cover_photo_file_size: Mapped[int | None]
    cover_photo_updated_at: Mapped[datetime | None] = mapped_column(Utc)
    logo_file_name: Mapped[str | None] = mapped_column(String(255))
    logo_content_type: Mapped[str | None] = mapped_column(String(255))
    logo_file_size: Mapped[int | None]
    logo_updated_at: Mapped[datetime | None] = mapped_column(Utc)
    members_can_edit_comments: Mapped[bool | None] = mapped_column(default=True)
    members_can_raise_motions: Mapped[bool] = mapped_column(default=True)
    members_can_vote: Mapped[bool] = mapped_column(default=True)
    members_can_start_discussions: Mapped[bool] = mapped_column(default=True)
    members_can_create_subgroups: Mapped[bool] = mapped_column(default=False)
    creator_id: Mapped[int | None]
    is_referral: Mapped[bool] = mapped_column(default=False)
    cohort_id: Mapped[int | None]
    default_group_cover_id: Mapped[int | None]
    subscription_id: Mapped[int | None]
    invitations_count: Mapped[int] = mapped_column(default=0)
    admin_memberships_count: Mapped[int] = mapped_column(default=0)
    public_discussions_count: Mapped[int] = mapped_column(default=0)
    country: Mapped[str | None]
    region: Mapped[str | None]
    city: Mapped[str | None]
    closed_motions_count: Mapped[int] = mapped_column(default=0)
    proposal_outcomes_count: Mapped[int] = mapped_column(default=0)
    pending_memberships_count: Mapped[int] = mapped_column(default=0)
    recent_activity_count: Mapped[int] = mapped_column(default=0)
    closed_polls_count: Mapped[int] = mapped_column(default=0)
    polls_count: Mapped[int] = mapped_column(default=0)
    subgroups_count: Mapped[int] = mapped_column(default=0)
    open_discussions_count: Mapped[int] = mapped_column(default=0)
    closed_discussions_count: Mapped[int] = mapped_column(default=0)
    token: Mapped[str | None]
    admin_tags: Mapped[str | None]
    members_can_announce: Mapped[bool] = mapped_column(default=True)
    description_format: Mapped[str] = mapped_column(String(10), default="md")
    attachments: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    info: Mapped[dict[str, Any]] = mapped_column(MutableDict.as_mutable(JSONB), default=dict)
    new_threads_max_depth: Mapped[int] = mapped_column(default=3)
    new_threads_newest_first: Mapped[bool] = mapped_column(default=False)
    admins_can_edit_user_content: Mapped[bool] = mapped_column(default=True)
    listed_in_explore: Mapped[bool] = mapped_column(default=False)
    content_locale: Mapped[str | None]
    members_can_add_guests: Mapped[bool] = mapped_column(default=True)
    members_can_delete_comments: Mapped[bool] = mapped_column(default=True)
    link_previews: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    discussion_templates_count: Mapped[int] = mapped_column(default=0)
    poll_templates_count: Mapped[int] = mapped_column(default=0)
    request_to_join_prompt: Mapped[str | None]
    delegates_count: Mapped[int] = mapped_column(default=0)
    category: Mapped[str | None]
    can_start_polls_without_discussion: Mapped[bool] = mapped_column(default=False)

    parent: Mapped[Group | None] = relationship(primaryjoin="foreign(Group.parent_id) == remote(Group.id)")
    creator: Mapped[User | None] = relationship(primaryjoin="foreign(Group.creator_id) == User.id")
    subscription: Mapped[Subscription | None] = relationship(
        primaryjoin="foreign(Group.subscription_id) == Subscription.id",
    )

    @property
    def members_count(self) -> int:
        """How many are in, without those who wait."""
        return self.memberships_count - self.pending_memberships_count


class Membership(Base):
    """A person in a group: invited, accepted or revoked."""

    __tablename__ = "memberships"

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int | None]
    user_id: Mapped[int | None]
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    inviter_id: Mapped[int | None]
    revoked_at: Mapped[datetime | None] = mapped_column(Utc)
    inbox_position: Mapped[int | None] = mapped_column(default=0)
    admin: Mapped[bool] = mapped_column(default=False)
    volume: Mapped[int | None]
    experiences: Mapped[dict[str, Any]] = mapped_column(MutableDict.as_mutable(JSONB), default=dict)
    invitation_id: Mapped[int | None]
    token: Mapped[str | None]
    accepted_at: Mapped[datetime | None] = mapped_column(Utc)
    title: Mapped[str | None]
    saml_session_expires_at: Mapped[datetime | None] = mapped_column(Utc)
    revoker_id: Mapped[int | None]
    delegate: Mapped[bool] = mapped_column(default=False)

    group: Mapped[Group] = relationship(primaryjoin="foreign(Membership.group_id) == Group.id")
    user: Mapped[User] = relationship(primaryjoin="foreign(Membership.user_id) == User.id")
    inviter: Mapped[User | None] = relationship(primaryjoin="foreign(Membership.inviter_id) == User.id")


class MembershipRequest(Base):
    """Someone asks to join a group."""

    __tablename__ = "membership_requests"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(String(255))
    email: Mapped[str | None] = mapped_column(String(255))
    introduction: Mapped[str | None] = mapped_column(Text)
    group_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    requestor_id: Mapped[int | None]
    responder_id: Mapped[int | None]
    response: Mapped[str | None] = mapped_column(String(255))
    responded_at: Mapped[datetime | None] = mapped_column(Utc)

    group: Mapped[Group] = relationship(primaryjoin="foreign(MembershipRequest.group_id) == Group.id")
    requestor: Mapped[User | None] = relationship(primaryjoin="foreign(MembershipRequest.requestor_id) == User.id")
    responder: Mapped[User | None] = relationship(primaryjoin="foreign(MembershipRequest.responder_id) == User.id")


class Subscription(Base):
    """The plan a group and its subgroups run on."""

    __tablename__ = "subscriptions"

    id: Mapped[int] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime | None] = mapped_column(Utc)
    chargify_subscription_id: Mapped[int | None]
    plan: Mapped[str | None] = mapped_column(default="free")
    payment_method: Mapped[str] = mapped_column(default="none")
    owner_id: Mapped[int | None]
    max_threads: Mapped[int | None]
    max_members: Mapped[int | None]
    max_orgs: Mapped[int | None]
    state: Mapped[str] = mapped_column(default="active")
    members_count: Mapped[int | None]
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    info: Mapped[dict[str, Any] | None] = mapped_column(MutableDict.as_mutable(JSONB))
    canceled_at: Mapped[datetime | None] = mapped_column(Utc)
    activated_at: Mapped[datetime | None] = mapped_column(Utc)
    renews_at: Mapped[datetime | None] = mapped_column(Utc)
    renewed_at: Mapped[datetime | None] = mapped_column(Utc)
    allow_subgroups: Mapped[bool] = mapped_column(default=True)
    allow_guests: Mapped[bool] = mapped_column(default=True)
    lead_status: Mapped[str | None]


class Tag(Base):
    """A word that a group files its threads and polls under."""

    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int | None]
    name: Mapped[str] = mapped_column(CITEXT)
    color: Mapped[str | None]
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    taggings_count: Mapped[int | None] = mapped_column(default=0)
    priority: Mapped[int] = mapped_column(default=0)
    org_taggings_count: Mapped[int] = mapped_column(default=0)

    group: Mapped[Group | None] = relationship(primaryjoin="foreign(Tag.group_id) == Group.id")


class Tagging(Base):
    """One use of a tag; kept for data that predates the tags columns."""

    __tablename__ = "taggings"

    id: Mapped[int] = mapped_column(primary_key=True)
    tag_id: Mapped[int]
    taggable_id: Mapped[int]
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    taggable_type: Mapped[str]

    tag: Mapped[Tag] = relationship(primaryjoin="foreign(Tagging.tag_id) == Tag.id")


class MemberEmailAlias(Base):
    """Another address that a member may write to the group from."""

    __tablename__ = "member_email_aliases"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    email: Mapped[str] = mapped_column(CITEXT)
    require_dkim: Mapped[bool] = mapped_column(default=True)
    require_spf: Mapped[bool] = mapped_column(default=True)
    user_id: Mapped[int | None]
    group_id: Mapped[int]
    author_id: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow, onupdate=utcnow)

    group: Mapped[Group] = relationship(primaryjoin="foreign(MemberEmailAlias.group_id) == Group.id")
    user: Mapped[User | None] = relationship(primaryjoin="foreign(MemberEmailAlias.user_id) == User.id")
    author: Mapped[User] = relationship(primaryjoin="foreign(MemberEmailAlias.author_id) == User.id")


class ForwardEmailRule(Base):
    """Mail to this handle is passed on to an address."""

    __tablename__ = "forward_email_rules"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    handle: Mapped[str] = mapped_column(CITEXT)
    email: Mapped[str | None]


class Cohort(Base):
    """Groups that began in the same period."""

    __tablename__ = "cohorts"

    id: Mapped[int] = mapped_column(primary_key=True)
    start_on: Mapped[date | None]
    end_on: Mapped[date | None]


class DefaultGroupCover(Base):
    """A cover picture given to groups that have chosen none."""

    __tablename__ = "default_group_covers"

    id: Mapped[int] = mapped_column(primary_key=True)
    cover_photo_file_name: Mapped[str | None]
    cover_photo_content_type: Mapped[str | None]
    cover_photo_file_size: Mapped[int | None]
    cover_photo_updated_at: Mapped[datetime | None] = mapped_column(Utc)
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)


class GroupIdentity(Base):
    """Ties a group to an identity at an outside provider."""

    __tablename__ = "group_identities"

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int]
    identity_id: Mapped[int]
    custom_fields: Mapped[dict[str, Any]] = mapped_column(MutableDict.as_mutable(JSONB), default=dict)
    created_at: Mapped[datetime] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc, default=utcnow, onupdate=utcnow)


class GroupSurvey(Base):
    """What the founder of a group told about it."""

    __tablename__ = "group_surveys"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    group_id: Mapped[int]
    category: Mapped[str | None]
    location: Mapped[str | None]
    size: Mapped[str | None]
    declaration: Mapped[str | None]
    purpose: Mapped[str | None] = mapped_column(Text)
    usage: Mapped[str | None]
    referrer: Mapped[str | None]
    role: Mapped[str | None]
    website: Mapped[str | None]
    misc: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    desired_feature: Mapped[str | None]
    segment: Mapped[str | None]


class Demo(Base):
    """A recorded group that newcomers may get a copy of."""

    __tablename__ = "demos"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    author_id: Mapped[int]
    group_id: Mapped[int]
    name: Mapped[str]
    description: Mapped[str | None]
    recorded_at: Mapped[datetime] = mapped_column(Utc)
    created_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow, onupdate=utcnow)
    priority: Mapped[int] = mapped_column(default=0)
    demo_handle: Mapped[str | None]
