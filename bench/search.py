"""Two-word queries over a million documents: through page and JSON, beside the reference's statement run bare."""

from __future__ import annotations

import os
import random
import time
from typing import Any

import httpx
from sqlalchemy import text

from bench import documents
from bench.seed import cookie
from llmio.accounts import service as accounts
from llmio.accounts import sessions
from llmio.plugins import Filters
from llmio.search import service

QUERIES = 200
# As the reference asks: ranked, twenty of them, with the words marked.
BARE = text("""
WITH found AS (
  SELECT id, content, ts_rank(ts_content, to_tsquery('simple', :query)) AS rank FROM pg_search_documents
  WHERE ts_content @@ to_tsquery('simple', :query) AND group_id = ANY(:groups) ORDER BY rank DESC, id DESC LIMIT 20
)
SELECT id, rank, ts_headline('simple', content, to_tsquery('simple', :query)) FROM found
""")


def measure(site: Any) -> dict[str, Any]:
    """Fill, then ask; milliseconds at the median and the 95th percentile. LLMIO_BENCH_DOCUMENTS says how many."""
    app, count = site.app(), int(os.environ.get("LLMIO_BENCH_DOCUMENTS", "1000000"))
    with app.begin() as ctx:
        user = accounts.complete(ctx, accounts.find_or_invite(ctx, "searcher@example.org"), name="Ada Searcher")
        ctx.db.flush()
        begun = cookie(sessions.open_session(ctx, user).id)
        user_id, identity = user.id, sessions.identity_of(user)
    started = time.perf_counter()
    documents.fill(app, user_id, count)
    filled = time.perf_counter() - started
    with app.begin() as ctx:
        said = list(ctx.db.scalars(text("SELECT body FROM comments WHERE id % 997 = 5 LIMIT 2000")))
        groups = list(ctx.db.scalars(text("SELECT group_id FROM memberships WHERE user_id = :id"), {"id": user_id}))
    chance = random.Random(11)
    pairs = [chance.sample(chance.choice(said).split(), 2) for _ in range(QUERIES)]
    bare, own = [], []
    with app.connect() as connection:
        for a, b in pairs:
            asked = {"query": f"{a}:* & {b}:*", "groups": groups}
            bare.append(_took(lambda: connection.execute(BARE, asked).all()))  # noqa: B023
            with app.begin(identity) as ctx:
                own.append(_took(lambda: service.search(ctx, f"{a} {b}", Filters())))  # noqa: B023
    with httpx.Client(base_url=site.url, headers={"Cookie": begun}, timeout=60) as client:
        page = [_took(lambda: client.get("/search", params={"q": f"{a} {b}"}).raise_for_status()) for a, b in pairs]  # noqa: B023
        data = [
            _took(lambda: client.get("/api/v1/search", params={"query": f"{a} {b}"}).raise_for_status())  # noqa: B023
            for a, b in pairs
        ]
        frame = {"Turbo-Frame": "search-results"}
        typing = [
            _took(lambda: client.get("/search", params={"q": f"{a} {b}"}, headers=frame).raise_for_status())  # noqa: B023
            for a, b in pairs
        ]
    rows = {"bare SQL": bare, "search (service)": own, "page": page, "as one types": typing, "JSON": data}
    return {
        "documents": count,
        "filled": round(filled),
        "times_bare": round(_at(own, 0.95) / max(_at(bare, 0.95), 0.001), 2),
        "rows": [{"name": name, "median": _at(taken, 0.5), "p95": _at(taken, 0.95)} for name, taken in rows.items()],
    }


def lines(result: dict[str, Any]) -> list[str]:
    """The figures for people."""
    told = [f"search: two words in {result['documents']:,} documents (written in {result['filled']} s)"]
    told += [
        f"  {row['name']:<18} median {row['median']:>7.1f} ms   p95 {row['p95']:>8.1f} ms" for row in result["rows"]
    ]
    told.append(f"  p95 of the service: {result['times_bare']} times the bare statement's")
    return told


def _took(work: Any) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def _at(taken: list[float], part: float) -> float:
    return round(sorted(taken)[min(len(taken) - 1, int(len(taken) * part))], 1)
