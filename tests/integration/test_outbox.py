"""What becomes of a row: done, tried again, given up, parked; and which rows the relay hints."""

from __future__ import annotations

from asyncio import CancelledError
from datetime import timedelta
from threading import Event, Thread

import pytest
from sqlalchemy import insert, select, text

from llmio.core import outbox, trace
from llmio.core.jobs import QUEUES, GiveUp, Job
from llmio.core.outbox import Outbox
from llmio.worker.notebook import Notebook
from llmio.worker.queue import CeleryQueue
from llmio.worker.relay import AGAIN, BATCH, ENOUGH, Relay
from tests.processes import PATIENCE

LATER = timedelta(seconds=10)


@pytest.fixture
def job(app):
    """`job(run)`: register a function as a job for this test."""
    made = []

    def register(run, **how):
        one = Job(f"test.{len(made)}", run, **how)
        app.jobs[one.name] = one
        made.append(one)
        return one

    yield register
    for one in made:
        del app.jobs[one.name]


@pytest.fixture
def put(app):
    """`put(job, *args)`: enqueue it; its row's id."""

    def made(job, *args, **how):
        with app.begin() as ctx:
            row = outbox.add(ctx, job, args, **how)
        return row.id

    return made


@pytest.fixture
def row(app):
    """`row(id)`: the row as it is now."""

    def made(row_id):
        with app.sessions() as session:
            return session.get(Outbox, row_id)

    return made


def fails(*_args):
    raise ValueError("not today")


def test_a_job_knows_the_request_that_caused_it_also_by_way_of_another_job(app, job, put):
    seen = []
    second = job(lambda _ctx: seen.append(trace.values()))
    first = job(lambda ctx: ctx.enqueue(second))
    with trace.kept():
        trace.begin_request("request-4711")
        first_id = put(first)
    put(job(lambda _ctx: seen.append(trace.values())))
    assert outbox.run(app, first_id)
    with app.sessions() as session:
        rows = dict(session.execute(select(Outbox.job, Outbox.id).where(Outbox.job.like("test.%"))).all())
    for row_id in rows.values():
        assert outbox.run(app, row_id)
    caused = {"request_id": "request-4711", "job_id": f"{second.name}#{rows.pop(second.name)}"}
    ((name, row_id),) = rows.items()
    assert sorted(seen, key=len) == [{"job_id": f"{name}#{row_id}"}, caused]


@pytest.mark.parametrize(("form", "lines"), [("json", 1), ("text", 0)])
def test_in_a_log_of_json_each_job_that_was_done_has_a_line(app, job, put, monkeypatch, caplog, form, lines):
    monkeypatch.setitem(app.settings.values, "log.format", form)
    caplog.set_level("INFO", "llmio.jobs")
    done = job(lambda _ctx: None)
    row_id = put(done)
    assert outbox.run(app, row_id)
    assert not outbox.run(app, row_id)
    told = [one for one in caplog.records if one.name == "llmio.jobs"]
    assert [one.getMessage() for one in told] == [f"{done.name}#{row_id} done"] * lines
    assert all(one.ms >= 0 for one in told)


@pytest.mark.parametrize("transaction", [True, False])
def test_a_job_that_was_done_is_gone(app, job, put, row, transaction):
    seen = []
    row_id = put(job(lambda _how, word: seen.append(word), transaction=transaction), "word")
    assert outbox.run(app, row_id) is True
    assert outbox.run(app, row_id) is False
    assert seen == ["word"]
    assert row(row_id) is None


@pytest.mark.parametrize("transaction", [True, False])
def test_a_job_that_failed_is_tried_later_and_not_before(app, job, put, row, clock, transaction):
    one = job(fails, transaction=transaction, retries=2)
    row_id = put(one)
    assert outbox.run(app, row_id) is False
    kept = row(row_id)
    assert (kept.attempts, kept.dead_at) == (1, None)
    assert "not today" in kept.last_error
    assert outbox.run(app, row_id) is False  # a second hint comes too early
    assert row(row_id).attempts == 1
    clock.move(seconds=one.delay_before(1) + 1)
    outbox.run(app, row_id)
    assert row(row_id).attempts == 2


def test_a_job_without_tries_left_waits_for_an_administrator(app, job, put, row, clock):
    row_id = put(job(fails, retries=1))
    for _ in range(3):
        outbox.run(app, row_id)
        clock.move(hours=7)
    assert row(row_id).attempts == 2
    assert row(row_id).dead_at is not None


def test_a_job_may_give_up_at_once(app, job, put, row):
    def run(*_args):
        raise GiveUp("gone for good")

    row_id = put(job(run))
    outbox.run(app, row_id)
    assert row(row_id).dead_at is not None


