"""Programs of Node.js that tests drive: the real clients and servers of protocols that browsers speak."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

NODE = Path(__file__).parent / "node"


def installed(name: str) -> Path:
    """The folder tests/node/NAME with its packages, as its lock file has them; once for all processes of a run.

    Without Node.js the test is skipped, but fails in CI, where everything must have run.
    """
    if not (shutil.which("node") and shutil.which("npm")):
        if os.environ.get("CI"):
            pytest.fail("Node.js and npm are needed here")
        pytest.skip("needs Node.js and npm")
    folder = NODE / name
    with (NODE / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = folder / "node_modules" / ".of"
        wanted = (folder / "package-lock.json").read_text()
        if not stamp.exists() or stamp.read_text() != wanted:
            subprocess.run(
                ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, check=True, timeout=300
            )
            stamp.write_text(wanted)
    return folder
