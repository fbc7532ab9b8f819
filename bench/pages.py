"""Pages and writes through the web server, and their statements alone."""

from __future__ import annotations

import sys

from bench import bare, load, seed
from bench.site import Site

CLIENTS = 8
Figures = dict[str, object]


def measure(site: Site, seconds: float) -> list[Figures]:
    """Requests a second, times, and the ratio to the bare statements, of each."""
    world = site.world()
    figures = []
    for what in world.asks:
        print(f"{what.name} …", file=sys.stderr, flush=True)
        figures.append(_one(site, world, what, seconds))
    return figures


def _one(site: Site, world: seed.World, what: seed.Ask, seconds: float) -> Figures:
    """With 8 clients through the web server, then its statements alone through psycopg."""
    load.run(site.url, what, world, clients=2, seconds=1.0)  # warm
    web = load.run(site.url, what, world, clients=CLIENTS, seconds=seconds)
    figures: Figures = {"name": what.name, **web}
    if what.name != "trivial view":
        recorded = bare.record(site.app(), what, world, people=CLIENTS if what.form else 1)
        sql = bare.run(site.database, recorded, clients=CLIENTS, seconds=max(2.0, seconds / 2))
        times = round(sql / max(float(str(web["rps"])), 0.01), 2)
        figures |= {"queries": len(recorded[0]), "bare_rps": sql, "times_bare": times}
    return figures


def lines(figures: list[Figures]) -> list[str]:
    """The figures for people."""
    head = f"{'':<26}{'req/s':>9}{'median ms':>11}{'p95 ms':>9}{'queries':>9}{'bare/s':>9}{'× bare':>8}"
    return [
        head,
        *(
            f"{row['name']:<26}{row['rps']:>9.1f}{row['median']:>11.1f}{row['p95']:>9.1f}"
            f"{row.get('queries', ''):>9}{row.get('bare_rps', 0) or '':>9}{row.get('times_bare', ''):>8}"
            for row in figures
        ),
    ]
