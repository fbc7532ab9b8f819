"""Files through a real server: what its memory and its sockets do is the point."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import suppress
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from bench.files import Client, Watch, sum_of
from bench.seed import CSRF, SECRET, cookie
from llmio.accounts import sessions
from llmio.embedded.ports import free_port
from llmio.embedded.process import wait_until
from tests import factories
from tests.functional.test_file_bad_input import md5
from tests.processes import PATIENCE

JSON = {"Content-Type": "application/json"}
LARGE = 64
"""Megabytes."""
BOUND = 48.0
"""Megabytes above rest; a file held in memory once would not fit."""


@pytest.fixture
def served(app, committed_db, redis_url, tmp_path):
    """A web server of one process, and somebody's cookie."""
    with app.begin() as ctx:
        person = factories.user(ctx.db)
        ctx.db.flush()
        signed_in = cookie(sessions.open_session(ctx, person).id)
    port = free_port()
    variables = {
        "DATABASE_URL": committed_db.url,
        "REDIS_URL": redis_url,
        "SECRET_COOKIE_TOKEN": SECRET,
        "LLMIO_ENV": "production",
        "LLMIO_DATA": str(tmp_path),
        "MAX_ATTACHMENT_BYTES": str(LARGE << 20),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "llmio", "serve", "--port", str(port), "--workers", "1"],
        env={**os.environ, **variables},
        stdout=(tmp_path / "log").open("wb"),
        stderr=subprocess.STDOUT,
    )
    try:
        assert wait_until(lambda: _answers(port), PATIENCE, every=0.05)
        yield Client(f"http://127.0.0.1:{port}", signed_in), process, committed_db, tmp_path
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _answers(port):
    with suppress(OSError):
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/up")
        return connection.getresponse().status == 200
    return False


def test_files_through_a_real_server(served):
    client, process, database, folder = served
    client.fetch(client.upload(1)["url"])  # warm
    memory_is_bounded(client, process)
    with database.engine.connect() as connection:
        before = connection.execute(text("SELECT count(*) FROM active_storage_blobs")).scalar_one()
    stored = sorted((folder / "storage").rglob("*"))
    what_is_too_large_is_refused_unread(client)
    what_breaks_off_leaves_nothing(client)
    what_comes_in_pieces_is_taken(client)
    saved = client.upload(1)  # the server goes on
    with database.engine.connect() as connection:
        after = connection.execute(text("SELECT max(id), count(*) FROM active_storage_blobs")).one()
    assert after == (saved["id"], before + 2)
    files = [path for path in (folder / "storage").rglob("*") if path not in stored and path.is_file()]
    assert sorted(path.stat().st_size for path in files) == [5, 1 << 20]


def memory_is_bounded(client, process):
    figures = {}
    with Watch(process.pid) as watch:
        with watch.during("up", figures):
            saved = client.upload(LARGE)
        with watch.during("down", figures):
            assert client.fetch(saved["url"]) == (LARGE << 20, sum_of(LARGE))
    assert max(figures["up_above"], figures["down_above"]) < BOUND, figures


def raw(client, size, sent):
    """Announce a form of so many bytes, and send some of it."""
    parts = urlsplit(f"http://{client.host}")
    connection = socket.create_connection((parts.hostname, parts.port), PATIENCE)
    head = (
        f"POST /files HTTP/1.1\r\nHost: localhost\r\nCookie: {client.cookie}\r\nX-CSRF-Token: {CSRF}\r\n"
        "Sec-Fetch-Site: same-origin\r\nReferer: http://localhost/dashboard\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {size}\r\n\r\n"
    )
    connection.sendall(head.encode() + sent)
    return connection


def what_is_too_large_is_refused_unread(client):
    with raw(client, 1 << 40, b"") as connection:  # nothing of a terabyte is sent
        answer = connection.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 413")
    assert "too large" in answer


def what_breaks_off_leaves_nothing(client):
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="half.bin"\r\n\r\n'
    with raw(client, 10 << 20, head + b"x" * (2 << 20)):
        pass


def what_comes_in_pieces_is_taken(client):
    """A body without a length, as streaming clients send it: its size is counted, and must be what was announced."""
    statuses = []
    for said, pieces in ((5, [b"hel", b"lo"]), (4, [b"hello"]), (5, [b"hel"]), (5, [])):
        connection = HTTPConnection(client.host, timeout=PATIENCE)
        shared = {"Cookie": client.cookie, "X-CSRF-Token": CSRF}
        blob = {"filename": "a.bin", "byte_size": said, "checksum": md5(b"".join(pieces))}
        connection.request("POST", "/direct_uploads", json.dumps({"blob": blob}), shared | JSON)
        where = json.load(connection.getresponse())["direct_upload"]["url"]
        connection.request("PUT", where, iter(pieces), shared, encode_chunked=True)
        statuses.append(connection.getresponse().status)
        connection.close()
    assert statuses == [204, 422, 422, 422]
