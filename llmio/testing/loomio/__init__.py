"""Databases as the reference leaves them, for tests and measurements: of several versions, small with every edge, or large.

`made(url, …)` fills an empty database, `dumped(url, path, …)` writes it down with `pg_dump` as an operator would. All is seeded:
the same arguments give the same rows.
"""

from __future__ import annotations

from llmio.testing.loomio.dumps import dumped, made
from llmio.testing.loomio.versions import NEWEST, OLDEST, VERSIONS
from llmio.testing.loomio.world import PASSWORD, World

__all__ = ["NEWEST", "OLDEST", "PASSWORD", "VERSIONS", "World", "dumped", "made"]
