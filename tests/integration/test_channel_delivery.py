"""From an event to a channel: turns, tries, rest, crashes; a slow channel delays nobody."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from llmio.core.outbox import Outbox
from llmio.core.ports import HttpAnswer
from llmio.groups.models import Group
from llmio.integrations.models import Chatbot
from llmio.notifications.channels import delay_of
from llmio.notifications.deliveries import Attempt, Delivery
from llmio.plugins import Retry
from llmio.worker.background import Threads
from tests.processes import kill, site, until
from tests.receiver import receiver

HOOK = "https://chat.example.org/hooks/"


@pytest.fixture(autouse=True)
def _no_time_but_ours(clock):
    """A slow machine must not use up the moments between two steps."""
    clock.set(clock.now())


@pytest.fixture
def group(make):
    return make.group(name="Weavers")


@pytest.fixture
def connect(db, group):
    def made(name="one", **fields):
        row = Chatbot(kind="webhook", name=name, server=HOOK + name, webhook_kind="json", group_id=group.id)
        row.event_kinds, row.access_token = ["new_discussion"], "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u"
        for key, value in fields.items():
            setattr(row, key, value)
        db.add(row)
        db.flush()
        return row

    return made


@pytest.fixture
def happen(ctx, app, make, group):
    def made(times=1):
        for _one in range(times):
            ctx(None).publish(app.kinds["new_discussion"], make.discussion(group))

    return made


def deliveries(db):
    return list(db.scalars(select(Delivery).where(Delivery.recipient_type == "Chatbot").order_by(Delivery.id)))


def test_each_try_is_noted_with_request_and_answer_but_no_token(connect, happen, run_jobs, http, db, clock):
    connect(kind="matrix", server="https://matrix.example.org", channel="!a:b", access_token="syt_secret")
    http.answers += [HttpAnswer(502, {}, "bad gateway"), HttpAnswer(200, {}, '{"event_id": "$1"}')]
    happen()
    run_jobs()
    clock.move(seconds=61)
    run_jobs()
    first, second = db.scalars(select(Attempt).order_by(Attempt.id))
    assert [(one.number, one.outcome) for one in (first, second)] == [(1, "retry"), (2, "sent")]
    (request,) = first.requests
    assert (request["method"], request["status"], request["answer"]) == ("PUT", 502, "bad gateway")
    assert request["headers"]["Authorization"] == "…"
    assert "syt_secret" not in json.dumps([first.requests, second.requests])
    assert http.posts[0].url == http.posts[1].url  # the same transaction


def test_a_refusal_that_passes_is_tried_eight_times_each_later_than_the_one_before(
    connect, happen, run_jobs, http, db, clock
):
    connect()
    http.answers += [HttpAnswer(500, {}, "broken")] * 20
    happen()
    waits, before = [], clock.now()
    run_jobs()
    for _try in range(20):
        waiting = db.scalars(select(Outbox.available_at).order_by(Outbox.available_at)).first()
        if waiting is None:
            break
        clock.move(seconds=(waiting - clock.now()).total_seconds() + 0.01)
        count = len(http.posts)
        run_jobs()
        if len(http.posts) > count:
            waits.append(clock.now() - before)
            before = clock.now()
    assert len(http.posts) == 8
    assert waits == sorted(waits)
    assert waits[-1] > timedelta(hours=1)
    (row,) = deliveries(db)
    assert (row.status, row.attempts, row.answer) == ("dead", 8, "500 broken")
    assert db.scalars(select(Outbox)).all() == []
    ids = {post.headers["webhook-id"] for post in http.posts}
    assert ids == {f"msg_{row.id}"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120),
        ({"retry-after": "Wed, 01 Jan 2031 00:05:00 GMT", "date": "Wed, 01 Jan 2031 00:00:00 GMT"}, 300),
        ({"retry-after": "0.5"}, 1),
        ({"retry-after": "nan"}, 10),
        ({"retry-after": "-5"}, 1),
        ({"retry-after": "soon"}, 10),
        ({"retry-after": "9" * 400}, 86_400),
    ],
)
def test_how_long_to_wait_is_heeded(connect, happen, run_jobs, http, db, clock, headers, seconds):
    connect()
    http.answers.append(HttpAnswer(429, headers, "slow down"))
    happen()
    run_jobs()
    clock.move(seconds=seconds * 0.9)
    run_jobs()
    assert len(http.posts) == 1
    clock.move(seconds=seconds * 0.2 + 1)
    run_jobs()
    assert len(http.posts) == 2
    assert deliveries(db)[0].status == "delivered"


def test_who_asks_for_rest_is_left_alone_by_other_messages_too(connect, happen, run_jobs, http, clock):
    connect("tired")
    connect("awake")
    http.answers.append(HttpAnswer(429, {"retry-after": "300"}, "slow down"))
    happen()
    run_jobs()
    happen(2)
    run_jobs()
    assert [post.url.rsplit("/", 1)[1] for post in http.posts].count("tired") == 1
    assert [post.url.rsplit("/", 1)[1] for post in http.posts].count("awake") == 3
    clock.move(seconds=301)
    run_jobs()
    clock.move(seconds=10)
    run_jobs()
    assert [post.url.rsplit("/", 1)[1] for post in http.posts].count("tired") == 4


def test_a_channel_gets_so_many_at_once_and_then_one_by_one(connect, happen, run_jobs, http, clock):
    connect("busy")
    happen(9)
    run_jobs()
    assert len(http.posts) == 5
    for count in (6, 7, 8, 9):
        clock.move(seconds=2)
        run_jobs()
        assert len(http.posts) == count
    clock.move(minutes=5)
    run_jobs()
    assert len(http.posts) == 9


def test_a_message_whose_process_was_killed_is_sent_once_more_later(connect, happen, run_jobs, http, app, db, clock):
    """The job has ended, the thread never came to send: what watches over it does."""
    connect()
    lost = []

    class Lost:
        def room(self, lane, *, ailing=False):
            return True

        def run(self, lane, work, *, ailing=False):
            lost.append(work)

    before, app.ports.background = app.ports.background, Lost()
    try:
        happen()
        run_jobs()
    finally:
        app.ports.background = before
    assert len(lost) == 1
    (row,) = deliveries(db)
    assert row.status == "pending"
    app.jobs["notifications.deliver_to_channel"].run(app, row.id)  # somebody else's job: it is being sent
    assert http.posts == []
    clock.move(seconds=121)
    run_jobs()
    assert len(http.posts) == 1
    db.expire_all()
    assert deliveries(db)[0].status == "delivered"
    assert db.scalars(select(Outbox)).all() == []


def test_where_there_is_no_room_it_waits_without_a_try(connect, happen, run_jobs, http, app, db, clock):
    connect()

    class Full:
        def room(self, lane, *, ailing=False):
            return False

        def run(self, lane, work, *, ailing=False):
            raise AssertionError

    before, app.ports.background = app.ports.background, Full()
    try:
        happen()
        run_jobs()
    finally:
        app.ports.background = before
    assert deliveries(db)[0].attempts == 0
    clock.move(seconds=3)
    run_jobs()
    assert len(http.posts) == 1


def test_threads_take_a_few_of_each_lane_and_outlive_what_fails():
    import threading

    held, threads = threading.Event(), Threads(threads=3, per_lane=2)
    done = threading.Semaphore(0)

    def wait():
        held.wait(60)
        done.release()

    def fail():
        done.release()
        raise ValueError("boom")

    threads.run("a", wait)
    threads.run("a", wait)
    assert not threads.room("a")
    assert threads.room("b")
    threads.run("b", fail)
    assert done.acquire(timeout=60)
    until(lambda: threads.room("b"), 60)
    held.set()
    until(lambda: threads.room("a"), 60)


def test_what_is_slow_takes_no_place_and_what_failed_shares_a_few():
    import threading

    held = threading.Event()
    quick, threads = (Threads(threads=2, per_lane=2, ailing=2, patience=patience, most=6) for patience in (3600, 0))
    try:
        for one in (quick, threads):
            one.run("a", lambda: held.wait(60))
            one.run("b", lambda: held.wait(60))
        assert not quick.room("c")
        assert threads.room("c")  # here a and b count as slow at once
        threads.run("x", lambda: held.wait(60), ailing=True)
        assert threads.room("c")  # what failed lately takes no place of those that answer
        assert not threads.room("x", ailing=True)
        threads.run("y", lambda: held.wait(60), ailing=True)
        assert not threads.room("z", ailing=True)
        threads.run("d", lambda: held.wait(60))
        threads.run("e", lambda: held.wait(60))
        until(lambda: not threads.room("f"), 60)
        assert not threads.room("f")  # so many at a time, however slow
    finally:
        held.set()
    until(lambda: threads.room("x", ailing=True), 60)


def test_a_channel_that_fails_rests_longer_each_time_and_one_message_tries_whether_it_is_back(
    connect, happen, run_jobs, http, app, db, clock
):
    row = connect("ill")
    http.answers += [HttpAnswer(0, {}, "no answer in time")] * 5
    happen()
    rests = []
    for _failure in range(4):
        run_jobs()
        held = db.scalar(
            text("SELECT held_until FROM llmio.channel_paces WHERE lane = :lane").bindparams(lane=f"Chatbot:{row.id}")
        )
        rests.append(round((held - clock.now()).total_seconds()))
        clock.move(seconds=rests[-1] + 0.1)
    assert rests == [10, 30, 90, 270]
    happen(3)
    asked = []

    class Watched:
        def room(self, lane, *, ailing=False):
            asked.append(ailing)
            return len(asked) == 1

        def run(self, lane, work, *, ailing=False):
            assert ailing
            work()

    before, app.ports.background = app.ports.background, Watched()
    try:
        sent = len(http.posts)
        run_jobs()
    finally:
        app.ports.background = before
    assert len(http.posts) == sent + 1
    assert asked == [True]  # the others found it resting again: 300 seconds, which is the longest
    clock.move(seconds=301)
    run_jobs()
    clock.move(minutes=10)
    run_jobs()
    assert {one.status for one in deliveries(db)} == {"delivered"}
    assert db.scalar(text("SELECT max(failures) FROM llmio.channel_paces")) == 0


def test_waits_grow_whatever_is_asked_for():
    asked = [delay_of(Retry("", 0.0), attempt) for attempt in range(1, 9)]
    own = [delay_of(Retry(""), attempt) for attempt in range(1, 9)]
    assert asked == sorted(asked)
    assert own == sorted(own)
    assert asked[0] >= 1
    assert own[-1] <= 6 * 3600


# -- with a real worker ------------------------------------------------------------------------------------------------------


@pytest.fixture
def place(committed_db, tmp_path):
    with site(committed_db, tmp_path) as made:
        made.variables = {"LLMIO_WEBHOOKS_ALLOW_PRIVATE": "1", "LLMIO_WORKER_CONCURRENCY": "1"}
        made.variables["TEST_REQUESTS_HANG"] = "600"  # whoever waits for one of them waits in vain
        yield made


@pytest.fixture
def here():
    with receiver() as made:
        yield made


def test_a_hanging_channel_and_a_killed_worker_delay_and_lose_nothing(place, here):
    """One hand in the worker, three channels of which two hang: the third hears of everything at once."""
    from tests import factories

    here.slow = {"/hang": here.hang, "/dribble": here.dribble}
    with place.app.begin() as ctx:
        group = factories.group(ctx.db)
        for name in ("hang", "dribble", "quick"):
            row = Chatbot(kind="webhook", name=name, server=f"{here.url}/{name}", webhook_kind="slack")
            row.event_kinds, row.group_id = ["new_discussion"], group.id
            ctx.db.add(row)
        for _one in range(4):
            ctx.publish(place.app.kinds["new_discussion"], factories.discussion(ctx.db, group))
    worker = place.start("worker")
    until(lambda: [one.path for one in here.got].count("/quick") == 4)
    assert [one.path for one in here.got].count("/hang") <= 2
    until(lambda: "/hang" in [one.path for one in here.got])
    kill(worker)
    place.tell("UPDATE llmio.outbox SET available_at = now() - interval '1 second'")
    with place.engine.begin() as connection:
        connection.execute(
            update(Delivery).where(Delivery.status == "pending").values(data=text("data - 'sending_until'"))
        )
    here.slow = {}
    here.done.set()
    place.start("worker")
    until(lambda: place.ask("SELECT count(*) FROM llmio.deliveries WHERE status <> 'delivered'") == 0)
    bodies = {json.loads(one.body)["text"] for one in here.got if one.path == "/hang"}
    assert len(bodies) == 4


def test_forty_channels_that_hang_hold_nobody_up(place, here):
    """Eighty messages hang at once; a channel that answers, and a job, are not kept waiting for them."""
    from tests import factories

    with place.app.begin() as ctx:
        group, other = factories.group(ctx.db), factories.group(ctx.db)
        for number in range(40):
            here.slow[f"/hang/{number}"] = here.hang
            row = Chatbot(kind="webhook", name="x", server=f"{here.url}/hang/{number}", webhook_kind="slack")
            row.event_kinds, row.group_id = ["new_discussion"], group.id
            ctx.db.add(row)
        row = Chatbot(kind="webhook", name="x", server=f"{here.url}/quick", webhook_kind="slack")
        row.event_kinds, row.group_id = ["new_discussion"], other.id
        ctx.db.add(row)
        for _one in range(2):
            ctx.publish(place.app.kinds["new_discussion"], factories.discussion(ctx.db, group))
        other_id = other.id
    place.start("worker")
    until(lambda: sum(one.path.startswith("/hang/") for one in here.got) >= 64)
    with place.app.begin() as ctx:
        group = ctx.db.get(Group, other_id)
        ctx.publish(place.app.kinds["new_discussion"], factories.discussion(ctx.db, group))
    until(lambda: any(one.path == "/quick" for one in here.got))
    assert not here.done.is_set()
