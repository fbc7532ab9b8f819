"""`/work/ID`: how far long work has come, for who asked for it and for administrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.admin.service import work
from llmio.admin.views import number
from llmio.core.permissions import Permission


@view_config(route_name="work.show", renderer="llmio:web/templates/admin/work.jinja2", permission=Permission.SIGNED_IN)
def show(request: Any) -> Mapping[str, Any]:
    """One piece of work; the page follows it, by script or by being loaded again."""
    one = work.get(request.ctx, number(request.matchdict["id"], least=0))
    request.response.cache_control.no_store = True
    return {"one": one, "now": request.ctx.now}


@view_config(route_name="admin.reindex", request_method="POST", permission=Permission.ADMIN)
def reindex(request: Any) -> Any:
    """Have the search index built anew."""
    return request.see_other("work.show", id=work.reindex(request.ctx).id)
