"""Twenty editors in one text: `llmio hocuspocus` beside npm's server with its hook, in turn (`--only hocuspocus`).

Both ask the same site who may write. A word counts as lost where it stands in no editor's text in the end, and each text that
differs from the others' counts as one more.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.memory import size_of
from bench.site import Site
from llmio.embedded.ports import free_port
from llmio.embedded.process import wait_until
from tests import factories

NODE = Path(__file__).parents[1] / "tests" / "node" / "hocuspocus"
EDITORS = 20
PAUSES = {"typing (5 words a second each)": 200, "hurrying (20 words a second each)": 50}
"""Milliseconds between the words of one editor."""
TICKS = os.sysconf("SC_CLK_TCK")


def measure(site: Site, seconds: float) -> list[dict[str, Any]]:
    """Each server at each pace, one after the other."""
    if not (NODE / "node_modules").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=NODE, check=True)
    with site.app().sessions.begin() as db:
        user = factories.user(db)
        db.refresh(user)
        user_id, secret = user.id, user.secret_token
    figures: list[dict[str, Any]] = []
    for what, pause in PAUSES.items():
        for kind in ("llmio", "npm"):
            print(f"{kind}: {what} …", file=sys.stderr, flush=True)
            name = f"comment-new-{user_id}-bench{pause}-body"
            figures.append(
                {"what": what, "server": kind, **_run(site, kind, name, f"{user_id},{secret}", seconds, pause)}
            )
    return figures


def _run(site: Site, kind: str, name: str, token: str, seconds: float, pause: int) -> dict[str, Any]:
    port = free_port()
    process = _start(site, kind, port)
    try:
        command = ["node", "editors.mjs", f"ws://127.0.0.1:{port}", name, token, *map(str, (EDITORS, seconds, pause))]
        with subprocess.Popen(command, cwd=NODE, stdout=subprocess.PIPE, text=True) as editors:
            assert editors.stdout is not None
            assert editors.stdout.readline() == "begin\n"
            before = _seconds_of(process.pid)
            assert editors.stdout.readline() == "end\n"
            cpu = _seconds_of(process.pid) - before
            memory = size_of(process.pid)
            found = json.loads(editors.stdout.readline())
        return {**found, "cpu": round(100 * cpu / seconds, 1), "memory": memory}
    finally:
        process.terminate()
        process.wait(20)


def _start(site: Site, kind: str, port: int) -> subprocess.Popen[bytes]:
    if kind == "npm":
        process = subprocess.Popen(["node", "server.mjs", str(port), site.url], cwd=NODE, stdout=subprocess.DEVNULL)
    else:
        command = [sys.executable, "-m", "llmio", "hocuspocus", "--port", str(port)]
        told = site.environment() | {"PRIVATE_APP_URL": site.url}
        process = subprocess.Popen(command, env=told, stderr=subprocess.DEVNULL)
    assert wait_until(lambda: _answers(port), 20)
    return process


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _seconds_of(pid: int) -> float:
    """Processor time of a process so far."""
    words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / TICKS


def lines(figures: list[dict[str, Any]]) -> list[str]:
    """The figures for people."""
    made = [
        f"{EDITORS} editors in one text{'':<28}{'words':>7}{'median ms':>11}{'p95 ms':>9}{'lost':>6}{'CPU %':>8}{'MB':>7}"
    ]
    made += [
        f"  {row['server']:<7}{row['what']:<42}{row['words']:>7}{row['median']:>11}{row['p95']:>9}"
        f"{row['lost'] + row['texts'] - 1:>6}{row['cpu']:>8}{row['memory']:>7.0f}"
        for row in figures
    ]
    for ours, theirs in zip(figures[::2], figures[1::2], strict=True):
        ratios = {key: round(ours[key] / theirs[key], 2) for key in ("median", "p95", "cpu", "memory") if theirs[key]}
        made.append(f"  llmio / npm, {ours['what']}: " + ", ".join(f"{key} {ratio}" for key, ratio in ratios.items()))
    return made
