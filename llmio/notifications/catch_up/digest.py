"""What a summary tells: threads with something unread, group by group, with what was said, asked and decided in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import TYPE_CHECKING

from markupsafe import escape
from sqlalchemy import select

from llmio import mail
from llmio.accounts.models import User
from llmio.core import richtext
from llmio.core.i18n import _, ngettext
from llmio.core.permissions import Permission
from llmio.core.tables import Event
from llmio.core.urls import absolute
from llmio.discussions import queries as threads
from llmio.discussions import ranges
from llmio.discussions.models import Comment, Discussion, DiscussionReader
from llmio.discussions.service import reading
from llmio.discussions.values import ThreadRow, path_of
from llmio.notifications.catch_up.mornings import DAILY, EVERY_SECOND
from llmio.polls import queries as polls

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.core.ports import Mail
    from llmio.notifications.catch_up.models import CatchUp
    from llmio.polls.models import Poll

MOST_THREADS = 30
MOST_COMMENTS = 3
ROOM = 92_000
"""Bytes for what the threads say: mail programs cut longer mails off, Gmail at 102 KB, and with that the way to stop them."""
OF_THREAD, OF_ITEM = 700, 450
"""Bytes of a thread's markup, and of that of each thing said in it; measured, rounded up."""
TEMPLATE = "mail/catch_up.jinja2"
WEEKDAYS = (
    _("You get this because you asked for a summary each Sunday."),
    _("You get this because you asked for a summary each Monday."),
    _("You get this because you asked for a summary each Tuesday."),
    _("You get this because you asked for a summary each Wednesday."),
    _("You get this because you asked for a summary each Thursday."),
    _("You get this because you asked for a summary each Friday."),
    _("You get this because you asked for a summary each Saturday."),
)


@dataclass(frozen=True)
class Said:
    """A comment, shortened."""

    author: str
    text: str
    path: str


@dataclass(frozen=True)
class Asked:
    """A poll: whether it is open, waits for the reader, and what came of it."""

    title: str
    path: str
    closing_at: datetime | None
    is_open: bool
    waits: bool
    outcome: str = ""


@dataclass
class Told:
    """A thread in a summary."""

    row: ThreadRow
    path: str
    opening: str = ""
    """How it begins, for who has never seen it."""
    comments: Sequence[Said] = ()
    more: int = 0
    """Further unread comments."""
    votes: int = 0
    polls: Sequence[Asked] = ()


@dataclass(frozen=True)
class Place:
    """A group's threads; without a name those that belong to none."""

    name: str
    path: str
    threads: Sequence[Told]


@dataclass(frozen=True)
class Digest:
    """A summary."""

    places: Sequence[Place] = ()
    further: int = 0
    """Threads that found no room."""

    @property
    def threads(self) -> int:
        """How many threads it is about."""
        return sum(len(place.threads) for place in self.places) + self.further

    @property
    def ids(self) -> list[int]:
        """Ids of the threads that found room."""
        return [one.row.id for place in self.places for one in place.threads]


@dataclass
class News:
    """Unread events of a thread by what they are about."""

    comments: list[int] = field(default_factory=list)
    polls: list[int] = field(default_factory=list)
    outcomes: list[int] = field(default_factory=list)
    votes: int = 0


def collect(ctx: Context, since: datetime, until: datetime) -> Digest:
    """The summary of a stretch of time for the actor; its number of queries does not grow with what there is."""
    rows = threads.unread_since(ctx, since)
    news = _news(ctx, [row.id for row in rows], since, until)
    rows = [
        row for row in rows if row.id in news or (row.is_new and row.created_at and since < row.created_at <= until)
    ]
    shown = rows[:MOST_THREADS]
    texts = _openings(ctx, [row.id for row in shown if row.is_new])
    comments = _comments(ctx, [one for row in shown for one in _of(news, row).comments[-MOST_COMMENTS:]])
    asked = _polls(ctx, {row.id: _of(news, row) for row in shown})
    told = []
    for row in shown:
        mine = _of(news, row)
        path = path_of(row.key, row.title)
        said = [comments[one] for one in mine.comments[-MOST_COMMENTS:] if one in comments]
        told.append(
            Told(
                row,
                path,
                texts.get(row.id, ""),
                [Said(author, text, f"{path}/comment/{comment_id}") for comment_id, author, text in said],
                max(0, len(mine.comments) - MOST_COMMENTS),
                mine.votes,
                asked.get(row.id, ()),
            )
        )
    fitting = _fitting(told)
    return Digest(_places(fitting), len(rows) - len(fitting))


