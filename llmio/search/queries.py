"""What is shown of records that were found: all kinds in one statement, made once for each set of kinds."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CompoundSelect,
    Integer,
    ScalarSelect,
    Select,
    String,
    any_,
    bindparam,
    cast,
    literal,
    null,
    select,
    union_all,
)

from llmio.accounts.models import User
from llmio.core.tables import Event
from llmio.discussions.models import Comment, Discussion
from llmio.groups.models import Group
from llmio.polls.models import Outcome, Poll, Stance
from llmio.search import documents

ENTERED = ("poll_created", "stance_created", "stance_updated", "outcome_created")
"""Events by which a poll, a vote or an outcome stands in a thread."""
AUTHORS: dict[str, Any] = {
    "Discussion": Discussion.author_id,
    "Comment": Comment.user_id,
    "Poll": Poll.author_id,
    "Stance": Stance.participant_id,
    "Outcome": Outcome.author_id,
}
PERSON = (
    *(User.id, User.name, User.username, User.avatar_initials, User.avatar_kind, User.time_zone, User.created_at),
    *(User.email_verified, User.bot, User.selected_locale, User.detected_locale, User.picture),
)
GROUP = (Group.id, Group.name, Group.full_name, Group.handle, Group.key)
THREAD = (Discussion.id, Discussion.key, Discussion.title)
POLL = (Poll.id, Poll.key, Poll.title)


def shown(kinds: frozenset[str]) -> Select[Any] | CompoundSelect[Any]:
    """Rows of records of these kinds; their ids are the parameters `Comment`, `Poll`, …."""
    return _shown(tuple(sorted(kinds)))


@cache
def _shown(kinds: tuple[str, ...]) -> Select[Any] | CompoundSelect[Any]:
    arms = [_arm(kind) for kind in kinds]
    return arms[0] if len(arms) == 1 else union_all(*arms)


def _arm(kind: str) -> Select[Any]:
    model, author_id = documents.MODELS[kind], AUTHORS[kind]
    polled = kind in ("Poll", "Stance", "Outcome")
    nothing = [cast(null(), column.type) for column in (*POLL, Poll.tags, Poll.anonymous)]
    group_id = Poll.group_id if polled else Discussion.group_id
    columns = (
        literal(kind, String).label("kind"),
        model.id.label("record_id"),
        (Stance.cast_at if kind == "Stance" else model.created_at).label("at"),
        group_id.label("group_id"),
        Discussion.tags.label("thread_tags"),
        *(nothing if not polled else (*POLL, Poll.tags, Poll.anonymous)),
        sequence_id(kind, model.id) if polled else cast(null(), Integer),
        *(*THREAD, *GROUP, *PERSON),
    )
    return (
        documents.SELECTS[kind]()
        .outerjoin(User, User.id == author_id)
        .outerjoin(Group, Group.id == group_id)
        .where(model.id == any_(bindparam(kind, type_=ARRAY(BigInteger))))
        .with_only_columns(*columns, maintain_column_froms=True)
    )


def sequence_id(kind: str, record_id: Any) -> ScalarSelect[Any]:
    """Where a record stands in its thread."""
    return _entered(Event.sequence_id, kind, record_id).order_by(Event.id.desc()).limit(1).scalar_subquery()


def entered(kind: str, record_id: int) -> Select[Any]:
    """Event and sequence id of the first by which a record stands in a thread."""
    return _entered(Event.id, kind, record_id).add_columns(Event.sequence_id).order_by(Event.id).limit(1)


def _entered(column: Any, kind: str, record_id: Any) -> Select[Any]:
    return select(column).where(
        Event.eventable_type == kind,
        Event.eventable_id == record_id,
        Event.kind == any_(literal(list(ENTERED), ARRAY(String))),
        Event.sequence_id.is_not(None),
    )
