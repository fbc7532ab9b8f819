"""`llmio channels`: the live channel to browsers (Socket.IO)."""

from __future__ import annotations

import logging
import os

import click


@click.command()
@click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    envvar="CHANNELS_PORT",
    type=click.IntRange(1, 65535),
    default=5000,
    show_default=True,
    help="Port to listen on.",
)
def channels(host: str, port: int) -> None:
    """Run the live channel to browsers until told to end."""
    from llmio.live.channels import run  # noqa: PLC0415  # slow

    run(host=host, port=port)
    # Threads of the server may still want the interpreter while it is taken down; that would abort the process. All that
    # had to be done is done, so nothing is taken down.
    logging.shutdown()
    os._exit(0)
