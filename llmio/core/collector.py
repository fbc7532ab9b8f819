"""Python's garbage collector, kept from looking where there is no garbage: that takes a quarter of a start, and of an end."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def resting() -> Iterator[None]:
    """Collect nothing meanwhile: while modules are imported and the App is made, all that is made stays."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def set_aside() -> None:
    """Look no more at what there is by now: when a process has started for long, and when it ends."""
    gc.freeze()
