"""Writing together: what a page's editor needs for it, and who may write in which text.

The latter is the question that `llmio hocuspocus`, or the reference's server, asks the site.

A document is named `TYPE-ID-FIELD`, or `TYPE-new-USER-…-FIELD` for what is not saved yet and belongs to one person.
"""

from __future__ import annotations

import hmac
import json
import re
import zlib
from typing import Any

from pyramid.response import Response
from pyramid.threadlocal import get_current_request
from sqlalchemy import select

from llmio.accounts import sessions
from llmio.accounts.models import User
from llmio.core.context import Context
from llmio.core.errors import NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions.models import Comment, Discussion, DiscussionTemplate
from llmio.groups.models import Group
from llmio.polls.models import Outcome, Poll, PollTemplate, Stance

KINDS: dict[str, tuple[type[Any], Permission]] = {
    "comment": (Comment, Permission.COMMENT_UPDATE),
    "discussion": (Discussion, Permission.DISCUSSION_UPDATE),
    "discussionTemplate": (DiscussionTemplate, Permission.GROUP_UPDATE),
    "group": (Group, Permission.GROUP_UPDATE),
    "outcome": (Outcome, Permission.OUTCOME_UPDATE),
    "poll": (Poll, Permission.POLL_UPDATE),
    "pollTemplate": (PollTemplate, Permission.GROUP_UPDATE),
    "stance": (Stance, Permission.STANCE_UPDATE),
    "user": (User, Permission.USER_UPDATE),
}
"""Type in a document's name → record, and the right to change it; a template's is its group's."""
TEXTS = {
    "comment": "body",
    "discussion": "description",
    "group": "description",
    "outcome": "statement",
    "poll": "details",
}
"""The texts that our own editors share."""
NAME = re.compile(r"(?P<type>[A-Za-z]+)-(?P<id>new-[0-9]{1,18}|[0-9]{1,18})(?P<context>(-[A-Za-z0-9_]+)*)-[A-Za-z_]+")
MOST_NAME = 250
LARGEST = 2**31 - 1
NOBODY = "0"


def includeme(config: Any) -> None:
    """`POST /api/hocuspocus`: no session, no CSRF token; the secret in the body says who asks. For our pages, two GETs."""
    for name, view in (("session", session), ("version", version)):
        config.add_route(f"collab.{name}", f"/collab/{name}", request_method="GET")
        config.add_view(view, route_name=f"collab.{name}", renderer="json", permission=Permission.SIGNED_IN)
    config.add_route("collab.allowed", "/api/hocuspocus", request_method="POST")
    config.add_view(
        allowed, route_name="collab.allowed", request_method="POST", permission=Permission.PUBLIC, require_csrf=False
    )


def together(kind: str, record: Any, field: str, *context: object) -> dict[str, str] | None:
    """In templates: the document behind an editor, or None where everyone writes alone.

    A record's own text, or, where `record` is None, what its writer has begun in a place (`context`). `version` and `text`
    are those of the saved text, which the document goes on from.
    """
    request = get_current_request()
    writer = request.identity_once if request is not None else None
    if writer is None or not request.app.settings.text("hocuspocus.url"):
        return None
    parts = [record.id] if record is not None else ["new", writer.id, *context]
    text = (getattr(record, field) or "") if record is not None else ""
    name = "-".join(str(part) for part in (kind, *parts, field) if part not in (None, ""))
    return {"name": name, "version": _version(text), "text": text}


def _version(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


def session(request: Any) -> dict[str, Any]:
    """Where the server is, and the token that lets this person in."""
    user = request.ctx.db.get_one(User, request.ctx.signed_in().id)
    request.response.cache_control = "no-store"
    url = request.app.settings.text("hocuspocus.url")
    return {"url": url, "token": f"{user.id},{user.secret_token}", "id": user.id, "name": user.name or user.username}


def version(request: Any) -> dict[str, str]:
    """Which version of a text is saved now; NotFound where there is none that the actor may change."""
    match = NAME.fullmatch(request.params.get("document", "")[:MOST_NAME])
    field = TEXTS.get(match["type"], "") if match else ""
    if match is None or not match["id"].isdecimal() or int(match["id"]) > LARGEST or not field:
        raise NotFound(_("There is no such text."))
    model, permission = KINDS[match["type"]]
    record = request.dbsession.get(model, int(match["id"]))
    if record is None or not request.ctx.can(permission, record):
        raise NotFound(_("There is no such text."))
    request.response.cache_control = "no-store"
    return {"version": _version(getattr(record, field) or "")}


def allowed(request: Any) -> Response:
    """200 where the owner of the secret may write in the document, else 401."""
    try:
        asked = json.loads(request.body)
        secret, name = asked["user_secret"], asked["document_name"]
    except (ValueError, KeyError, TypeError, RecursionError):
        secret = name = ""
    well = isinstance(secret, str) and isinstance(name, str) and _may_write(request, secret, name)
    response = Response(status=200 if well else 401, content_type="text/plain", text="" if well else "unauthorized\n")
    response.cache_control = "no-store"
    return response


def _may_write(request: Any, secret: str, name: str) -> bool:
    match = NAME.fullmatch(name) if len(name) <= MOST_NAME else None
    if match is None or match["type"] not in KINDS:
        return False
    user_id, _comma, token = secret.partition(",")
    new, _dash, owner = match["id"].partition("-")
    if user_id == NOBODY:  # someone who starts a group before they have an account
        return match["type"] == "group" and new == "new" and owner == NOBODY
    user = _owner(request, user_id, token)
    if user is None:
        return False
    if new == "new":
        return owner == str(user.id)
    return not match["context"] and _may_update(request, user, match["type"], int(match["id"]))


def _owner(request: Any, user_id: str, token: str) -> User | None:
    if not re.fullmatch(r"[0-9]{1,10}", user_id) or int(user_id) > LARGEST:
        return None
    user: User | None = request.dbsession.scalar(
        select(User).where(User.id == int(user_id), User.deactivated_at.is_(None))
    )
    known = user is not None and hmac.compare_digest(user.secret_token.encode(), token.encode(errors="surrogatepass"))
    return user if known else None


def _may_update(request: Any, user: User, kind: str, record_id: int) -> bool:
    model, permission = KINDS[kind]
    record = request.dbsession.get(model, record_id) if record_id <= LARGEST else None
    if isinstance(record, DiscussionTemplate | PollTemplate):
        record = request.dbsession.get(Group, record.group_id) if record.group_id else None
    ctx = Context(request.app, request.dbsession, request.tm, sessions.identity_of(user))
    return record is not None and ctx.can(permission, record)
