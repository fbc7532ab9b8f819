"""Where a person begins: dashboard, inbox, lists of threads; and who can be mentioned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.view import view_config

from llmio.accounts import portraits
from llmio.core.errors import NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions import queries
from llmio.discussions.models import Discussion
from llmio.discussions.panels import seen_from_parent
from llmio.discussions.service import tagging
from llmio.groups import queries as groups
from llmio.groups.models import Group

PAGE = 30
View = Mapping[str, Any]


@view_config(route_name="discussions.dashboard", renderer="llmio:web/templates/discussions/dashboard.jinja2")
def dashboard(context: Any, request: Any) -> View:
    """What waits for the person, then what is new, then what went on."""
    ctx = request.ctx
    found = groups.groups_of(ctx)
    threads = queries.recent(ctx, limit=40)
    unread = [row for row in threads if row.unread]
    return {
        "groups": found,
        "unread": unread[:15],
        "unread_more": len(unread) > 15,
        "recent": [row for row in threads if not row.unread][:15],
        "may_start": any(ctx.can(Permission.DISCUSSION_CREATE, group) for group in found),
        "panels": request.app.panels.load("dashboard", ctx),
    }


@view_config(route_name="discussions.inbox", renderer="llmio:web/templates/discussions/inbox.jinja2")
def inbox(context: Any, request: Any) -> View:
    """Threads with something unread, by group; or those that were put aside."""
    page = page_of(request)
    aside = request.params.get("show") == "aside"
    rows = queries.inbox(request.ctx, aside=aside, limit=PAGE + 1, offset=PAGE * page)
    by_group: dict[tuple[str, str], list[Any]] = {}
    for row in rows[:PAGE]:
        by_group.setdefault((row.group_name, row.group_url), []).append(row)
    return {"sections": list(by_group.items()), "aside": aside, "page": page, "more": len(rows) > PAGE}


@view_config(
    route_name="discussions.threads",
    renderer="llmio:web/templates/discussions/threads.jinja2",
    permission=Permission.PUBLIC,
)
def threads(context: Any, request: Any) -> View:
    """All threads of a group, open or closed."""
    ctx = request.ctx
    group = asked_group(request)
    if group is None or not ctx.can(Permission.GROUP_SHOW, group):
        raise NotFound(_("There is no such group, or it is not for you to see."))
    private = ctx.can(Permission.GROUP_SEE_PRIVATE, group) or seen_from_parent(ctx, group)
    closed = request.params.get("state") == "closed"
    page = page_of(request)
    tag = request.params.get("tag", "")[:60].replace("\0", "")
    rows = queries.of_group(ctx, group.id, private=private, closed=closed, tag=tag, limit=PAGE + 1, offset=PAGE * page)
    return {
        "group": group,
        "threads": rows[:PAGE],
        "closed": closed,
        "page": page,
        "more": len(rows) > PAGE,
        "tag": tag,
        "tags": tagging.known(ctx, group),
    }


def asked_group(request: Any) -> Group | None:
    """The group that the address names by id."""
    raw = request.params.get("group_id", "")
    found: Group | None = request.ctx.db.get(Group, int(raw)) if raw.isdecimal() and len(raw) < 10 else None
    return found


def page_of(request: Any) -> int:
    """The number of the page, from 0."""
    raw = request.params.get("page", "")
    return min(int(raw), 10_000) if raw.isdecimal() and len(raw) < 6 else 0


@view_config(route_name="discussions.mentions", renderer="json")
def mentions(context: Any, request: Any) -> list[dict[str, str]]:
    """People whose name begins like `q`, among the members of the group and the guests of the thread."""
    ctx = request.ctx
    group, discussion_id = asked_group(request), None
    raw = request.params.get("discussion_id", "")
    if raw.isdecimal() and len(raw) < 10:
        discussion = ctx.db.get(Discussion, int(raw))
        if discussion is None or not ctx.can(Permission.DISCUSSION_SHOW, discussion):
            raise NotFound(_("There is no such thread, or it is not for you to see."))
        group, discussion_id = discussion.group, discussion.id
    members = group is not None and ctx.can(Permission.GROUP_SEE_MEMBERS, group)
    words = request.params.get("q", "").strip()[:60]
    found = queries.mentionable(ctx, group.id if group is not None and members else None, discussion_id, words)
    return [
        {"handle": one.username, "name": one.name, "picture": portraits.path(ctx.app, one.id, one.picture)}
        for one in found
    ]


@view_config(route_name="discussions.tags", permission=Permission.SIGNED_IN, renderer="json")
def tags(context: Any, request: Any) -> list[str]:
    """Tags that begin like `q`: of the organisation of a group that the actor sees, or of all of theirs."""
    ctx = request.ctx
    group = asked_group(request)
    if request.params.get("group_id") and (group is None or not ctx.can(Permission.GROUP_SHOW, group)):
        raise NotFound(_("There is no such group, or it is not for you to see."))
    return list(tagging.offered(ctx, group, request.params.get("q", "").replace("\0", "")[: tagging.LONGEST]))
