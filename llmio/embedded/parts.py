"""The parts that `llmio up` keeps running."""

from __future__ import annotations

import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from .process import end, end_group

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from .folder import Folder
    from .nursery import Nursery
    from .process import Ending

DELAYS = (0.2, 1.0, 2.0, 5.0, 10.0, 30.0)
WELL_AFTER = 60.0
GRACE = 10.0


class Part(Protocol):
    """Something that runs; `Postgres` and `Valkey` are such, too."""

    @property
    def alive(self) -> bool:
        """Whether it is there."""

    @property
    def log(self) -> Path:
        """Where it writes what happens."""

    def start(self) -> None:
        """Start it; nothing when it is there."""

    def stop(self) -> None:
        """Stop it; nothing when it is not there."""


class Program:
    """One of llmio's own commands, in a process group of its own."""

    def __init__(
        self, name: str, command: Sequence[str], folder: Folder, environment: Mapping[str, str], nursery: Nursery
    ) -> None:
        self.name = name
        self.command = command
        self.folder = folder
        self.environment = environment
        self.nursery = nursery
        self._process: Ending | None = None
        self._asked: float | None = None

    @property
    def alive(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def code(self) -> int | None:
        """Exit code; minus the signal that ended it; None while it runs."""
        return self._process.poll() if self._process is not None else None

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.folder.log(self.name)

    def start(self) -> None:
        """Start it; first what its last process left behind in its group is ended."""
        if self._process is not None:
            end_group(self._process.pid)
        self._asked = None
        self._process = self.nursery.start(self.command, log=self.log, env=self.environment)

    def ask_to_end(self) -> None:
        """Let it begin to shut down, without waiting."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._asked = time.monotonic()

    def stop(self) -> None:
        """End it and its group."""
        if self._process is not None:
            # Asked once: to some a second SIGTERM means to drop everything.
            if self._asked is None:
                self.ask_to_end()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(max(0.0, (self._asked or 0.0) + GRACE - time.monotonic()))
            end(self._process, (signal.SIGKILL, 5))
            self._process = None


@dataclass
class Watched:
    """A part with its record of deaths: each soon after the other lengthens the wait before the next start."""

    name: str
    part: Part
    failures: int = 0
    started: float = field(default=0.0)
    due: float | None = None

    def start(self) -> None:
        """Start the part now."""
        self.started = time.monotonic()
        self.due = None
        self.part.start()

    def mourn(self) -> float:
        """Note a death; the seconds until the next start."""
        if time.monotonic() - self.started > WELL_AFTER:
            self.failures = 0
        delay = DELAYS[min(self.failures, len(DELAYS) - 1)]
        self.failures += 1
        self.due = time.monotonic() + delay
        return delay
