"""Programs of Node.js that tests drive: the real clients and servers of protocols, and what vendors publish."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

NODE = Path(__file__).parent / "node"


def installed(folder: Path) -> Path:
    """The folder with its npm packages, as its lock file has them; once for all processes of a run.

    Where they cannot be had the test is skipped, but fails in CI, where everything must have run.
    """
    if not (shutil.which("node") and shutil.which("npm")):
        _cannot("needs Node.js and npm")
    stamp = folder / "node_modules" / ".of"
    wanted = (folder / "package-lock.json").read_text()
    with FileLock(folder / ".lock"):
        if stamp.exists() and stamp.read_text() == wanted:
            return folder
        command = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            _cannot(f"npm ci failed: {done.stderr[-500:]}")
        stamp.write_text(wanted)
    return folder


def _cannot(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)
