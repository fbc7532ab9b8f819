"""Threads, what is said in them and how far each person has read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.dialects.postgresql import ARRAY, HSTORE, JSONB
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import Mapped, mapped_column, relationship

from llmio.accounts.models import User
from llmio.core.db import Base, Utc, utcnow
from llmio.groups.models import Group


class Discussion(Base):
    """A thread; its items are events in the order of sequence_id."""

    __tablename__ = "discussions"

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int | None]
    author_id: Mapped[int | None]
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    title: Mapped[str | None] = mapped_column(String(255))
    last_comment_at: Mapped[datetime | None] = mapped_column(Utc)
    description: Mapped[str | None] = mapped_column(Text)
    items_count: Mapped[int] = mapped_column(default=0)
    closed_at: Mapped[datetime | None] = mapped_column(Utc)
    private: Mapped[bool] = mapped_column(default=True)
    key: Mapped[str | None] = mapped_column(String(255))
    iframe_src: Mapped[str | None] = mapped_column(String(255))
    last_activity_at: Mapped[datetime | None] = mapped_column(Utc)
    last_sequence_id: Mapped[int] = mapped_column(default=0)
    first_sequence_id: Mapped[int] = mapped_column(default=0)
    versions_count: Mapped[int | None] = mapped_column(default=0)
    closed_polls_count: Mapped[int] = mapped_column(default=0)
    importance: Mapped[int] = mapped_column(default=0)
    seen_by_count: Mapped[int] = mapped_column(default=0)
    ranges_string: Mapped[str | None]
    description_format: Mapped[str] = mapped_column(String(10), default="md")
    attachments: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    info: Mapped[dict[str, Any]] = mapped_column(MutableDict.as_mutable(JSONB), default=dict)
    max_depth: Mapped[int] = mapped_column(default=2)
    newest_first: Mapped[bool] = mapped_column(default=False)
    discarded_at: Mapped[datetime | None] = mapped_column(Utc)
    members_count: Mapped[int | None]
    anonymous_polls_count: Mapped[int] = mapped_column(default=0)
    content_locale: Mapped[str | None]
    link_previews: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    pinned_at: Mapped[datetime | None] = mapped_column(Utc)
    discarded_by: Mapped[int | None]
    template: Mapped[bool] = mapped_column(default=False)
    tags: Mapped[list[str] | None] = mapped_column(ARRAY(String), default=list)
    discussion_template_id: Mapped[int | None]
    discussion_template_key: Mapped[str | None]
    closer_id: Mapped[int | None]

    group: Mapped[Group | None] = relationship(primaryjoin="foreign(Discussion.group_id) == Group.id")
    author: Mapped[User | None] = relationship(primaryjoin="foreign(Discussion.author_id) == User.id")
    closer: Mapped[User | None] = relationship(primaryjoin="foreign(Discussion.closer_id) == User.id")


class DiscussionReader(Base):
    """How far a person has read a thread, how loudly they hear of it, and whether they are a guest."""

    __tablename__ = "discussion_readers"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int]
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    discussion_id: Mapped[int]
    last_read_at: Mapped[datetime | None] = mapped_column(Utc)
    last_read_sequence_id: Mapped[int] = mapped_column(default=0)
    volume: Mapped[int] = mapped_column(default=2)
    participating: Mapped[bool] = mapped_column(default=False)
    dismissed_at: Mapped[datetime | None] = mapped_column(Utc)
    read_ranges_string: Mapped[str | None]
    inviter_id: Mapped[int | None]
    token: Mapped[str | None]
    revoked_at: Mapped[datetime | None] = mapped_column(Utc)
    admin: Mapped[bool] = mapped_column(default=False)
    accepted_at: Mapped[datetime | None] = mapped_column(Utc)
    revoker_id: Mapped[int | None]
    guest: Mapped[bool] = mapped_column(default=False)

    discussion: Mapped[Discussion] = relationship(
        primaryjoin="foreign(DiscussionReader.discussion_id) == Discussion.id",
    )
    user: Mapped[User] = relationship(primaryjoin="foreign(DiscussionReader.user_id) == User.id")
    inviter: Mapped[User | None] = relationship(primaryjoin="foreign(DiscussionReader.inviter_id) == User.id")


class Comment(Base):
    """A comment on a thread, or a reply to a comment, poll, vote or outcome (parent)."""

    __tablename__ = "comments"

    id: Mapped[int] = mapped_column(primary_key=True)
    discussion_id: Mapped[int | None] = mapped_column(default=0)
    body: Mapped[str | None] = mapped_column(Text, default="")
    user_id: Mapped[int | None] = mapped_column(default=0)
    parent_id: Mapped[int | None]
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    comment_votes_count: Mapped[int] = mapped_column(default=0)
    attachments_count: Mapped[int] = mapped_column(default=0)
    edited_at: Mapped[datetime | None] = mapped_column(Utc)
    versions_count: Mapped[int | None] = mapped_column(default=0)
    body_format: Mapped[str] = mapped_column(String(10), default="md")
    attachments: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    discarded_at: Mapped[datetime | None] = mapped_column(Utc)
    discarded_by: Mapped[int | None]
    content_locale: Mapped[str | None]
    link_previews: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    parent_type: Mapped[str]

    user: Mapped[User | None] = relationship(primaryjoin="foreign(Comment.user_id) == User.id")
    discussion: Mapped[Discussion | None] = relationship(primaryjoin="foreign(Comment.discussion_id) == Discussion.id")


class Reaction(Base):
    """A person's emoji on a record."""

    __tablename__ = "reactions"

    id: Mapped[int] = mapped_column(primary_key=True)
    reactable_id: Mapped[int | None]
    user_id: Mapped[int | None]
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    reaction: Mapped[str] = mapped_column(default="+1")
    reactable_type: Mapped[str] = mapped_column(default="Comment")

    user: Mapped[User | None] = relationship(primaryjoin="foreign(Reaction.user_id) == User.id")


