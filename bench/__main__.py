"""`make bench`: what pages and writes cost, beside the same statements run bare, in one run on one machine.

Everything is started here: an embedded PostgreSQL and Valkey, the web server and the worker as `llmio up` runs them. Figures
are ratios within this run; compare runs of different machines by those alone.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import adopt, channels, hocuspocus, jobs, memory, pages, pools, search, servers
from bench.site import Site

Part = tuple[Callable[[Site, float], Any], Callable[[Any], list[str]]]
PARTS: dict[str, Part] = {
    "memory": (lambda _site, _seconds: memory.at_rest(), memory.lines),
    "pages": (pages.measure, pages.lines),
    "jobs": (lambda site, _seconds: jobs.measure(site), jobs.lines),
    "pools": (lambda site, _seconds: pools.measure(site), pools.lines),
    "search": (lambda site, _seconds: search.measure(site), search.lines),
    "channels": (lambda site, _seconds: channels.measure(site.folder), channels.lines),
    "hocuspocus": (hocuspocus.measure, hocuspocus.lines),
    "servers": (servers.measure, servers.lines),
    "adopt": (lambda site, _seconds: adopt.measure(site), adopt.lines),
}
"""Name → measure(site, seconds a page), the figures for people."""
USUAL = ("memory", "pages", "jobs")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="make bench")
    options.add_argument("--seconds", type=float, default=6.0, help="how long each page is asked for")
    options.add_argument("--only", choices=list(PARTS), nargs="+", default=USUAL, help="measure these parts")
    options.add_argument("--json", action="store_true", help="print JSON instead of tables")
    chosen = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="llmio-bench-"))
    folder.chmod(0o755)
    try:
        with Site(folder) as site:
            result = {name: PARTS[name][0](site, chosen.seconds) for name in PARTS if name in chosen.only}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if chosen.json:
        print(json.dumps(result, indent=2))
    else:
        print("\n\n".join("\n".join(PARTS[name][1](figures)) for name, figures in result.items()))


if __name__ == "__main__":
    main()
