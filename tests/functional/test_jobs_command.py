"""`llmio jobs`, as an operator calls it."""

from __future__ import annotations

import json
import os
from datetime import timedelta

import pytest
from click.testing import CliRunner

from llmio import boot
from llmio.cli.jobs import jobs
from llmio.core import work
from llmio.core.outbox import Outbox
from tests import factories as make


@pytest.fixture
def call(app, db, monkeypatch):
    """`call("--json")`: the command on the test's App."""
    monkeypatch.setattr(boot, "build", lambda: app)
    monkeypatch.setattr(type(app.engine), "dispose", lambda _engine: None)

    def made(*arguments, code=0):
        db.flush()
        answer = CliRunner().invoke(jobs, arguments, env=dict(os.environ), standalone_mode=False)
        db.expire_all()
        if code == 0:
            assert answer.exception is None, answer.exception
            return answer.output
        assert answer.exception is not None
        return str(answer.exception)

    return made


def put(db, clock, job="search.index", **fields):
    now = clock.now()
    values = {"queue": "low", "args": [1], "created_at": now, "available_at": now, "attempts": 3}
    return make.add(db, Outbox(job=job, **(values | fields)))


def test_the_state_is_shown_for_people_and_programs(call, db, clock):
    put(db, clock, dead_at=clock.now(), last_error="Traceback\nValueError: rotten")
    put(db, clock, attempts=0)
    put(db, clock, "stranger.job")
    put(db, clock, "mail.sign_in", queue="critical")
    text = call()
    assert "ValueError: rotten" in text
    assert "No sign of `llmio worker`" in text
    found = json.loads(call("--json"))
    assert {name: found[name]["count"] for name in ("dead", "parked", "failed")} == {
        "dead": 1,
        "parked": 1,
        "failed": 1,
    }
    assert found["dead"]["jobs"][0]["error"].endswith("rotten")
    assert {one["name"]: one["waiting"] for one in found["queues"]} == {
        "critical": 1, "high": 0, "default": 0, "low": 2, "mailers": 0
    }  # fmt: skip
    assert all(one["job"] and one["next"] for one in found["schedule"])


def test_long_work_whose_process_died_does_not_seem_to_run(call, db, clock):
    then = clock.now() - work.SILENT - timedelta(seconds=1)
    moments = {"created_at": then, "started_at": then, "updated_at": then}
    db.add(work.LongWork(kind="files.move", title="Move", state=work.State.RUNNING, done=3, total=9, **moments))
    db.flush()
    (line,) = (one for one in call().splitlines() if "files.move" in one)
    assert "silent (stopped?)  3 / 9" in line
    assert json.loads(call("--json"))["long_work"][0]["silent"] is True


def test_one_or_all_are_tried_again(call, db, clock, queue):
    rows = [put(db, clock, dead_at=clock.now()) for _ in range(3)]
    other = put(db, clock, "mail.sign_in", dead_at=clock.now())
    assert str(rows[0].id) in call("retry", str(rows[0].id))
    assert rows[0].dead_at is None
    assert (rows[0].id, "low") in queue.kicks
    assert "2 jobs are" in call("retry", "--all", "--job", "search.index")
    assert other.dead_at is not None
    assert "1 job is" in call("retry", "--all")
    assert {row.dead_at for row in [*rows, other]} == {None}


def test_one_is_deleted(call, db, clock):
    gone, kept = (put(db, clock, dead_at=clock.now()).id for _ in range(2))
    call("delete", str(gone))
    assert [row.id for row in db.query(Outbox)] == [kept]


def test_what_cannot_be_done_is_refused_in_words(call, db, clock):
    assert "No such job" in call("retry", "4711", code=1)
    assert "No such job" in call("delete", "4711", code=1)
    assert "--all" in call("retry", code=2)
    assert "--all" in call("retry", "7", "--all", code=2)
    assert "not a valid" in call("retry", "seven", code=2)
    for act in ("retry", "delete"):
        assert "not in the range" in call(act, str(2**63), code=2)
    trying = put(db, clock)
    assert "only what was given up" in call("delete", str(trying.id), code=1)
