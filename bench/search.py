"""Two-word queries over a million documents: what an answer costs beside its own statements run bare, and the reference's."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
import psycopg
import webob
from sqlalchemy import event, text

from bench import documents
from bench.seed import cookie
from llmio import web
from llmio.accounts import service as accounts
from llmio.accounts import sessions
from llmio.core import collector
from llmio.plugins import Filters
from llmio.search import service

QUERIES = 200
FREQUENT = 100
WARM = 10
# As the reference asks: ranked, twenty of them, with the words marked.
REFERENCE = """
WITH found AS (
  SELECT id, content, ts_rank(ts_content, to_tsquery('simple', %(query)s)) AS rank FROM pg_search_documents
  WHERE ts_content @@ to_tsquery('simple', %(query)s) AND group_id = ANY(%(groups)s) ORDER BY rank DESC, id DESC LIMIT 20
)
SELECT id, rank, ts_headline('simple', content, to_tsquery('simple', %(query)s)) FROM found
"""
Ask = Callable[[str], object]
Times = list[float]
FRAME = {"Turbo-Frame": "search-results"}


@dataclass
class Doors:
    """The doors to search, each as somebody in 200 groups: within this process, and the last three through HTTP."""

    identity: Any
    cookie: str
    app: Any
    wsgi: Any = field(init=False)

    def __post_init__(self) -> None:
        self.wsgi = web.assemble(self.app, warm=True)

    def within(self) -> dict[str, Ask]:
        """Name → asks for two words, without a network."""
        return {
            "service": self._service,
            "as one types": lambda words: self._ask("/search", {"q": words}, FRAME),
            "JSON": lambda words: self._ask("/api/v1/search", {"query": words}),
            "page": lambda words: self._ask("/search", {"q": words}),
        }

    def through(self, client: httpx.Client) -> dict[str, Ask]:
        """Name → asks for two words through HTTP."""
        get = lambda path, **how: client.get(path, **how).raise_for_status()  # noqa: E731
        return {
            "as one types": lambda words: get("/search", params={"q": words}, headers=FRAME),
            "JSON": lambda words: get("/api/v1/search", params={"query": words}),
            "page": lambda words: get("/search", params={"q": words}),
        }

    def _service(self, words: str) -> None:
        with self.app.begin(self.identity) as ctx:
            service.search(ctx, words, Filters())

    def _ask(self, path: str, values: dict[str, str], headers: dict[str, str] | None = None) -> None:
        query = webob.Request.blank("/", POST=values).body.decode()
        request = webob.Request.blank(
            f"{path}?{query}", headers={"Cookie": self.cookie, "Host": "localhost", **(headers or {})}
        )
        answer = request.get_response(self.wsgi)
        if answer.status_int != 200:
            raise SystemExit(f"{path}: {answer.status}")


class Heard:
    """The statements that an engine sends meanwhile, with their values; the processes that answer them go into `backends`."""

    def __init__(self, engine: Any, backends: set[int]) -> None:
        self.engine = engine
        self.backends = backends
        self.statements: list[tuple[str, Any]] = []

    def __enter__(self) -> Self:
        event.listen(self.engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *raised: object) -> None:
        event.remove(self.engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:  # noqa: FBT001
        self.statements.append((statement, values))
        self.backends.add(cursor.connection.info.backend_pid)


def measure(site: Any) -> dict[str, Any]:
    """Fill, then ask; milliseconds at the median and the 95th percentile. LLMIO_BENCH_DOCUMENTS says how many."""
    app, count = site.app(), int(os.environ.get("LLMIO_BENCH_DOCUMENTS", "1000000"))
    with app.begin() as ctx:
        user = accounts.complete(ctx, accounts.find_or_invite(ctx, "searcher@example.org"), name="Ada Searcher")
        ctx.db.flush()
        begun = cookie(sessions.open_session(ctx, user).id)
        user_id, identity = user.id, sessions.identity_of(user)
    started = time.perf_counter()
    words = documents.fill(app, user_id, count)
    filled = round(time.perf_counter() - started)
    doors = Doors(identity, begun, app)
    collector.set_aside()  # as the web server does
    usual, rare = _queries(app, frozenset(words[:FREQUENT]))
    asked = {"words as often as they are written": usual, f"without the {FREQUENT} most frequent words": rare}
    with httpx.Client(base_url=site.url, headers={"Cookie": begun}, timeout=60) as client:
        parts = {name: _measured(app, site.database, user_id, doors, client, pairs) for name, pairs in asked.items()}
    return {"documents": count, "filled": filled, "parts": parts}


def _queries(app: Any, frequent: frozenset[str]) -> tuple[list[str], list[str]]:
    """Two words of a text each, as often as they are written; and without frequent ones."""
    with app.begin() as ctx:
        said = [one.split() for one in ctx.db.scalars(text("SELECT body FROM comments WHERE id % 997 = 5 LIMIT 2000"))]
    chance = random.Random(11)
    usual = [" ".join(chance.sample(chance.choice(said), 2)) for _ in range(QUERIES)]
    rarer = [kept for one in said if len(kept := [word for word in one if word not in frequent]) > 1]
    return usual, [" ".join(chance.sample(chance.choice(rarer), 2)) for _ in range(QUERIES)]


def _measured(
    app: Any, database: str, user_id: int, doors: Doors, client: httpx.Client, pairs: Sequence[str]
) -> dict[str, Any]:
    """Processor time of each door beside its statements alone, and time by the clock through HTTP."""
    with psycopg.connect(database.replace("+psycopg", "")) as connection:
        connection.execute("SET search_path = public")
        groups = [
            row[0] for row in connection.execute("SELECT group_id FROM memberships WHERE user_id = %s", [user_id])
        ]
        connection.commit()
        reference = []
        for pair in pairs:
            first, second = pair.split()
            asked = {"query": f"{first}:* & {second}:*", "groups": groups}
            reference.append(_alone(connection, [(REFERENCE, asked)]))
        rows = {name: _beside(app, connection, ask, pairs, name) for name, ask in doors.within().items()}
    for name, ask in doors.through(client).items():
        rows[name]["clock"] = _figures([_took(lambda: ask(pair)) for pair in pairs])  # noqa: B023
    return {"reference": _figures(reference), "rows": rows}


def _beside(app: Any, connection: Any, ask: Ask, pairs: Sequence[str], name: str) -> dict[str, Any]:
    """Each asked twice, the second time measured; then its very statements, with their values, through psycopg alone."""
    print(f"{name} …", file=sys.stderr, flush=True)
    own, bare, statements = [], [], 0
    backends: set[int] = set()  # of whichever connections the pool gives
    for pair in (*pairs[:WARM], *pairs):
        with Heard(app.engine, backends) as heard:
            ask(pair)
            sent = list(heard.statements)
            before = _spent(backends)
            ask(pair)
            own.append(_spent(backends) - before)
        bare.append(_alone(connection, sent))
        statements = max(statements, len(sent))
    own, bare = own[WARM:], bare[WARM:]
    times = round(_at(own, 0.95) / max(_at(bare, 0.95), 0.001), 2)
    return {"own": _figures(own), "bare": _figures(bare), "times_bare": times, "statements": statements}


def _alone(connection: Any, statements: Sequence[tuple[str, Any]]) -> float:
    """Milliseconds of processor that statements take, here and in the database; all is rolled back."""
    backend = {connection.info.backend_pid}
    before = _spent(backend)
    for statement, values in statements:
        cursor = connection.execute(statement, values)
        if cursor.description:
            cursor.fetchall()
    spent = _spent(backend) - before
    connection.rollback()
    return spent


def _spent(backends: set[int]) -> float:
    """Milliseconds of processor that this process and these of the database have had."""
    theirs = sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in backends)
    return (time.process_time_ns() + theirs) / 1e6


def lines(result: dict[str, Any]) -> list[str]:
    """The figures for people."""
    told = [
        f"search: two words in {result['documents']:,} documents (written in {result['filled']} s); median and p95 in ms"
    ]
    for name, part in result["parts"].items():
        told += ["", f"  {name}; the reference's statement alone: {_pair(part['reference'])}"]
        told.append(
            f"  {'':<14}{'processor':>16}{'its SQL bare':>16}{'×':>7}{'× reference':>13}{'statements':>12}{'by the clock':>16}"
        )
        for door, row in part["rows"].items():
            times = round(row["own"]["p95"] / max(part["reference"]["p95"], 0.001), 2)
            clock = _pair(row["clock"]) if "clock" in row else ""
            told.append(
                f"  {door:<14}{_pair(row['own']):>16}{_pair(row['bare']):>16}{row['times_bare']:>7.2f}{times:>13.2f}"
                f"{row['statements']:>12}{clock:>16}"
            )
    return told


def _pair(figures: dict[str, float]) -> str:
    return f"{figures['median']:.1f}  {figures['p95']:.1f}"


def _figures(taken: Times) -> dict[str, float]:
    return {"median": _at(taken, 0.5), "p95": _at(taken, 0.95)}


def _took(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def _at(taken: Times, part: float) -> float:
    return round(sorted(taken)[min(len(taken) - 1, int(len(taken) * part))], 2)
