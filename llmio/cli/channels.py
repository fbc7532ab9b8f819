"""`llmio channels`: the live channel to browsers (Socket.IO)."""

from __future__ import annotations

import click


@click.command()
def channels() -> None:
    """Run the live channel to browsers until told to end. CHANNELS_PORT is where it listens."""
    from llmio.live.channels import run  # noqa: PLC0415  # slow

    run()
