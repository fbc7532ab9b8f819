"""How much at a time, how long, how often."""

from __future__ import annotations

BLOCK = 5 << 20
"""Bytes of a part: what an upload or download holds in memory, some times over. 10 000 parts make 50 GB."""
READ_BLOCK = 2 << 20
"""Bytes that are fetched at a time; held twice over."""
CONNECT_SECONDS, READ_SECONDS, TRIES = 5, 15, 3
"""A dead endpoint is given up after some seconds, a silent one within a minute: somebody waits for the answer."""
