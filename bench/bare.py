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

Statement = tuple[str, Any]
_made: dict[int, Any] = {}


def record(app: Any, what: Ask, world: World) -> list[Statement]:
    """What one request sends to the database, with its values, the second time it is asked."""
    if id(app) not in _made:
        _made[id(app)] = webtest.TestApp(web.assemble(app))
    browser = _made[id(app)]
    headers = {"Cookie": world.cookies[-1], "Host": "localhost"}
    sent: list[Statement] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:  # noqa: FBT001
        sent.extend((statement, one) for one in values) if many else sent.append((statement, values))

    for _time in range(2):
        sent.clear()
        event.listen(app.engine, "before_cursor_execute", note)
        try:
            if what.form:
                browser.post(what.path, {**what.form, "csrf_token": CSRF}, headers=headers, status=303)
            else:
                browser.get(what.path, headers=headers, status=200)
        finally:
            event.remove(app.engine, "before_cursor_execute", note)
    return list(sent)


def run(url: str, statements: list[Statement], *, clients: int, seconds: float) -> float:
    """Times a second that all of them were run, each time in one transaction that is rolled back."""
    address = url.replace("+psycopg", "")
    done: list[int] = []
    until = time.perf_counter() + seconds
    threads = [threading.Thread(target=_client, args=(address, statements, until, done)) for _number in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
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
