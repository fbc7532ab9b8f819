"""How a page opens its live channel."""

from __future__ import annotations

import json
from typing import Any

from redis.exceptions import RedisError

from llmio.accounts.models import User
from llmio.core.permissions import Permission
from llmio.core.ports import LIVE_TOKEN
from llmio.groups import queries as groups

DAYS = 7
"""How long a token opens the channel after the last page was loaded with it."""


def includeme(config: Any) -> None:
    """`GET /live/session`."""
    config.add_route("live.session", "/live/session", request_method="GET")
    config.add_view(session, route_name="live.session", renderer="json", permission=Permission.SIGNED_IN)


def session(request: Any) -> dict[str, Any]:
    """Where the channel is, and the token that lets this person's browser into their rooms; whether it did so before.

    What the token stands for is kept where the reference keeps it; while Redis is away there is nothing live anyway.
    """
    ctx = request.ctx
    known = False
    user = ctx.db.get_one(User, ctx.signed_in().id)
    person = {"name": user.name, "group_ids": [group.id for group in groups.groups_of(ctx)], "id": user.id}
    if request.app.redis is not None:
        try:
            known = bool(request.app.redis.exists(LIVE_TOKEN + user.secret_token))
            request.app.redis.set(LIVE_TOKEN + user.secret_token, json.dumps(person), ex=DAYS * 86400)
        except RedisError:
            return {"url": "", "token": "", "known": False}
    request.response.cache_control = "no-store"
    return {"url": request.app.settings.text("channels.url"), "token": user.secret_token, "known": known}
