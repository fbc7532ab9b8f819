"""Real clients and the reference's server for writing together: npm `@hocuspocus/provider` 3 and 4, `@hocuspocus/server` 3."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

HERE = Path(__file__).parent
INSTALLED = HERE / "node_modules" / ".package-lock.json"


class Refused(AssertionError):
    """A client says that something did not happen."""


class Clients:
    """Providers in one Node process: `clients.type("ada", text="Hello")` and so on, as clients.mjs has them."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._names: set[str] = set()
        self._process = subprocess.Popen(
            ["node", "clients.mjs"], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __getattr__(self, act: str) -> Any:
        return lambda who, **how: self._ask(act, who, how)

    def _ask(self, act: str, who: str, how: dict[str, Any]) -> Any:
        number = next(self._numbers)
        if act == "open":
            self._names.add(who)
        elif act == "leave":
            self._names.discard(who)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"id": number, "act": act, "who": who, **how}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert answer["id"] == number
        if "error" in answer:
            raise Refused(f"{who}: {answer['error']}")
        return answer["value"]

    def all_leave(self) -> None:
        """End every client."""
        for who in sorted(self._names):
            self._ask("leave", who, {})

    def end(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)
        assert self._process.stdout is not None
        self._process.stdout.close()


def install() -> None:
    """`npm ci`, once; a missing Node is a failure in CI, else a reason to skip."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        _cannot("Node.js is not here")
    with FileLock(HERE / ".lock"):
        if INSTALLED.exists():
            return
        command = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        _cannot(f"npm ci failed: {done.stderr[-500:]}")


def _cannot(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)
