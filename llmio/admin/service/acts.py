"""The log of administrators' acts as people read it: all of it, a group's, or what concerns oneself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, false, or_, select

from llmio.accounts.models import User
from llmio.core.audit import AuditEntry
from llmio.core.errors import NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.groups.models import Group

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from llmio.core.context import Context

PAGE = 50
ACTS: Mapping[str, Any] = {
    "user.make_admin": _("made an administrator of the site"),
    "user.remove_admin": _("made an administrator an ordinary person"),
    "user.deactivate": _("closed an account"),
    "user.reactivate": _("opened an account again"),
    "user.sign_out": _("signed somebody out everywhere"),
    "user.send_link": _("sent a sign-in link"),
    "user.merge": _("merged two accounts"),
    "user.redact": _("deleted an account"),
    "user.destroy": _("destroyed an account"),
    "site.archive_group": _("archived a group, as administrator of the site"),
    "site.unarchive_group": _("brought a group back, as administrator of the site"),
    "site.import": _("imported groups from a file"),
    "features.switch": _("changed a switch"),
    "plugins.switch": _("switched a plugin"),
    "group.update": _("changed name, address, description or privacy"),
    "group.settings": _("changed what members may do"),
    "group.archive": _("archived the group"),
    "group.unarchive": _("brought the group back"),
    "group.destroy": _("had the group deleted"),
    "group.export": _("exported the group"),
    "group.join_link": _("made a new join link"),
    "member.make_admin": _("made a member an admin"),
    "member.remove_admin": _("made an admin an ordinary member"),
    "member.remove": _("removed a member or took an invitation back"),
    "request.approved": _("let somebody in who asked"),
    "request.ignored": _("did not let somebody in who asked"),
    "thread.move_items": _("moved comments or polls to another thread"),
    "integration.connect": _("connected a channel"),
    "integration.change": _("changed a channel"),
    "integration.remove": _("disconnected a channel"),
    "integration.new_secret": _("gave a channel a new secret"),
}
"""What was done, in words after the name of who did it."""


@dataclass(frozen=True)
class Line:
    """One act in words; `who` is None where the operator or the site did it, `whom` where it was not done to a person."""

    entry: AuditEntry
    words: Any
    who: User | None
    whom: User | None
    group: Group | None


@dataclass(frozen=True)
class Page:
    """A stretch of the log, the newest first."""

    rows: Sequence[Line]
    page: int
    more: bool


def of_site(ctx: Context, *, act: str = "", who: str = "", page: int = 1) -> Page:
    """All acts, for administrators of the site; `act` is a key of ACTS, `who` a user name."""
    ctx.require(Permission.ADMIN)
    wanted: list[ColumnElement[bool]] = [AuditEntry.act == act] if act in ACTS else []
    if who:
        actor = ctx.db.scalar(select(User.id).where(User.username == who))
        wanted.append(AuditEntry.actor_id == actor if actor else false())
    return _page(ctx, wanted, page)


def of_group(ctx: Context, group: Group, *, page: int = 1) -> Page:
    """What admins did in a group, for its members."""
    if not ctx.can(Permission.GROUP_SEE_MEMBERS, group):
        raise NotFound(_("There is no such group, or it is not for you to see."))
    return _page(ctx, [AuditEntry.group_id == group.id], page)


def of_myself(ctx: Context, *, page: int = 1) -> Page:
    """What was done to one's own account, and what one did oneself."""
    me = ctx.signed_in().id
    done_to = and_(AuditEntry.subject_type == "User", AuditEntry.subject_id == me)
    return _page(ctx, [or_(done_to, AuditEntry.actor_id == me)], page)


def _page(ctx: Context, wanted: Sequence[ColumnElement[bool]], page: int) -> Page:
    query = select(AuditEntry).where(*wanted).order_by(AuditEntry.id.desc())
    found = ctx.db.scalars(query.limit(PAGE + 1).offset((page - 1) * PAGE)).all()
    shown = found[:PAGE]
    people_ids = {one.actor_id for one in shown} | {one.subject_id for one in shown if one.subject_type == "User"}
    people = {one.id: one for one in ctx.db.scalars(select(User).where(User.id.in_(people_ids - {None})))}
    group_ids = {one.group_id for one in shown if one.group_id}
    groups = {one.id: one for one in ctx.db.scalars(select(Group).where(Group.id.in_(group_ids)))}
    lines = [
        Line(
            one,
            ACTS.get(one.act, one.act),
            people.get(one.actor_id or 0),
            people.get(one.subject_id or 0) if one.subject_type == "User" else None,
            groups.get(one.group_id or 0),
        )
        for one in shown
    ]
    return Page(lines, page, len(found) > PAGE)
