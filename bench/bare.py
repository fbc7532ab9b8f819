"""The statements of a page or write, run alone through psycopg: the floor that no page can go below."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg
import webtest
from sqlalchemy import event

from bench.seed import CSRF, Ask, World
from llmio import web
from llmio.testing.isolation import bound

Statement = tuple[str, Any]
_made: dict[int, Any] = {}


def record(app: Any, what: Ask, world: World, *, people: int) -> list[list[Statement]]:
    """What a request of each of some people sends to the database, with its values, the second time it is asked.

    All of it is rolled back, so that a write can be run again as it was.
    """
    app.follower.enabled = False  # its thread would write on the connection that is recorded
    if id(app) not in _made:
        _made[id(app)] = webtest.TestApp(web.assemble(app))
    return [_recorded(app, _made[id(app)], what, world.cookies[number]) for number in range(people)]


def _recorded(app: Any, browser: Any, what: Ask, cookie: str) -> list[Statement]:
    headers = {"Cookie": cookie, "Host": "localhost"}
    sent: list[Statement] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:  # noqa: FBT001
        several = many and isinstance(values, list | tuple) and bool(values) and isinstance(values[0], dict | tuple)
        sent.extend((statement, one) for one in values) if several else sent.append((statement, values))

    event.listen(app.engine, "before_cursor_execute", note)
    try:
        with app.engine.connect() as connection:
            outer = connection.begin()
            with bound(app, connection):
                for _time in range(2):
                    sent.clear()
                    if what.form:
                        browser.post(what.path, {**what.form, "csrf_token": CSRF}, headers=headers, status=303)
                    else:
                        browser.get(what.path, headers=headers, status=200)
            kept = list(sent)
            outer.rollback()
    finally:
        event.remove(app.engine, "before_cursor_execute", note)
    return kept


def run(url: str, recorded: list[list[Statement]], *, clients: int, seconds: float) -> float:
    """Times a second that all of them were run, each time in one transaction that is rolled back."""
    address = url.replace("+psycopg", "")
    done: list[int] = []
    until = time.perf_counter() + seconds
    threads = [
        threading.Thread(target=_client, args=(address, recorded[number % len(recorded)], until, done))
        for number in range(clients)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(done) < clients:
        raise SystemExit("a statement failed when run bare")
    return round(sum(done) / (time.perf_counter() - began), 1)


def _client(address: str, statements: list[Statement], until: float, done: list[int]) -> None:
    count = 0
    with psycopg.connect(address) as connection:
        connection.execute("SET search_path = public")
        connection.commit()
        while time.perf_counter() < until:
            for statement, values in statements:
                cursor = connection.execute(statement, values)
                if cursor.description:
                    cursor.fetchall()
            connection.rollback()
            count += 1
    done.append(count)
