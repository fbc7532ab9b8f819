"""What was accepted is done, once, whatever dies."""

from __future__ import annotations

import signal
import time

import pytest

from tests import deeds
from tests.processes import PATIENCE, Receiver, kill, site, until

HELD_UP = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@pytest.fixture
def place(committed_db, tmp_path):
    with site(committed_db, tmp_path) as made:
        yield made


@pytest.fixture
def receiver():
    with Receiver() as made:
        yield made


def test_a_job_is_done_soon_after_the_act(place):
    place.start("worker")
    place.act(deeds.note, "hello")
    until(lambda: place.notes() == ["hello"])
    until(lambda: place.waiting() == 0)


def test_acts_are_accepted_and_quick_while_the_queue_is_down(place):
    place.valkey.stop()
    began = time.monotonic()
    for number in range(50):
        place.act(deeds.note, f"act {number}")
    assert time.monotonic() - began < 50 * 0.5  # not a second each, for a connection that is refused
    assert place.waiting() == 50


def test_what_was_accepted_while_the_queue_was_down_is_done_when_it_is_back(place):
    place.valkey.stop()
    place.act(deeds.note, "kept")
    place.valkey.start()
    place.start("worker")
    until(lambda: place.notes() == ["kept"])


def test_a_worker_goes_on_without_the_queue_and_consumes_again_when_it_is_back(place):
    place.start("worker")
    place.act(deeds.note, "before")
    until(lambda: place.notes() == ["before"])
    place.valkey._process.kill()
    place.valkey._process.wait()
    place.act(deeds.note, "without")
    until(lambda: place.notes() == ["before", "without"])
    place.valkey.start()
    until(lambda: _consumes(place))
    place.act(deeds.note, "after")
    until(lambda: place.notes() == ["before", "without", "after"])


def _consumes(place) -> bool:
    """Whether a worker waits for hints in Redis."""
    from redis import Redis

    with Redis.from_url(place.valkey.url()) as client:
        return any(entry["cmd"] == "brpop" for entry in client.client_list())


def test_a_worker_killed_in_the_middle_of_a_delivery_loses_and_doubles_nothing(place, receiver):
    worker = place.start("worker")
    place.act(deeds.post, receiver.url, "letter")
    assert receiver.began.wait(PATIENCE)
    kill(worker)
    assert receiver.taken == []
    receiver.may_read.set()
    place.start("worker")
    until(lambda: place.waiting() == 0)
    assert receiver.taken == ["letter"]


def test_a_worker_killed_in_the_middle_of_a_transaction_loses_and_doubles_nothing(place):
    place.tell(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN PERFORM pg_advisory_xact_lock(77); RETURN new; END'"
    )
    place.tell("CREATE TRIGGER slow BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION slow()")
    with place.engine.connect() as connection:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(77)")
        worker = place.start("worker")
        place.act(deeds.note, "once")
        until(lambda: place.ask(HELD_UP) == 1)
        kill(worker)
        assert place.waiting("test.note") == 1
    place.start("worker")
    until(lambda: place.waiting() == 0)
    assert place.notes() == ["once"]


def test_an_act_whose_process_dies_between_commit_and_hint_is_carried_on(place):
    assert place.start("die").wait(PATIENCE) == -signal.SIGKILL
    assert place.waiting() == 1
    place.start("worker")
    until(lambda: place.notes() == ["orphan"])


def test_a_worker_that_is_told_to_end_finishes_what_it_runs(place, tmp_path):
    worker = place.start("worker")
    place.act(deeds.wait, str(tmp_path / "go"))
    until(lambda: place.notes() == ["began"])
    worker.send_signal(signal.SIGTERM)
    (tmp_path / "go").touch()
    assert worker.wait(PATIENCE) == 0
    assert place.notes() == ["began", "ended"]
    assert place.waiting("test.wait") == 0


def test_two_workers_do_each_job_once(place):
    place.start("worker")
    place.start("worker")
    place.act(deeds.note, "one of many", times=200)
    until(lambda: place.waiting() == 0)
    assert len(place.notes()) == 200
