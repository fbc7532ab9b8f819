"""A port that is given up: whoever was in the queue is let in, whoever comes later is refused, nobody is cut off."""

from __future__ import annotations

import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from llmio.embedded.process import wait_until
from llmio.web import draining
from tests.processes import PATIENCE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the server just ends")


@pytest.fixture
def listening():
    made = socket.create_server(("127.0.0.1", 0), backlog=64)
    yield made
    made.close()


def port_of(listening: socket.socket) -> int:
    return listening.getsockname()[1]


def test_who_waited_at_the_door_is_let_in_and_who_comes_later_is_refused(listening):
    port = port_of(listening)
    waiting = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    draining.begin_nothing(port)
    with ThreadPoolExecutor(2) as others:
        # Nobody accepts yet. A newcomer is neither let in nor refused: its handshake is tried again later.
        late = others.submit(connects, port)
        ended = others.submit(draining.stop_listening, port, time.monotonic() + PATIENCE)
        let_in = [listening.accept()[0] for _ in waiting]
        ended.result(PATIENCE)
        assert late.result(PATIENCE) is False
    assert connects(port) is False
    for client, server in zip(waiting, let_in, strict=True):
        client.close()
        server.close()


def connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
    except ConnectionRefusedError:
        return False
    return True


def app(environ, start_response):
    start_response("200 OK", [])
    if environ["PATH_INFO"] == "/stream":
        return (part for part in (b"one", b"two"))
    return [b"whole"]


@pytest.mark.parametrize("path", ["/", "/stream"])
def test_the_last_answers_say_that_nothing_more_should_be_asked(path):
    given, made = [], draining.Draining(app)
    assert b"".join(made({"PATH_INFO": path}, lambda *told: given.append(told))) in (b"whole", b"onetwo")
    made.drain(0, 5)
    b"".join(made({"PATH_INFO": path}, lambda *told: given.append(told)))
    assert given == [("200 OK", []), ("200 OK", [("Connection", "close")])]


@pytest.mark.parametrize("how", ["read", "closed", "forgotten"])
def test_an_answer_is_waited_for_until_it_is_sent(listening, how, monkeypatch):
    monkeypatch.setattr(draining, "IDLE_SECONDS", 0.1)
    port, made = port_of(listening), draining.Draining(app)
    with socket.create_connection(("127.0.0.1", port)), listening.accept()[0]:
        answer = made({"PATH_INFO": "/stream"}, lambda *told: None)
        ending = threading.Thread(target=made.drain, args=(port, 60))
        ending.start()
        assert wait_until(lambda: not listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN), PATIENCE)
        ending.join(3 * draining.IDLE_SECONDS)
        assert ending.is_alive()
        if how == "read":
            list(answer)
        elif how == "closed":
            answer.close()
        del answer
        ending.join(PATIENCE)
        assert not ending.is_alive()


def test_an_application_that_fails_is_not_waited_for():
    def failing(environ, start_response):
        raise ValueError("no")

    made = draining.Draining(failing)
    with pytest.raises(ValueError, match="no"):
        made({}, lambda *told: None)
    began = time.monotonic()
    made.drain(0, 300)
    assert time.monotonic() - began < 100
