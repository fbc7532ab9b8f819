"""A site with real commits on a port of its own, servers for writing together before it, and real clients."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from llmio.core.db import session_factory
from llmio.embedded.ports import free_port
from llmio.embedded.process import wait_until
from llmio.testing.servers import engine_of
from tests import factories
from tests.forked import ROOT
from tests.node import hocuspocus
from tests.nodes import installed
from tests.processes import PATIENCE


@dataclass
class World:
    """Ada and Ben may write in `text`, Chi may not; `token` of each."""

    address: str
    text: str
    tokens: dict[str, str]
    ids: dict[str, int]
    sessions: object

    def change_token(self, name: str) -> None:
        """What signing out everywhere does."""
        with self.sessions.begin() as db:
            user = db.get(factories.User, self.ids[name])
            user.secret_token = self.tokens[name].partition(",")[2][::-1]

    def restore_token(self, name: str) -> None:
        with self.sessions.begin() as db:
            db.get(factories.User, self.ids[name]).secret_token = self.tokens[name].partition(",")[2]


class Quiet(WSGIRequestHandler):
    """Says nothing on stderr."""

    def log_message(self, *_args: object) -> None:
        pass


class Threads(ThreadingMixIn, WSGIServer):
    """A request a thread."""

    daemon_threads = True


@pytest.fixture(scope="module")
def world(llmio_app, wsgi, llmio_servers) -> Iterator[World]:
    name = llmio_servers.copy_template()
    engine = engine_of(llmio_servers.database(name))
    before = llmio_app.engine, llmio_app.sessions
    llmio_app.engine, llmio_app.sessions = engine, session_factory(engine)
    server = make_server("127.0.0.1", 0, wsgi, Threads, Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        with llmio_app.sessions.begin() as db:
            people = {one: factories.user(db, one.capitalize()) for one in ("ada", "ben", "chi")}
            group = factories.group(db, members=[people["ben"]], admin=people["ada"], members_can_edit_discussions=True)
            thread_id = factories.discussion(db, group).id
            db.flush()
            for one in people.values():
                db.refresh(one)
            tokens = {one: f"{user.id},{user.secret_token}" for one, user in people.items()}
            ids = {one: user.id for one, user in people.items()}
        address = f"http://127.0.0.1:{server.server_port}"
        yield World(address, f"discussion-{thread_id}-description", tokens, ids, llmio_app.sessions)
    finally:
        server.shutdown()
        server.server_close()
        llmio_app.engine, llmio_app.sessions = before
        engine.dispose()
        llmio_servers.drop(name)


@dataclass
class Server:
    """`llmio hocuspocus`, or npm's server with its hook; it can be killed and started again at its address."""

    kind: str
    site: str
    folder: Path
    port: int = field(default_factory=free_port)
    variables: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def start(self) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        if self.kind == "npm":
            command, cwd = ["node", "server.mjs", str(self.port), self.site], hocuspocus.HERE
        else:
            command, cwd = [sys.executable, "-m", "llmio", "hocuspocus", "--port", str(self.port)], ROOT
        told = {"PRIVATE_APP_URL": self.site, "LLMIO_ENV": "testing", "LLMIO_DATA": str(self.folder)}
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env=kept | told | self.variables,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "said").open("ab"),
        )
        assert wait_until(self._answers, PATIENCE), self.said

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(PATIENCE)

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text()

    def faults(self) -> list[str]:
        """Lines of errors."""
        return re.findall(r"^.*(?:ERROR|Traceback|CRITICAL).*$", self.said, re.MULTILINE)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            assert self.process.poll() is None, self.said
            return False
        return True


@pytest.fixture(scope="module")
def nodes() -> Iterator[hocuspocus.Clients]:
    installed(hocuspocus.HERE)
    made = hocuspocus.Clients()
    yield made
    made.end()


@pytest.fixture
def clients(nodes) -> Iterator[hocuspocus.Clients]:
    yield nodes
    nodes.all_leave()


@pytest.fixture
def new_server(world, tmp_path) -> Iterator:
    """`new_server(kind, **variables)`: a server of the test's own; errors in its log fail the test."""
    made: list[Server] = []

    def make(kind: str = "llmio", **variables: str) -> Server:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Server(kind, world.address, folder, variables=variables))
        made[-1].start()
        return made[-1]

    yield make
    for server in made:
        if server.process.poll() is None:
            server.kill()
        assert server.kind == "npm" or server.faults() == []
