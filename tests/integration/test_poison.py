"""A poison job, and a job whose plugin is gone, through the real worker: neither blocks what comes after it."""

from __future__ import annotations

import signal

import pytest

from llmio.core.jobs import Job
from tests import deeds
from tests.processes import PATIENCE, site, until


@pytest.fixture
def place(committed_db, tmp_path):
    with site(committed_db, tmp_path) as made:
        yield made


def state(place, job):
    """(attempts, dead, error) of the one row of a job."""
    with place.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT attempts, dead_at IS NOT NULL, coalesce(last_error, '') FROM llmio.outbox WHERE job = %s", (job,)
        ).all()
    return tuple(rows[0]) if len(rows) == 1 else rows


def test_poison_ends_in_the_dead_list_and_strangers_are_parked_while_the_queue_goes_on(place):
    stranger = Job("stranger.job", print, "high")
    place.act(deeds.poison, times=12)
    place.act(deeds.poison_outside, "no way")
    place.act(stranger, times=12)
    place.act(deeds.exits)
    place.act(deeds.note, "behind them")
    place.start("worker")
    until(lambda: place.notes() == ["behind them"])
    until(lambda: place.ask("SELECT count(*) FROM llmio.outbox WHERE dead_at IS NOT NULL") == 14)
    attempts, dead, error = state(place, deeds.poison_outside.name)
    assert (attempts, dead) == (1, True)
    assert "Traceback" in error
    assert "in poison_outside" in error
    assert "SystemExit: 3" in state(place, deeds.exits.name)[2]
    until(lambda: place.ask("SELECT count(*) FROM llmio.outbox WHERE job = 'stranger.job' AND last_error LIKE 'no job%%'") == 12)  # fmt: skip
    assert place.ask("SELECT count(*) FROM llmio.outbox WHERE job = 'stranger.job' AND (dead_at IS NOT NULL OR available_at < now() + interval '50 minutes')") == 0  # fmt: skip
    place.act(deeds.note, "and later")
    until(lambda: place.notes() == ["behind them", "and later"])


def test_what_runs_is_seen_while_it_runs_and_counts_as_nothing_that_waits(place, tmp_path):
    from llmio.admin.service import jobs
    from llmio.core.context import OPERATOR

    place.start("worker")
    place.act(deeds.wait, str(tmp_path / "go"))
    place.tell(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN IF new.word = ''held'' THEN PERFORM pg_advisory_xact_lock(77); END IF; RETURN new; END'"
    )
    place.tell("CREATE TRIGGER slow BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION slow()")

    def seen():
        with place.app.begin(OPERATOR) as ctx:
            at_work = jobs.running(ctx)
            waiting = sum(one.waiting for one in jobs.queues(ctx, at_work=at_work))
        return sorted(one.job for one in at_work), waiting

    with place.engine.connect() as connection:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(77)")
        place.act(deeds.note, "held")
        until(lambda: seen() == (["test.note", "test.wait"], 0))
        with place.app.begin(OPERATOR) as ctx:
            assert all(one.since is not None for one in jobs.running(ctx))
    (tmp_path / "go").touch()
    until(lambda: seen() == ([], 0))
    assert sorted(place.notes()) == ["began", "ended", "held"]


def test_a_job_that_kills_every_worker_is_given_up(place):
    place.act(deeds.kills)
    place.act(deeds.note, "beside it")
    for attempts in (1, 2, 3):
        assert place.start("worker").wait(PATIENCE) == -signal.SIGKILL
        # The time of the next try comes.
        place.tell("UPDATE llmio.outbox SET available_at = now() WHERE job = 'test.kills'")
        assert place.ask("SELECT attempts FROM llmio.outbox WHERE job = 'test.kills'") == attempts - 1
    place.start("worker")
    until(lambda: place.ask("SELECT dead_at IS NOT NULL FROM llmio.outbox WHERE job = 'test.kills'"))
    assert "The process died" in place.ask("SELECT last_error FROM llmio.outbox WHERE job = 'test.kills'")
    place.act(deeds.note, "after it")
    until(lambda: sorted(place.notes()) == ["after it", "beside it"])


def test_a_job_that_lets_no_other_thread_run_ends_with_its_trace_and_blocks_nothing(place):
    place.act(deeds.freezes)
    worker = place.start("worker", TEST_FROZEN="8")
    assert worker.wait(PATIENCE) == 1
    place.act(deeds.note, "after it")
    place.start("worker")
    until(lambda: place.notes() == ["after it"])
    until(lambda: place.ask("SELECT dead_at IS NOT NULL FROM llmio.outbox WHERE job = 'test.freezes'"))
    assert "in freezes" in place.ask("SELECT last_error FROM llmio.outbox WHERE job = 'test.freezes'")


def test_a_worker_that_ends_well_leaves_no_notes(place):
    worker = place.start("worker")
    place.act(deeds.note, "hello")
    until(lambda: place.notes() == ["hello"])
    until(lambda: [path.read_text() for path in (place.folder / "workers").glob("*.json")] == ["[]\n"])
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(PATIENCE) == 0
    assert list((place.folder / "workers").iterdir()) == []
