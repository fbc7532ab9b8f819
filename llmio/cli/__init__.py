"""The command `llmio`. Each subcommand is a module here, imported only when it is called."""

from __future__ import annotations

import atexit
import os
import sys
import time
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import click

from llmio import __version__
from llmio.core import collector

COMMANDS: Final = {
    "up": "Run everything here; PostgreSQL and Valkey are brought along where none is named.",
    "serve": "Run the web server.",
    "worker": "Run the worker that carries out jobs.",
    "beat": "Run the schedule: work that comes round by the clock.",
    "channels": "Run the live channel to browsers.",
    "hocuspocus": "Run the server for writing together.",
    "smtp": "Run the mail server for mail that comes in.",
    "mailsink": "Run a mail server that delivers nothing and keeps all mail in a folder.",
    "doctor": "Look at every part of the site; say what is wrong and what to do.",
    "adopt": "Take over a dump of the reference, with its files.",
    "task": "Be the process that TASK names (for containers).",
    "probe": "Ask a process of this machine whether it is well.",
    "setup": "Write .env for the containers: names, mail server, secrets.",
    "backup": "Write an archive of database and files, and prove it.",
    "restore": "Restore an archive into an empty database.",
    "db": "Bring the database up to date; check it.",
    "config": "Show and check the settings.",
    "audit": "Check the log of administrators' acts.",
    "features": "Show and change switches while the site runs.",
    "plugins": "List, check and switch plugins.",
    "x": "Commands that plugins bring.",
    "jobs": "Show what runs in the background; try again or delete what failed.",
    "mail": "Try the mail server; show what was sent.",
    "user": "Make administrators.",
    "groups": "Import groups from another site.",
    "search": "Build the search index anew; see its state.",
    "files": "Check, move, sweep files; try a storage out.",
    "demo": "Load demo data.",
}
"""Name and short help of each; the module `llmio.cli.<name>` has a click command of that name."""
EVERYWHERE: Final = ("--env-file", "--ini")
"""Options of where settings come from."""


class LazyGroup(click.Group):
    """Subcommands by table: `llmio --help` imports none of them, `llmio up` only its own."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """`--env-file` and `--ini` are taken after the command, too, since that is where people write them."""
        return super().parse_args(ctx, _first(args))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        return [*COMMANDS, *sorted(super().list_commands(ctx))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name in COMMANDS:
            with collector.resting():
                command: click.Command = getattr(import_module(f"{__name__}.{cmd_name}"), cmd_name)
            return command
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """From the table, without importing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS.get(name, "")) for name in self.list_commands(ctx)])


def _first(arguments: list[str]) -> list[str]:
    """The arguments with the options of where settings come from before the command; those of a plugin stay its own."""
    moved, rest = [], list(arguments)
    command = next((one for one in rest if one in COMMANDS), "")
    own = EVERYWHERE[:1] if command in ("x", "config") else EVERYWHERE
    for name in own if command != "x" else ():
        for at, one in enumerate(rest):
            if one == name and at + 1 < len(rest):
                moved += rest[at : at + 2]
                del rest[at : at + 2]
                break
            if one.startswith(f"{name}="):
                moved.append(rest.pop(at))
                break
    return [*moved, *rest]


def _read_sources(env_file: Path | None, ini: str | None) -> None:
    """Take in the `.env` file that was named, or that of this folder; processes that `llmio up` started have it already."""
    from llmio.core import sources, zone  # noqa: PLC0415  # slow for `--help`

    here = Path(".env")
    if env_file is not None:
        sources.load_env_file(env_file, os.environ)
    elif not os.environ.get("LLMIO_SUPERVISED") and here.is_file():
        sources.load_env_file(here, os.environ)
    if os.environ.get(zone.NAME):
        zone.shield()
        time.tzset()
    if ini:
        os.environ[sources.INI] = str(Path(ini).absolute())


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="llmio", message="%(prog)s %(version)s")
@click.option("--traceback", is_flag=True, help="Show where an error arose.")
@click.option(
    "--env-file",
    envvar="LLMIO_DOTENV",
    type=click.Path(path_type=Path),
    help="Read variables from this file, too; else from `.env` in this folder, if there is one.",
)
@click.option(
    "--ini", envvar="LLMIO_INI", type=click.Path(), help="Read settings from this ini file ([app:main]), too."
)
@click.pass_context
def group(ctx: click.Context, *, traceback: bool, env_file: Path | None, ini: str | None) -> None:
    """Run llmio and look after it.

    `llmio up` is all it takes to try it. The others are what it runs, one process each, and tools for operators. They
    read DATABASE_URL, REDIS_URL and the other variables, also from a file `.env`; beside a running `llmio up` (same LLMIO_DATA) they find its
    servers by themselves.
    """
    ctx.obj = {"traceback": traceback}
    _read_sources(env_file, ini)
    if ctx.invoked_subcommand != "up":
        from llmio.embedded.folder import join  # noqa: PLC0415  # slow for `--help`

        join(os.environ)


def main(arguments: list[str] | None = None) -> None:
    """Run the command; a person sees one line for what went wrong, and the exit code is 1 (2 for wrong usage)."""
    if arguments is None:
        atexit.register(collector.set_aside)  # as a program of its own: with it, nothing need be taken apart
        arguments = sys.argv[1:]
    warnings.filterwarnings("ignore", "pkg_resources is deprecated", UserWarning)  # in Pyramid; nobody here can mend it
    try:
        code: Any = group.main(arguments, prog_name="llmio", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nStopped.", err=True)
        sys.exit(130)
    except Exception as error:
        if "--traceback" in arguments:
            raise
        click.echo(f"Error: {explain(error)}", err=True)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def explain(error: Exception) -> str:
    """What went wrong, in words for the person who called."""
    from llmio.core.errors import LlmioError  # noqa: PLC0415  # slow for the good case
    from llmio.embedded import EmbeddedError  # noqa: PLC0415  # likewise

    if isinstance(error, (LlmioError, EmbeddedError)):
        return str(error)
    name = type(error).__name__
    first = str(error).strip().split("\n")[0]
    if name == "ArgumentError":
        return "DATABASE_URL is no address of a database, such as postgresql://user:password@host/database."
    if name == "OperationalError":
        return f"The database does not answer: {first}"
    if name in ("ConnectionError", "TimeoutError") and type(error).__module__.startswith("redis"):
        return f"Redis does not answer: {first}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'system'}: {error.strerror}"
    return f"{name}: {first} (`llmio --traceback …` shows where)"
