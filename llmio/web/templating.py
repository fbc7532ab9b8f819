"""Jinja2: text in the reader's language, assets with hashed names, values that every page has."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyramid.events import BeforeRender
from pyramid.settings import aslist
from pyramid.threadlocal import get_current_request

from llmio.accounts import portraits
from llmio.core import i18n
from llmio.core.permissions import Permission
from llmio.files.faults import in_words
from llmio.web.collab import together
from llmio.web.dates import time_text

if TYPE_CHECKING:
    from llmio.core.app import App

STATIC = Path(__file__).parent / "static"
TEMPLATES = Path(__file__).parent / "templates"
DIST = STATIC / "dist"
OURS = "llmio:web/templates/"


def includeme(config: Any) -> None:
    """Set the environment up."""
    compiled = compiled_folder(config.registry["app"])
    config.add_settings(
        {
            # Compiling all templates takes seconds of a start; what was compiled is used again while unchanged.
            "jinja2.bytecode_caching": "true" if compiled else "false",
            "jinja2.bytecode_caching_directory": compiled,
            "jinja2.directories": aslist("llmio:web/templates"),
            "jinja2.extensions": ["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
            "jinja2.trim_blocks": "true",
            "jinja2.lstrip_blocks": "true",
            "jinja2.undefined": "strict" if config.registry["app"].settings["llmio.env"] != "production" else "",
        }
    )
    config.include("pyramid_jinja2")
    config.add_jinja2_renderer(".jinja2")
    config.commit()
    environment = config.get_jinja2_environment()
    environment.install_gettext_callables(_gettext, _ngettext, newstyle=True)
    # As globals they also reach components that components import, without context: those are made once, not per page.
    environment.globals.update(
        _=_gettext_values,
        Permission=Permission,
        csrf_token=_csrf_token,
        day_text=i18n.day_text,
        group_logo=_group_logo,
        portrait=_portrait,
        opened_at=_opened_at,
        note_fault=_note_fault,
        noted_fault=_noted_fault,
        page_errors=_page_errors,
        time_text=_time_text,
        together=together,
    )
    environment.filters["in_words"] = in_words
    # Jinja's own cache moves each template it is asked for to the end of a queue of hundreds, for every import and include.
    environment.cache = {}
    environment.join_path = one_name(environment.join_path)
    development = config.registry["app"].settings["llmio.env"] == "development"
    environment.globals["asset"] = fresh_asset if development else asset
    config.add_subscriber(add_values, BeforeRender)
    config.registry["templates"] = environment


def compiled_folder(app: App) -> str:
    """Where compiled templates are kept; "" where nothing can be written."""
    given = app.settings.text("llmio.cache")
    folder = (Path(given) if given else Path(app.settings.text("llmio.data")) / "cache").resolve() / "templates"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return ""
    return str(folder) if os.access(folder, os.W_OK) else ""


def warm(environment: Any) -> int:
    """Compile every page's template, so that forked workers share them and no first visitor waits; how many."""
    names = [str(path.relative_to(TEMPLATES)) for path in sorted(TEMPLATES.rglob("*.jinja2"))]
    pages = [name for name in names if not name.startswith("mail/")]
    for name in pages:
        environment.get_template(f"{OURS}{name}")
    return len(pages)


def one_name(usual: Callable[[str, str], str]) -> Callable[[str, str], str]:
    """Let a template of ours have one name, whoever asks for it.

    pyramid_jinja2 names what is imported after all templates above it, as it may lie beside each: then every page has a copy
    of every component, compiled by itself. Ours lie below one folder; names in plugins' templates stay as they are.
    """

    def joined(uri: str, parent: str) -> str:
        return f"{OURS}{uri}" if parent.startswith(OURS) and ":" not in uri else usual(uri, parent)

    return joined


def _gettext(text: str) -> str:
    return i18n.translations(i18n.current.get()).gettext(text)


def _ngettext(one: str, many: str, count: int) -> str:
    return i18n.translations(i18n.current.get()).ngettext(one, many, count)


def _gettext_values(text: str, **values: Any) -> str:
    """`_()` in templates: like in Python, {places} are filled."""
    found = _gettext(text)
    return found.format(**values) if values else found


@lru_cache(maxsize=2)
def manifest(_written: int = 0) -> dict[str, str]:
    """Asset name → hashed name, as the build wrote it."""
    path = DIST / "manifest.json"
    return json.loads(path.read_text()) if path.exists() else {}


def asset(name: str) -> str:
    """The path of a built asset; its name changes with its content, so that browsers may keep it for ever."""
    return f"/static/dist/{manifest().get(name, name)}"


def fresh_asset(name: str) -> str:
    """As `asset`, but sees a new build without a restart (development)."""
    path = DIST / "manifest.json"
    return f"/static/dist/{manifest(path.stat().st_mtime_ns if path.exists() else 0).get(name, name)}"


