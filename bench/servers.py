"""Which workers and threads serve real pages best on this machine (`make bench ARGS="--only servers"`)."""

from __future__ import annotations

import sys

from bench import load
from bench.site import Site

SHAPES = ((1, 1), (1, 3), (1, 6), (2, 1), (2, 2), (2, 3), (2, 6), (4, 1), (4, 3))
"""(processes, threads of each)."""
WANTED = ("thread of 100", "vote (write)")
CLIENTS = 8


def measure(site: Site, seconds: float) -> list[dict[str, object]]:
    """Each shape on the same site and data, one after the other."""
    world = site.world()
    asks = [one for one in world.asks if one.name in WANTED]
    figures: list[dict[str, object]] = []
    for workers, threads in SHAPES:
        print(f"{workers} × {threads} …", file=sys.stderr, flush=True)
        site.restart_web("--workers", str(workers), "--threads", str(threads))
        for what in asks:
            load.run(site.url, what, world, clients=CLIENTS, seconds=1.0)  # warm
            web = load.run(site.url, what, world, clients=CLIENTS, seconds=seconds)
            figures.append({"workers": workers, "threads": threads, "name": what.name, **web})
    return figures


def lines(figures: list[dict[str, object]]) -> list[str]:
    """The figures for people."""
    return [
        f"{'processes × threads':<22}{'':<16}{'req/s':>9}{'median ms':>11}{'p95 ms':>9}",
        *(
            f"{row['workers']!s:>3} × {row['threads']!s:<16}{row['name']!s:<16}{row['rps']:>9}{row['median']:>11}{row['p95']:>9}"
            for row in figures
        ),
    ]
