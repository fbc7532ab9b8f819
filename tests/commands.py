"""The command `llmio` in the process of the test: what a person would see, without the second that a new Python takes."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from click.testing import CliRunner

from llmio.cli import main


@dataclass(frozen=True)
class Answer:
    """What it said."""

    code: int
    stdout: str
    stderr: str


@contextmanager
def log_as_it_was() -> Iterator[None]:
    """Processes begin a log of their own; whoever does so in the process of the test leaves pytest's as it was."""
    root, form = logging.root, logging.Formatter
    # As it lies in the class: read from there, a static method would come back as one that is given its object.
    converter, level, handlers = vars(form)["converter"], root.level, root.handlers[:]
    kept = [(one, one.formatter, one.filters[:]) for one in handlers]
    try:
        yield
    finally:
        form.converter = converter
        root.setLevel(level)
        root.handlers[:] = handlers
        for one, formatter, filters in kept:
            one.setFormatter(formatter)
            one.filters[:] = filters


def run_command(*arguments: str, env: Mapping[str, str], typed: str = "") -> Answer:
    """Run it with these variables and no other of llmio's."""
    others = dict.fromkeys(name for name in os.environ if name not in ("PATH", "HOME", "LANG"))
    before = dict(os.environ)
    try:
        with log_as_it_was(), CliRunner().isolation(input=typed, env={**others, **env}) as (out, err, _both):
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
