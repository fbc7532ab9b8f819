"""Pages of groups and threads for what is done to them as a whole: export, delete, move items, put in order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pyramid.view import view_config
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from llmio.core import audit, richtext
from llmio.core.errors import Invalid
from llmio.core.forms import form_view, parse
from llmio.core.i18n import _, ngettext
from llmio.core.permissions import Permission
from llmio.core.tables import Event
from llmio.discussions import queries as threads
from llmio.discussions.models import Comment, Discussion
from llmio.groups import queries as groups
from llmio.groups.models import Group
from llmio.groups.views import frame
from llmio.polls.models import Poll
from llmio.upkeep.forms import ExportForm, MoveForm, NameForm, RelocateForm
from llmio.upkeep.service import destroy, exports, moving, relocating

TEMPLATES = "llmio:web/templates/upkeep"
View = Mapping[str, Any]
SHOWN = 500
EXCERPT = 120


@view_config(route_name="upkeep.export", renderer=f"{TEMPLATES}/export.jinja2", permission=Permission.GROUP_EXPORT)
def export_page(group: Group, request: Any) -> View:
    """The kinds of export, and those that were made."""
    return {
        **frame(group, request),
        "exports": exports.exports_of(request.ctx, group),
        "below": len(exports.group_ids(request.ctx, group)) - 1,
        "values": {"format": "html"},
    }


@view_config(
    route_name="upkeep.export",
    request_method="POST",
    renderer=f"{TEMPLATES}/export.jinja2",
    permission=Permission.GROUP_EXPORT,
)
@form_view(export_page)
def ask_for_export(group: Group, request: Any) -> Any:
    """Have one made."""
    form = parse(ExportForm, request.POST)
    asked = exports.ask_for_export(request.ctx, group, form=form.format)
    request.flash("info", _("The export is being made. A mail tells you when it is ready."))
    return request.see_other("work.show", id=asked.id)


@view_config(
    route_name="upkeep.delete_group", renderer=f"{TEMPLATES}/delete_group.jinja2", permission=Permission.GROUP_DESTROY
)
def delete_page(group: Group, request: Any) -> View:
    """What deleting the group means."""
    return {
        **frame(group, request),
        "days": request.app.settings.number("groups.deletion_delay_days"),
        "values": {},
    }


@view_config(
    route_name="upkeep.delete_group",
    request_method="POST",
    renderer=f"{TEMPLATES}/delete_group.jinja2",
    permission=Permission.GROUP_DESTROY,
)
@form_view(delete_page)
def delete_group(group: Group, request: Any) -> Any:
    """Delete it, if its name was typed."""
    typed = parse(NameForm, request.POST).name
    if " ".join(typed.split()).casefold() != " ".join((group.name or "").split()).casefold():
        raise Invalid.at("name", _("Please type the name of the group as it is written above."))
    name = group.name
    destroy.delete_group(request.ctx, group)
    request.flash(
        "success",
        _("{name} was deleted. Its admins got a mail that says until when it can be brought back.", name=name),
    )
    return request.see_other("/dashboard")


@view_config(
    route_name="upkeep.move_items",
    renderer=f"{TEMPLATES}/move_items.jinja2",
    permission=Permission.DISCUSSION_UPDATE,
)
def move_page(discussion: Discussion, request: Any) -> View:
    """The comments and polls of a thread, to choose from, and threads they could go to."""
    return {
        "discussion": discussion,
        "group": discussion.group,
        "items": _items(discussion, request),
        "targets": _targets(discussion, request),
        "values": {"items": []},
    }


@view_config(
    route_name="upkeep.move_items",
    request_method="POST",
    renderer=f"{TEMPLATES}/move_items.jinja2",
    permission=Permission.DISCUSSION_UPDATE,
)
@form_view(move_page)
def move_items(discussion: Discussion, request: Any) -> Any:
    """Move them."""
    form = parse(MoveForm, request.POST)
    try:
        target = _target(form.target, request)
        count = moving.ask_to_move(request.ctx, discussion, target, event_ids=form.items)
    except Invalid as fault:
        raise Invalid(fault.message, fault.errors, form.model_dump()) from None
    text = ngettext("{count} item is being moved.", "{count} items are being moved.", count)
    request.flash("success", text)
    return request.see_other(f"/d/{target.key}")


@view_config(
    route_name="upkeep.move_thread",
    renderer=f"{TEMPLATES}/move_thread.jinja2",
    permission=Permission.DISCUSSION_UPDATE,
)
def relocate_page(discussion: Discussion, request: Any) -> View:
    """The groups that a thread could go to."""
    offered = relocating.targets(request.ctx, discussion)
    targets = [(str(one.id), one.full_name or one.name) for one in offered]
    return {"discussion": discussion, "targets": targets, "values": {}}


@view_config(
    route_name="upkeep.move_thread",
    request_method="POST",
    renderer=f"{TEMPLATES}/move_thread.jinja2",
    permission=Permission.DISCUSSION_UPDATE,
)
@form_view(relocate_page)
def relocate(discussion: Discussion, request: Any) -> Any:
    """Move it there."""
    chosen = parse(RelocateForm, request.POST).group_id
    target = next((one for one in relocating.targets(request.ctx, discussion) if str(one.id) == chosen), None)
    if target is None:
        raise Invalid.at("group_id", _("Please choose one of the groups."))
    relocating.relocate(request.ctx, discussion, target)
    request.flash("success", _("The thread is in {name} now.", name=target.name))
    return request.see_other(f"/d/{discussion.key}")


@view_config(route_name="upkeep.repair", request_method="POST", permission=Permission.DISCUSSION_UPDATE)
def put_in_order(discussion: Discussion, request: Any) -> Any:
    """Have the items of a thread put in order."""
    audit.note(request.ctx, "thread.repair", discussion, group_id=discussion.group_id)
    request.ctx.enqueue(request.app.jobs["upkeep.repair_thread"], discussion.id)
    request.flash("success", _("The thread is being put in order."))
    return request.see_other(f"/d/{discussion.key}")


@view_config(route_name="upkeep.recount", request_method="POST", permission=Permission.ADMIN)
def count_anew(poll: Poll, request: Any) -> Any:
    """Have the votes of a poll counted anew: for counters that a crash or a hand in the database left wrong."""
    audit.note(request.ctx, "poll.recount", poll, group_id=poll.group_id)
    request.ctx.enqueue(request.app.jobs["polls.recount"], poll.id)
    request.flash("success", _("The votes are being counted anew."))
    return request.see_other(f"/p/{poll.key}")


def _target(typed: str, request: Any) -> Discussion:
    """The thread that was chosen, or whose address was pasted."""
    if not typed.strip():
        raise Invalid.at("target", _("Please choose a thread."))
    key = re.search(r"(?:^|/d/)([A-Za-z0-9]{6,20})(?:/|$)", typed.strip())
    found = threads.by_key(request.ctx, key.group(1)) if key else None
    if found is None or not request.ctx.can(Permission.DISCUSSION_SHOW, found):
        raise Invalid.at("target", _("There is no such thread, or it is not for you to see."))
    if not request.ctx.can(Permission.DISCUSSION_UPDATE, found):
        raise Invalid.at("target", _("You may not move anything into this thread."))
    return found


def _items(discussion: Discussion, request: Any) -> Sequence[tuple[int, str]]:
    """(event id, who and the first words) of what can be moved, in order."""
    db = request.ctx.db
    events = db.scalars(
        select(Event)
        .where(Event.discussion_id == discussion.id, Event.kind.in_(moving.MOVABLE))
        .order_by(Event.sequence_id)
        .limit(SHOWN)
    ).all()
    of = {kind: [one.eventable_id for one in events if one.eventable_type == kind] for kind in ("Comment", "Poll")}
    texts = select(Comment).options(joinedload(Comment.user)).where(Comment.id.in_(of["Comment"]))
    comments = {one.id: one for one in db.scalars(texts)}
    polls = {one.id: one for one in db.scalars(select(Poll).where(Poll.id.in_(of["Poll"])))}
    shown = []
    for event in events:
        record = (comments if event.eventable_type == "Comment" else polls).get(event.eventable_id)
        if record is not None and record.discarded_at is None:
            shown.append((event.id, _words(record)))
    return shown


def _words(record: Comment | Poll) -> str:
    if isinstance(record, Poll):
        return str(_("Poll: {title}", title=record.title))
    text = " ".join(richtext.plain(record.body or "", record.body_format).split())
    name = (record.user.name if record.user else "") or _("Deleted account")
    return f"{name}: {text[:EXCERPT]}{'…' if len(text) > EXCERPT else ''}"


def _targets(discussion: Discussion, request: Any) -> Sequence[tuple[str, str]]:
    """(key, title) of the newest threads in the actor's groups that may be written to."""
    mine = [group.id for group in groups.groups_of(request.ctx)]
    query = (
        select(Discussion)
        .where(
            Discussion.group_id.in_(mine),
            Discussion.id != discussion.id,
            Discussion.discarded_at.is_(None),
            Discussion.closed_at.is_(None),
        )
        .order_by((Discussion.group_id == discussion.group_id).desc(), Discussion.last_activity_at.desc())
        .limit(50)
    )
    found = request.ctx.db.scalars(query)
    return [(one.key, one.title) for one in found if request.ctx.can(Permission.DISCUSSION_UPDATE, one)]
