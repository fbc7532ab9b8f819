"""Distributions made up for a test: files and metadata in a folder on sys.path, found as pip would have left them."""

from __future__ import annotations

import importlib
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

GOOD = """
from llmio.plugins import Plugin, hookimpl

PLUGIN = Plugin("A good one", "Does nothing, and does it well.")
"""

POLL_TYPE = """
from llmio.plugins import Column, Plugin, PollType, Result, hookimpl

PLUGIN = Plugin("Polls of a stranger", "Adds a kind of poll.")


class Kind(PollType):
    key = "{key}"
    title = "A stranger's poll"
    ballot_template = "{module}:templates/ballot.jinja2"

    def check(self, ballot, poll):
        {check}

    def tally(self, profile, poll):
        return Result((Column("name", "Option", "text"),), ())


@hookimpl
def llmio_poll_types():
    return [Kind()]
"""


def poll_type(module: str, *, key: str = "strange", check: str = "return None") -> str:
    """Source of a plugin with one poll type."""
    return POLL_TYPE.format(module=module, key=key, check=check)


@dataclass
class Installed:
    """A folder of distributions on sys.path."""

    folder: Path
    modules: set[str] = field(default_factory=set)

    def add(
        self,
        name: str,
        source: str = GOOD,
        *,
        distribution: str | None = None,
        requires: str | None = "llmio>=0.1,<1",
        module: str | None = None,
        files: dict[str, str] | None = None,
        version: str = "1.2.3",
    ) -> str:
        """Install a plugin `name`; its package is `llmio_<name>` unless said otherwise. Returns the package's name."""
        distribution = distribution or f"llmio-{name.replace('_', '-')}"
        module = module or f"llmio_{name}"
        package = self.folder / module
        package.mkdir(exist_ok=True)
        (package / "__init__.py").write_text(textwrap.dedent(source))
        for path, text in (files or {}).items():
            target = package / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(textwrap.dedent(text))
        about = [
            "Metadata-Version: 2.1",
            f"Name: {distribution}",
            f"Version: {version}",
            "Summary: made for a test",
            "Author: Ada Stranger",
            "License: MIT",
            "Project-URL: Homepage, https://example.org/plugin",
        ]
        if requires:
            about.append(f"Requires-Dist: {requires}")
        info = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("\n".join(about) + "\n")
        (info / "entry_points.txt").write_text(f"[llmio.plugins]\n{name} = {module}\n")
        (info / "INSTALLER").write_text("pip\n")
        self.modules.add(module)
        importlib.invalidate_caches()
        return module

    def remove(self, name: str) -> None:
        """Uninstall what `add` installed, as far as metadata tell."""
        for info in self.folder.glob("*.dist-info"):
            if f"{name} = " in (info / "entry_points.txt").read_text():
                for file in info.iterdir():
                    file.unlink()
                info.rmdir()
        importlib.invalidate_caches()
        self.forget()

    def forget(self) -> None:
        """Take the modules out of the interpreter again."""
        for loaded in list(sys.modules):
            if loaded.split(".", 1)[0] in self.modules:
                del sys.modules[loaded]
