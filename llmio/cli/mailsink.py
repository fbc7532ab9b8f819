"""`llmio mailsink`: a mail server that delivers nothing; the page /dev/mail shows what it keeps."""

from __future__ import annotations

import mailbox
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path
from typing import Any

import click

KEPT = 1000
PORT, FOLDER = 1025, Path("var/mail")


class Keep:
    """Puts each message into a Maildir; envelope addresses go into X-MailFrom and X-RcptTo."""

    def __init__(self, folder: Path) -> None:
        self.maildir = mailbox.Maildir(folder)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        """Keep one message, and of all the newest thousand."""
        message = message_from_bytes(envelope.content)
        message["X-MailFrom"] = envelope.mail_from or ""
        message["X-RcptTo"] = ", ".join(envelope.rcpt_tos)
        self.maildir.add(message)
        # A key begins with the time of arrival.
        for key in sorted(self.maildir.keys())[:-KEPT]:
            self.maildir.discard(key)
        return "250 OK"


@contextmanager
def keeping(host: str, port: int, folder: Path) -> Iterator[None]:
    """Take every mail meanwhile, in a thread of this process."""
    from aiosmtpd.controller import Controller  # noqa: PLC0415  # optional: extra `embedded`

    for inner in ("", "tmp", "new", "cur"):
        (folder / inner).mkdir(mode=0o700, parents=True, exist_ok=True)
    controller = Controller(Keep(folder), hostname=host, port=port, data_size_limit=50_000_000, enable_SMTPUTF8=True)
    controller.start()
    try:
        click.echo(f"Mail for {host}:{port} goes to {os.fspath(folder)}.")
        yield
    finally:
        controller.stop()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    envvar="SMTP_PORT",
    type=click.IntRange(1, 65535),
    default=PORT,
    show_default=True,
    help="Port to listen on.",
)
@click.option(
    "--folder",
    envvar="LLMIO_DEV_MAIL",
    type=click.Path(path_type=Path),
    default=FOLDER,
    show_default=True,
    help="A Maildir; made where there is none.",
)
def mailsink(host: str, port: int, folder: Path) -> None:
    """Take every mail and deliver none, until told to end."""
    told = threading.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: told.set())
    with keeping(host, port, folder):
        told.wait()
