"""`/admin/audit`, `/g/{key}/acts`, `/profile/acts`: what administrators and admins did, for those whom it concerns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from pyramid.view import view_config

from llmio.admin.service import acts, checks, jobs, wording
from llmio.admin.views import number, words
from llmio.core.permissions import Permission
from llmio.groups.models import Group

TEMPLATE = "llmio:web/templates/admin/audit.jinja2"


@view_config(route_name="admin.audit", renderer=TEMPLATE, permission=Permission.ADMIN)
def site(request: Any) -> Mapping[str, Any]:
    """The whole log, and what came of checking it last."""
    found = acts.of_site(request.ctx, _asked(request), page=number(request.params.get("page")))
    chain = {"chain": acts.chain(request.ctx), "work": checks.under_way(request.ctx), "now": request.ctx.now}
    return _shown(request, found, "site") | chain | {"worker_well": jobs.signs(request.ctx).worker_well}


@view_config(route_name="admin.audit", request_method="POST", permission=Permission.ADMIN)
def check(request: Any) -> Any:
    """Have the log checked."""
    kind = checks.NEW if request.POST.get("what") == "new" else checks.WHOLE
    return request.see_other("work.show", id=checks.ask(request.ctx, kind).id)


@view_config(route_name="groups.acts", renderer=TEMPLATE, permission=Permission.GROUP_SHOW)
def group(context: Group, request: Any) -> Mapping[str, Any]:
    """What admins did in the group, for members."""
    found = acts.of_group(request.ctx, context, _asked(request), page=number(request.params.get("page")))
    return _shown(request, found, "group") | {"group": context}


@view_config(route_name="accounts.acts", renderer=TEMPLATE)
def myself(request: Any) -> Mapping[str, Any]:
    """What was done to one's account."""
    found = acts.of_myself(request.ctx, _asked(request), page=number(request.params.get("page")))
    return _shown(request, found, "own")


def _asked(request: Any) -> acts.Asked:
    """What makes no sense is left out, not refused: it is only a link."""
    params = request.params
    kind = words(params.get("kind"))
    return acts.Asked(
        kind if kind in wording.KINDS or kind in wording.SENTENCES else "",
        words(params.get("who")),
        _day(params.get("since")),
        _day(params.get("until")),
    )


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _shown(request: Any, found: acts.Page, scope: str) -> dict[str, Any]:
    asked = _asked(request)
    chosen = {"kind": asked.kind, "who": asked.who, "since": asked.since or "", "until": asked.until or ""}
    return {"list": found, "scope": scope, "group": None, "kinds": wording.KINDS, "chosen": chosen, "chain": None}
