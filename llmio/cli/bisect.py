"""`llmio plugins bisect`: finds the plugin that is at fault by trying the site with half of them, and half of that half.

It never touches the running site: each trial is a process of its own, told by a variable which plugins to leave out. So there
is nothing to undo, however it ends.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import click

from llmio.cli.opening import built

OFF = "LLMIO_PLUGINS_DISABLED"
SECONDS = 60.0
Fails = Callable[[Sequence[str]], bool]
"""Whether the fault shows while of the suspects only these are on."""


@dataclass(frozen=True)
class Verdict:
    """What came of it: the culprit, or why there is none; and how often it was tried."""

    culprit: str = ""
    why: str = ""
    tries: int = 0
    others: bool = False
    """Whether the fault shows without the culprit, too."""


def find(suspects: Sequence[str], fails: Fails) -> Verdict:
    """The one of the suspects that is at fault, in about log2 of their number of trials, two to begin with and one to end."""
    tries = 0

    def tried(on: Sequence[str]) -> bool:
        nonlocal tries
        tries += 1
        return fails(on)

    if not suspects:
        return Verdict(why="No plugin that does not come with llmio is on, so none of them is at fault.")
    if not tried(suspects):
        return Verdict(why="The fault does not show, even with all plugins on.", tries=tries)
    if tried(()):
        return Verdict(why="The fault shows without any of these plugins, too: none of them is at fault.", tries=tries)
    left = list(suspects)
    while len(left) > 1:
        half, rest = left[: len(left) // 2], left[len(left) // 2 :]
        if tried(half):
            left = half
        elif tried(rest):
            left = rest
        else:
            names = ", ".join(_together(left, tried))
            return Verdict(why=f"The fault shows only when these are on together: {names}.", tries=tries)
    others = [name for name in suspects if name != left[0]]
    more = bool(others) and tried(others)
    return Verdict(culprit=left[0], tries=tries, others=more)


def _together(suspects: Sequence[str], tried: Fails) -> list[str]:
    """Those that it takes: the last of the fewest first ones with which it shows is one, and so on with what is before it."""
    needed: list[str] = []
    left = list(suspects)
    while not needed or not tried(needed):
        low, high = 1, len(left)
        while low < high:
            middle = (low + high) // 2
            if tried([*left[:middle], *needed]):
                high = middle
            else:
                low = middle + 1
        needed = [left[high - 1], *needed]
        left = left[: high - 1]
        if not left:
            break
    return needed


@click.command()
@click.option("--command", "line", help="Try by this command: it fails (exit code other than 0) where the fault shows.")
@click.option("--url", help="Try by this path, such as /g/our-coop: it answers 500 or more where the fault shows.")
def bisect(line: str | None, url: str | None) -> None:
    """Find the plugin at fault among those that do not come with llmio.

    Tries the site with half of them, then with half of those, until one is left. The running site is not touched: each trial is a
    web server of its own on a free port, on the same database, told by LLMIO_PLUGINS_DISABLED what to leave out, or the
    command you name with that variable set. Without --command and --url it tells you the address of each trial and asks
    whether the fault shows. Ctrl-C ends it at any moment, with the server of the trial.
    """
    if line is not None and url is not None:
        raise click.UsageError("Give a command or a path, not both.")
    words, path = _words(line), _path(url)
    suspects, off = _suspects()
    click.echo(f"{len(suspects)} plugins that do not come with llmio are on: {', '.join(suspects) or 'none'}.")
    tries = 0

    def fails(on: Sequence[str]) -> bool:
        nonlocal tries
        tries += 1
        env = _without(suspects, on, off)
        click.echo(f"Trial {tries}, with {', '.join(on) or 'none of them'}: ", nl=False)
        shows = _by_command(words, env) if words else _by_server(path, env)
        click.echo("the fault shows." if shows else "well.")
        return shows

    try:
        with _ended_in_order():
            found = find(suspects, fails)
    except (KeyboardInterrupt, click.Abort):
        click.echo("")
        click.echo(f"Stopped in trial {tries}; the fault was not found. The site was not touched.")
        raise click.exceptions.Exit(130) from None
    click.echo(f"Tried {found.tries} times. The site was not touched.")
    if not found.culprit:
        click.echo(found.why)
        raise click.exceptions.Exit(1)
    click.echo(f"Plugin {found.culprit} is at fault. `llmio plugins off {found.culprit}` switches it off.")
    if found.others:
        click.echo("The fault shows without it, too: switch it off and look for the next one with the same command.")


def _words(line: str | None) -> list[str]:
    """The command as words; none where the fault is looked for otherwise."""
    try:
        words = shlex.split(line or "")
    except ValueError as error:
        raise click.BadParameter(
            f"{error}.".replace("No closing quotation", "a quotation mark is not closed"), param_hint="--command"
        ) from None
    if line is not None and not words:
        raise click.BadParameter("say which command.", param_hint="--command")
    return words


def _path(url: str | None) -> str | None:
    """The part after the name of the site: the trial has an address of its own."""
    if url is None:
        return None
    parts = urlsplit(url)
    return urlunsplit(("", "", f"/{parts.path.lstrip('/')}", parts.query, ""))


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Whoever ends this process, or closes its terminal, ends the server of the trial, too."""
    kept = {one: signal.signal(one, signal.default_int_handler) for one in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for one, handler in kept.items():
            signal.signal(one, handler)


def _suspects() -> tuple[list[str], list[str]]:
    """Plugins of others that are on, by name; and what the variable leaves out already."""
    app = built(database=False)
    try:
        records = app.plugins.records
        named = list(app.settings["llmio.plugins.disabled"])
        # Those that cannot be loaded are suspects, too: what they break may be more than themselves.
        on = sorted({one.name for one in records if not one.built_in and one.module and one.state != "disabled"})
        return on, named
    finally:
        app.engine.dispose()


def _without(suspects: Collection[str], on: Collection[str], off: Sequence[str]) -> Mapping[str, str]:
    names = [*off, *(name for name in suspects if name not in on)]
    kept = {name: value for name, value in os.environ.items() if name not in (OFF, f"{OFF}_FILE", "LLMIO_SUPERVISED")}
    # A trial that led to https would lead to the running site.
    return kept | {OFF: " ".join(names), "FORCE_SSL": ""}


def _by_command(words: Sequence[str], env: Mapping[str, str]) -> bool:
    try:
        return subprocess.run(words, env=dict(env), capture_output=True, check=False).returncode != 0  # noqa: S603  # the operator named it
    except OSError as error:
        click.echo("")
        raise click.UsageError(f"{words[0]}: {error.strerror}") from error


def _by_server(url: str | None, env: Mapping[str, str]) -> bool:
    import httpx  # noqa: PLC0415  # slow

    with _serving(env) as address:
        if not address:
            click.echo("(it does not start) ", nl=False)
            return True
        if url is None:
            click.echo("")
            return click.confirm(f"  Look at {address} . Does the fault show there?")
        try:
            answer = httpx.get(address + url, timeout=SECONDS, follow_redirects=True)
        except httpx.HTTPError:
            return True
        if answer.url.path == "/sign_in" and not url.startswith("/sign_in"):
            click.echo("")
            raise click.UsageError(
                f"{url} is for people who are signed in, so nothing can be told from it. Name another path, or let yourself be asked."
            )
        return answer.status_code >= 500


@contextmanager
def _serving(env: Mapping[str, str]) -> Iterator[str]:
    """A web server with those plugins; its address, or nothing where it does not come up. Its own log is thrown away."""
    from llmio.embedded.ports import free_port  # noqa: PLC0415  # beside its use
    from llmio.embedded.process import wait_until  # noqa: PLC0415  # likewise

    port = free_port()
    command = [sys.executable, "-P", "-m", "llmio", "serve", "--port", str(port), "--workers", "1"]
    server = subprocess.Popen(command, env=dict(env), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603  # our own command
    try:
        wait_until(lambda: _answers(port) or server.poll() is not None, SECONDS)
        yield f"http://127.0.0.1:{port}" if server.poll() is None else ""
    finally:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _answers(port: int) -> bool:
    import httpx  # noqa: PLC0415  # slow

    try:
        return httpx.get(f"http://127.0.0.1:{port}/up", timeout=5).status_code < 400
    except httpx.HTTPError:
        return False
