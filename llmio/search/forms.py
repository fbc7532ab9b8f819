"""What the address of a search says, as filters; what cannot be understood is told at its field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select

from llmio.accounts.models import User
from llmio.core.db import among
from llmio.core.i18n import _
from llmio.discussions.service import tagging
from llmio.groups import queries as groups
from llmio.groups.models import Group, Membership, Tag
from llmio.plugins import Filters
from llmio.search import documents

if TYPE_CHECKING:
    from llmio.core.context import Context

ORDERS = ("relevance", "newest", "oldest")
LONGEST = 200
DIRECT = "direct"


@dataclass(frozen=True)
class Asked:
    """A search as it was asked for."""

    query: str
    filters: Filters
    offset: int
    values: Mapping[str, Any]
    errors: dict[str, list[object]] = field(default_factory=dict)

    @property
    def narrowed(self) -> bool:
        """Whether anything beside words was chosen."""
        return any(self.values[name] for name in ("type", "where", "author", "tag", "since", "until"))


def read(ctx: Context, given: Mapping[str, Any]) -> Asked:
    """The search that an address asks for."""
    values = {name: str(given.get(name, "")).replace("\0", "").strip()[:LONGEST] for name in
              ("q", "type", "where", "author", "tag", "since", "until", "order")}  # fmt: skip
    if not values["where"] and number(given.get("group_id")):
        values["where"] = f"group-{number(given.get('group_id'))}"
    errors: dict[str, list[object]] = {}
    kind = values["type"] if values["type"] in documents.TYPES else ""
    if values["type"] and not kind:
        errors["type"] = [_("Please choose one of the options.")]
    author_id = _author(ctx, values["author"], errors)
    group_ids = _group_ids(ctx, values["where"])
    if values["where"] and not group_ids and values["where"] != DIRECT:
        errors["where"] = [_("Please choose one of the options.")]
    since = _moment(ctx, values["since"], "since", errors)
    until = _moment(ctx, values["until"], "until", errors, days=1)
    if since and until and since >= until:
        errors["until"] = [_("The search ends before it begins.")]
    filters = Filters(
        types=(kind,) if kind else (),
        group_ids=group_ids,
        direct=values["where"] == DIRECT,
        author_id=author_id,
        tag=values["tag"] or None,
        since=since,
        until=until,
        order=values["order"] if values["order"] in ORDERS else "relevance",
    )
    return Asked(values["q"], filters, number(given.get("offset")), values, errors)


def number(given: Any) -> int:
    """A number of the address; 0 where it is none."""
    text = str(given or "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _group_ids(ctx: Context, where: str) -> Sequence[int]:
    """`group-5` means that group; `org-5` it and its subgroups. What may be seen of them is decided elsewhere."""
    scope, _sign, given = where.partition("-")
    group_id = number(given)
    if scope == "org" and group_id:
        return organisation(ctx, group_id)
    return (group_id,) if scope == "group" and group_id else ()


def organisation(ctx: Context, group_id: int) -> list[int]:
    """A group and its subgroups."""
    return [group_id, *ctx.db.scalars(select(Group.id).where(Group.parent_id == group_id))]


def _moment(ctx: Context, typed: str, name: str, errors: dict[str, list[object]], *, days: int = 0) -> datetime | None:
    """The beginning of a day where the reader lives, `days` later."""
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed) + timedelta(days=days)
        zone = ZoneInfo(ctx.actor.time_zone if ctx.actor else "UTC")
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:  # before or after all that a calendar has: no bound
        return None
    except (ValueError, KeyError):
        errors[name] = [_("This is no date. Write it like 2026-03-01.")]
        return None


def _author(ctx: Context, typed: str, errors: dict[str, list[object]]) -> int | None:
    """The one person meant by a user name or a name, among those the actor shares a group with."""
    if not typed:
        return None
    name = typed.removeprefix("@").lower()
    query = select(User.id).where(or_(User.username == name, func.lower(User.name) == name), _known(ctx))
    exact = list(ctx.db.scalars(query.order_by((User.username == name).desc(), User.id).limit(3)))
    if exact and (typed.startswith("@") or len(exact) == 1):
        return exact[0]
    pattern = name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    begins = or_(User.name.ilike(f"{pattern}%"), User.name.ilike(f"% {pattern}%"))
    near = ctx.db.execute(select(User.id, User.name, User.username).where(begins, _known(ctx)).limit(4)).all()
    if len(near) == 1:
        return int(near[0].id)
    if near:
        names = ", ".join(f"@{one.username}" for one in near[:3] if one.username)
        errors["author"] = [_("Several people have this name. Write whom you mean: {names}", names=names)]
    else:
        errors["author"] = [_("Nobody in your groups has this name.")]
    return None


def _known(ctx: Context) -> Any:
    own = [group.id for group in groups.groups_of(ctx)]
    shared = select(Membership.user_id).where(
        among(Membership.group_id, own), Membership.accepted_at.is_not(None), Membership.revoked_at.is_(None)
    )
    return or_(User.id == ctx.signed_in().id, User.id.in_(shared))


def places(ctx: Context) -> dict[str, list[tuple[str, Any]]]:
    """What can be chosen as the place: for each organisation all of it, the group alone, each subgroup."""
    own = groups.groups_of(ctx)
    choices: dict[str, list[tuple[str, Any]]] = {"": [(DIRECT, _("Direct threads"))]}
    parents = {group.id for group in own if group.parent_id is None}
    for group in own:
        name, parent = group.name or "", group.parent_id or group.id
        if group.parent_id is None:
            choices[name] = [(f"org-{group.id}", _("{group} with subgroups", group=name)), (f"group-{group.id}", name)]
        elif parent in parents:
            heading = next(one.name or "" for one in own if one.id == parent)
            choices.setdefault(heading, []).append((f"group-{group.id}", name))
        else:
            choices.setdefault(group.full_name or name, []).append((f"group-{group.id}", name))
    return choices


def has_tags(ctx: Context) -> bool:
    """Whether there are tags in the actor's groups, to narrow a search down to."""
    homes = tagging.organisations_of(ctx)
    return bool(homes and ctx.db.scalar(select(select(Tag.id).where(among(Tag.group_id, homes)).exists())))
