"""How often one address on the internet may do something. Counted in Redis; while that is down nobody is refused."""

from __future__ import annotations

import logging
from ipaddress import ip_address, ip_network
from typing import Any

from pyramid.events import BeforeTraversal
from redis.exceptions import RedisError

from llmio.core.declared_safety import AN_HOUR
from llmio.core.errors import TooMany
from llmio.core.i18n import _

log = logging.getLogger(__name__)
HOUR = 3600
DAY = 24 * HOUR
A_DAY = 3
"""A day allows so many times what an hour allows."""
IN_DEVELOPMENT = 100
ROUTES = {
    "groups.new": "groups", "groups.edit": "groups", "groups.settings": "groups", "groups.invite": "announcements",
    "groups.new_subgroup": "groups", "groups.archive": "groups", "groups.join_link": "groups", "readers.resend": "announcements",
    "groups.leave": "memberships", "groups.join_by_link": "memberships", "groups.invitation": "memberships",
    "discussions.join": "discussion_readers", "discussions.unread": "discussion_readers", "discussions.recall": "discussion_readers",
    "readers.make_admin": "discussion_readers", "readers.remove_admin": "discussion_readers", "readers.remove": "discussion_readers",
    "polls.open": "polls", "polls.stay_draft": "polls", "accounts.picture": "profile",
    "discussions.people": "announcements", "polls.voters": "announcements", "polls.remind": "announcements", "outcomes.share": "announcements",
    "groups.request": "membership_requests", "groups.answer": "membership_requests", "groups.join": "memberships",
    "groups.volume": "memberships", "memberships.make_admin": "memberships", "memberships.remove_admin": "memberships",
    "memberships.revoke": "memberships", "memberships.resend": "announcements", "memberships.title": "memberships",
    "discussions.create": "discussions", "discussions.edit": "discussions", "discussions.close": "discussions", "discussions.reopen": "discussions",
    "discussions.discard": "discussions", "discussions.pin": "discussions", "discussions.unpin": "discussions",
    "discussions.read": "discussion_readers", "discussions.volume": "discussion_readers", "discussions.dismiss": "discussion_readers",
    "polls.new": "polls", "polls.edit": "polls", "polls.close": "polls", "polls.reopen": "polls", "polls.discard": "polls",
    "polls.outcome": "outcomes", "outcomes.edit": "outcomes", "polls.vote": "stances", "polls.uncast": "stances", "accounts.profile": "profile",
    "comments.create": "comments", "comments.edit": "comments", "comments.discard": "comments", "comments.undiscard": "comments",
    "comments.destroy": "comments", "reactions.react": "reactions", "files.create": "files", "integrations.new": "integrations",
    "integrations.show": "integrations", "integrations.test": "integrations", "integrations.again": "integrations",
}  # fmt: skip
"""Route → what it counts as."""


def includeme(config: Any) -> None:
    """Request method `limit`, property `client_ip`, and the counting of acts."""
    config.add_request_method(limit)
    config.add_request_method(client_ip, reify=True)
    config.add_subscriber(count_acts, BeforeTraversal)


def client_ip(request: Any) -> str:
    """The address a request comes from; headers count only where a proxy in front set them."""
    peer = str(request.environ.get("REMOTE_ADDR") or "")
    header = request.app.settings.text("limits.ip_header")
    named = request.headers.get(header, "") if header else ""
    if not header and is_private(peer):
        named = request.headers.get("X-Forwarded-For", "").split(",")[-1]
    named = named.strip()
    return as_ipv4(named if _is_address(named) else peer)


def as_ipv4(address: str) -> str:
    """An address of IPv4 that a server listening on `::` gives as one of IPv6, as it is; any other unchanged."""
    mapped = getattr(ip_address(address), "ipv4_mapped", None) if _is_address(address) else None
    return str(mapped or address)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_private(text: str) -> bool:
    """Whether an address (or none, of a Unix socket) is of this machine or its network."""
    return text == "" or (_is_address(text) and ip_address(text).is_private)


def counted_as(address: str) -> str:
    """An address, or of IPv6 the network that one customer is given whole: they could take another address for each try."""
    if not _is_address(address) or ip_address(address).version == 4:
        return address
    return str(ip_network(f"{address.partition('%')[0]}/64", strict=False).network_address)


def limit(request: Any, what: str) -> None:
    """Count one try of this address at something; raises TooMany beyond the limit of the hour or the day.

    The answer says how many are left (RateLimit and RateLimit-Policy, draft-ietf-httpapi-ratelimit-headers-10).
    """
    app = request.app
    settings = app.settings
    if not settings.on("limits.on") or app.redis is None:
        return
    an_hour = _most(settings, what)
    now = app.ports.clock.now().timestamp()
    hour, day = (max(1, int(seconds * settings["limits.time_factor"])) for seconds in (HOUR, DAY))
    spans = ((hour, int(an_hour)), (day, int(an_hour * A_DAY)))
    who = counted_as(request.client_ip)
    keys = [(f"limit:{what}:{who}:{span}:{int(now // span)}", span) for span, _most in spans]
    counts = _count(app.redis, keys)
    left = [(most - count, int(span - now % span) + 1) for count, (span, most) in zip(counts, spans, strict=True)]
    _tell(request, what, spans, left)
    ends = [end for remaining, end in left if remaining < 0]
    if ends:
        raise TooMany(_("That was often enough for now. Please try again later."), retry_after=max(ends))


def _most(settings: Any, what: str) -> float:
    """What is allowed in an hour: as the operator says for this kind, or by the table and the factor for all."""
    own: int | None = settings[f"limits.max.{what}"]
    if own is not None:
        return own
    factor = settings["limits.rate_factor"]
    if factor is None:
        factor = 1 if settings["llmio.env"] == "production" else IN_DEVELOPMENT
    return float(AN_HOUR[what][0] * factor)


def _tell(request: Any, what: str, spans: Any, left: Any) -> None:
    names = (f"{what}-hour", f"{what}-day")
    policy = ", ".join(f'"{name}";q={most};w={span}' for name, (span, most) in zip(names, spans, strict=True))
    state = ", ".join(f'"{name}";r={max(0, rest)};t={end}' for name, (rest, end) in zip(names, left, strict=True))

    def add(_request: Any, response: Any) -> None:
        response.headers["RateLimit-Policy"], response.headers["RateLimit"] = policy, state

    request.add_response_callback(add)


def _count(redis: Any, keys: list[tuple[str, int]]) -> list[int]:
    try:
        with redis.pipeline(transaction=False) as pipe:
            for key, seconds in keys:
                pipe.incr(key)
                pipe.expire(key, seconds)
            return [int(one) for one in pipe.execute()[::2]]
    except (RedisError, OSError):
        log.warning("cannot count %s: Redis does not answer", keys[0][0].split(":")[1])
        return [0] * len(keys)


def count_acts(event: Any) -> None:
    """Count what is sent to the routes of ROUTES, before anything is read for it."""
    request = event.request
    route = getattr(request, "matched_route", None)
    if route is not None and request.method in ("POST", "PUT", "PATCH") and route.name in ROUTES:
        what = ROUTES[route.name]
        request.limit(what)
