"""A disk that takes no more: this process may write so many bytes to a file, and no more, for a while."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def full(after: int = 0) -> Iterator[None]:
    """Writing beyond so many bytes fails, as on a full disk, though with other words (`File too large`)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (after, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
