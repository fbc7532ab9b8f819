"""`llmio smtp`: the built-in mail server for mail that comes in."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from llmio.core.app import App

MAIL_PORT = 25


@click.command()
@click.option("--host", default=None, help="Address to listen on.  [default: LLMIO_SMTP_HOST, else all]")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=None,
    help="Port to listen on.  [default: LLMIO_SMTP_PORT, else 25]",
)
def smtp(host: str | None, port: int | None) -> None:
    """Take mail for REPLY_HOSTNAME until told to end."""
    from llmio import boot  # noqa: PLC0415  # slow
    from llmio.core import logs, reports  # noqa: PLC0415  # slow

    app = boot.build()
    logs.begin(app.settings, "smtp")
    logging.getLogger("mail.log").setLevel(
        logging.WARNING
    )  # the server's own, which names addresses: those for replies let one in
    reports.begin(app.settings, "smtp")
    port = port or app.settings["mail.smtpd_port"] or MAIL_PORT
    host = app.settings.text("mail.smtpd_host") if host is None else host
    asyncio.run(serve(app, host, int(port)))


async def serve(app: App, host: str, port: int) -> None:
    """Listen until a signal says stop; mails under way are finished."""
    from llmio.mail.incoming.smtpd import listen  # noqa: PLC0415  # slow

    told = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, told.set)
    server = await listen(app, host, port)
    click.echo(f"Taking mail for {app.settings.text('mail.reply_host')} on port {port}.")
    await told.wait()
    server.close()
