"""The live channel beside a server of the reference's kind on npm's socket.io, in turn, under one crowd of real clients.

`make bench ARGS="--only channels"`; needs Node.js, and `npm ci` in tests/node/channels.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, cast

import redis

from bench import memory
from llmio.embedded.ports import free_port
from llmio.embedded.process import wait_until
from llmio.embedded.valkey import Valkey

ROOT = Path(__file__).parent.parent
NODE = ROOT / "tests" / "node" / "channels"
ORIGIN = "http://site.example"
TOKEN = "crowd"
SERVERS = {"llmio": (sys.executable, "-m", "llmio", "channels"), "node": ("node", str(NODE / "reference.mjs"))}
PACED: dict[str, Any] = {"clients": 1000, "messages": 100, "rate": 10.0}
FLAT: dict[str, Any] = {"clients": 200, "messages": 500, "rate": 0.0}
PATIENCE = 90
TICK = os.sysconf("SC_CLK_TCK")


def measure(folder: Path) -> list[dict[str, Any]]:
    """For each server and load: messages sent and delivered, delays in milliseconds, processor seconds, memory in MB."""
    valkey = Valkey(folder / "valkey", fast=True)
    valkey.start()
    try:
        return [
            {"server": name, **shape, "copies": copies, **_run(valkey.url(), folder, command, copies=copies, **shape)}
            for shape, copies in ((PACED, 1), (FLAT, 1), (PACED, 2))
            for name, command in SERVERS.items()
        ]
    finally:
        valkey.remove()


def lines(figures: list[dict[str, Any]]) -> list[str]:
    """The figures for people."""
    head = f"{'live channel':<36}{'sent':>9}{'lost':>7}{'median ms':>11}{'p95 ms':>9}{'worst':>8}{'cpu s':>8}{'MB':>7}"
    return [head] + [
        f"  {one['copies']} × {one['server']:<8}{one['clients']:>5} clients {'paced' if one['rate'] else 'flat ':<10}"
        f"{one['sent']:>9}{one['lost']:>7}{one['median']:>11.1f}{one['p95']:>9.1f}{one['worst']:>8.0f}{one['cpu']:>8}{one['memory']:>7}"
        for one in figures
    ]


def _run(
    url: str, folder: Path, command: tuple[str, ...], *, clients: int, messages: int, rate: float, copies: int
) -> dict[str, Any]:
    """One load on one server, or on several side by side with a share of the clients each."""
    with ExitStack() as stack:
        store = stack.enter_context(redis.Redis.from_url(url))
        store.set(f"/current_users/{TOKEN}", json.dumps({"name": "Crowd", "id": 1, "group_ids": [1]}))
        servers = [stack.enter_context(_server(url, folder, command, store, of=number + 1)) for number in range(copies)]
        crowds = [stack.enter_context(_crowd(address, clients // copies)) for address, _pid in servers]
        before = sum(_processor(pid) for _address, pid in servers)
        began = time.perf_counter()
        for number in range(messages):
            if rate:
                time.sleep(max(0.0, began + number / rate - time.perf_counter()))
            store.publish("/records", _message(number))
        for crowd in crowds:
            _arrived(crowd, clients // copies * messages)
        took = time.perf_counter() - began
        found = [_ask(crowd, "report") for crowd in crowds]
        return {
            "sent": clients * messages,
            "lost": clients * messages - sum(one["got"] for one in found),
            "seconds": round(took, 2),
            "cpu": round(sum(_processor(pid) for _address, pid in servers) - before, 2),
            "memory": round(sum(memory.megabytes(pid) for _address, pid in servers)),
            # Of several crowds the worse one counts.
            **{name: max(one[name] for one in found) for name in ("median", "p95", "worst", "broken")},
        }


def _message(number: int) -> str:
    """A comment of usual size, and when it was sent."""
    comment = {"id": number, "body": "What was said. " * 20, "author_id": 7, "discussion_id": 3}
    return json.dumps({"room": "group-1", "records": {"comments": [comment], "at": [{"ms": time.time() * 1000}]}})


@contextmanager
def _server(
    url: str, folder: Path, command: tuple[str, ...], store: redis.Redis, *, of: int
) -> Iterator[tuple[str, int]]:
    """A server that hears Redis as the last one `of` so many."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "REDIS_URL": url,
        "PUBLIC_APP_URL": ORIGIN,
        "CHANNELS_PORT": str(port),
        "LLMIO_ENV": "testing",
        "LLMIO_DATA": str(folder),
    }
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: dict(cast("Any", store.pubsub_numsub("/records")))[b"/records"] >= of, PATIENCE)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextmanager
def _crowd(address: str, clients: int) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        ["node", str(NODE / "crowd.mjs"), address, str(clients), TOKEN, ORIGIN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    try:
        connected = json.loads(cast("IO[str]", process.stdout).readline())["connected"]
        if connected != clients:
            message = f"{connected} of {clients} clients came in"
            raise RuntimeError(message)
        yield process
    finally:
        process.kill()
        process.wait()


def _ask(crowd: subprocess.Popen[str], what: str) -> dict[str, Any]:
    cast("IO[str]", crowd.stdin).write(f"{what}\n")
    return cast("dict[str, Any]", json.loads(cast("IO[str]", crowd.stdout).readline()))


def _arrived(crowd: subprocess.Popen[str], wanted: int) -> None:
    """Until all has come, or nothing more does for three seconds."""
    until, last, since = time.perf_counter() + PATIENCE, -1, time.perf_counter()
    while time.perf_counter() < until:
        got = _ask(crowd, "count")["got"]
        if got >= wanted:
            return
        if got != last:
            last, since = got, time.perf_counter()
        elif time.perf_counter() - since > 3:
            return
        time.sleep(0.1)


def _processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK
