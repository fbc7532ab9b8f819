"""A dump with 100,000 people and 1,000,000 events taken over (`make bench ARGS="--only adopt"`); beside it, the same by `pg_restore`."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.site import Site
from llmio.continuity import programs
from llmio.embedded.postgres import Postgres
from llmio.testing import loomio

USERS, EVENTS = 100_000, 1_000_000


def measure(_site: Site) -> dict[str, Any]:
    """On a server of its own, with its data on disk and written through, as a site's is."""
    with tempfile.TemporaryDirectory(prefix="llmio-bench-adopt-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Postgres(folder / "postgres")
        server.start()
        try:
            return _measure(server, folder)
        finally:
            server.stop()


def _measure(server: Postgres, folder: Path) -> dict[str, Any]:
    for database in ("source", "adopted", "restored"):
        server.create_database(database)
    dump = folder / "loomio.dump"
    loomio.made(server.url("source"), users=USERS, events=EVENTS)
    loomio.dumped(server.url("source"), dump)
    target, environment = programs.address(server.url("restored"))
    began = time.monotonic()
    programs.run([programs.program("pg_restore"), "--no-owner", f"--dbname={target}", str(dump)], environment)
    restored = time.monotonic() - began
    told = {
        **os.environ, "DATABASE_URL": server.url("adopted"), "LLMIO_DATA": str(folder / "data"), "LLMIO_ENV": "testing",
        "SECRET_COOKIE_TOKEN": "x" * 40, "REDIS_URL": "redis://127.0.0.1:1/0",
    }  # fmt: skip
    began = time.monotonic()
    command = [sys.executable, "-m", "llmio", "adopt", str(dump), "--quiet"]
    subprocess.run(command, env=told, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    adopted = time.monotonic() - began
    # The largest of all processes waited for: `pg_restore` and `pg_dump` need a tenth of it.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {
        "adopt_seconds": adopted,
        "pg_restore_seconds": restored,
        "peak_mb": peak,
        "dump_mb": dump.stat().st_size / 2**20,
    }


def lines(figures: dict[str, Any]) -> list[str]:
    """The figures for people."""
    return [
        f"A dump of {figures['dump_mb']:.0f} MB with {USERS:,} people and {EVENTS:,} events:",
        f"  llmio adopt   {figures['adopt_seconds']:8.1f} s   peak {figures['peak_mb']:.0f} MB",
        f"  pg_restore    {figures['pg_restore_seconds']:8.1f} s   (no checks, nothing compared)",
    ]
