"""The supervisor behind `llmio up`: starts everything, keeps it running, leaves nothing behind."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from . import EmbeddedError
from .folder import Folder
from .nursery import Nursery
from .parts import Program, Watched
from .ports import LOOPBACK, free_port, reserve
from .postgres import Postgres
from .process import end_all, marked_with, tail
from .valkey import Valkey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .parts import Part

SHARED = (
    "DATABASE_URL",
    "REDIS_URL",
    "SMTP_SERVER",
    "SMTP_PORT",
    "LLMIO_DEV_MAIL",
    "LLMIO_DATA",
    "LLMIO_ENV",
    "SECRET_KEY_BASE",
    "SECRET_COOKIE_TOKEN",
    "SECRET_COOKIE_SECRET",
    "CHANNELS_URL",
    "HOCUSPOCUS_URL",
    "CANONICAL_HOST",
    "CANONICAL_PORT",
)
"""What a command started beside us must know to act on the same site."""

ALSO = {"SECRET_COOKIE_TOKEN": ("SECRET_KEY_BASE", "SECRET_COOKIE_SECRET")}
"""Further names of the secrets that are made at the first start: where one of them is set, that one counts."""
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
NO_MAILSINK = (
    "No mail server. Either install the one for trying (`pip install aiosmtpd`), or name yours with SMTP_SERVER."
)
MARKER = "LLMIO_SUPERVISED"
TICK = 30.0
ANSWER_TICK = 0.05


def from_ini(environment: Mapping[str, str]) -> dict[str, str]:
    """What the ini file says that LLMIO_INI names, as variables: of settings that no variable sets."""
    if not environment.get("LLMIO_INI"):
        return {}
    from llmio import boot  # noqa: PLC0415  # slow, and rarely needed

    settings = boot.read_settings(env=environment)
    read = {key: item for key, item in settings.declared.items() if settings.origins[key] == "ini"}
    return {item.env: settings.sources[0][key] for key, item in read.items() if item.env}


class Interrupted(Exception):  # no error: a person wants to stop
    """A signal asked us to stop."""


class Supervisor:
    """Everything of one site on one machine; embedded where the environment names no server."""

    def __init__(
        self, data: Path, *, host: str, port: int, demo: bool = True, load: Callable[[], None] | None = None
    ) -> None:
        """`load` loads what our own processes have in common (see Nursery)."""
        self.folder = Folder(data)
        self.marker = f"{MARKER}={self.folder.path}"
        self.nursery = Nursery(load, mark=self.marker)
        self.host = host
        self.wanted_port = port
        self.demo = demo
        self.port = port
        self.environment = dict(os.environ) | from_ini(os.environ)
        self._watched: list[Watched] = []
        self._greeted = False
        self._together = True
        self._stop = False
        self._wake: tuple[int, ...] = ()
        self._holder: socket.socket | None = None

    def run(self) -> None:
        """Start, watch until a signal says stop, stop; raises EmbeddedError when it cannot start."""
        self.folder.open()
        try:
            self._listen_to_signals()
            self._end_leftovers()
            self._configure()
            self.nursery.begin()
            self._start_servers()
            self._start_programs()
            self._watch()
        except Interrupted:
            self._say("Stopping …")
        finally:
            self._shut_down()

    def _listen_to_signals(self) -> None:
        self._wake = os.pipe()
        for end in self._wake:
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._wake[1], warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for sign in STOPPING:
            signal.signal(sign, self._asked_to_stop)

    def _asked_to_stop(self, sign: int, _frame: object) -> None:
        if self._stop and sign == signal.SIGINT:
            raise KeyboardInterrupt  # impatient: the kernel ends the children with us
        self._stop = True

    def _wait(self, seconds: float) -> None:
        """Sleep until something happens, at most so long."""
        if not self._stop:
            select.select([self._wake[0]], [], [], max(0.0, seconds))
            with suppress(BlockingIOError):
                os.read(self._wake[0], 1000)
        if self._stop:
            raise Interrupted

    def _end_leftovers(self) -> None:
        """End what an earlier run with this folder left behind after a `kill -9`; we hold the lock, so none is ours."""
        if marked_with(self.marker):
            self._say("Ending what an earlier run left behind …")
        if not end_all(lambda: marked_with(self.marker), (signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            message = f"Processes of an earlier run do not end: {marked_with(self.marker)}."
            raise EmbeddedError(message)
        self.environment[MARKER] = str(self.folder.path)

    def _configure(self) -> None:
        """Choose ports, and fill in what the person has not configured."""
        if file := self.environment.get("LLMIO_DOTENV"):
            self._say(f"Variables are read from {file}.")
        if self.folder.is_new():
            self._say("The first start takes a little longer: it makes the database.")
        ports = self.folder.ports()
        self.port, self._holder = reserve(self.wanted_port, self.host)
        if self.port != self.wanted_port:
            self._say(f"Port {self.wanted_port} is taken; using {self.port}.")
        ports = {name: free_port(ports.get(name)) for name in ("channels", "hocuspocus", "smtp")}
        self.folder.keep_ports(ports)
        public = "localhost" if self.host == LOOPBACK else self.environment.get("CANONICAL_HOST", "localhost")
        self._default(
            **{
                name: value
                for name, value in self.folder.secrets().items()
                if not self._configured(*ALSO.get(name, ()))
            },
            **({} if self._configured("RAILS_ENV") else {"LLMIO_ENV": "development"}),
            CHANNELS_PORT=str(ports["channels"]),
            HOCUSPOCUS_PORT=str(ports["hocuspocus"]),
            PRIVATE_APP_URL=f"http://{LOOPBACK}:{self.port}",
            MALLOC_ARENA_MAX="2",  # threads with heaps of their own would double the memory
            PYTHONUNBUFFERED="1",
            LLMIO_STOP_SECONDS="6",  # less than what a part is given to end
        )
        if not self._configured("CHANNELS_URI"):
            self._default(CHANNELS_URL=f"ws://{public}:{self.environment['CHANNELS_PORT']}")
        self._together = not self._configured("HOCUSPOCUS_URL", "HOCUSPOCUS_URI")
        if self._together:
            self.environment["HOCUSPOCUS_URL"] = f"ws://{public}:{self.environment['HOCUSPOCUS_PORT']}"
        if not self.environment.get("CANONICAL_HOST"):
            self.environment |= {"CANONICAL_HOST": "localhost", "CANONICAL_PORT": str(self.port)}
        if not self.environment.get("SMTP_SERVER"):
            if find_spec("aiosmtpd") is None:
                raise EmbeddedError(NO_MAILSINK)
            self.environment |= {"SMTP_SERVER": LOOPBACK, "SMTP_PORT": str(ports["smtp"])}
            self.environment["LLMIO_DEV_MAIL"] = str(self.folder.mail)
        self.environment |= {"PORT": str(self.port), "HOST": self.host, "LLMIO_DATA": str(self.folder.path)}

    def _default(self, **variables: str) -> None:
        for name, value in variables.items():
            if not self.environment.get(name) and not self.environment.get(f"{name}_FILE"):
                self.environment[name] = value

    def _configured(self, *names: str) -> bool:
        """Whether one of these variables, which mean the same, is set."""
        return any(self.environment.get(name) or self.environment.get(f"{name}_FILE") for name in names)

    def _start_servers(self) -> None:
        if not self._configured("DATABASE_URL"):
            postgres = Postgres(self.folder.path / "postgres")
            self._begin("PostgreSQL", postgres)
            postgres.create_database("llmio")
            self.environment["DATABASE_URL"] = postgres.url()
        if not self._configured("REDIS_URL"):
            valkey = Valkey(self.folder.path / "valkey")
            self._begin("Valkey", valkey)
            self.environment["REDIS_URL"] = valkey.url()
        shown = {name: self.environment[name] for name in SHARED if name in self.environment}
        self.folder.announce({**shown, "LLMIO_ADDRESS": self.address})

    def _begin(self, name: str, part: Part) -> None:
        watched = Watched(name, part)
        self._watched.append(watched)
        watched.start()
        self._wait(0)

    def _start_programs(self) -> None:
        """The web first: it prepares the database, the person is waiting for it, and each start takes a processor."""
        options = ["--prepare", *(["--demo"] if self.demo else []), "--host", self.host, "--port", str(self.port)]
        web = self._program("web", "serve", *options)
        web.log.unlink(missing_ok=True)
        self._begin("web", web)
        while not self._greeted:
            # Its own refusal, unlike a death by `kill -9` or with a server that it needs: trying again is no use.
            if (web.code or 0) > 0 and all(watched.part.alive for watched in self._watched[:-1]):
                message = f"The site does not start:\n{tail(web.log)}\n(all of it: {web.log})"
                raise EmbeddedError(message)
            self._step(ANSWER_TICK)
        # Schedule and mail sink run in the worker: processes of their own would take 60 and 12 MB for hardly any work.
        sink = ["--with-mailsink"] if self.environment.get("LLMIO_DEV_MAIL") else []
        self._begin("worker", self._program("worker", "worker", "--with-schedule", *sink))
        self._begin("channels", self._program("channels", "channels"))
        if self._together:
            self._begin("hocuspocus", self._program("hocuspocus", "hocuspocus"))
        # Mail comes in only where the operator says for which host and on which port.
        if self._configured("REPLY_HOSTNAME") and self._configured("LLMIO_SMTP_PORT"):
            self._begin("smtp", self._program("smtp", "smtp"))

    def _program(self, name: str, *command: str) -> Program:
        return Program(name, command, self.folder, self.environment, self.nursery)

    def _answers(self) -> bool:
        host = LOOPBACK if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104  # not bound, only compared
        try:
            with socket.create_connection((host, self.port), timeout=1) as connection:
                connection.sendall(b"GET /up HTTP/1.0\r\nHost: localhost\r\n\r\n")
                return connection.recv(12).startswith(b"HTTP/1.")
        except OSError:
            return False

    @property
    def address(self) -> str:
        """Where a person finds the site on this machine."""
        return f"http://localhost:{self.port}"

    def _greet(self) -> None:
        """All at once: who waits for the first line finds the others."""
        self._greeted = True
        lines = [f"llmio is ready: {self.address}"]
        if token := self.folder.setup_token():
            lines.append(f"Become its administrator with this link, which works once: {self.address}/setup/{token}")
        if self.environment.get("LLMIO_DEV_MAIL"):
            lines.append(f"Mail goes to {self.address}/dev/mail, and to nobody else.")
        lines.append(f"Logs are in {self.folder.logs}. Ctrl-C stops everything.")
        self._say("\n".join(lines))

    def _watch(self) -> None:
        while True:
            self._step(TICK)

    def _step(self, seconds: float) -> None:
        """Mend what is broken, greet when the site first answers, then wait for something to happen."""
        self._revive()
        if not self._greeted and self._answers():
            self._greet()
        due = [watched.due for watched in self._watched if watched.due is not None]
        self._wait(min([seconds, *(moment - time.monotonic() for moment in due)]))

    def _revive(self) -> None:
        """Start again what has died, when its time has come."""
        for watched in self._watched:
            if watched.part.alive:
                _ = watched.part.log  # cuts it off when it has grown large
                continue
            if watched.due is None:
                delay = watched.mourn()
                self._say(f"{watched.name} has stopped; starting it again in {delay:g} s (log: {watched.part.log}).")
            elif watched.due <= time.monotonic():
                try:
                    watched.start()
                except EmbeddedError as error:
                    self._say(str(error))
                    watched.mourn()

    def _shut_down(self) -> None:
        """Programs first, together; then the servers they use, the newest first."""
        programs = [watched.part for watched in self._watched if isinstance(watched.part, Program)]
        for program in programs:
            program.ask_to_end()
        for watched in reversed(self._watched):
            watched.part.stop()
        end_all(lambda: marked_with(self.marker), (signal.SIGTERM, 2), (signal.SIGKILL, 5))
        if self._holder is not None:
            self._holder.close()
        self.folder.close()

    def _say(self, text: str) -> None:
        with suppress(OSError):  # the terminal may be gone
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
