"""What `llmio hocuspocus` promises beyond the protocol: nothing acknowledged is lost, and nobody can harm the others."""

from __future__ import annotations

import json
import re
import resource
import signal
import sqlite3
from contextlib import suppress

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Text
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from llmio.embedded.process import wait_until
from llmio.live.collab import frames
from llmio.live.collab.frames import Kind, Sync
from tests.commands import run_command
from tests.processes import PATIENCE

CODES = {4205, 4401}


def fresh(world, what):
    return f"comment-new-{world.ids['ada']}-{what}-body"


def token_frame(key, token):
    return frames.text(key) + frames.number(Kind.AUTH) + frames.number(0) + frames.text(token)


def update_of(text):
    doc = Doc()
    doc.get("t", type=Text).insert(0, text)
    return doc.get_update()


class Raw:
    """A client of bytes."""

    def __init__(self, server):
        self.socket = connect(
            server.url, compression=None, max_size=None, open_timeout=PATIENCE, ping_interval=None
        ).__enter__()

    def enter(self, key, token):
        self.socket.send(token_frame(key, token))
        assert self.socket.recv(PATIENCE) == frames.granted(key)
        return self

    def send(self, frame):
        with suppress(ConnectionClosed):
            self.socket.send(frame)

    def recv(self):
        return self.socket.recv(PATIENCE)

    def code(self):
        """The code that the server closes with."""
        try:
            while True:
                self.socket.recv(PATIENCE)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006


@pytest.fixture(scope="module")
def server(world, tmp_path_factory):
    from tests.integration.collab.conftest import Server

    made = Server("llmio", world.address, tmp_path_factory.mktemp("server"))
    made.start()
    yield made
    assert made.stop() == 0
    assert made.faults() == []


def test_what_was_acknowledged_is_there_after_a_kill_though_every_client_has_gone(new_server, clients, world):
    server, name = new_server(), fresh(world, "kept")
    clients.open("ada", url=server.url, name=name, token=world.tokens["ada"])
    for letter in "all of this":
        clients.type("ada", text=letter)
    clients.synced("ada")
    server.kill()
    clients.leave("ada")
    server.start()
    clients.open("later", url=server.url, name=name, token=world.tokens["ada"])
    clients.reads("later", text="all of this")
    assert server.stop() == 0  # packs the rows into one
    with sqlite3.connect(server.folder / "hocuspocus" / "documents.sqlite3") as db:
        assert db.execute("SELECT count(*) FROM updates WHERE name = ?", (name,)).fetchone() == (1,)
    server.start()
    clients.reads("later", text="all of this")
    clients.open("last", url=server.url, name=name, token=world.tokens["ada"])
    clients.reads("last", text="all of this")


def test_who_may_no_longer_write_is_put_out_within_the_time_set(new_server, clients, world):
    server = new_server(HOCUSPOCUS_CHECK_SECONDS="1")
    for who in ("ada", "ben"):
        clients.open(who, url=server.url, name=world.text, token=world.tokens[who])
        clients.synced(who)
    before = clients.read("ada")
    world.change_token("ben")
    try:
        clients.hears("ben", event="closed permission-denied")
        clients.type("ben", text="from outside")
        clients.type("ada", text="inside", at=len(before))
        clients.synced("ada")
        assert clients.read("ada") == f"{before}inside"
        assert clients.read("ben") == f"{before}from outside"
    finally:
        world.restore_token("ben")


def test_a_site_that_is_away_puts_nobody_out_and_lets_nobody_in(new_server, clients, world):
    server = new_server(PRIVATE_APP_URL="http://127.0.0.1:9")
    clients.open("ada", url=server.url, name=world.text, token=world.tokens["ada"])
    clients.closedWith("ada", code=1013)  # tries again by itself
    assert set(clients.events("ada")) <= {"closed try again later"}


