"""Polls, votes and outcomes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import TIMESTAMP, BigInteger, ForeignKey, String, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import Mapped, mapped_column, relationship

from llmio.accounts.models import User
from llmio.core.db import Base, Utc, utcnow
from llmio.discussions.models import Discussion
from llmio.groups.models import Group

Moment = TIMESTAMP(timezone=True)


class Poll(Base):
    """A question put to people until closing_at; poll_type names the plugin that counts it."""

    __tablename__ = "polls"

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int]
    title: Mapped[str]
    details: Mapped[str | None] = mapped_column(Text)
    closing_at: Mapped[datetime | None] = mapped_column(Utc)
    closed_at: Mapped[datetime | None] = mapped_column(Utc)
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    discussion_id: Mapped[int | None]
    key: Mapped[str]
    poll_type: Mapped[str]
    stance_data: Mapped[dict[str, Any] | None] = mapped_column(MutableDict.as_mutable(JSONB), default=dict)
    voters_count: Mapped[int] = mapped_column(default=0)
    multiple_choice: Mapped[bool] = mapped_column(default=False)
    custom_fields: Mapped[dict[str, Any]] = mapped_column(MutableDict.as_mutable(JSONB), default=dict)
    stance_counts: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    group_id: Mapped[int | None]
    matrix_counts: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    undecided_voters_count: Mapped[int] = mapped_column(default=0)
    voter_can_add_options: Mapped[bool] = mapped_column(default=False)
    anonymous: Mapped[bool] = mapped_column(default=False)
    versions_count: Mapped[int | None] = mapped_column(default=0)
    details_format: Mapped[str] = mapped_column(String(10), default="md")
    attachments: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    discarded_at: Mapped[datetime | None] = mapped_column(Utc)
    discarded_by: Mapped[int | None]
    specified_voters_only: Mapped[bool] = mapped_column(default=False)
    notify_on_closing_soon: Mapped[int] = mapped_column(default=0)
    content_locale: Mapped[str | None]
    link_previews: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    shuffle_options: Mapped[bool] = mapped_column(default=False)
    hide_results: Mapped[int] = mapped_column(default=0)
    chart_type: Mapped[str | None]
    min_score: Mapped[int | None]
    max_score: Mapped[int | None]
    minimum_stance_choices: Mapped[int | None]
    maximum_stance_choices: Mapped[int | None]
    dots_per_person: Mapped[int | None]
    process_name: Mapped[str | None]
    template: Mapped[bool] = mapped_column(default=False)
    reason_prompt: Mapped[str | None]
    poll_option_name_format: Mapped[str | None]
    stance_reason_required: Mapped[int] = mapped_column(default=1)
    limit_reason_length: Mapped[bool] = mapped_column(default=True)
    default_duration_in_days: Mapped[int | None]
    agree_target: Mapped[int | None]
    process_subtitle: Mapped[str | None]
    process_url: Mapped[str | None]
    tags: Mapped[list[str] | None] = mapped_column(ARRAY(String), default=list)
    poll_template_id: Mapped[int | None]
    poll_template_key: Mapped[str | None]
    show_none_of_the_above: Mapped[bool] = mapped_column(default=False)
    none_of_the_above_count: Mapped[int] = mapped_column(default=0)
    quorum_pct: Mapped[int | None]

    author: Mapped[User] = relationship(primaryjoin="foreign(Poll.author_id) == User.id")
    group: Mapped[Group | None] = relationship(primaryjoin="foreign(Poll.group_id) == Group.id")
    discussion: Mapped[Discussion | None] = relationship(primaryjoin="foreign(Poll.discussion_id) == Discussion.id")
    options: Mapped[list[PollOption]] = relationship(
        primaryjoin="foreign(PollOption.poll_id) == Poll.id",
        back_populates="poll",
        cascade="all, delete-orphan",
        order_by="(PollOption.priority, PollOption.id)",
        lazy="raise",
    )
    opening: Mapped[PollOpening | None] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    """When it opens by itself, while it is a draft."""
    outcomes: Mapped[list[Outcome]] = relationship(
        primaryjoin="foreign(Outcome.poll_id) == Poll.id",
        back_populates="poll",
        order_by="Outcome.id",
        lazy="raise",
    )


class PollOpening(Base):
    """When a draft opens by itself, until when it is open then, and who is told: in the name of whoever planned it."""

    __tablename__ = "poll_openings"
    __table_args__ = {"schema": "llmio"}

    poll_id: Mapped[int] = mapped_column(
        ForeignKey("polls.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    planner_id: Mapped[int]
    opening_at: Mapped[datetime] = mapped_column(Moment, index=True)
    closing_at: Mapped[datetime] = mapped_column(Moment)
    notify: Mapped[bool] = mapped_column(default=False, server_default="false")
    """Tell all who may vote."""
    message: Mapped[str] = mapped_column(Text, default="", server_default="")
    """A word to them."""


class PollOption(Base):
    """One thing to choose in a poll, with its running counts."""

    __tablename__ = "poll_options"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    poll_id: Mapped[int | None]
    priority: Mapped[int] = mapped_column(default=0)
    score_counts: Mapped[dict[str, Any]] = mapped_column(MutableDict.as_mutable(JSONB), default=dict)
    voter_scores: Mapped[dict[str, Any]] = mapped_column(MutableDict.as_mutable(JSONB), default=dict)
    total_score: Mapped[int] = mapped_column(default=0)
    voter_count: Mapped[int] = mapped_column(default=0)
    icon: Mapped[str | None]
    meaning: Mapped[str | None]
    prompt: Mapped[str | None]
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    test_operator: Mapped[str | None]
    test_percent: Mapped[int | None]
    test_against: Mapped[str | None]

    poll: Mapped[Poll] = relationship(primaryjoin="foreign(PollOption.poll_id) == Poll.id", back_populates="options")


class Stance(Base):
    """A person's place in a poll: invited until cast_at is set, then a vote."""

    __tablename__ = "stances"

    id: Mapped[int] = mapped_column(primary_key=True)
    poll_id: Mapped[int]
    participant_id: Mapped[int | None]
    reason: Mapped[str | None]
    latest: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    versions_count: Mapped[int | None] = mapped_column(default=0)
    reason_format: Mapped[str] = mapped_column(String(10), default="md")
    attachments: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    cast_at: Mapped[datetime | None] = mapped_column(Utc)
    token: Mapped[str | None]
    revoked_at: Mapped[datetime | None] = mapped_column(Utc)
    admin: Mapped[bool] = mapped_column(default=False)
    inviter_id: Mapped[int | None]
    volume: Mapped[int] = mapped_column(default=2)
    accepted_at: Mapped[datetime | None] = mapped_column(Utc)
    content_locale: Mapped[str | None]
    link_previews: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    option_scores: Mapped[dict[str, Any]] = mapped_column(MutableDict.as_mutable(JSONB), default=dict)
    revoker_id: Mapped[int | None]
    guest: Mapped[bool] = mapped_column(default=False)
    none_of_the_above: Mapped[bool] = mapped_column(default=False)

    participant: Mapped[User | None] = relationship(primaryjoin="foreign(Stance.participant_id) == User.id")
    poll: Mapped[Poll] = relationship(primaryjoin="foreign(Stance.poll_id) == Poll.id")
    inviter: Mapped[User | None] = relationship(primaryjoin="foreign(Stance.inviter_id) == User.id")
    choices: Mapped[list[StanceChoice]] = relationship(
        primaryjoin="foreign(StanceChoice.stance_id) == Stance.id",
        back_populates="stance",
        cascade="all, delete-orphan",
        order_by="StanceChoice.id",
        lazy="raise",
    )


