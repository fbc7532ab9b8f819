"""Files that are written from the code: `make docs` writes them, a test compares them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from inspect import cleandoc
from pathlib import Path
from typing import Any

import click
from llmio_webhook_json.schema import KINDS, schema_of

from llmio.cli import group
from llmio.cli.config import documented, ini, markdown
from llmio.cli.doctor.codes import CODES
from llmio.cli.x import PluginGroup
from llmio.core.app import App
from llmio.core.jobs import DAY, HOUR

ROOT = Path(__file__).resolve().parents[2]
NOTE = "<!-- Written by `make docs` from the code. -->"


def settings_page() -> str:
    """docs/operators/settings.md."""
    return markdown(documented())


def production_ini() -> str:
    """etc/production.ini: every setting, with its default and its variable."""
    head = (
        "Every setting, with its default. Variables win over this file; each is named before its setting.\n"
        "Nothing here is needed where variables are used. For servers that take a PasteDeploy file; `llmio config check\n"
        "--ini FILE` says what is wrong with one."
    )
    return ini(documented(), head, {"llmio.env": "production"}, whole=True)


def development_ini() -> str:
    """etc/development.ini."""
    head = "For working on llmio: mail can be read at /dev/mail, a plugin at fault stops the start."
    return ini(documented(), head, {"llmio.env": "development", "llmio.plugins.strict": "1"})


def testing_ini() -> str:
    """etc/testing.ini."""
    head = "For tests that want an ini file; the suite itself makes its settings (llmio.testing.plugin)."
    return ini(documented(), head, {"llmio.env": "testing", "llmio.plugins.strict": "1"})


def commands_page() -> str:
    """docs/operators/commands.md."""
    lines = ["# Commands", "", NOTE, ""]
    lines += [*cleandoc(group.help or "").splitlines(), "", "`llmio --traceback COMMAND` shows where an error arose."]
    context = click.Context(group, info_name="llmio")
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        lines += ["", *_command(command, f"llmio {name}", "##")]
    return "\n".join(lines) + "\n"


def _command(command: click.Command, path: str, mark: str) -> Iterator[str]:
    arguments = [(one.name or "").upper() for one in command.params if isinstance(one, click.Argument)]
    yield f"{mark} `{' '.join([path, *arguments])}`"
    yield ""
    yield from cleandoc(command.help or "").splitlines()
    options = [one for one in command.params if isinstance(one, click.Option)]
    if options:
        yield from ("", "| option | variable | default | meaning |", "|---|---|---|---|")
        yield from map(_option, options)
    if isinstance(command, click.Group) and not isinstance(command, PluginGroup):
        for name in sorted(command.commands):
            yield ""
            yield from _command(command.commands[name], f"{path} {name}", f"{mark}#")


def _option(option: click.Option) -> str:
    variables = [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())
    default: Any = option.default if option.show_default else ""
    cells = (", ".join(f"`{name}`" for name in option.opts), ", ".join(f"`{name}`" for name in variables))
    return f"| {' | '.join([*cells, f'`{default}`' if default not in ('', None) else '', option.help or ''])} |"


def events_page() -> str:
    """docs/developers/events.md."""
    lines = [
        "# Kinds of events",
        "",
        NOTE,
        "",
        "An act that others should hear of calls `ctx.publish(kind, subject)`: a row of table `events` and the jobs that tell of",
        "it, in the transaction of the act. Kinds are declared in `kinds.py` of each feature; their names are data and stay.",
        "",
        "| kind | about | told by | what happened |",
        "|---|---|---|---|",
    ]
    for name, kind in sorted(app().kinds.items()):
        channels = ", ".join(sorted(kind.channels))
        lines.append(f"| `{name}` | {kind.record_type} | {channels} | {kind.summary} |")
    return "\n".join(lines) + "\n"


JOBS_MARK = "<!-- From here on written by `make docs` from the code. -->\n"
EVERY: dict[object, str] = {
    HOUR: "hourly",
    DAY: "daily",
    "month": "monthly",
    60: "every minute",
    600: "every 10 min",
    900: "every 15 min",
}


def often(every: object) -> str:
    """How often a scheduled job comes, in words."""
    return EVERY.get(every, f"every {every} s")


def jobs_page() -> str:
    """docs/operators/jobs.md: people write its beginning; the list of all jobs at its end comes from the code."""
    found = app()
    when = {one.job.name: often(one.every) for one in found.schedules}
    head, mark, _old = (ROOT / "docs/operators/jobs.md").read_text().partition(JOBS_MARK)
    lines = ["", "| job | queue | tries again | when | what it does |", "|---|---|---|---|---|"]
    lines += [
        f"| `{name}` | {one.queue} | {one.retries} | {when.get(name, 'on demand')} | {one.summary} |"
        for name, one in sorted(found.jobs.items())
    ]
    return head + mark + "\n".join(lines) + "\n"


def doctor_page() -> str:
    """docs/operators/doctor.md: people write its beginning; the table of codes at its end comes from the catalogue."""
    head, mark, _old = (ROOT / "docs/operators/doctor.md").read_text().partition(NOTE)
    lines = [""]
    for area in dict.fromkeys(code.partition(".")[0] for code in CODES):
        lines += ["", f"### {area}", "", "| code | severity | why | what to do |", "|---|---|---|---|"]
        lines += [
            f"| `{code}` | {severity} | {cause} | {fix} |"
            for code, (severity, cause, fix) in CODES.items()
            if code.startswith(f"{area}.")
        ]
    return head + mark + "\n".join(lines) + "\n"


def webhook_schema(kind: str) -> str:
    """docs/operators/webhook-schemas/: what is posted to programs, by kind of event."""
    return json.dumps(schema_of(kind), indent=2, ensure_ascii=False) + "\n"


def app() -> App:
    """An App without a database, as far as what is declared can be seen from it."""
    from llmio import boot
    from llmio.core.db import engine_for
    from llmio.core.ports import NoLive, NoQueue, Ports, SystemClock

    ports = Ports(SystemClock(), NoQueue(), None, None, NoLive())  # type: ignore[arg-type]
    engine = engine_for("postgresql://nobody@localhost:1/none", connect_args={"connect_timeout": 1})
    settings = {"llmio.env": "testing", "llmio.plugins.safe": "1", "llmio.plugins.strict": "1"}
    return boot.build(settings, env={}, ports=ports, engine=engine)


PAGES: dict[str, Callable[[], str]] = {
    "docs/operators/settings.md": settings_page,
    "docs/operators/commands.md": commands_page,
    "docs/developers/events.md": events_page,
    "docs/operators/jobs.md": jobs_page,
    "docs/operators/doctor.md": doctor_page,
    "etc/production.ini": production_ini,
    "etc/development.ini": development_ini,
    "etc/testing.ini": testing_ini,
}
"""Path → what writes it."""
PAGES |= {f"docs/operators/webhook-schemas/{kind}.json": lambda kind=kind: webhook_schema(kind) for kind in KINDS}


if __name__ == "__main__":
    for path, write in PAGES.items():
        file, text = ROOT / path, write()
        if not file.exists() or file.read_text() != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            click.echo(f"written: {path}")
