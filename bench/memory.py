"""Memory of each part: proportional set size, in which a page shared by several processes counts once."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from llmio.embedded.ports import free_port
from llmio.embedded.process import wait_until

SETTLED = 40.0
"""Until the demo's jobs are done, and the worker rests."""
PARTS = ("serve", "worker", "channels", "hocuspocus")


def at_rest() -> dict[str, float]:
    """Megabytes of all that `llmio up` starts, by part, and in all, once it has settled and nobody has asked for anything."""
    with tempfile.TemporaryDirectory(prefix="llmio-bench-") as folder:
        Path(folder).chmod(0o755)
        port = free_port()
        variables = {"LLMIO_DATA": folder, "PORT": str(port)}
        log = Path(folder) / "up.log"
        with log.open("wb") as output:
            up = subprocess.Popen(
                [sys.executable, "-m", "llmio", "up"], env={**os.environ, **variables}, stdout=output, stderr=output
            )
        try:
            if not wait_until(lambda: _well(port), 120, every=0.5):
                raise SystemExit(log.read_text())
            time.sleep(SETTLED)
            sizes = by_part(up.pid)
        finally:
            up.send_signal(signal.SIGTERM)
            up.wait(60)
    return {**sizes, "together": round(sum(sizes.values()), 1)}


def by_part(supervisor: int) -> dict[str, float]:
    """Megabytes of the supervisor and of each of its children with their children."""
    sizes = {"supervisor": round(_pss(supervisor) / 1024, 1)}
    for pid in children(supervisor):
        title = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").split()
        name = next((name for name in PARTS if name in title[:2]), Path(title[0]).name)
        sizes[name] = round(sizes.get(name, 0.0) + size_of(pid), 1)
    return sizes


def _well(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def megabytes(root: int) -> float:
    """Of a process and all that descend from it."""
    return sum(_pss(pid) for pid in family(root)) / 1024


def lines(sizes: dict[str, float]) -> list[str]:
    """The figures for people."""
    return [
        "memory at rest (proportional set size):",
        *(f"  {name:<14}{size:>7.0f} MB" for name, size in sizes.items()),
    ]


def size_of(root: int) -> float:
    """Megabytes of a process and all that descend from it."""
    return round(sum(_pss(pid) for pid in family(root)) / 1024, 1)


def family(root: int) -> list[int]:
    """A process and all that descend from it."""
    found = [root]
    for pid in found:
        found += children(pid)
    return found


def children(of: int) -> list[int]:
    """The processes that a process started and that live."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == of:
                found.append(int(entry.name))
        except (OSError, IndexError):
            continue
    return found


def _pss(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0
