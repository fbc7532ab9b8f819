"""The files of compose/ as Compose would read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "compose"
VARIABLE = re.compile(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}")


class Loader(yaml.SafeLoader):
    """Knows the two tags with which Compose merges files: !reset takes away, !override replaces."""


Loader.add_constructor("!reset", lambda _loader, _node: None)
Loader.add_constructor("!override", lambda loader, node: loader.construct_sequence(node, deep=True))


def read(name: str) -> dict[str, Any]:
    """A file of compose/, merged as YAML says, variables as they are written; without what it takes away."""
    document = yaml.load((FOLDER / name).read_text(), Loader)
    for one in document["services"].values():
        for key in [key for key, value in one.items() if value is None]:
            del one[key]
    return document


def variables(name: str) -> dict[str, str | None]:
    """The variables that a file reads from .env, with their defaults; None where there is none."""
    found = VARIABLE.findall((FOLDER / name).read_text())
    return {name: default if sign == ":-" else None for name, sign, default in found}


def filled(value: Any, env: Mapping[str, str]) -> Any:
    """The same with variables filled in; KeyError where one is missing."""
    if isinstance(value, dict):
        return {key: filled(one, env) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, env) for one in value]
    if not isinstance(value, str):
        return value

    def put(match: re.Match[str]) -> str:
        name, sign, default = match.groups()
        if env.get(name):
            return env[name]
        if sign == ":-":
            return filled(default, env)
        raise KeyError(name)

    # Defaults hold variables themselves: from the inside to the outside.
    inner = re.compile(r"\$\{(\w+)(?:(:-|:\?)([^${}]*))?\}")
    while inner.search(value):
        value = inner.sub(put, value)
    return value


def environment(service: str, env: Mapping[str, str]) -> dict[str, str]:
    """What a container of that service is told: .env where it reads that, and what stands in the file."""
    described = read("docker-compose.yml")["services"][service]
    told = dict(env) if ".env" in described.get("env_file", ()) else {}
    return told | {name: str(filled(value, env)) for name, value in described.get("environment", {}).items()}
