"""What was found, ready to be shown: in a number of queries that does not grow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape
from sqlalchemy import select

from llmio.core.tables import Event
from llmio.discussions.models import Discussion
from llmio.discussions.values import path_of
from llmio.groups.models import Group
from llmio.plugins import Hit, Visible
from llmio.polls import cards
from llmio.polls.models import Poll
from llmio.search import documents

if TYPE_CHECKING:
    from llmio.accounts.models import User
    from llmio.core.context import Context

ENTERED = ("poll_created", "stance_created", "stance_updated", "outcome_created")


@dataclass(frozen=True)
class GroupName:
    """What is said of a result's group."""

    id: int
    name: str | None
    full_name: str | None
    handle: str | None
    key: str | None


@dataclass(frozen=True)
class Found:
    """One result; `title` and `highlight` are safe HTML in which `<mark>` surrounds what was looked for."""

    record_type: str
    record: Any
    title: Markup
    path: str
    highlight: Markup
    author: User | None
    group: GroupName | None
    discussion: Discussion | None
    poll: Poll | None
    at: datetime | None
    tags: Sequence[str]
    sequence_id: int | None = None


def shown(ctx: Context, hits: Sequence[Hit], allowed: Visible) -> list[Found]:
    """The hits with what the rows of today say, in their order; what may not be found (any more) is left out."""
    made: dict[tuple[str, int], Found] = {}
    for kind in {hit.record_type for hit in hits} & set(documents.TYPES):
        ids = [hit.record_id for hit in hits if hit.record_type == kind]
        for record in documents.records(ctx, kind, ids):
            place = documents.place_of(record)
            if allowed.includes(kind, place["group_id"], place["discussion_id"], place["poll_id"]):
                made[kind, record.id] = _found(kind, record, place["tags"])
    groups = _groups(ctx, made.values())
    places = sequence_ids(ctx, [(one.record_type, one.record.id) for one in made.values() if one.poll is not None])
    results = []
    for hit in hits:
        one = made.get((hit.record_type, hit.record_id))
        if one is None:
            continue
        group_id = one.poll.group_id if one.poll else one.discussion.group_id if one.discussion else None
        results.append(
            replace(
                one,
                title=Markup(hit.title) if hit.title else one.title,  # noqa: S704  # the contract: escaped but for <mark>
                highlight=Markup(hit.highlight),  # noqa: S704  # likewise
                group=groups.get(group_id or 0),
                sequence_id=places.get((hit.record_type, hit.record_id)),
            )
        )
    return results


def _found(kind: str, record: Any, tags: Sequence[str]) -> Found:
    poll = record if kind == "Poll" else getattr(record, "poll", None)
    discussion = record if kind == "Discussion" else poll.discussion if poll is not None else record.discussion
    title = poll.title if poll is not None else (discussion.title or "") if discussion is not None else ""
    author = getattr(record, "author", None) or getattr(record, "user", None) or getattr(record, "participant", None)
    anonymous = kind == "Stance" and poll is not None and poll.anonymous
    moment = record.cast_at if kind == "Stance" else record.created_at
    path = _path(kind, record, poll, discussion)
    return Found(
        kind,
        record,
        escape(title),
        path,
        Markup(""),
        None if anonymous else author,
        None,
        discussion,
        poll,
        moment,
        tags,
    )


def _path(kind: str, record: Any, poll: Poll | None, discussion: Discussion | None) -> str:
    """Votes and outcomes are looked up in their thread only when somebody goes there."""
    if kind in ("Stance", "Outcome"):
        return f"/search/{kind}/{record.id}"
    if poll is not None:
        return cards.path_of(poll)
    thread = f"/d/{discussion.key}" if discussion is not None else ""
    return f"{thread}/comment/{record.id}" if kind == "Comment" else path_of(discussion.key, discussion.title)  # type: ignore[union-attr]  # a Discussion


def _groups(ctx: Context, found: Iterable[Found]) -> Mapping[int, GroupName]:
    ids = {one.poll.group_id if one.poll else one.discussion.group_id for one in found if one.poll or one.discussion}  # type: ignore[union-attr]  # one of both
    wanted = [group_id for group_id in ids if group_id]
    if not wanted:
        return {}
    query = select(Group.id, Group.name, Group.full_name, Group.handle, Group.key).where(Group.id.in_(wanted))
    return {row.id: GroupName(*row) for row in ctx.db.execute(query)}


def sequence_ids(ctx: Context, records: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """(type, id) → place in the thread, for polls, votes and outcomes that have one."""
    if not records:
        return {}
    query = select(Event.eventable_type, Event.eventable_id, Event.sequence_id).where(
        Event.eventable_type.in_({kind for kind, _id in records}),
        Event.eventable_id.in_([record_id for _kind, record_id in records]),
        Event.kind.in_(ENTERED),
        Event.sequence_id.is_not(None),
    )
    rows: list[Any] = list(ctx.db.execute(query.order_by(Event.id)))
    return {(row[0], row[1]): row[2] for row in rows}


def place_in_thread(ctx: Context, kind: str, record_id: int) -> tuple[int, int] | None:
    """Event and sequence id by which a record stands in a thread."""
    query = select(Event.id, Event.sequence_id).where(
        Event.eventable_type == kind,
        Event.eventable_id == record_id,
        Event.kind.in_(ENTERED),
        Event.sequence_id.is_not(None),
    )
    row = ctx.db.execute(query.order_by(Event.id).limit(1)).one_or_none()
    return None if row is None else (int(row[0]), int(row[1] or 0))
