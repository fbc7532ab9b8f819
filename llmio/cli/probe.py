"""`llmio probe`: whether a process of this machine is well, for the health checks of containers and units."""

from __future__ import annotations

import http.client
import json
import os
import socket
import time
from typing import Final

import click

from llmio.cli.task import TASKS

SECONDS = 5
PORTS: Final = {"web": ("PORT", 3000), "channels": ("CHANNELS_PORT", 5000), "hocuspocus": ("", 5000), "smtp": ("", 25)}
OWN: Final = {"database", "redis", "migrations"}
"""What a web server cannot do without. Restarting it would mend nothing else that `/health` names."""


@click.command()
@click.argument("role", envvar="TASK", type=click.Choice(list(TASKS)), default="web")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=None, help="Port it listens on.  [default: its usual one]"
)
@click.option("--wait", "patience", type=click.IntRange(0), default=0, help="Ask again for so many seconds.")
def probe(role: str, port: int | None, patience: int) -> None:
    """Ask a process of this machine whether it is well; exit code 1 where it is not.

    ROLE is web (or what TASK says), worker, channels, hocuspocus or smtp.
    """
    until = time.monotonic() + patience
    while fault := _fault(role, port):
        if time.monotonic() >= until:
            click.echo(f"{role}: {fault}", err=True)
            raise click.exceptions.Exit(1)
        time.sleep(0.25)
    click.echo(f"{role}: ok")


def _fault(role: str, port: int | None) -> str:
    """What is wrong; empty where nothing is."""
    if role == "worker":
        return _worker()
    variable, usual = PORTS[role]
    port = port or int(os.environ.get(variable, "") or usual)
    ask = {"web": _web, "channels": _channels, "hocuspocus": _hocuspocus, "smtp": _smtp}[role]
    try:
        return ask(port)
    except (OSError, http.client.HTTPException) as error:
        return f"port {port} does not answer: {error}"


def _web(port: int) -> str:
    _status, body = _get(port, "/health")
    ailing = OWN & set(json.loads(body).get("failed", ()))
    return f"not well: {', '.join(sorted(ailing))}" if ailing else ""


def _channels(port: int) -> str:
    status, _body = _get(port, "/socket.io/?EIO=4&transport=polling")
    return "" if status == http.HTTPStatus.OK else f"answers {status}"


def _hocuspocus(port: int) -> str:
    status, _body = _get(port, "/health")  # the reference's server says 200 to every path
    return "not well: store" if status == http.HTTPStatus.SERVICE_UNAVAILABLE else ""


def _smtp(port: int) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
        greeting = connection.recv(3)
        connection.sendall(b"QUIT\r\n")
    return "" if greeting == b"220" else "does not greet"


def _worker() -> str:
    """Its sign of life in the database: of any worker, where there are several."""
    from sqlalchemy import text  # noqa: PLC0415  # slow

    from llmio.cli.db import url  # noqa: PLC0415  # slow
    from llmio.core import heartbeats  # noqa: PLC0415  # slow
    from llmio.core.db import engine_for  # noqa: PLC0415  # slow

    engine = engine_for(url(), pool_size=1)
    asked = "SELECT extract(epoch FROM now() - at) FROM llmio.heartbeats WHERE name = :name"
    try:
        with engine.connect() as connection:
            silent = connection.scalar(text(asked), {"name": heartbeats.WORKER})
    finally:
        engine.dispose()
    if silent is None:
        return "never seen"
    return "" if silent <= heartbeats.STALE else f"no sign for {int(silent)} seconds"


def _get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        headers = {"Host": os.environ.get("CANONICAL_HOST", "localhost"), "X-Forwarded-Proto": "https"}
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
