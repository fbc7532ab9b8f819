"""`make bench`: what pages and writes cost, beside the same statements run bare, in one run on one machine.

Everything is started here: an embedded PostgreSQL and Valkey, the web server and the worker as `llmio up` runs them. Figures
are ratios within this run; compare runs of different machines by those alone.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import bare, jobs, load, memory, pools, seed
from bench.site import Site

CLIENTS = 8


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="make bench")
    options.add_argument("--seconds", type=float, default=6.0, help="how long each page is asked for")
    options.add_argument("--only", choices=["pools"], help="measure this part alone")
    options.add_argument("--json", action="store_true", help="print JSON instead of a table")
    chosen = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="llmio-bench-"))
    folder.chmod(0o755)
    try:
        with Site(folder) as site:
            result = {"pools": pools.measure(site)} if chosen.only == "pools" else everything(site, chosen.seconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if chosen.json:
        print(json.dumps(result, indent=2))
    else:
        print("\n".join([*([table(result)] if "pages" in result else []), *pools.lines(result["pools"])]))


def everything(site: Site, seconds: float) -> dict[str, Any]:
    """All parts, one after the other."""
    at_rest = memory.at_rest(site)
    world = seed.fill(site.app())
    figures = []
    for what in world.asks:
        print(f"{what.name} …", file=sys.stderr, flush=True)
        figures.append(measure(site, world, what, seconds))
    return {"pages": figures, "jobs": jobs.measure(site), "memory": at_rest, "pools": pools.measure(site)}


def measure(site: Site, world: seed.World, what: seed.Ask, seconds: float) -> dict[str, object]:
    """One page or write: through the web server with 8 clients, then its statements alone through psycopg."""
    load.run(site.url, what, world, clients=2, seconds=1.0)  # warm
    web = load.run(site.url, what, world, clients=CLIENTS, seconds=seconds)
    figures: dict[str, object] = {"name": what.name, **web}
    if what.name != "trivial view":
        recorded = bare.record(site.app(), what, world, people=CLIENTS if what.form else 1)
        sql = bare.run(site.database, recorded, clients=CLIENTS, seconds=max(2.0, seconds / 2))
        times = round(sql / max(float(str(web["rps"])), 0.01), 2)
        figures |= {"queries": len(recorded[0]), "bare_rps": sql, "times_bare": times}
    return figures


def table(result: dict[str, object]) -> str:
    """The figures for people."""
    lines = [f"{'':<26}{'req/s':>9}{'median ms':>11}{'p95 ms':>9}{'queries':>9}{'bare/s':>9}{'× bare':>8}"]
    lines += [
        f"{row['name']:<26}{row['rps']:>9.1f}{row['median']:>11.1f}{row['p95']:>9.1f}"
        f"{row.get('queries', ''):>9}{row.get('bare_rps', 0) or '':>9}{row.get('times_bare', ''):>8}"
        for row in result["pages"]  # type: ignore[attr-defined]
    ]
    made = result["jobs"]
    lines.append("")
    lines.append(
        f"jobs: {made['outbox']:.0f} a second through outbox and worker; bare Celery task {made['bare']:.0f}; "  # type: ignore[index]
        f"ratio {made['ratio']:.2f}"  # type: ignore[index]
    )
    lines.append("memory at rest (proportional set size): ")
    for name, size in result["memory"].items():  # type: ignore[attr-defined]
        lines.append(f"  {name:<14}{size:>7.0f} MB")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
