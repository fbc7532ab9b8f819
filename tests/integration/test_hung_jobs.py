"""Jobs that never come back, through the real worker: they are named and given up, and the queue goes on."""

from __future__ import annotations

import json
import signal

import pytest

from tests import deeds
from tests.commands import run_command
from tests.processes import PATIENCE, site, until


@pytest.fixture
def place(committed_db, tmp_path):
    with site(committed_db, tmp_path) as made:
        yield made


def dead(place):
    return place.ask("SELECT count(*) FROM llmio.outbox WHERE dead_at IS NOT NULL")


def test_a_job_that_never_returns_is_given_up_and_named_and_the_queue_goes_on(place):
    place.act(deeds.hangs, "one")
    place.act(deeds.hangs_inside, "inside")
    worker = place.start("worker", LLMIO_WORKER_CONCURRENCY="12")
    until(lambda: dead(place) == 2)
    place.act(deeds.note, "behind them", times=24)
    until(lambda: place.notes().count("behind them") == 24)
    assert "inside" not in place.notes(), "what it had written in its transaction is undone"

    shown = run_command("jobs", env=place.environment()).stdout
    assert 'Hung: test.hangs ["one"] was not over after 1 s' in shown.replace("'", '"')
    assert 'Hung: test.hangs_inside ["inside"]' in shown.replace("'", '"')

    def told():
        return json.loads(run_command("jobs", "--json", env=place.environment()).stdout)

    until(lambda: told()["running"] == [])  # a job ends a moment after what it wrote is seen
    found = told()
    assert "in hangs" in next(one["error"] for one in found["dead"]["jobs"] if one["job"] == "test.hangs")
    until(lambda: "Hung: test.hangs ['one']" in place.log("worker"))
    assert "begins anew" not in place.log("worker"), "two of twelve are no reason yet"

    worker.send_signal(signal.SIGTERM)
    assert worker.wait(PATIENCE) == 0, "what hangs does not keep a worker from ending"


def test_a_worker_that_lost_too_many_threads_begins_anew(place, tmp_path):
    worker = place.start("worker", LLMIO_WORKER_CONCURRENCY="8")
    place.act(deeds.wait, str(tmp_path / "go"))
    until(lambda: place.notes() == ["began"])
    place.act(deeds.hangs, "one")
    place.act(deeds.hangs, "two")
    until(lambda: "begins anew" in place.log("worker"))
    (tmp_path / "go").touch()
    until(lambda: place.log("worker").count("8 jobs at a time") == 2)
    assert worker.poll() is None, "it is the same process still"
    assert "ended" in place.notes(), "what was at work could end"
    place.act(deeds.note, "afterwards")
    until(lambda: "afterwards" in place.notes())
    assert place.ask("SELECT count(*) FROM llmio.outbox WHERE last_error LIKE 'The process died%%'") == 0
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(PATIENCE) == 0


def test_what_comes_back_after_it_was_given_up_changes_nothing(place, tmp_path):
    place.start("worker", LLMIO_WORKER_CONCURRENCY="12")
    place.act(deeds.comes_late, str(tmp_path / "go"))
    until(lambda: dead(place) == 1)
    (tmp_path / "go").touch()
    until(lambda: "nothing came of it" in place.log("worker"))
    assert place.notes() == []
    assert place.ask("SELECT attempts FROM llmio.outbox") == 1
    assert "not over after 0.5 s" in place.ask("SELECT last_error FROM llmio.outbox")
