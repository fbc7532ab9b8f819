"""Requests to servers that tests started: by one client, since making one reads all certificates."""

from __future__ import annotations

import httpx

# No connection is kept, so that each request asks whoever listens now.
PLAIN = httpx.Client(timeout=20, verify=False, limits=httpx.Limits(max_keepalive_connections=0))
