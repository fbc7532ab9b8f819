"""`llmio hocuspocus`: writing together in one text (the hocuspocus protocol)."""

from __future__ import annotations

import click


@click.command()
@click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Port to listen on; else HOCUSPOCUS_PORT, else 4444.",
)
def hocuspocus(host: str, port: int | None) -> None:
    """Run the server for writing together until told to end."""
    import asyncio  # noqa: PLC0415  # slow
    import logging  # noqa: PLC0415  # slow
    import os  # noqa: PLC0415  # beside its use

    from llmio.core import logs, reports, sources  # noqa: PLC0415  # slow
    from llmio.core.declared import SETTINGS  # noqa: PLC0415  # slow
    from llmio.core.errors import Unavailable  # noqa: PLC0415  # slow
    from llmio.core.settings import load  # noqa: PLC0415  # slow
    from llmio.live.collab.server import serve  # noqa: PLC0415  # slow

    logging.getLogger("websockets").setLevel(logging.WARNING)
    # The core's settings alone: importing the features would double the memory of this process.
    settings = load(
        SETTINGS, sources.read_ini(os.environ[sources.INI]) if os.environ.get(sources.INI) else {}, os.environ
    )
    logs.begin(settings, "hocuspocus")
    reports.begin(settings, "hocuspocus")
    if faults := [str(fault) for fault in settings.faults if fault.fatal]:
        raise Unavailable("\n".join(faults))
    asyncio.run(serve(settings, host=host, port=port or settings.number("hocuspocus.port")))
