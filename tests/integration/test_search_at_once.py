"""Index jobs at the same moment: whatever they have in common, each waits for the other at most, and none fails."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from llmio.core import outbox
from llmio.search import jobs
from tests import factories
from tests.processes import until

WAITING = text(
    "SELECT array_agg(DISTINCT locktype) FROM pg_locks WHERE NOT granted AND pid IN "
    "(SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
)
INSERT = text("INSERT INTO plugin_search_postgres.words VALUES (:word)")
WORDS = text("SELECT word FROM plugin_search_postgres.words ORDER BY word")
FIRST, SECOND = "aardvark", "zebra"


@pytest.fixture
def site(committed_db):
    """The App, committed; a thread and a comment in it that have a new word in common; the rows of the two jobs."""
    app = committed_db.app
    with app.begin() as ctx:
        thread = factories.discussion(ctx.db, title=SECOND)
        comment = factories.comment(ctx.db, thread, body=f"{FIRST} {SECOND}")
        made = [("Discussion", thread.id), ("Comment", comment.id)]
    rows = []
    for which in made:
        with app.begin() as ctx:
            row = outbox.add(ctx, jobs.index, which)
            ctx.db.flush()
            rows.append(row.id)
    return app, *rows


@pytest.fixture
def sessions(committed_db):
    """Two sessions of the database: one that looks on, one that writes."""
    at_once = committed_db.engine.execution_options(isolation_level="AUTOCOMMIT")
    with at_once.connect() as looking, committed_db.engine.connect() as other:
        yield looking, other


def until_waiting(looking, kind):
    """Returns once somebody waits for a lock of a kind."""
    until(lambda: kind in (looking.scalar(WAITING) or ()))


def test_a_thread_and_its_comment_with_a_new_word_in_common(site, sessions):
    """The comment's job holds the comment and waits to write its first word; the thread's job comes to the comment."""
    app, of_thread, of_comment = site
    looking, other = sessions
    with ThreadPoolExecutor(2) as pool, other.begin() as written:
        other.execute(INSERT, {"word": FIRST})
        second = pool.submit(outbox.run, app, of_comment)
        until_waiting(looking, "transactionid")
        first = pool.submit(outbox.run, app, of_thread)
        until_waiting(looking, "advisory")
        written.rollback()
        assert (first.result(), second.result()) == (True, True)
    assert {FIRST, SECOND} <= set(looking.scalars(WORDS))
    assert app.plugins.failures.all() == []


def test_words_are_written_in_one_order(site, sessions):
    """A thread with its comment, and another who writes the same words: the first is waited for before the second is written."""
    app, of_thread, _of_comment = site
    looking, other = sessions
    with ThreadPoolExecutor(1) as pool, other.begin() as written:
        other.execute(INSERT, {"word": FIRST})
        job = pool.submit(outbox.run, app, of_thread)
        until_waiting(looking, "transactionid")
        other.execute(INSERT, {"word": SECOND})
        written.rollback()
        assert job.result() is True
    assert {FIRST, SECOND} <= set(looking.scalars(WORDS))
    assert app.plugins.failures.all() == []
