"""The disk of the data folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from llmio.cli.doctor.findings import Finding, first_line, found
from llmio.cli.doctor.site import Site

LEAST = 500_000_000
"""Bytes free below which a disk is nearly full, however large it is."""
SHARE, ENOUGH = 0.05, 5_000_000_000
"""Or so small a share of it, unless that is so many bytes."""

NAMES = 0.02
"""Share of the inodes: a disk that has none left takes no file, however much room there is."""


def check(site: Site) -> Iterator[Finding]:
    """It can be written to, and has room."""
    folder = Path(site.settings.text("llmio.data")).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"llmio was here")
            file.flush()
    except OSError as error:
        yield found("disk.folder", f"{folder}: {error.strerror or first_line(error)}")
        return
    usage = shutil.disk_usage(folder)
    if usage.free < LEAST or usage.free < min(usage.total * SHARE, ENOUGH):
        yield found("disk.full", f"{folder}: {usage.free / 1e9:.1f} of {usage.total / 1e9:.0f} GB are free")
    names = os.statvfs(folder)
    if names.f_files and names.f_favail < names.f_files * NAMES:  # some file systems have no such limit
        yield found("disk.inodes", f"{folder}: {names.f_favail} of {names.f_files} inodes are free")
