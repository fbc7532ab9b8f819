"""The command `llmio` in the process of the test: what a person would see, without the second that a new Python takes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from click.testing import CliRunner

from llmio.cli import main


@dataclass(frozen=True)
class Answer:
    """What it said."""

    code: int
    stdout: str
    stderr: str


def run_command(*arguments: str, env: Mapping[str, str], typed: str = "") -> Answer:
    """Run it with these variables and no other of llmio's."""
    others = dict.fromkeys(name for name in os.environ if name not in ("PATH", "HOME", "LANG"))
    before = dict(os.environ)
    try:
        with CliRunner().isolation(input=typed, env={**others, **env}) as (out, err, _both):
            try:
                main(list(arguments))
                code = 0
            except SystemExit as end:
                code = int(end.code or 0)
            return Answer(code, out.getvalue().decode(), err.getvalue().decode())
    finally:  # the runner takes back what it was given alone, and a `.env` file brings more
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)