@pytest.mark.parametrize("transaction", [True, False])
@pytest.mark.parametrize(
    "error",
    [
        ValueError("a nul \0 and half a pair \udc80"),
        ValueError("long " * 100_000),
        SystemExit(3),
        RecursionError("deep"),
    ],
    ids=["unwritable", "long", "exit", "deep"],
)
def test_a_poison_job_ends_dead_with_its_traceback_whatever_it_raises(app, job, put, row, clock, error, transaction):
    def run(*_args):
        raise error

    row_id = put(job(run, retries=1, transaction=transaction))
    for _ in range(2):
        assert outbox.run(app, row_id) is False
        clock.move(hours=7)
    kept = row(row_id)
    assert kept.dead_at is not None
    assert "in run" in kept.last_error
    assert type(error).__name__ in kept.last_error
    assert len(kept.last_error) <= outbox.LONGEST_ERROR + 10


def test_what_a_failed_job_wrote_is_undone(app, job, put, db):
    def run(ctx):
        ctx.db.execute(text("INSERT INTO llmio.heartbeats (name, at) VALUES ('half', now())"))
        raise ValueError

    outbox.run(app, put(job(run)))
    assert db.scalar(text("SELECT count(*) FROM llmio.heartbeats WHERE name = 'half'")) == 0


def test_a_job_whose_code_is_absent_is_parked(app, put, row, clock):
    row_id = put(Job("stranger.job", fails))
    assert outbox.run(app, row_id) is False
    kept = row(row_id)
    assert kept.attempts == 0
    assert kept.available_at > clock.now() + timedelta(minutes=59)
    assert "stranger.job" in kept.last_error


@pytest.mark.parametrize("transaction", [True, False])
def test_of_two_hints_at_once_one_runs_the_job(committed_db, app, job, put, transaction):
    began, may_end, seen = Event(), Event(), []

    def run(_how):
        seen.append("ran")
        began.set()
        assert may_end.wait(30)

    row_id = put(job(run, transaction=transaction))
    first = Thread(target=outbox.run, args=(app, row_id))
    first.start()
    assert began.wait(30)
    assert outbox.run(app, row_id) is False
    may_end.set()
    first.join()
    assert seen == ["ran"]


def due(app, clock, queues=QUEUES):
    return [row_id for row_id, _queue in outbox.due(app, queues=queues, hinted_before=clock.now() - AGAIN)]


def test_a_new_row_is_left_to_the_hint_of_its_commit(app, job, put, clock):
    row_id = put(job(fails))
    assert due(app, clock) == []
    clock.move(seconds=6)
    assert due(app, clock) == [row_id]


def test_a_row_that_was_hinted_is_hinted_again_only_after_a_while(app, job, put, clock):
    row_id = put(job(fails))
    clock.move(seconds=6)
    assert due(app, clock) == [row_id]
    assert due(app, clock) == []
    clock.move(seconds=AGAIN.total_seconds() + 1)
    assert due(app, clock) == [row_id]


def test_a_delayed_row_is_hinted_at_its_moment(app, job, put, clock):
    row_id = put(job(fails), delay=timedelta(minutes=5))
    clock.move(minutes=4)
    assert due(app, clock) == []
    clock.move(minutes=1)
    assert due(app, clock) == [row_id]


def test_a_failed_row_is_hinted_when_its_next_try_is_due(app, job, put, clock):
    one = job(fails)
    row_id = put(one)
    clock.move(seconds=6)
    due(app, clock)
    outbox.run(app, row_id)
    assert due(app, clock) == []
    clock.move(seconds=one.delay_before(1))
    assert due(app, clock) == [row_id]


@pytest.mark.parametrize("transaction", [True, False])
def test_what_is_no_exception_counts_as_a_failure_too(app, job, put, row, transaction):
    def cancelled(*_args):
        raise CancelledError("panicked")

    one = put(job(cancelled, retries=0, transaction=transaction))
    assert outbox.run(app, one) is False
    assert "CancelledError: panicked" in row(one).last_error
    assert (row(one).attempts, row(one).dead_at is None) == (1, False)


def test_what_died_together_comes_back_apart(app, job, put, row, tmp_path, monkeypatch):
    """Or a job that kills its worker takes the same neighbours with it, try by try, until they are given up as well."""
    one = job(fails)
    ids = [put(one) for _turn in range(3)]
    monkeypatch.setitem(app.settings.values, "llmio.data", str(tmp_path))
    for _death in range(2):
        (tmp_path / "workers").mkdir(exist_ok=True)
        (tmp_path / "workers" / "gone-1.json").write_text(f"{ids}\n")
        book = Notebook(app, lambda _id: True)
        book.open()
        book.close()
    first, second, third = (row(each).available_at for each in ids)
    assert min(second - first, third - second) >= timedelta(seconds=15) / 3