@dataclass
class Nav:
    """What the frame around every page shows; loaded when the template asks."""

    request: Any

    @property
    def user(self) -> Any:
        """The signed-in person or None."""
        return self.request.identity_once

    me = user

    @cached_property
    def groups(self) -> list[Any]:
        """The groups of the person, in one query."""
        if self.user is None or not self.live:
            return []
        from llmio.groups import queries  # noqa: PLC0415  # slow, and only for pages

        return queries.groups_of(self.request.ctx)

    @cached_property
    def unread(self) -> int:
        """How many notices wait in the bell."""
        if self.user is None or not self.live:
            return 0
        from llmio.notifications import queries  # noqa: PLC0415  # slow, and only for pages

        return queries.unread_count(self.request.ctx, self.user.id)

    def pictures_of(self, group: Any) -> Any:
        """Logo and cover photo of a group; those of the person's own groups are looked up at once."""
        from llmio.files import pictures  # noqa: PLC0415  # slow, and only for pages

        if not self.live:
            return pictures.NONE
        known = self.request.ctx.memo.get("nav.pictures")
        if known is None:
            ids = {one_id for one in self.groups for one_id in (one.id, one.parent_id) if one_id}
            known = dict.fromkeys(ids, pictures.NONE) | pictures.of_groups(self.request.ctx, ids)
            self.request.ctx.memo["nav.pictures"] = known
        missing = [one_id for one_id in (group.id, group.parent_id) if one_id and one_id not in known]
        known.update(dict.fromkeys(missing, pictures.NONE) | pictures.of_groups(self.request.ctx, missing))
        own, above = known[group.id], known.get(group.parent_id, pictures.NONE)
        return pictures.Pictures(own.logo or above.logo, own.cover or above.cover)

    def know_pictures(self, groups: Any) -> str:
        """Look up the pictures of a list of groups in one query; gives nothing to show."""
        from llmio.files import pictures  # noqa: PLC0415  # slow, and only for pages

        known = self.request.ctx.memo.setdefault("nav.pictures", {})
        ids = {one_id for one in (*self.groups, *groups) for one_id in (one.id, one.parent_id) if one_id}
        missing = ids - known.keys()
        known.update(dict.fromkeys(missing, pictures.NONE) | pictures.of_groups(self.request.ctx, missing))
        return ""

    @property
    def can_start_group(self) -> bool:
        """Whether "start a group" is offered."""
        return self.live and self.request.ctx.can(Permission.GROUP_CREATE)

    @property
    def live(self) -> bool:
        """Whether the database may be asked (not so on some error pages)."""
        return bool(getattr(self.request, "tm", None)) and self.request.environ.get("tm.active", False)


def _times(request: Any) -> Any:
    """`time_text` for this reader: their zone, the language of the page, now."""
    reader = request.identity_once
    return partial(
        time_text,
        now=request.app.ports.clock.now(),
        zone=reader.time_zone if reader else "UTC",
        locale=i18n.current.get(),
    )


def _csrf_token() -> str:
    """The token of the request at hand."""
    return str(get_current_request().session.get_csrf_token())


def _opened_at() -> str:
    """When a form was shown first, that is shown now: boxes that others tick meanwhile stay ticked (`llmio.tasks.service`)."""
    request = get_current_request()
    return str(request.POST.get("opened") or request.ctx.now.isoformat())


def _group_logo(group: Any) -> str:
    """The address of a group's picture; "" where it has none, or no page is being made."""
    request = get_current_request()
    nav = request.environ.get("llmio.nav") if request is not None else None
    return str(nav.pictures_of(group).logo or "") if nav is not None else ""


def _portrait(user: Any) -> str:
    """The address of a person's picture; "" where initials stand for it, or no page is being made."""
    version, request = getattr(user, "picture", None), get_current_request()
    return portraits.path(request.app, user.id, version) if version is not None and request is not None else ""


def _page_errors() -> Mapping[str, Any]:
    """What is wrong with the form that the request at hand brought: {field: [messages]}."""
    return get_current_request().environ.get("llmio.errors", {})


def _note_fault(name: str, at: str, label: object) -> None:
    """A field with a fault says where on the page it is, and how it is called."""
    get_current_request().environ.setdefault("llmio.faults", {}).setdefault(name, {"id": at, "label": label})


def _noted_fault(name: str) -> Mapping[str, Any] | None:
    """Where the field with this fault is: {id, label}; None where no field of the page shows it."""
    found: Mapping[str, Any] | None = get_current_request().environ.get("llmio.faults", {}).get(name)
    return found


def _time_text(moment: Any, mode: Any = "relative") -> tuple[str, str]:
    """A time in words for the reader at hand."""
    request = get_current_request()
    known = request.environ.get("llmio.times")
    if known is None:
        known = request.environ["llmio.times"] = _times(request)
    return known(moment, mode)


def add_values(event: Any) -> None:
    """Values of every template."""
    request = event.get("request")
    if request is None:
        return
    event["nav"] = request.environ.setdefault("llmio.nav", Nav(request))
    event["site"] = request.app.settings
    event["ctx"] = request.ctx if event["nav"].live else None
    event["theme"] = request.cookies.get("theme", "") if request.cookies.get("theme") in ("light", "dark") else ""
    event["path"] = request.route_path
    given = getattr(event, "rendering_val", None)  # what the view gave is not among the event's own values
    if isinstance(given, Mapping) and "errors" in given:  # else it may be a part of a page that has some
        request.environ["llmio.errors"] = given["errors"] or {}
    event.setdefault("errors", {})
    event.setdefault("values", {})
