"""What is searchable: five kinds of records as documents, and what must not be found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from llmio.core import richtext
from llmio.core.db import among
from llmio.discussions.models import Comment, Discussion
from llmio.plugins import Document
from llmio.polls.models import Outcome, Poll, Stance
from llmio.polls.values import HideResults

if TYPE_CHECKING:
    from llmio.core.context import Context

TYPES = ("Discussion", "Comment", "Poll", "Stance", "Outcome")
MODELS: dict[str, Any] = {
    "Discussion": Discussion,
    "Comment": Comment,
    "Poll": Poll,
    "Stance": Stance,
    "Outcome": Outcome,
}
BATCH = 500
UNTIL_CLOSED = int(HideResults.UNTIL_CLOSED)


def _discussions() -> Select[Any]:
    return select(Discussion).where(Discussion.discarded_at.is_(None))


def _comments() -> Select[Any]:
    query = select(Comment).join(Comment.discussion)
    return query.where(Comment.discarded_at.is_(None), Discussion.discarded_at.is_(None))


def _kept(query: Select[Any]) -> Select[Any]:
    """Only what belongs to polls that were not discarded, nor their thread."""
    return query.outerjoin(Poll.discussion).where(
        Poll.discarded_at.is_(None), or_(Discussion.id.is_(None), Discussion.discarded_at.is_(None))
    )


def _polls() -> Select[Any]:
    return _kept(select(Poll))


def _stances() -> Select[Any]:
    """Votes that count; none of a poll that keeps names or results from everybody while it is open.

    Those of a poll that shows results to who has voted are searchable: `Visible.hidden_poll_ids` keeps them from others.
    """
    told = or_(Poll.closed_at.is_not(None), and_(Poll.anonymous.is_(False), Poll.hide_results != UNTIL_CLOSED))
    counted = (Stance.cast_at.is_not(None), Stance.latest.is_(True), Stance.revoked_at.is_(None))
    return _kept(select(Stance).join(Stance.poll)).where(*counted, told)


def _outcomes() -> Select[Any]:
    return _kept(select(Outcome).join(Outcome.poll))


SELECTS: dict[str, Callable[[], Select[Any]]] = {
    "Discussion": _discussions,
    "Comment": _comments,
    "Poll": _polls,
    "Stance": _stances,
    "Outcome": _outcomes,
}
"""Type → those of its records that may be found at all; the thread and the poll of each are joined."""
OPTIONS: dict[str, tuple[Any, ...]] = {
    "Discussion": (joinedload(Discussion.author),),
    "Comment": (contains_eager(Comment.discussion), joinedload(Comment.user)),
    "Poll": (contains_eager(Poll.discussion), joinedload(Poll.author)),
    "Stance": (contains_eager(Stance.poll, Poll.discussion), joinedload(Stance.participant)),
    "Outcome": (contains_eager(Outcome.poll, Poll.discussion), joinedload(Outcome.author)),
}
"""What is loaded with them."""


def _made(kind: str, one: Any, texts: tuple[str | None, str | None, str], author: Any, **place: Any) -> Document:
    """A document; the row text of the reference joins what there is of title, text and author's name."""
    title, text, text_format = texts
    name = author.name if author else None
    return Document(
        kind,
        one.id,
        title or "",
        richtext.plain(text, text_format),
        author_name=name or "",
        language=one.content_locale or (author.selected_locale if author else "") or "",
        written=[part for part in (title, text, name) if part is not None],
        **place,
    )


def _in_thread(thread: Discussion | None) -> dict[str, Any]:
    return {
        "group_id": thread.group_id if thread else None,
        "discussion_id": thread.id if thread else None,
        "poll_id": None,
        "tags": list(thread.tags or ()) if thread else [],
    }


def _in_poll(poll: Poll) -> dict[str, Any]:
    tags = [*(poll.tags or ()), *((poll.discussion.tags or ()) if poll.discussion else ())]
    return {
        "group_id": poll.group_id,
        "discussion_id": poll.discussion_id,
        "poll_id": poll.id,
        "tags": list(dict.fromkeys(tags)),
    }


