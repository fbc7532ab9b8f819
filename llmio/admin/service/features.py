"""Switches as administrators see and change them, for the site and for single groups."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import redis
from sqlalchemy import or_, select

from llmio.core import processes, switches
from llmio.core.errors import Conflict, Invalid, NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.core.processes import held_by
from llmio.core.urls import safe_path
from llmio.groups.models import Group

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.core.processes import Process
    from llmio.core.settings import Setting, Settings

LONGEST = 500
TITLES: Mapping[str, Any] = {
    "features.disable_create_user": _("Nobody signs up without an invitation"),
    "features.disable_create_group": _("Only administrators of the site start groups"),
    "features.disable_public_groups": _("No group is public"),
    "features.explore": _("A page lists the groups that ask to be found"),
    "features.restrict_explore": _("That page is for people who have signed in"),
    "features.sitemap": _("Search engines are told of public groups and threads"),
    "site.robots": _("Search engines may look at what is public"),
    "features.disable_thread_from_mail": _("Nobody starts threads by mail to their personal address"),
    "features.verify_by_admins": _("Only admins of a group see who took part in its polls"),
    "features.new_thread_button": _("A button above the list of groups starts a thread"),
    "features.gray_logo": _("The logo has no colours in the dark"),
    "features.disable_help_link": _("The menu has no link to the help"),
    "features.contact": _("Pages link to the form for writing to you"),
    "features.contact_consent": _("Who writes there must agree to be answered by mail"),
    "site.notice": _("A notice at the top of every page"),
    "features.default_path": _("The page that people come to first"),
}
"""In the order of the page; of switches that are on or off, what is so while they are on."""
NEEDS: Mapping[str, tuple[str, Any]] = {
    "features.disable_help_link": ("site.help_url", _("There is no link to the help: HELP_URL is not set.")),
    "features.contact": ("site.support_email", _("There is no such form: SUPPORT_EMAIL is not set.")),
}
"""What a switch needs to change anything: a setting, and what is said where it is not set."""


@dataclass(frozen=True)
class GroupLine:
    """What a switch is for one group, and for its subgroups where those have no word of their own."""

    group: Group
    on: bool


@dataclass(frozen=True)
class Line:
    """One switch; `value` is what is in force, `chosen` whether that was set here, `held_by` what decides instead.

    `held_in` names the process in which it does so, where that is not this one.
    """

    setting: Setting
    title: Any
    value: Any
    default: Any
    chosen: bool
    held_by: str
    note: Any
    held_in: str = ""
    groups: Sequence[GroupLine] = ()


@dataclass(frozen=True)
class Change:
    """Who changed what and when, in words."""

    title: Any
    key: str
    group: str
    before: str
    after: str
    who: str
    at: datetime


def lines(ctx: Context) -> list[Line]:
    """Every switch, in the order of the page; three queries."""
    ctx.require(Permission.ADMIN)
    now = switches.kept(ctx.db).switched
    ids = {group_id for _key, group_id in now.groups}
    named = {one.id: one for one in ctx.db.scalars(select(Group).where(Group.id.in_(ids)))} if ids else {}
    running = processes.present(ctx.db)
    return [_line(ctx.app.settings, key, now, named, running) for key in TITLES]


def _line(settings: Settings, key: str, now: Any, named: Mapping[int, Group], running: Sequence[Process]) -> Line:
    item = settings.declared[key]
    held = held_by(settings, key)
    elsewhere = None if held else _elsewhere(running, key)
    value = settings.values[key] if held else now.site.get(key, item.default)
    if elsewhere:
        held, value = elsewhere.held[key]["by"], elsewhere.held[key]["value"]
    need, words = NEEDS.get(key, ("", ""))
    found = [GroupLine(named[one], on) for (name, one), on in now.groups.items() if name == key and one in named]
    return Line(
        setting=item,
        title=TITLES[key],
        value=bool(value) if item.kind == "bool" else str(value or ""),
        default=bool(item.default) if item.kind == "bool" else str(item.default or ""),
        chosen=not held and key in now.site,
        held_by=held,
        held_in=elsewhere.name if elsewhere else "",
        note=words if need and not settings.text(need) else "",
        groups=sorted(found, key=lambda one: one.group.full_name or one.group.name or ""),
    )


def _elsewhere(running: Sequence[Process], key: str) -> Process | None:
    """A process that runs and was told otherwise than by administrators."""
    return next((one for one in running if key in one.held), None)


def switch(ctx: Context, name: str, raw: str | None, *, group: str = "") -> Setting:
    """Set a switch (by key or variable) for the site or a group (by handle, key or id); None takes back what was set.

    Raises NotFound for unknown names, Conflict where a variable decides, Invalid for what cannot be.
    """
    ctx.require(Permission.ADMIN)
    item = _named(ctx.app.settings, name)
    if held := held_by(ctx.app.settings, item.key):
        raise Conflict(_("{what} decides about this switch; change it there.", what=held))
    if other := _elsewhere(processes.present(ctx.db), item.key):
        held = other.held[item.key]
        message = _(
            "{what} decides about this switch, as it is set for {process}: change it there, and start that again.",
            what=held["by"],
            process=other.name,
        )
        raise Conflict(message)
    if group and item.switch != "group":
        raise Invalid.at("group", _("This switch is for the whole site alone."))
    group_id = find_group(ctx, group).id if group else switches.SITE
    value = None if raw is None else _clean(item, raw)
    switches.change(ctx, item, value, group_id=group_id)
    if item.key == switches.NOTICE:
        ctx.tm.get().addAfterCommitHook(lambda committed: _tell_browsers(ctx, str(value or "")) if committed else None)
    return item


def _named(settings: Settings, name: str) -> Setting:
    for key in TITLES:
        item = settings.declared[key]
        if name in (key, *item.names):
            return item
    raise NotFound(_("There is no switch {name}.", name=name))


def _clean(item: Setting, raw: str) -> Any:
    if item.kind == "bool":
        if raw.lower() not in ("1", "0", "on", "off", "true", "false", "yes", "no"):
            raise Invalid.at("value", _("It can be on or off."))
        return item.read(raw)
    text = raw.strip()
    if not text:
        raise Invalid.at("value", _("Please write something, or take it back."))
    if len(text) > LONGEST or any(not (sign.isprintable() or sign in "\n\r\t") for sign in text):
        raise Invalid.at("value", _("At most {count} characters, please.", count=LONGEST))
    if item.key == "features.default_path" and safe_path(text) is None:
        raise Invalid.at("value", _("A path of this site, please, such as /dashboard."))
    return text


def find_group(ctx: Context, name: str) -> Group:
    """A group by handle, key or id; Invalid where there is none."""
    wanted = "".join(sign for sign in name.strip()[:200] if sign.isprintable()).lstrip("/").removeprefix("g/")
    clauses = [Group.handle == wanted.lower(), Group.key == wanted]
    if wanted.isascii() and wanted.isdecimal() and len(wanted) < 10:
        clauses.append(Group.id == int(wanted))
    found = ctx.db.scalars(select(Group).where(or_(*clauses)).order_by(Group.id)).first()
    if found is None:
        raise Invalid.at("group", _("There is no such group. Its address or its key is wanted."))
    return found


def history(ctx: Context, *, limit: int = 50) -> list[Change]:
    """The latest changes; two queries."""
    ctx.require(Permission.ADMIN)
    rows = switches.history(ctx.db, switches.FEATURES, limit=limit)
    ids = {row.group_id for row in rows} - {switches.SITE}
    query = select(Group.id, Group.full_name).where(Group.id.in_(ids))
    names: dict[int, str | None] = dict(ctx.db.execute(query).all()) if ids else {}
    return [
        Change(
            TITLES.get(row.key, row.key),
            row.key,
            names.get(row.group_id) or f"#{row.group_id}" if row.group_id else "",
            _word(row.before),
            _word(row.after),
            row.changed_by_name,
            row.changed_at,
        )
        for row in rows
    ]


def _word(value: Any) -> str:
    if value is None:
        return str(_("default"))
    if isinstance(value, bool):
        return str(_("on") if value else _("off"))
    return str(value)


def as_dict(ctx: Context) -> dict[str, Any]:
    """For JSON: stable, since programs read it."""
    return {
        "switches": [
            {
                "key": line.setting.key,
                "variable": line.setting.env,
                "title": str(line.title),
                "value": line.value,
                "default": line.default,
                "chosen": line.chosen,
                "held_by": line.held_by,
                "held_in": line.held_in,
                "per_group": line.setting.switch == "group",
                "groups": [{"id": one.group.id, "name": one.group.full_name, "on": one.on} for one in line.groups],
            }
            for line in lines(ctx)
        ],
        "history": [
            {
                "key": one.key,
                "group": one.group,
                "before": one.before,
                "after": one.after,
                "who": one.who,
                "at": one.at.isoformat(),
            }
            for one in history(ctx)
        ],
    }


def _tell_browsers(ctx: Context, notice: str) -> None:
    """Open pages show it at once, through the live channel."""
    if ctx.app.redis is None:
        return
    try:
        ctx.app.redis.publish(
            switches.NOTICE_CHANNEL, json.dumps({"version": None, "notice": notice or None, "reload": False})
        )
    except redis.RedisError:
        return