class StanceChoice(Base):
    """What a vote gives to one option."""

    __tablename__ = "stance_choices"

    id: Mapped[int] = mapped_column(primary_key=True)
    stance_id: Mapped[int | None]
    poll_option_id: Mapped[int | None]
    score: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)

    stance: Mapped[Stance] = relationship(
        primaryjoin="foreign(StanceChoice.stance_id) == Stance.id",
        back_populates="choices",
    )
    poll_option: Mapped[PollOption] = relationship(primaryjoin="foreign(StanceChoice.poll_option_id) == PollOption.id")


class StanceReceipt(Base):
    """That a person was invited to an anonymous poll and whether they voted, apart from the vote."""

    __tablename__ = "stance_receipts"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    poll_id: Mapped[int | None] = mapped_column(BigInteger)
    voter_id: Mapped[int | None] = mapped_column(BigInteger)
    inviter_id: Mapped[int | None] = mapped_column(BigInteger)
    invited_at: Mapped[datetime | None] = mapped_column(Utc(6))
    vote_cast: Mapped[bool | None]
    created_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow, onupdate=utcnow)


class Outcome(Base):
    """What was decided; the latest of a poll counts."""

    __tablename__ = "outcomes"

    id: Mapped[int] = mapped_column(primary_key=True)
    poll_id: Mapped[int | None]
    statement: Mapped[str] = mapped_column(Text)
    author_id: Mapped[int]
    created_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow)
    updated_at: Mapped[datetime | None] = mapped_column(Utc, default=utcnow, onupdate=utcnow)
    latest: Mapped[bool] = mapped_column(default=True)
    poll_option_id: Mapped[int | None]
    custom_fields: Mapped[dict[str, Any]] = mapped_column(MutableDict.as_mutable(JSONB), default=dict)
    statement_format: Mapped[str] = mapped_column(String(10), default="md")
    attachments: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    versions_count: Mapped[int] = mapped_column(default=0)
    review_on: Mapped[date | None]
    content_locale: Mapped[str | None]
    link_previews: Mapped[list[Any]] = mapped_column(JSONB, default=list)

    poll: Mapped[Poll] = relationship(primaryjoin="foreign(Outcome.poll_id) == Poll.id", back_populates="outcomes")
    author: Mapped[User] = relationship(primaryjoin="foreign(Outcome.author_id) == User.id")


