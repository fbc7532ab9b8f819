"""`llmio config`: show every setting with its value and where that comes from; say what is wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from llmio.core.errors import Unavailable
from llmio.core.ignored import IGNORED
from llmio.core.settings import Fault, Section, Setting, Settings

if TYPE_CHECKING:
    from llmio.core.ignored import Ignored
    from llmio.plugins.registry import Plugins

# Imports are made within functions: the command must answer `--help` at once.
# ruff: noqa: PLC0415

INI = click.option(
    "--ini", "ini_file", type=click.Path(exists=True, dir_okay=False), help="Read this ini file, too ([app:main])."
)

HEAD = """\
Every setting has a variable and a key for ini files; the variable wins. `NAME_FILE` names a file that holds the value
of `NAME`, for secrets. A variable that is set to nothing counts as not set. A switch is on when its variable is set, but
`0`, `false`, `no` and `off` mean off.

Variables may lie in a file `.env` in the folder where `llmio` is started, or in one that `llmio --env-file FILE …` or
LLMIO_DOTENV names: lines `NAME=value`, with quotes, comments and `export` as Docker Compose takes them. Variables that
are set already win over it. A file of the reference serves unchanged. `llmio --ini FILE …` or LLMIO_INI names an ini
file.

`llmio config describe` shows the values in force and where they come from, `llmio config explain NAME` all about one,
`llmio config check` what is wrong with them, misspelt names included. [Switches](features.md) can also be changed while
the site runs.
"""
UNUSED = """\
These variables of the reference are taken and do nothing. *Not needed*: llmio does without what they are for, or another
program reads them. *Not yet*: llmio lacks what they are for.
"""


@click.group()
def config() -> None:
    """Show and check the settings."""


@config.command()
@INI
@click.option("--json", "as_json", is_flag=True, help="Print all that is known as JSON.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the page of the documentation, without values.")
def describe(ini_file: str | None, *, as_json: bool, as_markdown: bool) -> None:
    """Show every setting: its value, where that comes from, and what it does. Secrets are not shown."""
    if as_markdown:
        click.echo(markdown(documented()), nl=False)
        return
    found = examined(read_ini(ini_file), os.environ)
    if as_json:
        _print_json(found)
        return
    for section in found.sections:
        click.echo(click.style(section.title, bold=True))
        for item in section.settings:
            row = found.settings.row(item)
            click.echo(f"  {item.env or item.key} = {_shown(row['value'])}  ({_origin(found.settings, item)})")
            click.echo(f"      {item.help}")
    if found.unused:
        click.echo(click.style("Set, and not used", bold=True))
    for name, why in found.unused:
        click.echo(f"  {name}{'  (not in llmio yet)' if why.later else ''}")
        click.echo(f"      {why.reason}")


@config.command()
@INI
@click.option("--json", "as_json", is_flag=True, help="Print the faults as JSON.")
def check(ini_file: str | None, *, as_json: bool) -> None:
    """Say what is wrong with the settings; exit code 1 where the site could not start."""
    found = examined(read_ini(ini_file), os.environ)
    if as_json:
        _print_json(found)
    else:
        for fault in found.faults:
            click.echo(f"{'Wrong' if fault.fatal else 'Note'}: {fault}")
        for name, why in found.unused:
            if why.later:
                click.echo(f"Note: {name}: is not used yet. {why.reason}")
        if not found.faults:
            click.echo(f"All {len(found.settings.declared)} settings are well.")
    if any(fault.fatal for fault in found.faults):
        raise click.exceptions.Exit(1)


@config.command()
@INI
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.argument("name", metavar="KEY")
def explain(ini_file: str | None, name: str, *, as_json: bool) -> None:
    """Say all about one setting, named by its key or any of its variables: value, origin, default, help.

    Of a variable that changes nothing it says why.
    """
    from llmio.core.ignored import ignored
    from llmio.core.settings import nearest
    from llmio.core.settings_check import known

    found = examined(read_ini(ini_file), os.environ)
    asked = name.removesuffix("_FILE")
    item = next((one for one in found.settings.declared.values() if asked in (one.key, *one.names)), None)
    if item is None and (why := ignored(asked)):
        row: dict[str, Any] = {"variable": asked, "used": False, "later": why.later, "reason": why.reason}
        lines = [f"{asked} is {'not used yet' if why.later else 'taken and not used'}. {why.reason}"]
    elif item is None:
        hint = nearest(asked, {*known(found.settings), *found.settings.declared})
        raise click.UsageError(f"There is no setting {asked}{hint}")
    else:
        row = found.settings.row(item) | {"from": _origin(found.settings, item), "choices": list(item.choices)}
        lines = _explained(found, item)
    click.echo(json.dumps(row, indent=2, ensure_ascii=False, default=str) if as_json else "\n".join(lines))


def _explained(found: Found, item: Setting) -> list[str]:
    row = found.settings.row(item)
    kind = " | ".join(choice for choice in item.choices if choice) if item.kind == "choice" else item.kind
    others = [name for name in item.names if name != item.env]
    lines = [
        item.help,
        "",
        f"value     {_shown(row['value'])}",
        f"origin    {_origin(found.settings, item)}",
        f"default   {'(secret)' if item.secret else _shown(item.default)}",
        f"type      {kind}{', secret' if item.secret else ''}",
        f"variable  {item.env}{', also ' + ', '.join(others) if others else ''}; or {item.env}_FILE, which names a file",
        f"ini key   {item.key}",
    ]
    if item.switch:
        places = "the site and single groups" if item.switch == "group" else "the site"
        lines.append(f"switch    for {places} at /admin/features, where no variable and no ini file says otherwise")
    names = {item.key, *item.names, *(f"{name}_FILE" for name in item.names)}
    return [
        *lines,
        *(f"{'Wrong' if fault.fatal else 'Note'}: {fault}" for fault in found.faults if fault.name in names),
    ]


@dataclass(frozen=True)
class Found:
    """The settings in force, sorted for people, all that is wrong with them, and variables that change nothing."""

    settings: Settings
    sections: tuple[Section, ...]
    faults: tuple[Fault, ...]
    unused: tuple[tuple[str, Ignored], ...] = ()


def read_ini(path: str | None) -> dict[str, str]:
    """The settings of an ini file's application: of the one given, or of that which LLMIO_INI names."""
    from llmio.core import sources

    path = path or os.environ.get(sources.INI)
    if not path:
        return {}
    try:
        return sources.read_ini(path)
    except Unavailable as error:
        raise click.UsageError(str(error)) from error


