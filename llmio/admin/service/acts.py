"""The log of administrators' acts as people read it: all of it, a group's, or what concerns oneself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, false, func, or_, select

from llmio.accounts.models import User
from llmio.admin.service import checks, wording
from llmio.core import audit
from llmio.core.audit import AuditEntry
from llmio.core.errors import NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions.models import Discussion
from llmio.groups.models import Group
from llmio.polls.models import Poll

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from llmio.admin.models import AuditCheck
    from llmio.core.context import Context

PAGE = 50


@dataclass(frozen=True)
class Asked:
    """What of the log to show: an act or a kind of acts, who did it (a user name, or `-` for the operator), the days."""

    kind: str = ""
    who: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Line:
    """One act in words, and the group it was done in."""

    entry: AuditEntry
    words: Any
    changes: Sequence[wording.Change]
    group: Group | None


@dataclass(frozen=True)
class Page:
    """A stretch of the log, the newest first."""

    rows: Sequence[Line]
    page: int
    more: bool


@dataclass(frozen=True)
class Chain:
    """How long the log is, and what came of checking it last: all of it, and what was new; what is wrong, if anything."""

    rows: int
    head: str
    whole: AuditCheck | None
    new: AuditCheck | None
    broken: AuditCheck | None

    @property
    def reason(self) -> object:
        """What is wrong, in words."""
        return audit.FAULTS.get(self.broken.fault, "") if self.broken else ""


def of_site(ctx: Context, asked: Asked, *, page: int = 1) -> Page:
    """All acts, for administrators of the site."""
    ctx.require(Permission.ADMIN)
    return _page(ctx, _wanted(ctx, asked), page)


def of_group(ctx: Context, group: Group, asked: Asked, *, page: int = 1) -> Page:
    """What admins did in a group, for its members."""
    if not ctx.can(Permission.GROUP_SEE_MEMBERS, group):
        raise NotFound(_("There is no such group, or it is not for you to see."))
    return _page(ctx, [AuditEntry.group_id == group.id, *_wanted(ctx, asked)], page, inside=group)


def of_myself(ctx: Context, asked: Asked, *, page: int = 1) -> Page:
    """What was done to one's own account, place or words, and what one did oneself."""
    me = ctx.signed_in().id
    done_to = and_(AuditEntry.subject_type == "User", AuditEntry.subject_id == me)
    to_mine = [AuditEntry.details.contains({name: me}) for name in ("user_id", "author_id")]
    return _page(ctx, [or_(done_to, AuditEntry.actor_id == me, *to_mine), *_wanted(ctx, asked)], page)


def chain(ctx: Context) -> Chain:
    """The state of the log."""
    ctx.require(Permission.ADMIN)
    newest = select(AuditEntry.id, AuditEntry.digest).order_by(AuditEntry.id.desc()).limit(1)
    head = ctx.db.execute(newest).one_or_none()
    rows = ctx.db.scalar(select(func.count()).select_from(AuditEntry)) or 0
    made = checks.last(ctx.db)
    return Chain(
        rows, head.digest if head else "", made.get(True), made.get(False), checks.worst(ctx.db) if made else None
    )


def _wanted(ctx: Context, asked: Asked) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if asked.kind in wording.KINDS:
        wanted.append(AuditEntry.act.startswith(f"{asked.kind}."))
    elif asked.kind in wording.SENTENCES:
        wanted.append(AuditEntry.act == asked.kind)
    if asked.who == "-":
        wanted.append(AuditEntry.actor_id.is_(None))
    elif asked.who:
        actor = ctx.db.scalar(select(User.id).where(func.lower(User.username) == asked.who.lower().lstrip("@")))
        wanted.append(AuditEntry.actor_id == actor if actor else false())
    if asked.since:
        wanted.append(AuditEntry.at >= _midnight(asked.since))
    if asked.until and asked.until < date.max:
        wanted.append(AuditEntry.at < _midnight(asked.until + timedelta(days=1)))
    return wanted


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _page(ctx: Context, wanted: Sequence[ColumnElement[bool]], page: int, *, inside: Group | None = None) -> Page:
    query = select(AuditEntry).where(*wanted).order_by(AuditEntry.id.desc())
    found = ctx.db.scalars(query.limit(PAGE + 1).offset((page - 1) * PAGE)).all()
    shown = found[:PAGE]
    people_ids = _ids([who for one in shown for who in (one.actor_id, wording.whom(one))])
    people = {one.id: one for one in ctx.db.scalars(select(User).where(User.id.in_(people_ids)))}
    group_ids = _ids([one.group_id for one in shown])
    groups = {one.id: one for one in ctx.db.scalars(select(Group).where(Group.id.in_(group_ids)))}
    known = wording.Known(people, _titles(ctx, shown, inside) if inside is not None else {})
    names = {key: one.env or key for key, one in ctx.app.settings.declared.items()}
    lines = [
        Line(one, wording.sentence(one, known), wording.changes(one, names), groups.get(one.group_id or 0))
        for one in shown
    ]
    return Page(lines, page, len(found) > PAGE)


def _ids(given: Sequence[int | None]) -> set[int]:
    """Those that a record can have: a row that was changed behind our back may hold any number."""
    return {one for one in given if one is not None and abs(one) < 2**31}


def _titles(ctx: Context, entries: Sequence[AuditEntry], group: Group) -> Mapping[tuple[str, int], str]:
    """Titles of threads and polls that every member of the group may see; two queries."""
    ids = {kind: _ids([one.subject_id for one in entries if one.subject_type == kind]) for kind in wording.THINGS}
    threads = select(Discussion.id, Discussion.title).where(
        Discussion.id.in_(ids["Discussion"]), Discussion.group_id == group.id, Discussion.discarded_at.is_(None)
    )
    polls = (
        select(Poll.id, Poll.title)
        .outerjoin(Discussion, Discussion.id == Poll.discussion_id)
        .where(Poll.id.in_(ids["Poll"]), Poll.group_id == group.id, Poll.discarded_at.is_(None))
        .where(Discussion.discarded_at.is_(None))
    )
    titles = {("Discussion", key): title or "" for key, title in ctx.db.execute(threads)}
    return titles | {("Poll", key): title or "" for key, title in ctx.db.execute(polls)}