def test_two_editors_of_one_page_share_a_connection_by_sessions(server, clients, world):
    name = fresh(world, "sessions")
    for who in ("one", "two"):
        clients.open(who, url=server.url, name=name, token=world.tokens["ada"], version=4, sessions=True)
    clients.type("one", text="both")
    clients.reads("two", text="both")


def test_health_says_how_many_are_there(server):
    answer = httpx.get(server.url.replace("ws", "http") + "/health", timeout=PATIENCE)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json()["status"] == "ok"
    assert set(answer.json()) == {"status", "failed", "connections", "documents"}
    assert httpx.get(server.url.replace("ws", "http") + "/", timeout=PATIENCE).text == "llmio hocuspocus\n"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    garbage=st.binary(max_size=80), inside=st.booleans(), step=st.sampled_from((None, 0, 1, 2)), kind=st.integers(0, 12)
)
def test_garbage_ends_the_connection_with_a_code_and_never_the_server(server, world, garbage, inside, step, kind):
    name = fresh(world, "fuzz")
    client = Raw(server)
    if inside:
        client.enter(name, world.tokens["ada"])
        body = garbage if step is None else frames.number(step) + frames.data(garbage)
        client.send(frames.text(name) + frames.number(kind) + body)
    else:
        client.send(garbage)
    client.send(b"\xff")  # a name that never ends
    assert client.code() in CODES
    Raw(server).enter(name, world.tokens["ada"]).socket.close()


def test_an_update_that_cannot_be_applied_harms_neither_text_nor_others(server, clients, world):
    name = fresh(world, "poison")
    clients.open("ada", url=server.url, name=name, token=world.tokens["ada"])
    clients.type("ada", text="sound")
    clients.synced("ada")
    broken = bytearray(update_of("rotten"))
    for position in range(len(broken)):
        changed = bytes(broken[:position]) + bytes([broken[position] ^ 0x55]) + bytes(broken[position + 1 :])
        client = Raw(server).enter(name, world.tokens["ada"])
        client.send(frames.sync(name, Sync.UPDATE, changed))
        client.send(b"\xff")
        assert client.code() in CODES
    clients.type("ada", text=" and whole")
    clients.synced("ada")
    # Some changed bytes make another letter or client, and an update that is as good as any.
    assert re.fullmatch(r"sound.* and whole", clients.read("ada"))
    clients.open("later", url=server.url, name=name, token=world.tokens["ada"])
    clients.reads("later", text=clients.read("ada"))


def test_text_frames_and_frames_that_are_too_large_are_refused(server, world):
    client = Raw(server)
    client.send("text")
    assert client.code() == 1003
    client = Raw(server).enter(fresh(world, "large"), world.tokens["ada"])
    client.send(bytes(4_000_001))
    assert client.code() == 1009


def test_a_document_grows_to_its_limit_and_no_further(server, world):
    name = fresh(world, "limit")
    client = Raw(server).enter(name, world.tokens["ada"])
    for _number in range(4):
        client.send(frames.sync(name, Sync.UPDATE, update_of("x" * 3_900_000)))
        assert client.recv() == frames.status(name, kept=True)
    client.send(frames.sync(name, Sync.UPDATE, update_of("x" * 3_900_000)))
    assert client.recv() == frames.status(name, kept=False)
    assert client.recv() == frames.close(name, "the document is too large")


def test_who_is_not_let_in_neither_hears_nor_is_heard(server, clients, world):
    name = fresh(world, "outside")
    clients.open("ada", url=server.url, name=name, token=world.tokens["ada"])
    clients.present("ada", user="Ada")
    clients.synced("ada")
    client = Raw(server)
    for frame in (
        frames.sync(name, Sync.STEP1, b"\x00"),
        frames.sync(name, Sync.UPDATE, update_of("from outside")),
        frames.text(name) + frames.number(Kind.QUERY_AWARENESS),
        frames.text(name) + frames.number(Kind.BROADCAST_STATELESS) + frames.text("psst"),
        token_frame(name, "1,wrong"),
    ):
        client.send(frame)
    assert client.recv() == frames.denied(name, "permission-denied")
    clients.type("ada", text="alone")
    clients.synced("ada")
    assert clients.read("ada") == "alone"
    assert not [event for event in clients.events("ada") if event.startswith("heard")]
    with pytest.raises(TimeoutError):
        client.socket.recv(0.1)


