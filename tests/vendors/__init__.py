"""What vendors publish to check messages with: npm packages `adaptivecards` (Teams) and `@discordjs/builders` (Discord)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.nodes import installed

HERE = Path(__file__).parent


def faults(payloads: Sequence[tuple[str, Any]]) -> list[list[str]]:
    """For each (kind, payload) what is wrong with it, by the vendor's library. Skips without Node, except in CI."""
    installed(HERE)
    asked = json.dumps([{"kind": kind, "payload": payload} for kind, payload in payloads])
    done = subprocess.run(
        ["node", "check.mjs"], cwd=HERE, input=asked, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
