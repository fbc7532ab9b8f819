"""`/admin/jobs`: queues, what runs, what failed, what comes by the clock; and notices that did not arrive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.admin import report
from llmio.admin.service import deliveries, jobs, work
from llmio.admin.service.jobs import State
from llmio.admin.views import number
from llmio.core.i18n import _, ngettext
from llmio.core.permissions import Permission

TEMPLATES = "llmio:web/templates/admin"
FEW = 5


@view_config(route_name="admin.jobs", renderer=f"{TEMPLATES}/jobs.jinja2", permission=Permission.ADMIN)
def overview(request: Any) -> Mapping[str, Any]:
    """All of it at a glance; a number of queries that does not grow."""
    ctx = request.ctx
    at_work = jobs.running(ctx)
    return {
        "signs": jobs.signs(ctx),
        "queues": jobs.queues(ctx, at_work=at_work),
        "running": at_work,
        "lists": {state: jobs.listed(ctx, state) for state in State},
        "kinds": {state: jobs.kinds(ctx, state) for state in (State.DEAD, State.PARKED)},
        "few": FEW,
        "schedule": jobs.schedule(ctx),
        "long_work": work.listed(ctx),
        "now": ctx.now,
        "undelivered": deliveries.listed(ctx),
        "summary_of": lambda name: jobs.summary_of(ctx, name),
    }


@view_config(route_name="admin.jobs_json", renderer="json", permission=Permission.ADMIN)
def overview_json(request: Any) -> Any:
    """The same for programs; keys are only ever added."""
    return report.jobs_as_dict(request.ctx)


@view_config(route_name="admin.stuck_jobs", renderer=f"{TEMPLATES}/stuck_jobs.jinja2", permission=Permission.ADMIN)
def stuck(request: Any) -> Mapping[str, Any]:
    """All jobs of one state, page by page."""
    state, job = State(request.matchdict["state"]), request.params.get("job", "")[:200]
    return {
        "state": state,
        "job": job,
        "list": jobs.listed(request.ctx, state, job=job, page=number(request.params.get("page"))),
        "kinds": jobs.kinds(request.ctx, state),
        "summary_of": lambda name: jobs.summary_of(request.ctx, name),
    }


@view_config(route_name="admin.retry_job", request_method="POST", permission=Permission.ADMIN)
def retry(request: Any) -> Any:
    """Try one again."""
    row = jobs.retry(request.ctx, number(request.matchdict["id"], least=0))
    request.flash("success", _("{job} is tried again now.", job=row.job))
    return request.see_other("admin.jobs")


@view_config(route_name="admin.discard_job", request_method="POST", permission=Permission.ADMIN)
def discard(request: Any) -> Any:
    """Forget one."""
    row = jobs.discard(request.ctx, number(request.matchdict["id"], least=0))
    request.flash("success", _("{job} is deleted; it will not be done.", job=row.job))
    return request.see_other("admin.jobs")


@view_config(route_name="admin.retry_jobs", request_method="POST", permission=Permission.ADMIN)
def retry_all(request: Any) -> Any:
    """Try all of a name again."""
    count = jobs.retry_all(request.ctx, job=request.POST.get("job", ""))
    request.flash("success", ngettext("{count} job is tried again now.", "{count} jobs are tried again now.", count))
    return request.see_other("admin.jobs")


@view_config(route_name="admin.discard_jobs", request_method="POST", permission=Permission.ADMIN)
def discard_all(request: Any) -> Any:
    """Forget all of a name."""
    count = jobs.discard_all(request.ctx, job=request.POST.get("job", ""))
    request.flash("success", ngettext("{count} job is deleted.", "{count} jobs are deleted.", count))
    return request.see_other("admin.jobs")


@view_config(route_name="admin.deliveries", renderer=f"{TEMPLATES}/deliveries.jinja2", permission=Permission.ADMIN)
def undelivered(request: Any) -> Mapping[str, Any]:
    """Notices that did not arrive, page by page."""
    return {"list": deliveries.listed(request.ctx, page=number(request.params.get("page")))}


@view_config(route_name="admin.send_again", request_method="POST", permission=Permission.ADMIN)
def send_again(request: Any) -> Any:
    """Send one again."""
    deliveries.send_again(request.ctx, number(request.matchdict["id"], least=0))
    request.flash("success", _("The message is on its way again."))
    return request.see_other("admin.deliveries")


@view_config(route_name="admin.send_all_again", request_method="POST", permission=Permission.ADMIN)
def send_all_again(request: Any) -> Any:
    """Send all again that were refused."""
    count = deliveries.send_all_again(request.ctx)
    words = ngettext("{count} message is on its way again.", "{count} messages are on their way again.", count)
    request.flash("success", words)
    return request.see_other("admin.deliveries")