def _fitting(told: Sequence[Told]) -> list[Told]:
    """The first of them, as many as a mail has room for; one at least."""
    sizes = accumulate(_size(one) for one in told)
    return [one for one, size in zip(told, sizes, strict=True) if size <= ROOM] or list(told[:1])


def _size(one: Told) -> int:
    """About how many bytes a thread takes."""
    asked = [poll.title + poll.outcome for poll in one.polls]
    items = [one.opening, *(said.author + said.text for said in one.comments), *asked]
    written = sum(len(escape(item).encode()) for item in (one.row.title, one.row.group_name, *items))
    return OF_THREAD + OF_ITEM * len(items) + written


def _of(news: Mapping[int, News], row: ThreadRow) -> News:
    return news.get(row.id) or News()


def _places(told: Iterable[Told]) -> list[Place]:
    """Threads of no group first, then group by group by name."""
    found: dict[tuple[str, str], list[Told]] = {}
    for one in told:
        found.setdefault((one.row.group_name, one.row.group_url), []).append(one)
    order = sorted(found, key=lambda key: (bool(key[1]), key[0].lower(), key[1]))
    return [Place(name, path, found[name, path]) for name, path in order]


def _news(ctx: Context, ids: Sequence[int], since: datetime, until: datetime) -> dict[int, News]:
    """Unread events by thread."""
    if not ids:
        return {}
    query = (
        select(
            Event.discussion_id, Event.sequence_id, Event.kind, Event.eventable_id, DiscussionReader.read_ranges_string
        )
        .outerjoin(
            DiscussionReader,
            (DiscussionReader.discussion_id == Event.discussion_id) & (DiscussionReader.user_id == ctx.signed_in().id),
        )
        .where(Event.discussion_id.in_(ids), Event.sequence_id.is_not(None), Event.created_at > since)
        .where(Event.created_at <= until)
        .order_by(Event.sequence_id)
    )
    found: dict[int, News] = {}
    read: dict[int, ranges.Ranges] = {}
    for thread_id, sequence_id, kind, record_id, seen in ctx.db.execute(query):
        if thread_id is None or sequence_id is None:
            continue
        if thread_id not in read:
            read[thread_id] = ranges.parse(seen)
        if ranges.contains(read[thread_id], sequence_id):
            continue
        _count(found.setdefault(thread_id, News()), kind or "", record_id or 0)
    return found


def _count(news: News, kind: str, record_id: int) -> None:
    if kind == "new_comment":
        news.comments.append(record_id)
    elif kind.startswith("poll_"):
        news.polls.append(record_id)
    elif kind == "outcome_created":
        news.outcomes.append(record_id)
    elif kind.startswith("stance_"):
        news.votes += 1


def _openings(ctx: Context, ids: Sequence[int]) -> dict[int, str]:
    if not ids:
        return {}
    query = select(Discussion.id, Discussion.description, Discussion.description_format).where(Discussion.id.in_(ids))
    return {
        thread_id: richtext.excerpt(text, text_format, 280) for thread_id, text, text_format in ctx.db.execute(query)
    }


def _comments(ctx: Context, ids: Sequence[int]) -> dict[int, tuple[int, str, str]]:
    """By id: (id, author, beginning); removed ones are left out."""
    if not ids:
        return {}
    query = (
        select(Comment.id, User.name, Comment.body, Comment.body_format)
        .outerjoin(User, User.id == Comment.user_id)
        .where(Comment.id.in_(ids), Comment.discarded_at.is_(None))
    )
    return {
        comment_id: (comment_id, name or "", richtext.excerpt(body, body_format, 280))
        for comment_id, name, body, body_format in ctx.db.execute(query)
    }


