"""`/admin/jobs`: what waits, runs, failed; try again and delete; notices that did not arrive."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from llmio.core import outbox
from llmio.core.jobs import GiveUp, Job
from llmio.core.outbox import Outbox
from llmio.notifications.deliveries import Delivery, Status
from tests import factories as make


@pytest.fixture
def admin(web, db):
    found = make.admin_of_site(db)
    web.sign_in(found)
    return found


@pytest.fixture
def job(app):
    """`job(run)`: register a function as a job for this test."""
    made = []

    def register(run, name="test.poison", **how):
        app.jobs[name] = Job(name, run, summary="Does what the test says.", **how)
        made.append(name)
        return app.jobs[name]

    yield register
    for name in made:
        app.jobs.pop(name, None)


def put(app, job, *args):
    with app.begin() as ctx:
        row = outbox.add(ctx, job, args)
    return row.id


def row_of(db, clock, job="x.y", *, dead=False, attempts=1, queue="default", error="Traceback\nValueError: bad"):
    moment = clock.now() - timedelta(minutes=10)
    row = Outbox(job=job, queue=queue, args=[7], created_at=moment, available_at=moment + timedelta(hours=1),
                 attempts=attempts, last_error=error, dead_at=moment if dead else None)  # fmt: skip
    return make.add(db, row)


def test_a_poison_job_is_shown_with_its_traceback_and_tried_again(web, admin, app, db, job, queue):
    cured = []

    def run(_ctx, number):
        if not cured:
            raise GiveUp("the well is poisoned")

    row_id = put(app, job(run), 7)
    outbox.run(app, row_id)
    page = web.get("/admin/jobs")
    assert "the well is poisoned" in page.text
    assert "in run" in page.html.select_one(f"#job-{row_id} pre").text
    assert "Does what the test says." in page.text
    cured.append(True)
    queue.kicks.clear()
    form = next(form for form in page.forms.values() if form.action == f"/admin/jobs/{row_id}/retry")
    answer = form.submit()
    assert answer.status_int == 303
    assert queue.kicks == [(row_id, "default")]
    assert outbox.run(app, row_id) is True
    assert "the well is poisoned" not in web.get("/admin/jobs").text


def test_a_job_that_was_given_up_is_deleted(web, admin, db, clock):
    row_id = row_of(db, clock, dead=True).id
    other = row_of(db, clock, dead=True).id
    assert web.send(f"/admin/jobs/{row_id}/delete").status_int == 303
    assert list(db.scalars(select(Outbox.id))) == [other]


def test_a_job_that_will_be_tried_again_is_not_deleted(web, admin, db, clock):
    row_id = row_of(db, clock, "notifications.deliver").id
    web.send(f"/admin/jobs/{row_id}/delete", status=409)
    assert list(db.scalars(select(Outbox.id))) == [row_id]


def test_a_job_that_is_well_can_be_neither_hastened_nor_deleted(web, admin, db, clock):
    row = row_of(db, clock, "notifications.deliver", attempts=0, error=None)
    for act in ("retry", "delete"):
        web.send(f"/admin/jobs/{row.id}/{act}", status=404)
    web.send("/admin/jobs/99999999999999999999/retry", status=404)


def test_all_of_a_job_are_tried_again_or_deleted(web, admin, db, clock):
    for _number in range(3):
        row_of(db, clock, "notifications.deliver", dead=True)
        row_of(db, clock, "search.index", dead=True)
    web.send("/admin/jobs/retry", {"job": "notifications.deliver"})
    web.send("/admin/jobs/delete", {"job": "search.index"})
    left = db.execute(select(Outbox.job, Outbox.dead_at, Outbox.attempts)).all()
    assert left == [("notifications.deliver", None, 0)] * 3


def test_jobs_of_a_removed_plugin_are_shown_as_parked_and_go_on_when_it_is_back(web, admin, app, db, job, clock):
    row_id = put(app, Job("stranger.job", print))
    assert outbox.run(app, row_id) is False
    page = web.get("/admin/jobs")
    assert "stranger.job" in page.html.select_one("#parked").text
    assert page.html.select_one("#dead") is None
    job(lambda _ctx: None, "stranger.job")
    web.send(f"/admin/jobs/{row_id}/retry", status=404)  # it is well now, and comes by itself
    clock.move(hours=2)
    assert outbox.run(app, row_id) is True


def test_queues_tell_how_many_wait_and_since_when(web, admin, db, clock):
    for minutes in (3, 90):
        moment = clock.now() - timedelta(minutes=minutes)
        make.add(db, Outbox(job="search.index", queue="low", args=[], created_at=moment, available_at=moment))
    soon = clock.now() + timedelta(minutes=5)
    make.add(db, Outbox(job="search.index", queue="low", args=[], created_at=clock.now(), available_at=soon))
    cells = {
        row.find("th").text: [cell.text for cell in row.find_all("td")]
        for row in web.get("/admin/jobs").html.select("#queues tbody tr")
    }
    assert cells["low"][1] == "2"
    assert "hour" in cells["low"][2]
    assert cells["low"][3] == "1"
    assert cells["critical"][1:] == ["0", "–", "0"]
    found = {one["name"]: one for one in web.get("/admin/jobs.json").json["queues"]}
    assert found["low"]["waiting"] == 2
    assert 5399 < found["low"]["oldest_seconds"] < 5500


def test_the_schedule_has_last_and_next_runs(web, admin, app):
    page = web.get("/admin/jobs").html.select_one("#schedule").text
    assert "accounts.sweep" in page
    assert "never" in page
    lines = web.get("/admin/jobs.json").json["schedule"]
    assert {one["job"] for one in lines} == {one.job.name for one in app.schedules}
    assert all(one["next"] for one in lines)


def test_a_missing_worker_is_told_of(web, admin, app, clock):
    from llmio.core import heartbeats

    assert "No worker is at work" in web.get("/admin/jobs").text
    with app.begin() as ctx:
        for name in (heartbeats.WORKER, heartbeats.SCHEDULE):
            heartbeats.beat(ctx.db, name, ctx.now)
    page = web.get("/admin/jobs").text
    assert "No worker is at work" not in page
    assert "Nobody keeps the schedule" not in page
    clock.move(seconds=31)
    assert "Nobody keeps the schedule" in web.get("/admin/jobs").text


def dead_notice(db, clock, number=1, **fields):
    person = make.user(db, name=f"Reader {number}")
    values = {"event_id": number, "notifier": "email", "recipient_type": "User", "recipient_id": person.id,
              "reason": "mention", "status": Status.DEAD, "attempts": 8, "answer": "550 no such mailbox",
              "created_at": clock.now()}  # fmt: skip
    return make.add(db, Delivery(**(values | fields)))


def test_a_notice_that_was_refused_is_sent_again(web, admin, app, db, clock):
    row = dead_notice(db, clock)
    page = web.get("/admin/deliveries").text
    assert "Reader 1" in page
    assert "550 no such mailbox" in page
    assert "550 no such mailbox" in web.get("/admin/jobs").text
    assert web.send(f"/admin/deliveries/{row.id}/send_again").status_int == 303
    assert (row.status, row.attempts) == (Status.PENDING, 0)
    waiting = db.query(Outbox).filter_by(job="notifications.deliver").one()
    assert waiting.args == [row.id]
    web.send(f"/admin/deliveries/{row.id}/send_again", status=409)
    assert db.query(Outbox).filter_by(job="notifications.deliver").count() == 1


def test_all_refused_notices_are_sent_again(web, admin, db, clock):
    rows = [dead_notice(db, clock, number) for number in (1, 2)]
    parked = dead_notice(db, clock, 3, status=Status.PARKED)
    web.send("/admin/deliveries/send_again")
    assert [row.status for row in rows] == [Status.PENDING] * 2
    assert parked.status == Status.PARKED


def test_lists_come_page_by_page(web, admin, db, clock):
    for number in range(25):
        row_of(db, clock, dead=True)
        dead_notice(db, clock, number)
    for address in ("/admin/jobs/dead", "/admin/deliveries"):
        first = web.get(address)
        assert len(first.html.select(".job-row")) == 20
        second = web.get(first.html.select_one("a[rel=next]")["href"])
        assert len(second.html.select(".job-row")) == 5
        assert second.html.select_one("a[rel=next]") is None
        assert web.get(f"{address}?page=no").status_int == 200
        assert web.get(f"{address}?page=9999999").status_int == 200


@pytest.mark.parametrize("address", ["/admin/jobs", "/admin/jobs/dead", "/admin/jobs/failed", "/admin/deliveries"])
def test_queries_do_not_grow_with_rows(web, admin, db, clock, queries, address):
    def fill(count, start):
        for number in range(count):
            row_of(db, clock, "search.index", dead=True)
            row_of(db, clock, "search.index")
            row_of(db, clock, "stranger.job")
            dead_notice(db, clock, start + number)

    fill(1, 1)
    web.get(address)
    with queries() as few:
        web.get(address)
    fill(15, 100)
    with queries() as many:
        web.get(address)
    assert many.count == few.count, str(many)
