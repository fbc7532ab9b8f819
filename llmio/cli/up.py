"""`llmio up`: everything, embedded where nothing is configured."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from pkgutil import walk_packages

import click

from llmio.embedded.supervisor import Supervisor

PROCESSES = (
    "granian.server.mp",
    "llmio.cli.serve",
    "llmio.cli.mailsink",
    "aiosmtpd.controller",
)
"""What the processes begin with, beside the features."""
RARE = ("llmio.files.moving", "llmio.mail.incoming.dns", "llmio.mail.incoming.proof", "llmio.mail.incoming.smtpd")
"""What most sites' processes do without, with the libraries behind it."""


def load() -> None:
    """Load what web, worker and the others have in common: all of it takes some 100 MB and two seconds.

    Our own plugins, too; those of others are loaded by each process for itself, guarded.
    """
    boot = import_module("llmio.boot")
    for feature in (*boot.FEATURES, "llmio.core", "llmio.plugins", "llmio.live", "llmio.web", "llmio.worker"):
        for module in walk_packages(import_module(feature).__path__, f"{feature}."):
            if module.name not in RARE:
                _load(module.name)
    _load("llmio.models")
    for entry in entry_points(group="llmio.plugins"):
        if entry.dist is not None and entry.dist.name == "llmio":
            _load(entry.module)
    for name in PROCESSES:
        _load(name)
    import_module("sqlalchemy.orm").configure_mappers()


def _load(name: str) -> None:
    with suppress(Exception):  # the process that needs it says what is wrong
        import_module(name)


@click.command()
@click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    envvar="PORT",
    type=click.IntRange(1, 65535),
    default=3000,
    show_default=True,
    help="Port of the site; the next free one if it is taken.",
)
@click.option(
    "--data",
    envvar="LLMIO_DATA",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("var"),
    show_default=True,
    help="Folder of all that is kept.",
)
@click.option(
    "--demo/--no-demo", default=None, help="Load the demo where nobody has been yet; else only where not in production."
)
def up(*, host: str, port: int, data: Path, demo: bool | None) -> None:
    """Run everything here until Ctrl-C.

    Starts PostgreSQL unless DATABASE_URL names one, Valkey unless REDIS_URL does, and a mail sink unless SMTP_SERVER
    does; brings the database up to date, loads the demo into an empty one unless this is production, and runs web server, worker, schedule and
    live channel. What dies is started again.
    """
    if demo is None:
        demo = (os.environ.get("LLMIO_ENV") or os.environ.get("RAILS_ENV")) != "production"
    Supervisor(data, host=host, port=port, demo=demo, load=load).run()
