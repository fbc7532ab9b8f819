"""Pages on which administrators import a group that was exported from another site, and see what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.core.errors import Invalid
from llmio.core.forms import form_view, parse
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.files import service as files
from llmio.files.views import refuse_early
from llmio.groups.models import Group
from llmio.upkeep.forms import ImportForm
from llmio.upkeep.service import imports

TEMPLATES = "llmio:web/templates/upkeep"
View = Mapping[str, Any]


@view_config(route_name="upkeep.imports", renderer=f"{TEMPLATES}/imports.jinja2", permission=Permission.ADMIN)
def page(_context: Any, request: Any) -> View:
    """The form, and what was imported of late."""
    return {"imports": imports.listed(request.ctx), "values": {}}


@view_config(
    route_name="upkeep.imports",
    request_method="POST",
    renderer=f"{TEMPLATES}/imports.jinja2",
    permission=Permission.ADMIN,
)
@form_view(page)
def ask(_context: Any, request: Any) -> Any:
    """Have a file imported."""
    refuse_early(request)
    upload = request.POST.get("file")
    if not getattr(upload, "filename", None):
        raise Invalid.at("file", _("Please choose a file."))
    files.refuse_empty(upload.file)
    form = parse(ImportForm, request.POST)
    _one, asked = imports.ask_for_import(request.ctx, filename=upload.filename, stream=upload.file, again=form.again)
    return request.see_other("work.show", id=asked.id)


@view_config(route_name="upkeep.import", renderer=f"{TEMPLATES}/import.jinja2", permission=Permission.ADMIN)
def show(_context: Any, request: Any) -> View:
    """What came of one."""
    one = imports.get(request.ctx, int(request.matchdict["id"]))
    group = request.ctx.db.get(Group, one.group_id) if one.group_id else None
    return {
        "one": one,
        "group": group,
        "found": one.report,
        "came": Counter(one.report["came"]),
        "missing": imports.files_missing(request.ctx, one),
    }
