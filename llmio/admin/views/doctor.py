"""`/admin/doctor`: what is wrong with the site, why and what to do; and the support bundle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.response import Response
from pyramid.view import view_config

from llmio.admin.service import examinations, jobs
from llmio.core.i18n import _
from llmio.core.permissions import Permission

SEVERITIES = {"error": (_("Error"), "danger"), "warning": (_("Warning"), "warning"), "note": (_("To know"), "neutral")}


@view_config(route_name="admin.doctor", renderer="llmio:web/templates/admin/doctor.jinja2", permission=Permission.ADMIN)
def show(request: Any) -> Mapping[str, Any]:
    """What was found last."""
    return {
        "last": examinations.latest(request.ctx),
        "work": examinations.under_way(request.ctx),
        "worker_well": jobs.signs(request.ctx).worker_well,
        "severities": SEVERITIES,
        "now": request.ctx.now,
    }


@view_config(route_name="admin.doctor", request_method="POST", permission=Permission.ADMIN)
def examine(request: Any) -> Any:
    """Have the site examined."""
    return request.see_other("work.show", id=examinations.ask(request.ctx).id)


@view_config(route_name="admin.support_bundle", permission=Permission.ADMIN)
def bundle(request: Any) -> Response:
    """The bundle of the last examination, as the command writes it."""
    found = examinations.with_bundle(request.ctx)
    answer = Response(body=found.bundle, content_type="application/gzip")
    answer.content_disposition = f'attachment; filename="llmio-support-{found.made_at:%Y-%m-%d-%H%M}.tar.gz"'
    answer.cache_control.no_store = True
    return answer
