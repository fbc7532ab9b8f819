"""Starting a poll: which kind, then its form; and editing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pyramid.view import view_config

from llmio.accounts import zones
from llmio.core.errors import Invalid, NotAllowed
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions.views.frame import files_values, posted_files
from llmio.groups import queries as groups
from llmio.plugins.polls import PollType
from llmio.polls import cards, forms, queries, service
from llmio.polls.models import Poll
from llmio.polls.rules import Place
from llmio.tasks.views import opened_at

FORM = "llmio:web/templates/polls/form.jinja2"
TYPES = "llmio:web/templates/polls/types.jinja2"
View = Mapping[str, Any]


def _number(request: Any, name: str) -> int | None:
    text = request.params.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _place(request: Any) -> Place:
    return service.known_place(
        request.ctx, group_id=_number(request, "group_id"), discussion_id=_number(request, "discussion_id")
    )


def _places(request: Any) -> list[tuple[str, str]]:
    """Where the actor may start a poll: their groups, or nowhere in particular."""
    ctx = request.ctx
    found = [
        (str(group.id), group.full_name or group.name or "")
        for group in groups.groups_of(ctx)
        if ctx.can(Permission.POLL_CREATE, group)
    ]
    return (
        [*found, ("", str(_("No group: only people I invite")))] if ctx.can(Permission.POLL_CREATE, Place()) else found
    )


def _first_place(request: Any) -> str:
    """The place a form begins with where none was named: the first of the actor's groups."""
    places = _places(request)
    return places[0][0] if places else ""


def _kinds(request: Any) -> list[PollType]:
    kinds = request.app.plugins.poll_types.values()
    return sorted(kinds, key=lambda kind: (kind.order, str(kind.title)))


def _frame(
    request: Any, kind: PollType, place: Place, values: Mapping[str, Any], poll: Poll | None = None
) -> dict[str, Any]:
    return {
        "kind": kind,
        "place": place,
        "places": [] if poll or place.discussion else _places(request),
        "values": values,
        "zones": zones.names(),
        "poll": poll,
        "untold": poll is None or (poll.closing_at is None and not service.is_told_of(request.ctx, poll)),
        **files_values(request, poll.attachments if poll else ()),
        "cancel": cards.path_of(poll) if poll else _back(place),
    }


def _back(place: Place) -> str:
    if place.discussion is not None:
        return f"/d/{place.discussion.key}"
    return f"/g/{place.group.key}" if place.group else "/dashboard"


@view_config(route_name="polls.new", permission=Permission.SIGNED_IN, renderer=FORM)
def new(_context: Any, request: Any) -> Any:
    """Which kind; then the form for a poll of it."""
    place = _place(request)
    if not _may_start(request, place):
        raise NotAllowed(_("You may not start a poll here."))
    kind = request.app.plugins.poll_types.get(request.params.get("poll_type", ""))
    if kind is None:
        request.override_renderer = TYPES
        asked = {name: request.params[name] for name in ("group_id", "discussion_id") if request.params.get(name)}
        return {"kinds": _kinds(request), "place": place, "asked": asked, "cancel": _back(place)}
    values = forms.fresh_values(kind, request.ctx.now, request.ctx.signed_in().time_zone)
    return _frame(request, kind, place, {**values, "group_id": request.params.get("group_id") or _first_place(request)})


def _may_start(request: Any, place: Place) -> bool:
    """Here; or, where no place is named, somewhere."""
    if place.group is None and place.discussion is None:
        return bool(_places(request))
    return bool(request.ctx.can(Permission.POLL_CREATE, place))


