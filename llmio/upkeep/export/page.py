"""HTML: one page to read and keep, without scripts, with all styles in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from markupsafe import escape
from sqlalchemy import select

from llmio.core import richtext
from llmio.core.i18n import _
from llmio.core.tables import Event
from llmio.core.urls import absolute, site_url
from llmio.discussions.models import Comment, Discussion
from llmio.groups.models import Group
from llmio.polls.models import Outcome, Poll, PollOption, Stance
from llmio.upkeep.export.jsonl import BATCH
from llmio.upkeep.export.selection import Selection
from llmio.upkeep.service.records import table

if TYPE_CHECKING:
    from llmio.core.context import Context

PATHS = re.compile(r'\b(href|src)="(/[^"]*)"')
STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1d2125;background:#fff}"
    "h1,h2,h3{line-height:1.25}article{border-top:1px solid #d5d9de;padding-top:1rem;margin-top:2rem}"
    ".note{color:#57606a;font-size:.875rem}.item{margin:1rem 0;padding-inline-start:1rem;border-inline-start:2px solid #d5d9de}"
    ".d2{margin-inline-start:1.5rem}.d3{margin-inline-start:3rem}table{border-collapse:collapse}"
    "th,td{text-align:start;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #d5d9de;vertical-align:top}"
    "img,video{max-width:100%}pre{overflow:auto}"
)


def lines(ctx: Context, selection: Selection) -> Iterator[str]:
    """The pieces of the page: groups, their threads with comments and polls, polls without a thread."""
    people = _names(ctx, selection)
    groups = ctx.db.scalars(select(Group).where(Group.id.in_(selection.group_ids)).order_by(Group.id)).all()
    title = escape(groups[0].name or "") if groups else ""
    yield f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    yield f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>\n'
    site = escape(site_url(ctx.app.settings))
    where = _("Files and pictures are not in this page. They are kept at {site}, which asks for a sign-in.", site=site)
    yield f'<p class="note">{where}</p>\n'
    for group in groups:
        yield f"<h1>{escape(group.name or '')}</h1>\n"
        yield _body(ctx, group, group.description, group.description_format)
        here = (Discussion.group_id == group.id) & Discussion.id.in_(selection.discussions)
        for thread_id in ctx.db.scalars(
            select(Discussion.id).where(here).order_by(Discussion.created_at, Discussion.id)
        ).all():
            yield from _thread(ctx, selection, ctx.db.get_one(Discussion, thread_id), people)
            ctx.db.expunge_all()
        alone = (Poll.group_id == group.id) & Poll.discussion_id.is_(None) & Poll.id.in_(selection.polls)
        for poll in ctx.db.scalars(select(Poll).where(alone).order_by(Poll.id)).all():
            yield f"<article>{''.join(_poll(ctx, poll, people))}</article>\n"
    yield "</body></html>\n"


def _names(ctx: Context, selection: Selection) -> dict[int | None, str]:
    users = table("users")
    wanted = selection.people().subquery()
    query = select(users.c.id, users.c.name).where(users.c.id.in_(select(wanted.c.id)))
    deleted = str(_("Deleted account"))
    found: dict[int | None, str] = {row.id: row.name or deleted for row in ctx.db.execute(query)}
    return {None: str(_("Somebody")), **found}


def _thread(ctx: Context, selection: Selection, thread: Discussion, people: dict[int | None, str]) -> Iterator[str]:
    yield f"<article><h2>{escape(thread.title or '')}</h2>"
    yield _note(people, thread.author_id, thread.created_at)
    yield _body(ctx, thread, thread.description, thread.description_format)
    events = (
        select(Event)
        .where(Event.discussion_id == thread.id, Event.kind.in_(("new_comment", "poll_created")))
        .order_by(Event.position_key, Event.sequence_id)
    )
    for some in ctx.db.scalars(events, execution_options={"yield_per": BATCH}).partitions():
        ids = [event.eventable_id for event in some if event.eventable_type == "Comment"]
        comments = {one.id: one for one in ctx.db.scalars(select(Comment).where(Comment.id.in_(ids)))}
        for event in some:
            yield "".join(_item(ctx, selection, event, people, comments))
        for one in (*some, *comments.values()):
            ctx.db.expunge(one)
    yield "</article>\n"


def _item(
    ctx: Context,
    selection: Selection,
    event: Event,
    people: dict[int | None, str],
    comments: Mapping[int, Comment],
) -> Iterator[str]:
    shown = ""
    if event.eventable_type == "Comment":
        comment = comments.get(event.eventable_id or 0)
        if comment is not None and comment.discarded_at is None:
            said = _body(ctx, comment, comment.body, comment.body_format)
            shown = _note(people, comment.user_id, comment.created_at) + said
    elif event.eventable_type == "Poll":
        query = select(Poll).where(Poll.id == event.eventable_id, Poll.id.in_(selection.polls))
        poll = ctx.db.scalars(query).one_or_none()
        shown = "".join(_poll(ctx, poll, people)) if poll is not None else ""
    if shown:
        yield f'<div class="item d{min(max(event.depth, 1), 3)}">{shown}</div>\n'


def _poll(ctx: Context, poll: Poll, people: dict[int | None, str]) -> Iterator[str]:
    yield f"<h3>{escape(poll.title)}</h3>"
    yield _note(people, poll.author_id, poll.created_at)
    yield _body(ctx, poll, poll.details, poll.details_format)
    options = ctx.db.scalars(
        select(PollOption).where(PollOption.poll_id == poll.id).order_by(PollOption.priority, PollOption.id)
    ).all()
    rows = "".join(
        f"<tr><th>{escape(one.name)}</th><td>{one.total_score}</td><td>{one.voter_count}</td></tr>" for one in options
    )
    heads = f"<tr><th>{escape(_('Option'))}</th><th>{escape(_('Points'))}</th><th>{escape(_('Voters'))}</th></tr>"
    yield f"<table>{heads}{rows}</table>"
    votes = select(Stance).where(
        Stance.poll_id == poll.id, Stance.latest, Stance.cast_at.is_not(None), Stance.revoked_at.is_(None)
    )
    for stance in ctx.db.scalars(votes.order_by(Stance.cast_at)):
        if stance.reason:
            who = None if poll.anonymous else stance.participant_id
            said = _body(ctx, stance, stance.reason, stance.reason_format)
            yield f'<div class="item">{_note(people, who, stance.cast_at)}{said}</div>'
    for outcome in ctx.db.scalars(select(Outcome).where(Outcome.poll_id == poll.id, Outcome.latest)):
        said = _body(ctx, outcome, outcome.statement, outcome.statement_format)
        yield f"<h3>{escape(_('Outcome'))}</h3>{said}"


def _note(people: dict[int | None, str], user_id: int | None, at: datetime | None) -> str:
    name = people.get(user_id) or people[None]
    return (
        f'<p class="note">{escape(name)} · {at:%Y-%m-%d %H:%M} UTC</p>' if at else f'<p class="note">{escape(name)}</p>'
    )


def _body(ctx: Context, record: Any, text: str | None, form: str) -> str:
    """A text with links to the files beside it, all as whole addresses: the page is read elsewhere."""
    settings = ctx.app.settings
    html = PATHS.sub(lambda found: f'{found[1]}="{absolute(settings, found[2])}"', richtext.to_html(text or "", form))
    files = [
        f'<a href="{escape(absolute(settings, str(one["download_url"])))}">{escape(one.get("filename") or _("file"))}</a>'
        for one in record.attachments or ()
        if isinstance(one, dict) and str(one.get("download_url", "")).startswith("/")
    ]
    return f'{html}<p class="note">{escape(_("Files"))}: {", ".join(files)}</p>' if files else html
