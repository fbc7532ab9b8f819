"""Real clients and the reference's server for writing together: npm `@hocuspocus/provider` 3 and 4, `@hocuspocus/server` 3."""

from __future__ import annotations

import itertools
import json
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


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
        self._process.wait(90)
        assert self._process.stdout is not None
        self._process.stdout.close()
