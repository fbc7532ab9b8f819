"""A site of its own to measure."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import httpx

from bench import seed
from llmio import boot
from llmio.embedded.postgres import Postgres
from llmio.embedded.valkey import Valkey
from llmio.migrations import commands
from llmio.plugins import migrate

PORT = 3290


class Site:
    """PostgreSQL, Valkey, web server and worker, as in production but for their addresses."""

    def __init__(self, folder: Path, variables: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.variables = dict(variables or {})
        self.postgres = Postgres(folder / "postgres")
        self.valkey = Valkey(folder / "valkey")
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._app: Any = None
        self._world: Any = None

    def __enter__(self) -> Self:
        self.postgres.start()
        self.valkey.start()
        self.postgres.create_database("llmio")
        self.database = self.postgres.url("llmio")
        commands.upgrade(self.database)
        migrate.upgrade_all(self.app())
        self.url = f"http://127.0.0.1:{PORT}"
        self._web()
        return self

    def __exit__(self, *raised: object) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            process.wait(20)
        if self._app is not None:
            self._app.engine.dispose()
        self.valkey.stop()
        self.postgres.stop()

    def environment(self) -> dict[str, str]:
        """Settings of every process."""
        return {
            **os.environ,
            "DATABASE_URL": self.database,
            "REDIS_URL": self.valkey.url(),
            "SECRET_COOKIE_TOKEN": seed.SECRET,
            "LLMIO_ENV": "production",
            "LLMIO_DATA": str(self.folder),
            "LLMIO_BENCH": "1",
            "RACK_ATTACK_RATE_MULTPLIER": "100000",  # all who ask here have one address
            **self.variables,
        }

    def start(self, name: str, *words: str, module: str = "llmio") -> None:
        """Start one of llmio's own processes."""
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", module, *words], env=self.environment(), stdout=log, stderr=log
            )

    def end(self, name: str, patience: float = 20) -> None:
        """Stop one of them."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        process.wait(patience)

    def _web(self, *options: str) -> None:
        self.start("web", "serve", "--port", str(PORT), *options)
        self._wait()

    def restart_web(self, *options: str) -> None:
        """Serve anew with other options."""
        self.end("web")
        self._web(*options)

    def world(self) -> Any:
        """What is measured (`seed.World`), made when first asked for."""
        if self._world is None:
            self._world = seed.fill(self.app())
        return self._world

    def app(self) -> Any:
        """An App in this process, on the same database."""
        if self._app is None:
            self._app = boot.build(env=self.environment())
        return self._app

    def _wait(self) -> None:
        for _try in range(600):
            try:
                if httpx.get(f"{self.url}/up", timeout=2).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            if self.processes["web"].poll() is not None:
                raise SystemExit((self.folder / "web.log").read_text())
            time.sleep(0.1)
        raise SystemExit("the web server did not come up")