def test_too_many_connections_are_turned_away(new_server, world):
    server = new_server(HOCUSPOCUS_CONNECTIONS="2")
    held = [Raw(server), Raw(server)]
    with pytest.raises(Exception, match="503"):
        Raw(server)
    held[0].socket.close()
    address = server.url.replace("ws", "http") + "/health"
    assert wait_until(lambda: httpx.get(address, timeout=PATIENCE).json()["connections"] == 1, PATIENCE)
    Raw(server).enter(fresh(world, "room"), world.tokens["ada"])


def test_sigterm_keeps_what_is_under_way_and_asks_clients_to_come_back(new_server, world):
    server, name = new_server(), fresh(world, "goodbye")
    client = Raw(server).enter(name, world.tokens["ada"])
    client.send(frames.sync(name, Sync.UPDATE, update_of("last words")))
    assert client.recv() == frames.status(name, kept=True)
    server.process.send_signal(signal.SIGTERM)
    assert client.code() == 1001
    assert server.process.wait(PATIENCE) == 0
    server.start()
    client = Raw(server).enter(name, world.tokens["ada"])
    client.send(frames.sync(name, Sync.STEP1, b"\x00"))
    assert b"last words" in client.recv() + client.recv()


def test_a_disk_that_is_full_loses_nothing_and_is_told_until_there_is_room(new_server, clients, world):
    server, name = new_server(), fresh(world, "full")
    address = server.url.replace("ws", "http") + "/health"
    clients.open("ada", url=server.url, name=name, token=world.tokens["ada"])
    clients.type("ada", text="before ")
    clients.synced("ada")
    file = server.folder / "hocuspocus" / "documents.sqlite3"
    full = max(path.stat().st_size for path in file.parent.iterdir())
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
    clients.type("ada", text="during ")
    assert wait_until(lambda: httpx.get(address, timeout=PATIENCE).status_code == 503, PATIENCE)
    assert httpx.get(address, timeout=PATIENCE).json()["failed"] == ["store"]
    answer = run_command("probe", "hocuspocus", "--port", str(server.port), env={})
    assert (answer.code, answer.stderr) == (1, "hocuspocus: not well: store\n")
    assert server.stop() == 0
    assert "Traceback" not in server.said
    assert server.faults() != []
    (server.folder / "said").write_text("")
    server.start()
    clients.synced("ada")
    clients.open("ben", url=server.url, name=name, token=world.tokens["ada"])
    clients.reads("ben", text="before during ")
    assert httpx.get(address, timeout=PATIENCE).json()["status"] == "ok"


def test_a_second_server_on_the_same_folder_says_why_it_cannot_start(server):
    environment = {"LLMIO_DATA": str(server.folder), "LLMIO_ENV": "testing", "HOCUSPOCUS_PORT": "1"}
    answer = run_command("hocuspocus", env=environment)
    assert answer.code == 1
    assert "does another `llmio hocuspocus` run with it?" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"PRIVATE_APP_URL": "app:3000"}, "PRIVATE_APP_URL: 'app:3000' is not an address that begins with"),
        ({"HOCUSPOCUS_KEEP_DAYS": "soon"}, "HOCUSPOCUS_KEEP_DAYS: 'soon' is not a whole number"),
        ({"HOCUSPOCUS_PORT": "seven"}, "HOCUSPOCUS_PORT: 'seven' is not a whole number"),
    ],
)
def test_what_is_wrong_with_its_settings_is_said_in_words(variables, said, tmp_path):
    answer = run_command("hocuspocus", env={"LLMIO_DATA": str(tmp_path), "LLMIO_ENV": "testing", **variables})
    assert answer.code != 0
    assert said in answer.stderr
    assert json.dumps(answer.stderr).count("Traceback") == 0
