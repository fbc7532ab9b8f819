"""Settings: wrong values, variables that nothing reads, secrets that others can read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from llmio.cli.doctor.findings import Finding, found
from llmio.cli.doctor.site import Site
from llmio.core.settings import Fault

KINDS = {
    "can be read by others": "settings.permissions",
    "mean the same": "settings.twice",
    "no time zone": "settings.zone",
    "the reference takes any value for on": "settings.off",
}
"""Words of faults that keep no process from starting; the others are about variables that nothing reads."""
OTHERS_MAY_READ = 0o077
PRIVATE = ("secrets.json", "setup-token", "run/environment.json", "backups/*.tar*")
"""What is in the data folder and for nobody else: secrets, addresses with passwords, all that people wrote."""


def check(site: Site) -> Iterator[Finding]:
    """All of it."""
    for fault in site.faults:
        if not (fault.name == "DATABASE_URL" and not fault.fatal):  # area database says it
            yield _told(fault)
    for name in PRIVATE:
        for path in sorted(Path(site.settings.text("llmio.data")).glob(name)):
            yield from _readable(path)


def _told(fault: Fault) -> Finding:
    if fault.name == "SECRET_COOKIE_TOKEN" and "32 characters" in fault.message:
        return found("settings.secret", fault)
    if fault.name.endswith("_FILE") and fault.message.startswith("cannot read"):
        return found("settings.file", fault)
    if fault.fatal:
        return found("settings.wrong", fault)
    return found(next((code for words, code in KINDS.items() if words in fault.message), "settings.unknown"), fault)


def _readable(path: Path) -> Iterator[Finding]:
    try:
        mode = path.stat().st_mode & 0o777
    except OSError:
        return
    if mode & OTHERS_MAY_READ:
        yield found(
            "settings.permissions", f"{path.absolute()} has mode {mode:04o}", fix=f"chmod 600 {path.absolute()}"
        )
