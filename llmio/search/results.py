"""What was found, ready to be shown: in one statement, however much it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup, escape

from llmio.discussions.values import path_of
from llmio.plugins import Hit, Visible
from llmio.polls import cards
from llmio.search import documents, queries

if TYPE_CHECKING:
    from llmio.core.context import Context


class Author(NamedTuple):
    """Who wrote a result, as far as others may see it."""

    id: int
    name: str | None
    username: str | None
    avatar_initials: str | None
    avatar_kind: str
    time_zone: str | None
    created_at: datetime | None
    email_verified: bool
    bot: bool
    selected_locale: str | None
    detected_locale: str | None
    picture: int | None


class GroupName(NamedTuple):
    """What is said of a result's group."""

    id: int
    name: str | None
    full_name: str | None
    handle: str | None
    key: str | None


class Place(NamedTuple):
    """The thread or the poll that a result belongs to."""

    id: int
    key: str
    title: str | None


@dataclass(frozen=True)
class Found:
    """One result; `title` and `highlight` are safe HTML in which `<mark>` surrounds what was looked for."""

    record_type: str
    record_id: int
    title: Markup
    path: str
    highlight: Markup
    author: Author | None
    group: GroupName | None
    discussion: Place | None
    poll: Place | None
    at: datetime | None
    tags: Sequence[str]
    sequence_id: int | None = None


def shown(ctx: Context, hits: Sequence[Hit], allowed: Visible) -> list[Found]:
    """The hits with what the rows of today say, in their order; what may not be found (any more) is left out."""
    ids: dict[str, list[int]] = {}
    for hit in hits:
        if hit.record_type in documents.MODELS:
            ids.setdefault(hit.record_type, []).append(hit.record_id)
    if not ids:
        return []
    rows = ctx.db.connection().execute(queries.shown(frozenset(ids)), ids)
    made = {(row[0], row[1]): row for row in rows}
    found = ((hit, made.get((hit.record_type, hit.record_id))) for hit in hits)
    each = (_found(hit, row, allowed) for hit, row in found if row is not None)
    return [one for one in each if one is not None]


def _found(hit: Hit, row: Any, allowed: Visible) -> Found | None:
    """One result; None where the searcher may not find it."""
    columns = iter(row)
    kind, record_id, at, group_id, thread_tags = islice(columns, 5)
    poll, (poll_tags, anonymous, sequence_id) = Place(*islice(columns, 3)), islice(columns, 3)
    thread, group, author = Place(*islice(columns, 3)), GroupName(*islice(columns, 5)), Author(*columns)
    if not allowed.includes(kind, group_id, thread.id, poll.id):
        return None
    title = poll.title if poll.id else thread.title
    return Found(
        kind,
        record_id,
        Markup(hit.title) if hit.title else escape(title or ""),  # noqa: S704  # the contract: escaped but for <mark>
        _path(kind, record_id, poll, thread),
        Markup(hit.highlight),  # noqa: S704  # likewise
        None if author.id is None or (kind == "Stance" and anonymous) else author,
        group if group.id else None,
        thread if thread.id else None,
        poll if poll.id else None,
        at,
        list(dict.fromkeys([*(poll_tags or ()), *(thread_tags or ())])),
        sequence_id,
    )


def _path(kind: str, record_id: int, poll: Place, thread: Place) -> str:
    """Votes and outcomes are looked up in their thread only when somebody goes there."""
    if kind in ("Stance", "Outcome"):
        return f"/search/{kind}/{record_id}"
    if kind == "Poll":
        return cards.path_of(poll)
    return f"/d/{thread.key}/comment/{record_id}" if kind == "Comment" else path_of(thread.key, thread.title)


def place_in_thread(ctx: Context, kind: str, record_id: int) -> tuple[int, int] | None:
    """Event and sequence id by which a record stands in a thread."""
    row = ctx.db.execute(queries.entered(kind, record_id)).one_or_none()
    return None if row is None else (int(row[0]), int(row[1]))