class PollTemplate(Base):
    """A form that new polls of a group can start from."""

    __tablename__ = "poll_templates"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    key: Mapped[str | None]
    group_id: Mapped[int]
    position: Mapped[int] = mapped_column(default=0)
    author_id: Mapped[int]
    poll_type: Mapped[str]
    process_name: Mapped[str | None]
    process_subtitle: Mapped[str | None]
    title: Mapped[str | None]
    details: Mapped[str | None] = mapped_column(Text)
    details_format: Mapped[str] = mapped_column(String(10), default="md")
    anonymous: Mapped[bool] = mapped_column(default=False)
    specified_voters_only: Mapped[bool] = mapped_column(default=False)
    notify_on_closing_soon: Mapped[int] = mapped_column(default=0)
    content_locale: Mapped[str | None]
    shuffle_options: Mapped[bool] = mapped_column(default=False)
    hide_results: Mapped[int] = mapped_column(default=0)
    chart_type: Mapped[str | None]
    min_score: Mapped[int | None]
    max_score: Mapped[int | None]
    minimum_stance_choices: Mapped[int | None]
    maximum_stance_choices: Mapped[int | None]
    dots_per_person: Mapped[int | None]
    reason_prompt: Mapped[str | None]
    poll_options: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    stance_reason_required: Mapped[int] = mapped_column(default=1)
    limit_reason_length: Mapped[bool] = mapped_column(default=True)
    default_duration_in_days: Mapped[int] = mapped_column(default=7)
    agree_target: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(Utc(6), default=utcnow, onupdate=utcnow)
    meeting_duration: Mapped[int | None]
    can_respond_maybe: Mapped[bool] = mapped_column(default=True)
    poll_option_name_format: Mapped[str] = mapped_column(default="plain")
    link_previews: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    atttachments: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    tags: Mapped[list[str] | None] = mapped_column(ARRAY(String), default=list)
    discarded_at: Mapped[datetime | None] = mapped_column(Utc(6))
    process_introduction: Mapped[str | None]
    process_introduction_format: Mapped[str] = mapped_column(default="md")
    title_placeholder: Mapped[str | None]
    outcome_statement: Mapped[str | None]
    outcome_statement_format: Mapped[str] = mapped_column(default="html")
    outcome_review_due_in_days: Mapped[int | None]
    public: Mapped[bool] = mapped_column(default=False)
    show_none_of_the_above: Mapped[bool] = mapped_column(default=False)
    quorum_pct: Mapped[int | None]

    group: Mapped[Group] = relationship(primaryjoin="foreign(PollTemplate.group_id) == Group.id")
    author: Mapped[User] = relationship(primaryjoin="foreign(PollTemplate.author_id) == User.id")
