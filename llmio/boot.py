"""Boot: the one place that knows every feature; builds the App that web, worker, command and test share."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from llmio.core import collector, db, sources
from llmio.core.app import App
from llmio.core.declared import SETTINGS
from llmio.core.errors import Unavailable
from llmio.core.patience import unbounded
from llmio.core.ports import NoLive, NoQueue, Ports, SystemClock
from llmio.core.settings import Section, Setting, Settings, load

if TYPE_CHECKING:
    from llmio.plugins.registry import Plugins

log = logging.getLogger(__name__)
LOCK = (0x11A1, 0x5C4F)
FEATURES = (
    "llmio.accounts",
    "llmio.tasks",
    "llmio.groups",
    "llmio.files",
    "llmio.discussions",
    "llmio.polls",
    "llmio.mail",
    "llmio.notifications",
    "llmio.integrations",
    "llmio.search",
    "llmio.upkeep",
    "llmio.admin",
)
"""In order: a feature may use those before it."""


def features() -> list[ModuleType]:
    """The feature packages, imported."""
    return [import_module(name) for name in FEATURES]


def declared() -> list[Setting]:
    """Every setting of the core and the features (those of plugins come with the plugins)."""
    from llmio.plugins.settings import SETTINGS as PLUGIN_SETTINGS  # noqa: PLC0415  # slow

    found = [*SETTINGS, *PLUGIN_SETTINGS]
    for feature in features():
        found.extend(getattr(feature, "SETTINGS", ()))
    return found


def sections(settings: Settings, plugins: Plugins) -> tuple[Section, ...]:
    """The declared settings of core, features and loaded plugins, sorted for people."""
    from llmio.plugins.settings import SETTINGS as SWITCHES  # noqa: PLC0415  # slow

    found = [Section("The site", "", SETTINGS)]
    own = [(feature.__name__.rpartition(".")[2], tuple(getattr(feature, "SETTINGS", ()))) for feature in features()]
    found += [Section(name.capitalize(), "", items) for name, items in own if items]
    found.append(Section("Plugins", "Which plugins are loaded.", SWITCHES))
    for record in sorted(plugins.records, key=lambda one: one.name):
        if keys := [key for key in record.settings if key in settings.declared]:
            title = f"Plugin `{record.name}`"
            items = tuple(settings.declared[key] for key in keys)
            found.append(Section(title, f"{record.title}. {record.summary}", items))
    return tuple(found)


def read_settings(ini: Mapping[str, str] | None = None, env: Mapping[str, str] | None = None) -> Settings:
    """The settings in force; raises Unavailable naming every fault at once where the site cannot start.

    Without an `ini`, the file that LLMIO_INI names is read.
    """
    variables = os.environ if env is None else env
    if ini is None and variables.get(sources.INI):
        ini = sources.read_ini(variables[sources.INI])
    settings = load(declared(), ini or {}, variables)
    fatal = [fault for fault in settings.faults if fault.fatal]
    if fatal:
        raise Unavailable("\n".join(str(fault) for fault in fatal))
    return settings


@collector.resting()
def build(
    ini: Mapping[str, str] | None = None,
    *,
    env: Mapping[str, str] | None = None,
    ports: Ports | None = None,
    engine: Any = None,
    refuse: bool = True,
) -> App:
    """The App of this process; `ports` and `engine` may be given by tests.

    With `refuse=False` a plugin at fault is noted even where the operator wants no start without it (diagnosis).

    Raises Unavailable where settings are missing or wrong, or a required plugin cannot be loaded.
    """
    import llmio.models  # noqa: PLC0415, F401  # maps relationships across features
    from llmio.plugins import observe, store  # noqa: PLC0415  # slow
    from llmio.plugins.loader import load as load_plugins  # noqa: PLC0415  # slow

    settings = read_settings(ini, env)
    if engine is None:
        if not settings["database.url"]:
            raise Unavailable("DATABASE_URL is not set; `llmio up` starts a database of its own, or set it")
        engine = db.engine_for(settings["database.url"])
    plugins = load_plugins(settings, store.switched_off(engine), refuse=refuse)
    app = App(
        settings=settings,
        engine=engine,
        sessions=db.session_factory(engine),
        ports=ports or Ports(SystemClock(), NoQueue(), None, None, NoLive()),  # type: ignore[arg-type]  # set below
        plugins=plugins,
        sections=sections(settings, plugins),
    )
    for feature in features():
        feature.register(app)
    plugins.failures.keep = store.Keeper(app)
    observe.register(app)
    _outer(app, given=ports is not None)
    app.follower.enabled = ports is None
    app.follower.look()
    if ports is None:
        app.follower.plugins_changed = lambda: renew(app)
    return app


def renew(app: App) -> None:
    """Load the plugins anew, as they are switched now, in a process that goes on; what fails leaves all as it was.

    Modules that were imported stay in memory: what is switched off is no longer asked for anything.
    """
    from llmio.plugins import migrate  # noqa: PLC0415  # slow

    ini, env = app.settings.sources
    try:
        fresh = build(ini, env=env, ports=app.ports, engine=app.engine, refuse=False)
        with unbounded(), app.engine.begin() as connection:  # one process after the other makes the tables
            connection.execute(text("SELECT pg_advisory_xact_lock(:space, :id)"), {"space": LOCK[0], "id": LOCK[1]})
            migrate.upgrade_all(fresh)
        fresh.settings.remember(app.settings)
        app.become(fresh)
    except (Exception, SystemExit):  # whatever a plugin does: the process goes on with what it has
        log.exception("the plugins could not be loaded anew; a restart will")


def _outer(app: App, *, given: bool) -> None:
    """Wire the outer rooms: real ports where none were given, live publishing, plugin events."""
    from llmio.worker import wiring  # noqa: PLC0415  # slow

    wiring.wire(app, real_ports=not given)