def place_of(record: Any) -> dict[str, Any]:
    """Where a record belongs: ids of group, thread and poll, and its tags, as its document has them."""
    if isinstance(record, Discussion):
        return _in_thread(record)
    return _in_thread(record.discussion) if isinstance(record, Comment) else _in_poll(getattr(record, "poll", record))


def _of_discussion(one: Discussion) -> Document:
    texts = (one.title, one.description, one.description_format)
    return _made(
        "Discussion", one, texts, one.author, author_id=one.author_id, created_at=one.created_at, **place_of(one)
    )


def _of_comment(one: Comment) -> Document:
    texts = (None, one.body, one.body_format)
    return _made("Comment", one, texts, one.user, author_id=one.user_id, created_at=one.created_at, **place_of(one))


def _of_poll(one: Poll) -> Document:
    texts = (one.title, one.details, one.details_format)
    return _made("Poll", one, texts, one.author, author_id=one.author_id, created_at=one.created_at, **place_of(one))


def _of_stance(one: Stance) -> Document:
    """A vote's reason; an anonymous one names nobody."""
    voter = None if one.poll.anonymous else one.participant
    texts = (None, one.reason, one.reason_format)
    voter_id = None if one.poll.anonymous else one.participant_id
    return _made("Stance", one, texts, voter, author_id=voter_id, created_at=one.cast_at, **place_of(one))


def _of_outcome(one: Outcome) -> Document:
    texts = (None, one.statement, one.statement_format)
    return _made("Outcome", one, texts, one.author, author_id=one.author_id, created_at=one.created_at, **place_of(one))


MAKERS: dict[str, Callable[[Any], Document]] = {
    "Discussion": _of_discussion,
    "Comment": _of_comment,
    "Poll": _of_poll,
    "Stance": _of_stance,
    "Outcome": _of_outcome,
}


def document_of(record: Any) -> Document:
    """The document of one record, with its loaded relations."""
    return MAKERS[type(record).__name__](record)


def of_author(user_id: int) -> dict[str, Any]:
    """Type → which of its records a person wrote."""
    return {
        "Discussion": Discussion.author_id == user_id,
        "Comment": Comment.user_id == user_id,
        "Poll": Poll.author_id == user_id,
        "Stance": Stance.participant_id == user_id,
        "Outcome": Outcome.author_id == user_id,
    }


def of_discussion(discussion_id: int) -> dict[str, Any]:
    """Type → which of its records lie in a thread."""
    polls = select(Poll.id).where(Poll.discussion_id == discussion_id)
    return {
        "Discussion": Discussion.id == discussion_id,
        "Comment": Comment.discussion_id == discussion_id,
        "Poll": Poll.discussion_id == discussion_id,
        "Stance": Stance.poll_id.in_(polls),
        "Outcome": Outcome.poll_id.in_(polls),
    }


def of_poll(poll_id: int) -> dict[str, Any]:
    """Type → which of its records belong to a poll."""
    return {"Poll": Poll.id == poll_id, "Stance": Stance.poll_id == poll_id, "Outcome": Outcome.poll_id == poll_id}


SCOPES: dict[str, Callable[[int], dict[str, Any]]] = {
    "author": of_author,
    "discussion": of_discussion,
    "poll": of_poll,
}


def ids_after(
    ctx: Context, record_type: str, after: int, condition: Any = None, *, limit: int | None = None
) -> list[int]:
    """Ids of records of a type beyond one, in ascending order, whether they may be found or not."""
    column = MODELS[record_type].id
    query = select(column).where(column > after).order_by(column).limit(limit or BATCH)
    return list(ctx.db.scalars(query if condition is None else query.where(condition)))


def found(ctx: Context, record_type: str, ids: Sequence[int]) -> list[Document]:
    """The documents of those ids that may be found at all."""
    rows = ctx.db.scalars(
        _of(record_type, ids).execution_options(populate_existing=True)
    )  # others may have written meanwhile
    return [document_of(one) for one in rows]


def records(ctx: Context, record_type: str, ids: Sequence[int]) -> list[Any]:
    """The records of those ids that may be found at all."""
    return list(ctx.db.scalars(_of(record_type, ids)))


def _of(record_type: str, ids: Sequence[int]) -> Select[Any]:
    return SELECTS[record_type]().options(*OPTIONS[record_type]).where(among(MODELS[record_type].id, ids))
