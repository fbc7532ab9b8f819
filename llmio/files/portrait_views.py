"""A person's picture: given small, put up, changed, taken away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.response import Response
from pyramid.view import view_config

from llmio.accounts import queries as people
from llmio.accounts.models import User
from llmio.core.forms import Form, form_view, parse
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.files import answer, jobs, originals, portraits, previews
from llmio.files.views import refuse_early

PAGE = "llmio:web/templates/accounts/picture.jinja2"
GOOD_FOR = 7 * 24 * 3600
"""Seconds that a browser need not ask again: the address changes with the picture."""
View = Mapping[str, Any]


class PictureForm(Form):
    """Whether it is to go; the picture itself is read from the request."""

    remove: bool = False


@view_config(route_name="accounts.portrait", permission=Permission.PUBLIC)
def portrait(user: User, request: Any) -> Response:
    """The small form, and never what was sent: that is given to its owner alone, until the small one is made.

    Where there is none to be given the answer is short and has no page: initials take its place.
    """
    ctx, blob = request.ctx, portraits.current(request.ctx, user.id)
    small = previews.find(ctx, blob, previews.LOGO) if blob is not None else None
    if small is not None:
        given = answer.give(request, small)
        if given.status_int in (200, 304):
            given.headers["Cache-Control"] = f"private, max-age={GOOD_FOR}"
        return given
    if blob is None or not previews.is_possible(blob):
        return Response(status=404, headers={"Cache-Control": "no-store"})
    if originals.is_due(ctx, blob, f"preview {previews.LOGO}"):
        ctx.enqueue(jobs.preview, "Blob", blob.id, previews.LOGO)
    if ctx.actor_id != user.id:
        return Response(status=202, headers={"Cache-Control": "no-store"})
    given = answer.give(request, blob)
    given.headers["Cache-Control"] = "no-store"
    return given


@view_config(route_name="accounts.picture", renderer=PAGE)
def show(_context: Any, request: Any) -> View:
    """The picture there is, and how to change it."""
    user = people.me(request.ctx)
    blob = portraits.current(request.ctx, user.id) if user.picture is not None else None
    return {
        "user": user,
        "there": blob is not None,
        "broken": blob is not None and not previews.is_possible(blob),
        "types": ",".join(portraits.TYPES),
        "limit": portraits.MAX_BYTES >> 20,
    }


@view_config(route_name="accounts.picture", request_method="POST", renderer=PAGE)
@form_view(show)
def save(_context: Any, request: Any) -> Any:
    """Change it, or go back to initials."""
    refuse_early(request)
    form = parse(PictureForm, request.POST)
    new = portraits.change(request.ctx, people.me(request.ctx), upload=request.POST.get("picture"), remove=form.remove)
    request.flash("success", _("Your picture is saved.") if new else _("Your picture is removed."))
    return request.see_other("accounts.picture")
