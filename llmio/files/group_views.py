"""The page on which a group gets its logo and cover photo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.core import audit
from llmio.core.forms import Form, form_view, parse
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.files import jobs, pictures, previews
from llmio.files.views import refuse_early
from llmio.groups.models import Group
from llmio.groups.views import frame

PAGE = "llmio:web/templates/groups/pictures.jinja2"
View = Mapping[str, Any]


class PicturesForm(Form):
    """What is to go; the pictures themselves are read from the request."""

    remove_logo: bool = False
    remove_cover_photo: bool = False


@view_config(route_name="groups.pictures", renderer=PAGE, permission=Permission.GROUP_UPDATE)
def show(group: Group, request: Any) -> View:
    """The pictures there are, and how to change them."""
    own = pictures.of_groups(request.ctx, [group.id]).get(group.id, pictures.NONE)
    return {**frame(group, request), "own": own, "types": ",".join(pictures.TYPES), "limits": pictures.MAX_BYTES}


@view_config(route_name="groups.pictures", request_method="POST", renderer=PAGE, permission=Permission.GROUP_UPDATE)
@form_view(show)
def save(group: Group, request: Any) -> Any:
    """Change them."""
    refuse_early(request)
    form = parse(PicturesForm, request.POST)
    logo = pictures.change(request.ctx, group, pictures.LOGO, upload=request.POST.get("logo"), remove=form.remove_logo)
    if logo is not None:
        request.ctx.enqueue(jobs.preview, "Blob", logo.id, previews.LOGO)
    cover = pictures.change(
        request.ctx, group, pictures.COVER, upload=request.POST.get("cover_photo"), remove=form.remove_cover_photo
    )
    if logo or cover or form.remove_logo or form.remove_cover_photo:
        audit.note(request.ctx, "group.pictures", group, group_id=group.id)
    request.flash("success", _("Saved."))
    return request.see_other("groups.show", key=group.key)
