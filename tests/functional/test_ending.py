"""A process that is told to end finishes what it has taken on, and takes nothing new."""

from __future__ import annotations

import base64
import http.client
import signal
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from llmio.embedded.ports import free_port
from tests import deeds
from tests.processes import PATIENCE, site, until

HELD_UP = (
    "SELECT count(*) FROM pg_locks WHERE NOT granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
MANY = 40
MAIL = b"From: nobody@example.org\r\nTo: nobody@reply.example.org\r\nSubject: Hello\r\n\r\nHello\r\n"
RELAY = "/rails/action_mailbox/relay/inbound_emails"
HEADERS = {
    "Authorization": "Basic " + base64.b64encode(b"actionmailbox:password").decode(),
    "Content-Type": "message/rfc822",
}


@pytest.fixture
def place(committed_db, tmp_path):
    with site(committed_db, tmp_path) as made:
        made.variables |= {"RAILS_INBOUND_EMAIL_PASSWORD": "password", "REPLY_HOSTNAME": "reply.example.org"}
        yield made


@pytest.fixture
def web(place):
    """A web server; its process and its port."""
    port = free_port()
    process = place.run("serve", "--port", str(port), "--workers", "1", "--threads", "2")
    until(lambda: answers(port))
    return process, port


def answers(port: int) -> bool:
    try:
        return ask(port, "GET", "/up") == 200
    except OSError:
        return False


def ask(
    port: int,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict | None = None,
    connected: Callable[[], object] = lambda: None,
) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.connect()
        connected()
        connection.request(method, path, body, headers or {})
        return connection.getresponse().status
    finally:
        connection.close()


def test_requests_that_wait_their_turn_are_answered_after_the_word_to_end(place, web):
    process, port = web
    with place.engine.connect() as holder, ThreadPoolExecutor(MANY) as clients:
        holder.execute(text("LOCK TABLE action_mailbox_inbound_emails, received_emails IN ACCESS EXCLUSIVE MODE"))
        connected = threading.Semaphore(0)
        asked = [clients.submit(ask, port, "POST", RELAY, MAIL, HEADERS, connected.release) for _ in range(MANY)]
        assert all(connected.acquire(timeout=PATIENCE) for _ in range(MANY))
        until(lambda: place.ask(HELD_UP) == 2)  # both threads
        process.send_signal(signal.SIGTERM)
        until(lambda: refuses(port))
        assert process.poll() is None
        holder.rollback()
        assert {one.result(PATIENCE) for one in asked} == {204}
    assert process.wait(PATIENCE) == 0


def refuses(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        try:
            probe.connect(("127.0.0.1", port))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
        return False


def test_a_worker_finishes_the_jobs_it_has_begun_and_leaves_all_others_to_the_next(place, tmp_path):
    worker = place.start("worker")
    place.act(deeds.wait, str(tmp_path / "go"), times=4)  # as many as it does at a time
    until(lambda: place.notes() == ["began"] * 4)
    place.act(deeds.note, "later", times=100)
    worker.send_signal(signal.SIGTERM)
    until(lambda: "Warm shutdown" in place.log("worker"))
    (tmp_path / "go").touch()
    assert worker.wait(PATIENCE) == 0
    assert place.notes() == ["began"] * 4 + ["ended"] * 4
    waiting = "SELECT count(*) FROM llmio.outbox WHERE job = 'test.note'"
    assert place.ask(waiting) == 100
    place.start("worker")
    until(lambda: place.ask(waiting) == 0)
    assert place.notes().count("later") == 100
