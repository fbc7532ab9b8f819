"""Where settings come from besides the environment: a `.env` file, and an ini file's application."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping, MutableMapping
from configparser import Error, InterpolationError
from pathlib import Path
from typing import Final

from dotenv.parser import Original, parse_stream

from llmio.core.errors import Unavailable

ENV_FILE = "LLMIO_DOTENV"
"""Names the `.env` file that a process was started with; its own variables are in the environment then."""
INI = "LLMIO_INI"
"""Names the ini file that is read besides the environment."""
SECTION = "app:main"
IN_SINGLE_QUOTES: Final = re.compile(r"\s*(?:export\s+)?[^=#]+=[^\S\r\n]*'")
NAMED: Final = re.compile(
    r"\$(?:\$|\{(?P<name>[A-Za-z_]\w*)(?:(?P<mark>:?[-+?])(?P<more>[^}]*))?\}|(?P<plain>[A-Za-z_]\w*))"
)
"""`$$`, `$NAME`, `${NAME}` and its forms, in the syntax of Docker Compose."""


def load_env_file(path: Path, environment: MutableMapping[str, str]) -> None:
    """Put the variables of a `.env` file into an environment; those that it has already win, as with Docker.

    Takes what Docker Compose takes: comments, `export`, single and double quotes, and outside of single quotes `$OTHER`, `${OTHER}`,
    `${OTHER:-default}`, `${OTHER:+instead}`, `${OTHER:?why}` and `$$` for a dollar. A name without a value is passed over.
    Raises Unavailable where the file cannot be read, naming the lines; never what is in them.
    """
    for name, value in values_in(path, environment).items():
        environment.setdefault(name, value)
    environment[ENV_FILE] = str(path.absolute())


def names_in(path: Path) -> list[str]:
    """The variables that a `.env` file sets; raises Unavailable where it cannot be read."""
    return [name for name, _value, _original in _lines(path)]


def values_in(path: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Variable → value of a `.env` file; what it names comes from a line above, else from the environment."""
    found: dict[str, str] = {}
    for name, value, original in _lines(path):
        if not IN_SINGLE_QUOTES.match(original.string):
            try:
                value = _filled(value, {**environment, **found})  # noqa: PLW2901  # the same value, made ready
            except LookupError as error:
                raise Unavailable(f"{path}, line {original.line}: {error.args[0]}") from None
        found[name] = value
    return found


def _lines(path: Path) -> Iterator[tuple[str, str, Original]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = list(parse_stream(stream))
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Unavailable(f"{path} cannot be read: it is no text in UTF-8") from error
    if wrong := [str(one.original.line) for one in lines if one.error]:
        raise Unavailable(f"{path}, line {', '.join(wrong)}: write NAME=value, or begin the line with #")
    for one in lines:
        if "\0" in one.original.string:
            raise Unavailable(f"{path}, line {one.original.line}: a value cannot hold a NUL")
        if one.key and one.value is not None:
            yield one.key, one.value, one.original


def _filled(value: str, known: Mapping[str, str]) -> str:
    """A value with what it names put in; LookupError says what must be set."""

    def found(match: re.Match[str]) -> str:
        name = match["plain"] or match["name"]
        if name is None:
            return "$"
        given, mark, more = known.get(name), match["mark"] or "", match["more"] or ""
        there = given is not None and (bool(given) or not mark.startswith(":"))
        if mark.endswith("+"):
            return _filled(more, known) if there else ""
        if there:
            return given or ""
        if mark.endswith("?"):
            raise LookupError(f"{name} is not set{f': {more}' if more else ''}")
        return _filled(more, known)

    return NAMED.sub(found, value)


def from_env_file(environment: Mapping[str, str]) -> dict[str, str]:
    """Variable → the `.env` file it came from, of those that a process was started with."""
    named = environment.get(ENV_FILE, "")
    if not named or not Path(named).exists():
        return {}
    try:
        values = values_in(Path(named), environment)
    except Unavailable:
        return {}
    return {name: named for name, value in values.items() if environment.get(name) == value}


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
