"""Where settings come from besides the environment: a `.env` file, and an ini file's application."""

from __future__ import annotations

import stat
from collections.abc import Mapping, MutableMapping
from configparser import Error, InterpolationError
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from llmio.core.errors import Unavailable

ENV_FILE = "LLMIO_DOTENV"
"""Names the `.env` file that a process was started with; its own variables are in the environment then."""
INI = "LLMIO_INI"
"""Names the ini file that is read besides the environment."""
SECTION = "app:main"


def load_env_file(path: Path, environment: MutableMapping[str, str]) -> None:
    """Put the variables of a `.env` file into an environment; those that it has already win, as with Docker.

    Takes what Docker Compose takes: comments, `export`, single and double quotes, `${OTHER}`. A name without a value is
    passed over. Raises Unavailable where the file cannot be read, naming the lines; never what is in them.
    """
    names_in(path)
    for name, value in dotenv_values(path, encoding="utf-8").items():
        if value is not None:
            environment.setdefault(name, value)
    environment[ENV_FILE] = str(path.absolute())


def names_in(path: Path) -> list[str]:
    """The variables that a `.env` file sets; raises Unavailable where it cannot be read."""
    try:
        with path.open(encoding="utf-8") as stream:
            lines = list(parse_stream(stream))
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Unavailable(f"{path} cannot be read: it is no text in UTF-8") from error
    if wrong := [str(one.original.line) for one in lines if one.error]:
        raise Unavailable(f"{path}, line {', '.join(wrong)}: write NAME=value, or begin the line with #")
    return [one.key for one in lines if one.key and one.value is not None]


def from_env_file(environment: Mapping[str, str]) -> dict[str, str]:
    """Variable → the `.env` file it came from, of those that a process was started with."""
    named = environment.get(ENV_FILE, "")
    if not named or not Path(named).exists():
        return {}
    try:
        values = dotenv_values(named, encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    return {name: named for name, value in values.items() if value is not None and environment.get(name) == value}


def open_to_others(environment: Mapping[str, str]) -> str:
    """The `.env` file, where others on this machine may read it; else empty."""
    named = environment.get(ENV_FILE, "")
    try:
        mode = Path(named).stat().st_mode if named else 0
    except OSError:
        return ""
    return named if mode & (stat.S_IRGRP | stat.S_IROTH) else ""


def read_ini(path: str) -> dict[str, str]:
    """The settings of an ini file's application; raises Unavailable where there are none."""
    import plaster  # noqa: PLC0415  # slow, and most sites have no ini file
    from plaster.exceptions import PlasterError  # noqa: PLC0415  # likewise

    if not Path(path).is_file():
        raise Unavailable(f"{path}: there is no such file")
    try:
        if SECTION not in plaster.get_sections(path):
            raise Unavailable(f"{path} has no section [{SECTION}].")
        return dict(plaster.get_settings(path, SECTION))
    except InterpolationError as error:
        # Its own words would show the value.
        raise Unavailable(f"{path}: write %% for each % in [{SECTION}]") from error
    except (PlasterError, Error, OSError, ValueError) as error:
        raise Unavailable(
            f"{path} cannot be read: {type(error).__name__}; `name = value` is what a line must be"
        ) from error