def examined(ini: Mapping[str, str], env: Mapping[str, str]) -> Found:
    """Read the settings of core, features and plugins; nothing is refused, so that all faults are seen at once."""
    from llmio import boot
    from llmio.core import settings_check
    from llmio.core.settings import load

    settings = load(boot.declared(), ini, env)
    plugins = _plugins(settings)
    return Found(
        settings,
        boot.sections(settings, plugins),
        (*settings_check.faults(settings), *settings_check.taken_for_off(settings), *_unknown(settings, plugins)),
        tuple(settings_check.unused(settings)),
    )


def documented() -> Found:
    """The settings of core, features and built-in plugins, as they are where nothing is configured."""
    return examined({"llmio.plugins.safe": "1"}, {})


def markdown(found: Found) -> str:
    """The page of the documentation that lists every setting."""
    lines = [
        "# Settings",
        "",
        "<!-- Written by `make docs` from the declarations in the code. -->",
        "",
        *HEAD.splitlines(),
    ]
    for section in found.sections:
        lines += ["", f"## {section.title}", "", *([section.summary, ""] if section.summary else [])]
        lines += ["| variable | key | type | default | meaning |", "|---|---|---|---|---|"]
        lines += [_row(item) for item in section.settings]
    lines += ["", "## Variables that change nothing", "", *UNUSED.splitlines(), ""]
    lines += ["| variable | in llmio | why |", "|---|---|---|"]
    for one in IGNORED:
        names = ", ".join(f"`{name}`" for name in one.names)
        lines.append(f"| {names} | {'not yet' if one.later else 'not needed'} | {one.reason} |")
    return "\n".join(lines) + "\n"


def ini(found: Found, head: str, given: Mapping[str, str], *, whole: bool = False) -> str:
    """An ini file: the `given` values and, where it is to be `whole`, all others with their defaults, commented out."""
    lines = [*(f"# {line}" for line in head.splitlines()), "", "[app:main]", "use = egg:llmio"]
    if not whole:
        return "\n".join([*lines, *(f"{key} = {value}" for key, value in given.items())]) + "\n"
    for section in found.sections:
        lines += ["", f"# -- {section.title} --"]
        for item in section.settings:
            default = _written(item.default).replace("%", "%%")
            value = f"{item.key} = {given[item.key]}" if item.key in given else f"# {item.key} = {default}".rstrip()
            lines += ["", f"# {item.env}: {item.help}", value]
    return "\n".join(lines) + "\n"


def _unknown(settings: Settings, plugins: Plugins) -> Iterator[Fault]:
    """Settings that name something a plugin brings, where none brings it: the site starts, and that part of it does not work."""
    from llmio.core.settings import nearest

    for key, there in (("files.storage", plugins.storages), ("search.provider", plugins.search_providers)):
        given = settings.text(key)
        if given and given not in there:
            hint = nearest(given.strip().lower(), there) or "."
            words = f"no plugin that is on brings {given!r}{hint} There are: {', '.join(there)}"
            yield Fault(settings.declared[key].env, words, fatal=False)


def _plugins(settings: Settings) -> Plugins:
    from llmio.plugins.loader import load

    strict, settings.values["llmio.plugins.strict"] = settings["llmio.plugins.strict"], False
    try:
        return load(settings, refuse=False)
    finally:
        settings.values["llmio.plugins.strict"] = strict


def _row(item: Setting) -> str:
    kind = " · ".join(f"`{choice}`" for choice in item.choices if choice) if item.kind == "choice" else item.kind
    names = ", ".join(f"`{name}`" for name in item.names)
    default = f"`{_written(item.default)}`".replace("|", "\\|") if _written(item.default) else ""
    meaning = item.help + (" Secret." if item.secret else "")
    return f"| {names} | `{item.key}` | {kind} | {default} | {meaning} |"


def _written(value: Any) -> str:
    """A default as one would write it in an ini file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return " ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)


def _shown(value: Any) -> str:
    return _written(value) or "(empty)"


def _origin(settings: Settings, item: Setting) -> str:
    """Where a value comes from, so that one finds the place to change it."""
    from llmio.core import sources

    origin, name = settings.origins[item.key], settings.named.get(item.key, "")
    if origin == "environment":
        file = sources.from_env_file(settings.sources[1]).get(name)
        return f"variable {name}, from {file}" if file else f"variable {name}"
    if origin == "file":
        return f"file named by {name}"
    return f"ini file, {name}" if origin == "ini" else "default"


def _print_json(found: Found) -> None:
    shown = {
        "settings": found.settings.describe(),
        "unused": [{"name": name, "later": why.later, "reason": why.reason} for name, why in found.unused],
        "faults": [{"name": one.name, "message": one.message, "fatal": one.fatal} for one in found.faults],
    }
    click.echo(json.dumps(shown, indent=2, ensure_ascii=False, default=str))
