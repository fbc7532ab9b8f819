"""A worker that has nothing to do gives back what it took of the database server; nothing is lost by it."""

from __future__ import annotations

from sqlalchemy import text

from llmio.worker.rest import Rest
from tests.processes import site


def test_a_worker_that_rests_gives_back_its_connections_once(committed_db, tmp_path):
    with site(committed_db, tmp_path) as place:
        engine = place.app.engine

        def three(_outbox_id):
            held = [engine.connect() for _ in range(3)]
            for one in held:
                one.close()
            return True

        busy, resting = Rest(place.app, three, seconds=1000), Rest(place.app, three, seconds=0)
        assert busy.run(1)
        busy.look()
        kept = engine.pool.checkedin()
        assert kept >= 3, "it may work again at any moment"

        with engine.connect() as used:
            resting.look()
            assert engine.pool.checkedin() == 0
            assert used.scalar(text("SELECT 1")) == 1, "what is in use goes on"
            assert place.ask("SELECT count(*) FROM pg_stat_activity WHERE pid = pg_backend_pid()") == 1

        assert engine.pool.checkedin() <= kept
        assert resting.run(2), "the next job connects anew"
        once = engine.pool.checkedin()
        assert once >= 3
        resting.look()
        assert engine.pool.checkedin() == 0
        with engine.connect():
            pass
        resting.look()
        assert engine.pool.checkedin() == 1, "no job came since: nothing more to give back"
