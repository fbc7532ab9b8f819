"""What vendors publish to check messages with: npm packages `adaptivecards` (Teams) and `@discordjs/builders` (Discord)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

HERE = Path(__file__).parent
INSTALLED = HERE / "node_modules" / ".package-lock.json"


def faults(payloads: Sequence[tuple[str, Any]]) -> list[list[str]]:
    """For each (kind, payload) what is wrong with it, by the vendor's library. Skips without Node, except in CI."""
    _install()
    asked = json.dumps([{"kind": kind, "payload": payload} for kind, payload in payloads])
    done = subprocess.run(
        ["node", "check.mjs"], cwd=HERE, input=asked, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _install() -> None:
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
