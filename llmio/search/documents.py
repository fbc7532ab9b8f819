"""What is searchable: five kinds of records as documents, and what must not be found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload

from llmio.core import richtext
from llmio.discussions.models import Comment, Discussion
from llmio.plugins import Document
from llmio.polls.models import Outcome, Poll, Stance

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


def _discussions() -> Select[Any]:
    return select(Discussion).options(joinedload(Discussion.author)).where(Discussion.discarded_at.is_(None))


def _comments() -> Select[Any]:
    return (
        select(Comment)
        .join(Comment.discussion)
        .options(joinedload(Comment.user), joinedload(Comment.discussion))
        .where(Comment.discarded_at.is_(None), Discussion.discarded_at.is_(None))
    )


def _polls() -> Select[Any]:
    return select(Poll).options(joinedload(Poll.author)).where(Poll.discarded_at.is_(None))


def _stances() -> Select[Any]:
    """Votes with a reason; none that its poll keeps secret while it is open."""
    told = or_(Poll.closed_at.is_not(None), (Poll.anonymous.is_(False)) & (Poll.hide_results == 0))
    return (
        select(Stance)
        .join(Stance.poll)
        .options(joinedload(Stance.participant), joinedload(Stance.poll))
        .where(
            Poll.discarded_at.is_(None),
            Stance.cast_at.is_not(None),
            Stance.latest.is_(True),
            Stance.revoked_at.is_(None),
            told,
        )
    )


def _outcomes() -> Select[Any]:
    return (
        select(Outcome)
        .join(Outcome.poll)
        .options(joinedload(Outcome.author), joinedload(Outcome.poll))
        .where(Poll.discarded_at.is_(None), Outcome.latest.is_(True))
    )


SELECTS: dict[str, Callable[[], Select[Any]]] = {
    "Discussion": _discussions,
    "Comment": _comments,
    "Poll": _polls,
    "Stance": _stances,
    "Outcome": _outcomes,
}


def _of_discussion(one: Discussion) -> Document:
    body = _text(one.description, one.description_format, one.author)
    return Document(
        "Discussion", one.id, one.title or "", body, one.author_id, one.group_id, one.id, created_at=one.created_at
    )


def _of_comment(one: Comment) -> Document:
    body, group_id = _text(one.body, one.body_format, one.user), one.discussion.group_id if one.discussion else None
    return Document("Comment", one.id, "", body, one.user_id, group_id, one.discussion_id, created_at=one.created_at)


def _of_poll(one: Poll) -> Document:
    body = _text(one.details, one.details_format, one.author)
    return Document(
        "Poll", one.id, one.title, body, one.author_id, one.group_id, one.discussion_id, one.id, one.created_at
    )


def _of_stance(one: Stance) -> Document:
    """A vote's reason; an anonymous one names nobody."""
    poll, voter = one.poll, None if one.poll.anonymous else one.participant
    body = _text(one.reason, one.reason_format, voter)
    voter_id = one.participant_id if voter else None
    return Document("Stance", one.id, "", body, voter_id, poll.group_id, poll.discussion_id, poll.id, one.cast_at)


def _of_outcome(one: Outcome) -> Document:
    poll, body = one.poll, _text(one.statement, one.statement_format, one.author)
    return Document(
        "Outcome", one.id, "", body, one.author_id, poll.group_id, poll.discussion_id, poll.id, one.created_at
    )


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


def _text(body: str | None, body_format: str, author: Any) -> str:
    return " ".join(part for part in (richtext.plain(body, body_format), author.name if author else "") if part)


def related(record_type: str, record_id: int) -> Iterator[tuple[str, Any]]:
    """(type, condition) of all that must be looked at again when a record changed: what lies in it comes along."""
    yield record_type, MODELS[record_type].id == record_id
    if record_type == "Discussion":
        yield "Comment", Comment.discussion_id == record_id
        yield "Poll", Poll.discussion_id == record_id
        in_thread = select(Poll.id).where(Poll.discussion_id == record_id)
        yield "Stance", Stance.poll_id.in_(in_thread)
        yield "Outcome", Outcome.poll_id.in_(in_thread)
    if record_type == "Poll":
        yield "Stance", Stance.poll_id == record_id
        yield "Outcome", Outcome.poll_id == record_id


def found(ctx: Context, record_type: str, ids: Sequence[int]) -> list[Document]:
    """The documents of those ids that may be found at all."""
    model = MODELS[record_type]
    return [document_of(one) for one in ctx.db.scalars(SELECTS[record_type]().where(model.id.in_(ids)))]


def all_documents(ctx: Context) -> Iterator[list[Document]]:
    """Every document, in batches by ascending id: memory stays small."""
    for record_type in TYPES:
        model, last = MODELS[record_type], 0
        while True:
            rows = ctx.db.scalars(SELECTS[record_type]().where(model.id > last).order_by(model.id).limit(BATCH)).all()
            if not rows:
                break
            last = rows[-1].id
            yield [document_of(one) for one in rows]
            ctx.db.expunge_all()