@view_config(route_name="polls.new", request_method="POST", permission=Permission.SIGNED_IN, renderer=FORM)
def create(_context: Any, request: Any) -> Any:
    """Start it; or change the rows of options and show the form again."""
    kind = request.app.plugins.poll_types.get(request.POST.get("poll_type", ""))
    if kind is None:
        raise Invalid(_("Please choose what kind of poll this is."))
    place = _place(request)
    request.ctx.require(Permission.POLL_CREATE, place)
    if request.POST.get("change"):
        return _rows_changed(request, kind, place)
    try:
        entered = _read(request, kind)
        poll = service.create_poll(
            request.ctx,
            poll_type=kind.key,
            values=entered.values,
            group=place.group,
            discussion=place.discussion,
            notify=entered.notify,
            message=entered.message,
        )
    except Invalid as fault:
        return _again(request, fault, kind)
    if poll.specified_voters_only:
        request.flash("success", _("The poll is ready. Now choose who may vote."))
        return request.see_other("polls.voters", key=poll.key)
    request.flash("success", _outcome_of(poll))
    return request.see_other(cards.path_of(poll))


def _outcome_of(poll: Poll) -> object:
    if poll.opening is not None:
        return _("The poll is ready. It opens at its time.")
    return _("The poll is open.") if poll.closing_at else _("The draft is kept.")


def _read(request: Any, kind: PollType) -> forms.Entered:
    """The form, with the files that came with it."""
    entered = forms.read_poll(kind, request.POST)
    sent = posted_files(request, list(entered.values.attachments or ()))
    return replace(entered, values=replace(entered.values, attachments=sent))


def _rows_changed(request: Any, kind: PollType, place: Place, poll: Poll | None = None) -> View:
    """The form with other rows. 422, so that Turbo shows a page that is no redirect, and nothing is stored."""
    values = forms.typed_values(request.POST)
    values["options"] = forms.changed_options(kind, values["options"], request.POST["change"])
    request.response.status_int = 422
    return {
        **_frame(request, kind, place, values, poll),
        "focus_row": _focus(request.POST["change"], values["options"]),
    }


def _focus(act: str, options: Any) -> int | None:
    """The row to go on with."""
    return len(options) - 1 if act.startswith(("add", "preset")) else None


def _again(request: Any, fault: Invalid, kind: PollType, key: str | None = None) -> View:
    """The form as filled, with what is wrong."""
    request.tm.abort()
    request.tm.begin()
    request.ctx.memo.clear()
    poll = queries.by_key(request.ctx, key) if key else None
    place = Place(poll.group, poll.discussion) if poll else _place(request)
    request.refused(fault)
    return {**_frame(request, kind, place, forms.typed_values(request.POST), poll), "errors": fault.errors}


@view_config(route_name="polls.edit", permission=Permission.POLL_UPDATE, renderer=FORM)
def edit(poll: Poll, request: Any) -> View:
    """The form of an open poll, or of a draft."""
    kind = _known(request, poll)
    said = service.input_of(request.ctx, poll)
    if not said.time_zone:
        said = replace(said, time_zone=request.ctx.signed_in().time_zone)
    values = {**forms.form_values(said), "notify": poll.opening is None or poll.opening.notify}
    return _frame(request, kind, Place(poll.group, poll.discussion), values, poll)


@view_config(route_name="polls.edit", request_method="POST", permission=Permission.POLL_UPDATE, renderer=FORM)
def update(poll: Poll, request: Any) -> Any:
    """Save it; or change the rows of options and show the form again."""
    kind, key = _known(request, poll), poll.key
    if request.POST.get("change"):
        return _rows_changed(request, kind, Place(poll.group, poll.discussion), poll)
    try:
        entered = _read(request, kind)
        was_draft = poll.closing_at is None
        service.update_poll(
            request.ctx,
            poll,
            values=entered.values,
            message=entered.message,
            notify=entered.notify,
            opened=opened_at(request),
        )
    except Invalid as fault:
        return _again(request, fault, kind, key)
    request.flash("success", _outcome_of(poll) if was_draft else _("Saved."))
    return request.see_other(cards.path_of(poll))


def _known(request: Any, poll: Poll) -> PollType:
    kind = request.app.plugins.poll_types.get(poll.poll_type)
    if kind is None:
        raise Invalid(_("The plugin for this kind of poll is not installed or switched off."))
    return kind
