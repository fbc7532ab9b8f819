"""`llmio up`: everything, embedded where nothing is configured."""

from __future__ import annotations

import os
from pathlib import Path

import click

from llmio.embedded.supervisor import Supervisor


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
    Supervisor(data, host=host, port=port, demo=demo).run()