def _polls(ctx: Context, news: Mapping[int, News]) -> dict[int, list[Asked]]:
    """Thread → its polls that something unread is about, those the actor may see."""
    wanted = {poll_id for one in news.values() for poll_id in one.polls}
    wanted |= polls.polls_of_outcomes(ctx, [one for each in news.values() for one in each.outcomes])
    if not wanted:
        return {}
    polls.remember_stances(ctx, wanted)
    found = [
        poll for poll in polls.by_ids(ctx, wanted) if ctx.can(Permission.POLL_SHOW, poll) and not poll.discarded_at
    ]
    outcomes = polls.outcomes(ctx, [poll.id for poll in found])
    made: dict[int, list[Asked]] = {}
    for poll in found:
        outcome = outcomes.get(poll.id)
        text = richtext.excerpt(outcome.statement, outcome.statement_format, 280) if outcome else ""
        made.setdefault(poll.discussion_id or 0, []).append(_asked(ctx, poll, text))
    return made


def _asked(ctx: Context, poll: Poll, outcome: str) -> Asked:
    stance = polls.my_stance(ctx, poll.id)
    is_open = poll.closed_at is None and poll.closing_at is not None
    return Asked(
        poll.title,
        f"/p/{poll.key}",
        poll.closing_at if is_open else None,
        is_open,
        is_open and stance is not None and stance.cast_at is None,
        outcome,
    )


def why(setting: int | None) -> object:
    """The reason why a summary came."""
    if setting == DAILY:
        return _("You get this because you asked for a summary each day.")
    if setting == EVERY_SECOND:
        return _("You get this because you asked for a summary each Monday, Wednesday and Friday.")
    return WEEKDAYS[setting or 0]


def compose(ctx: Context, user: User, row: CatchUp, found: Digest) -> Mail:
    """The mail of a summary."""
    settings = ctx.app.settings
    own = f"{user.unsubscribe_token}/catch_up"
    with mail.language_of(user):
        count = ngettext("{count} thread with news", "{count} threads with news", found.threads)
        return mail.compose(
            ctx,
            user,
            TEMPLATE,
            f"[{settings.text('site.name')}] {count}",
            {
                "headline_text": count,
                "digest": found,
                "since": row.since,
                "mark_read_url": absolute(
                    settings,
                    f"/catch_up/{user.unsubscribe_token}/{row.day.isoformat()}",
                    utm_medium="email",
                    utm_campaign="catch_up",
                    threads=".".join(map(str, found.ids)),
                ),
                "preferences_url": absolute(
                    settings, "/email_preferences", utm_medium="email", utm_campaign="catch_up"
                ),
                "why": why(user.email_catch_up_day),
            },
            kind="catch_up",
            message_id=f"catch-up-{user.id}-{row.day.isoformat()}",
            unsubscribe_url=absolute(settings, f"/unsubscribe/{own}"),
        )


def mark_read(ctx: Context, since: datetime, until: datetime, ids: Sequence[int] = ()) -> int:
    """Mark what the summary of a stretch of time told of as read; nothing that came later.

    `ids`: the threads that it told of; older mails do not say.
    """
    told = {row.id for row in threads.among(ctx, ids)} if ids else set(collect(ctx, since, until).ids)
    seen: dict[int, list[int]] = {thread_id: [] for thread_id in told}
    query = select(Event.discussion_id, Event.sequence_id).where(
        Event.discussion_id.in_(told), Event.sequence_id.is_not(None), Event.created_at <= until
    )
    for thread_id, sequence_id in ctx.db.execute(query):
        if thread_id is not None and sequence_id is not None:
            seen[thread_id].append(sequence_id)
    for thread in ctx.db.scalars(select(Discussion).where(Discussion.id.in_(told)).order_by(Discussion.id)):
        if ctx.can(Permission.DISCUSSION_MARK_READ, thread):
            reading.mark_read(ctx, thread, ranges.of(seen[thread.id]))
    return len(told)