class DiscussionTemplate(Base):
    """A form that new threads of a group can start from."""

    __tablename__ = "discussion_templates"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    source_discussion_id: Mapped[int | None]
    key: Mapped[str | None]
    group_id: Mapped[int | None]
    position: Mapped[int | None]
    author_id: Mapped[int | None]
    title: Mapped[str | None]
    description: Mapped[str | None] = mapped_column(Text)
    description_format: Mapped[str] = mapped_column(String(10), default="html")
    process_name: Mapped[str | None]
    process_subtitle: Mapped[str | None]
    process_introduction: Mapped[str | None]
    process_introduction_format: Mapped[str] = mapped_column(default="html")
    attachments: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    max_depth: Mapped[int] = mapped_column(default=2)
    newest_first: Mapped[bool] = mapped_column(default=False)
    discarded_at: Mapped[datetime | None] = mapped_column(Utc)
    discarded_by: Mapped[int | None]
    content_locale: Mapped[str | None]
    link_previews: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    tags: Mapped[list[str] | None] = mapped_column(ARRAY(String), default=list)
    created_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow, onupdate=utcnow)
    poll_template_keys_or_ids: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    title_placeholder: Mapped[str | None]
    public: Mapped[bool] = mapped_column(default=False)
    recipient_audience: Mapped[str | None]

    group: Mapped[Group | None] = relationship(primaryjoin="foreign(DiscussionTemplate.group_id) == Group.id")
    author: Mapped[User | None] = relationship(primaryjoin="foreign(DiscussionTemplate.author_id) == User.id")


class Translation(Base):
    """A record's texts in another language, made on request."""

    __tablename__ = "translations"

    id: Mapped[int] = mapped_column(primary_key=True)
    translatable_id: Mapped[int | None]
    translatable_type: Mapped[str | None] = mapped_column(String(255))
    fields: Mapped[dict[str, str | None] | None] = mapped_column(MutableDict.as_mutable(HSTORE))
    language: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
