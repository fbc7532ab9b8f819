"""Comments and reactions: write, answer, edit, remove."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.core.errors import NotFound
from llmio.core.forms import form_view, parse
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.core.urls import path_in
from llmio.discussions import history, queries, service, timeline
from llmio.discussions.forms import CommentForm, ReactionForm
from llmio.discussions.models import Comment, Discussion
from llmio.discussions.values import NO_TALLY, path_of
from llmio.discussions.views import show
from llmio.discussions.views.frame import posted_files, thread_values
from llmio.tasks.views import opened_at

WRITE = "llmio:web/templates/discussions/write.jinja2"
HISTORY = "llmio:web/templates/discussions/history.jinja2"
REACTABLE = {one.lower(): one for one in ("Discussion", "Comment", "Poll", "Stance", "Outcome")}
View = Mapping[str, Any]


def answered(discussion: Discussion, request: Any) -> tuple[str, int]:
    """What the address or the form says is answered; the thread itself where it says nothing."""
    name = request.params.get("parent_type", "Discussion")
    raw = request.params.get("parent_id", "")
    if name == "Discussion" or name not in REACTABLE.values() or not raw.isdecimal() or len(raw) > 9:
        return "Discussion", discussion.id
    return name, int(raw)


@view_config(route_name="discussions.reply", request_method="GET", renderer=WRITE, permission=Permission.COMMENT_CREATE)
def reply(discussion: Discussion, request: Any) -> View:
    """The form of an answer, with what is answered above it."""
    parent_type, parent_id = answered(discussion, request)
    entry = timeline.of_record(request.ctx, discussion, parent_type, parent_id) if parent_type != "Discussion" else None
    if parent_type != "Discussion" and entry is None:
        raise NotFound(_("What you answer is not there any more."))
    return {
        **thread_values(discussion, request),
        "comment": None,
        "entry": entry,
        "parent_type": parent_type,
        "parent_id": parent_id,
        "frame": f"act-{parent_type.lower()}-{parent_id}",
        "values": {"body": "", "body_format": "md"},
    }


@view_config(route_name="comments.create", request_method="POST", renderer=WRITE, permission=Permission.COMMENT_CREATE)
@form_view(reply)
def create(discussion: Discussion, request: Any) -> Any:
    """Say it."""
    form = parse(CommentForm, request.POST)
    parent_type, parent_id = answered(discussion, request)
    comment = service.add_comment(
        request.ctx,
        discussion,
        body=form.body,
        body_format=form.body_format,
        parent=(parent_type, parent_id),
        attachments=posted_files(request, form.attachments),
    )
    if not request.turbo:
        return request.see_other(f"/d/{discussion.key}/comment/{comment.id}")
    return _shown(discussion, comment, request, parent_type, parent_id)


def _shown(discussion: Discussion, comment: Comment, request: Any, parent_type: str, parent_id: int) -> Any:
    """The new comment in its place, and an empty form."""
    values = thread_values(discussion, request)
    entry = timeline.of_record(request.ctx, discussion, "Comment", comment.id)
    streams = [show.added(request.ctx, discussion, entry, values)] if entry else []
    if parent_type == "Discussion":
        form = {**values, "values": {"body": "", "body_format": "md"}, "errors": {}}
        streams.append(("replace", "comment-form", "discussions/comment_form.jinja2", form))
    else:
        streams.append(("update", f"act-{parent_type.lower()}-{parent_id}", "", {}))
    return request.render_stream(streams)


@view_config(route_name="comments.edit", request_method="GET", renderer=WRITE, permission=Permission.COMMENT_UPDATE)
def edit(comment: Comment, request: Any) -> View:
    """The form of a comment that is there."""
    discussion = thread(comment)
    return {
        **thread_values(discussion, request),
        "comment": comment,
        "entry": None,
        "parent_type": comment.parent_type,
        "parent_id": comment.parent_id,
        "frame": f"act-comment-{comment.id}",
        "values": {"body": comment.body, "body_format": comment.body_format},
    }


@view_config(route_name="comments.edit", request_method="POST", renderer=WRITE, permission=Permission.COMMENT_UPDATE)
@form_view(edit)
def update(comment: Comment, request: Any) -> Any:
    """Save it."""
    form = parse(CommentForm, request.POST)
    service.edit_comment(
        request.ctx,
        comment,
        body=form.body,
        body_format=form.body_format,
        attachments=posted_files(request, form.attachments),
        opened=opened_at(request),
    )
    return _again(comment, request)


def _again(comment: Comment, request: Any) -> Any:
    """The comment as it is now: in place, or by its address."""
    discussion = thread(comment)
    request.ctx.db.flush()
    if not request.turbo:
        return request.see_other(f"/d/{discussion.key}/comment/{comment.id}")
    entry = timeline.of_record(request.ctx, discussion, "Comment", comment.id)
    streams = [show.replaced(entry, thread_values(discussion, request))] if entry else []
    return request.render_stream([*streams, ("update", f"act-comment-{comment.id}", "", {})])


@view_config(route_name="comments.discard", request_method="POST", permission=Permission.COMMENT_DISCARD)
def discard(comment: Comment, request: Any) -> Any:
    """Remove it; its place offers to bring it back."""
    service.discard_comment(request.ctx, comment)
    return _again(comment, request)


@view_config(route_name="comments.undiscard", request_method="POST", permission=Permission.COMMENT_DISCARD)
def undiscard(comment: Comment, request: Any) -> Any:
    """Bring it back."""
    service.undiscard_comment(request.ctx, comment)
    return _again(comment, request)


@view_config(route_name="comments.destroy", request_method="POST", permission=Permission.COMMENT_DISCARD)
def destroy(comment: Comment, request: Any) -> Any:
    """Delete it for good."""
    entry = timeline.of_record(request.ctx, thread(comment), "Comment", comment.id)
    discussion = service.destroy_comment(request.ctx, comment)
    if request.turbo and entry is not None:
        return request.render_stream([("remove", entry.dom_id, "", {})])
    request.flash("success", _("The comment was deleted."))
    return request.see_other(path_of(discussion.key, discussion.title))


@view_config(route_name="comments.history", renderer=HISTORY, permission=Permission.COMMENT_SHOW)
def show_history(comment: Comment, request: Any) -> View:
    """What a comment was before each edit."""
    if comment.discarded_at is not None:
        raise NotFound(_("This comment was removed."))
    discussion = thread(comment)
    versions = queries.versions(request.ctx, "Comment", comment.id)
    return {
        **thread_values(discussion, request),
        "back": f"/d/{discussion.key}/comment/{comment.id}",
        "changes": history.changes(request.ctx, versions, text="body"),
    }


@view_config(route_name="reactions.react", request_method="POST")
def react(context: Any, request: Any) -> Any:
    """Set or take back a reaction; answers with the new tally."""
    record_type = REACTABLE.get(request.matchdict["type"])
    record_id = int(request.matchdict["id"][:9])
    if record_type is None:
        raise NotFound(_("This cannot be reacted to."))
    service.react(request.ctx, record_type, record_id, emoji=parse(ReactionForm, request.POST).reaction)
    if request.turbo:
        tally = queries.tallies(request.ctx, record_type, [record_id]).get(record_id, NO_TALLY)
        values = {"type": record_type.lower(), "id": record_id, "tally": tally}
        target = f"reactions-{record_type.lower()}-{record_id}"
        return request.render_stream([("replace", target, "discussions/reactions.jinja2", values)])
    return request.see_other(_place(request, record_type, record_id))


def _place(request: Any, record_type: str, record_id: int) -> str:
    """Where what was reacted to can be seen."""
    if record_type == "Discussion":
        discussion = request.ctx.db.get_one(Discussion, record_id)
        return path_of(discussion.key, discussion.title)
    event = queries.event_of(request.ctx, record_type, record_id)
    if event is None or event.discussion_id is None or event.sequence_id is None:
        return path_in(request.referer) or "/dashboard"
    discussion = request.ctx.db.get_one(Discussion, event.discussion_id)
    anchor = f"comment-{record_id}" if record_type == "Comment" else f"item-{event.id}"
    return show.address_of_item(request.ctx, discussion, event.sequence_id, anchor)


def thread(comment: Comment) -> Discussion:
    """The thread of a comment that was looked up with it."""
    if comment.discussion is None:
        raise NotFound(_("There is no such comment."))
    return comment.discussion
