"""Runs `llmio doctor` in a process of its own, as an operator would, and keeps what it found with the bundle it wrote."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmio.core.errors import Unavailable

if TYPE_CHECKING:
    from llmio.core.work import Report

PATIENCE = 240.0
"""Seconds, beyond those that any of its areas may take."""
REACHED = re.compile(r"(\d+)/(\d+) (\w+)")
FINDINGS = "llmio-doctor/findings.json"


def examine(report: Report) -> tuple[list[dict[str, Any]], bytes]:
    """The findings, masked as in the bundle, and the bundle; raises Unavailable where the command gave none."""
    with tempfile.TemporaryDirectory(prefix="llmio-doctor-") as folder:
        file = Path(folder, "bundle.tar.gz")
        _run(file, report)
        if not file.exists():
            raise Unavailable("`llmio doctor` wrote no bundle; run it on the server to see why.")
        with tarfile.open(file) as archive:
            stream = archive.extractfile(FINDINGS)
            found = json.load(stream) if stream is not None else []
        return (found if isinstance(found, list) else []), file.read_bytes()


def _run(file: Path, report: Report) -> None:
    command = [sys.executable, "-P", "-m", "llmio", "doctor", "--progress", "--bundle", str(file)]
    nothing, pipe = subprocess.DEVNULL, subprocess.PIPE
    process = subprocess.Popen(command, text=True, stdin=nothing, stdout=nothing, stderr=pipe)  # noqa: S603  # our own command
    late = threading.Timer(PATIENCE, process.kill)
    late.start()
    try:
        for line in process.stderr or ():
            reached = REACHED.fullmatch(line.strip())
            if reached:
                report.reach(int(reached[1]), int(reached[2]), reached[3])
        process.wait()
    finally:
        late.cancel()
        process.kill()
        process.wait()
