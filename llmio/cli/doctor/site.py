"""The site as the doctor sees it: settings with their faults, and an App that is built whatever ails."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from llmio.core.settings import Fault, Settings

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.settings import Section

# Imports are made within functions: the command must answer `--help` at once.
# ruff: noqa: PLC0415

NOWHERE = "postgresql://nobody@localhost:1/none"
PATIENCE = 5.0
"""Seconds that one question to another machine may take."""


@dataclass
class Site:
    """What is looked at. `works` names the parts that others need and that were found to work."""

    env: Mapping[str, str]
    settings: Settings
    sections: Sequence[Section]
    faults: Sequence[Fault]
    works: set[str] = field(default_factory=set)

    @cached_property
    def app(self) -> App:
        """The App: nothing is refused, nothing sent. Variables at fault are left out, so that the rest can be looked at."""
        from llmio import boot
        from llmio.core.db import engine_for
        from llmio.core.ports import NoLive, NoQueue, Ports, SystemClock

        wrong = {fault.name for fault in self.faults if fault.fatal}
        env = {name: value for name, value in self.env.items() if name not in wrong}
        engine = engine_for(self.database or NOWHERE, connect_args={"connect_timeout": int(PATIENCE)})
        ports = Ports(SystemClock(), NoQueue(), None, None, NoLive())  # type: ignore[arg-type]  # nothing is sent here
        made = boot.build(env=env, ports=ports, engine=engine, refuse=False)
        made.plugins.strict = False
        made.plugins.failures.keep = None
        return made

    @property
    def database(self) -> str:
        """The address of the database, where it was found to work."""
        return self.settings.text("database.url") if "database" in self.works else ""

    @property
    def in_production(self) -> bool:
        """Whether real people are served."""
        return bool(self.settings["llmio.env"] == "production")

    @cached_property
    def resolver(self) -> Any:
        """Asks the DNS."""
        from llmio.mail.incoming.dns import DnsResolver

        return DnsResolver(self.settings["mail.dns_servers"], timeout=PATIENCE / 2)

    def close(self) -> None:
        """Let go of the database."""
        if "app" in vars(self):
            self.app.engine.dispose()


def opened(env: Mapping[str, str] | None = None) -> Site:
    """The site that these variables (without them: those of the process) describe."""
    from llmio.cli.config import examined, read_ini
    from llmio.core import sources

    env = dict(os.environ if env is None else env)
    read = examined(read_ini(env.get(sources.INI)), env)
    return Site(env, read.settings, read.sections, read.faults)
