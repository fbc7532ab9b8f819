"""Pages of plugins: added with isolation at boot, guarded at each request, shown as unavailable where they fail."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from jinja2 import pass_context
from markupsafe import Markup
from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPException
from pyramid.path import package_of
from pyramid.renderers import render
from pyramid_retry import is_error_retryable

from llmio.core.app import App
from llmio.core.errors import LlmioError, Unavailable
from llmio.core.i18n import _
from llmio.plugins.check import PluginError
from llmio.plugins.guard import RAISED, guard, note
from llmio.plugins.registry import Implementation

log = logging.getLogger("llmio.plugins")
HOOK = "llmio_includeme"
UNAVAILABLE = "llmio:web/templates/components/unavailable.jinja2"
ALLOWED = frozenset({"routes", "views", "templates", "permissions", "static views"})
"""What a plugin may add. All else (tweens, subscribers, policies, asset overrides, …) would reach into other pages."""

Fresh = Callable[[App], Configurator]


def includeme(config: Any) -> None:
    """Guard views of plugins, and let templates include parts that plugins render."""
    config.add_view_deriver(guarded_view, "plugin_view")
    config.get_jinja2_environment().globals["plugin_part"] = plugin_part


# -- boot --------------------------------------------------------------------------------------------------------------


def with_plugins(app: App, fresh: Fresh) -> Any:
    """The WSGI application with the pages of all plugins whose pages can be added.

    All at once where nothing is wrong. Else one at a time, each on a configuration of its own, and those are kept that
    commit: a conflict found at commit names no plugin, so trying is the only way to know whose it is.
    """
    pages = app.plugins.implementing(HOOK)
    try:
        return _made(app, fresh, pages)
    except RAISED as error:
        if app.plugins.strict or not pages:
            raise
        log.warning("the pages of a plugin cannot be added (%s); trying one at a time", error)
        of_all = error
    made = _made(app, fresh, [])  # a fault of ours is no plugin's
    kept: list[Implementation] = []
    for page in pages:
        try:
            tried = _tried(app, fresh, [*kept, page], of_all if [*kept, page] == pages else None)
        except RAISED as error:
            app.plugins.set_aside(page.plugin, HOOK, error)
            log.exception("the pages of plugin %s are set aside", page.plugin)
        else:
            made = tried
            kept.append(page)
    return made


def _tried(app: App, fresh: Fresh, pages: Sequence[Implementation], known: BaseException | None) -> Any:
    """As `_made`; raises the error that is known of these pages already, since each time takes a good part of a start."""
    if known is not None:
        raise known
    return _made(app, fresh, pages)


def _made(app: App, fresh: Fresh, pages: Sequence[Implementation]) -> Any:
    config = fresh(app)
    for page in pages:
        add(config, page)
    config.commit()
    return config.make_wsgi_app()


def add(config: Configurator, page: Implementation) -> None:
    """Add the pages of one plugin; raises PluginError where they are more than pages of its own."""
    before = len(config.action_state.actions)
    shared = _shared(config)
    config.include(page.function, route_prefix=f"/x/{page.plugin}")
    _check(page.plugin, config.action_state.actions[before:])
    now = _shared(config)
    for name, value in shared.items():
        if now.get(name) is not value:
            raise PluginError(f"{name[1]} of templates belongs to all pages, a plugin may not put another in its place")


def _shared(config: Configurator) -> dict[tuple[str, str], Any]:
    """What all templates use, by kind and name."""
    environment = config.get_jinja2_environment()
    kinds = {"global": environment.globals, "filter": environment.filters, "test": environment.tests}
    return {(kind, name): value for kind, those in kinds.items() for name, value in those.items()}


def _check(name: str, actions: Sequence[dict[str, Any]]) -> None:
    """Refuse what is not a plugin's own: it may add pages, and nothing to the pages of others."""
    for action in actions:
        for part in action["introspectables"]:
            if part.category_name not in ALLOWED:
                raise PluginError(f"a plugin may add routes, views and static files, not {part.category_name}")
            route = part.get("name") if part.category_name == "routes" else part.get("route_name")
            if part.category_name in ("routes", "views") and not _own(name, route):
                what = f"route {route!r}" if route else "a view without route_name"
                raise PluginError(f"{what} is not the plugin's own: names of its routes begin with {name}.")


def _own(name: str, route: str | None) -> bool:
    return bool(route) and str(route).startswith((f"{name}.", f"__/x/{name}/", f"__x/{name}/"))


# -- requests ----------------------------------------------------------------------------------------------------------


def guarded_view(view: Any, info: Any) -> Any:
    """Derive views of plugins: what they raise beside answers is noted and shown as "unavailable" (503)."""
    plugins = info.registry["app"].plugins
    packages = {package_of(module): name for name, module in plugins.modules.items()}
    name = packages.get(info.package)
    if name is None:
        return view

    def guarded(context: Any, request: Any) -> Any:
        try:
            return view(context, request)
        except (HTTPException, LlmioError):
            raise
        except RAISED as error:
            if is_error_retryable(request, error) or plugins.strict:
                raise
            route = request.matched_route.name if request.matched_route else request.path
            note(plugins, name, f"page {route}", error, now=request.app.ports.clock.now())
            raise Unavailable(_("This part of the site does not work at the moment.")) from error

    return guarded


@pass_context
def plugin_part(context: Any, offered: object, template: str, **values: Any) -> Markup:
    """A template of a plugin rendered within one of ours, for the object it offered.

    Where it raises, "unavailable" stands in its place and the rest of the page is as ever.
    """
    request = context["request"]
    plugins = request.app.plugins
    broken = object()
    text = guard(
        plugins,
        offered,
        f"template {template}",
        render,
        template,
        values,
        request,
        fallback=broken,
        now=request.app.ports.clock.now(),
    )
    if text is broken:
        text = render(UNAVAILABLE, {}, request)
    return Markup(text)  # noqa: S704  # rendered with autoescape
