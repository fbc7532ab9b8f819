"""Memory of each part: proportional set size, in which a page shared by several processes counts once."""

from __future__ import annotations

import re
import time
from pathlib import Path

from bench.site import Site
from llmio.embedded.ports import free_port

SETTLED = 12.0


def at_rest(site: Site) -> dict[str, float]:
    """Megabytes by part, and in all, once the worker has settled and nobody has asked for anything."""
    site.start("worker", "worker", "--with-schedule")
    site.start("channels", "channels")
    site.start("hocuspocus", "hocuspocus", "--port", str(free_port()))
    time.sleep(SETTLED)
    roots = {name: process.pid for name, process in site.processes.items()}
    roots |= {"postgresql": _pid(site.folder / "postgres"), "valkey": _of_folder(site.folder / "valkey")}
    sizes = {name: size_of(pid) for name, pid in roots.items() if pid}
    for name in ("worker", "channels", "hocuspocus"):
        site.end(name)
    return {**sizes, "together": round(sum(sizes.values()), 1)}


def megabytes(root: int) -> float:
    """Of a process and all that descend from it."""
    return sum(_pss(pid) for pid in family(root)) / 1024


def _of_folder(folder: Path) -> int:
    """The process that works in a folder."""
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(folder) in (entry / "cmdline").read_text() + str(
                (entry / "cwd").readlink()
            ):
                return int(entry.name)
        except OSError:
            continue
    return 0


def lines(sizes: dict[str, float]) -> list[str]:
    """The figures for people."""
    return [
        "memory at rest (proportional set size):",
        *(f"  {name:<14}{size:>7.0f} MB" for name, size in sizes.items()),
    ]


def _pid(folder: Path) -> int:
    for path in folder.rglob("*.pid"):
        found = re.match(r"\s*(\d+)", path.read_text())
        if found:
            return int(found[1])
    return 0


def size_of(root: int) -> float:
    """Megabytes of a process and all that descend from it."""
    return round(sum(_pss(pid) for pid in family(root)) / 1024, 1)


def family(root: int) -> list[int]:
    """A process and all that descend from it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _pss(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0