def test_dead_rows_and_other_queues_are_left_out(app, job, put, clock):
    put(job(fails, queue="low"))
    dead = put(job(fails, retries=0))
    outbox.run(app, dead)
    clock.move(hours=1)
    assert due(app, clock, ["high", "default"]) == []


def test_the_relay_hints_at_its_first_sweep_what_older_ones_hinted(app, job, put, clock, redis_url):
    row_id = put(job(fails))
    clock.move(seconds=6)
    assert due(app, clock) == [row_id]
    queue = CeleryQueue(redis_url, seconds=PATIENCE)
    relay = Relay(app, queue)
    clock.move(seconds=1)
    relay.step()
    assert queue.lengths(["default"]) == {"default": 1}
    relay.step()
    assert queue.lengths(["default"]) == {"default": 1}


def test_rows_of_a_queue_that_nobody_serves_go_to_the_default_one(app, job, put, row, clock):
    stray = put(job(lambda _ctx: None, queue="urgent"))
    clock.move(seconds=10)
    assert outbox.due(app, queues=set(QUEUES) - {"default"}, hinted_before=clock.now()) == []
    assert outbox.due(app, queues={"default"}, hinted_before=clock.now()) == [(stray, "default")]
    assert row(stray).queue == "default"


def test_the_relay_adds_nothing_to_a_queue_with_hints_enough(app, job, put, clock, redis_url):
    queue = CeleryQueue(redis_url, seconds=PATIENCE)
    queue.kick([(0, "default")] * ENOUGH)
    for name in ("default", "low"):
        put(job(fails, queue=name))
    clock.move(seconds=6)
    Relay(app, queue).step()
    assert queue.lengths(["default", "low"]) == {"default": ENOUGH, "low": 1}


def test_the_relay_puts_no_more_than_a_measure_into_a_queue_however_much_waits(app, job, db, clock, redis_url):
    one = job(fails)
    moment = clock.now() - timedelta(minutes=1)
    row = {"job": one.name, "queue": "default", "args": [], "created_at": moment, "available_at": moment, "attempts": 0}
    db.execute(insert(Outbox), [row] * (2 * BATCH + 50))
    db.flush()
    queue = CeleryQueue(redis_url, seconds=PATIENCE)
    relay = Relay(app, queue)
    for _ in range(3):
        relay.step()
        assert ENOUGH <= queue.lengths(["default"])["default"] <= ENOUGH + BATCH
    while queue.redis.rpop("default"):
        pass
    relay.step()
    assert 0 < queue.lengths(["default"])["default"] <= ENOUGH + BATCH


def test_the_relay_runs_rows_itself_while_redis_is_away(committed_db, app, job, put, clock):
    seen = []
    for number in range(30):
        put(job(lambda _ctx, number: seen.append(number)), number)
    clock.move(seconds=6)
    Relay(app, CeleryQueue("redis://127.0.0.1:1/0")).step()
    assert sorted(seen) == list(range(30))
    put(job(lambda _ctx: seen.append("late")))
    clock.move(seconds=6)
    Relay(app, CeleryQueue("redis://127.0.0.1:1/0"), hands=0).step()
    assert "late" not in seen


def test_an_act_that_is_undone_hints_nothing(app, job, queue):
    one = job(fails)

    def act():
        with app.begin() as ctx:
            ctx.enqueue(one)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act()
    assert queue.kicks == []


def test_an_act_hints_each_of_its_rows_once_after_its_commit(app, job, queue):
    with app.begin() as ctx:
        ctx.enqueue(job(fails, queue="high"))
        ctx.enqueue(job(fails, queue="low"))
        ctx.enqueue(job(fails), delay=LATER)
        assert queue.kicks == []
    assert [name for _id, name in queue.kicks] == ["high", "low"]


def test_the_relay_says_once_that_redis_is_away_and_once_that_it_is_back(committed_db, app, redis_url, caplog):
    relay = Relay(app, CeleryQueue("redis://127.0.0.1:1/0"))
    relay.step()
    relay.step()
    relay.queue = CeleryQueue(redis_url, seconds=PATIENCE)
    relay.step()
    relay.step()
    said = [record.message for record in caplog.records if record.name == "llmio.worker.relay"]
    assert [line.split(",")[0] for line in said] == ["the queue does not answer", "the queue answers again"]
