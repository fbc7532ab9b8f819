"""Messages whose plugin is absent or broken wait for it, and go out by themselves when it is back."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from llmio.integrations.models import Chatbot
from llmio.notifications.deliveries import Delivery
from llmio.plugins import WebhookFormat
from tests.processes import kill, site, until
from tests.receiver import receiver


@pytest.fixture
def group(make):
    return make.group(name="Weavers")


@pytest.fixture
def happen(ctx, app, make, group, db):
    for name, shape in (("one", "slack"), ("two", "markdown")):
        row = Chatbot(kind="webhook", name=name, server=f"https://chat.example.org/{name}", webhook_kind=shape)
        row.group_id, row.event_kinds = group.id, ["new_discussion"]
        db.add(row)
    db.flush()
    return lambda: ctx(None).publish(app.kinds["new_discussion"], make.discussion(group))


@pytest.fixture
def offered(app, monkeypatch):
    """Say which formats there are: `offered(slack=None)` takes one away, `offered()` puts all back."""
    before = app.plugins.webhook_formats

    def made(**changed):
        found = {**before, **changed}
        now = {key: shape for key, shape in found.items() if shape is not None}
        monkeypatch.setattr(app.plugins, "webhook_formats", now)

    return made


def states(db):
    db.expire_all()
    rows = db.scalars(select(Delivery).where(Delivery.recipient_type == "Chatbot").order_by(Delivery.id))
    return [str(row.status) for row in rows]


def resume(app, run_jobs, ctx, *args):
    ctx(None).enqueue(app.jobs["notifications.resume_parked"], *args)
    run_jobs()


def test_a_message_waits_for_its_format_and_others_go(happen, offered, app, db, ctx, run_jobs, http, clock, make):
    offered(slack=None)
    happen()
    run_jobs()
    assert states(db) == ["parked", "delivered"]
    clock.move(days=2)
    resume(app, run_jobs, ctx)
    assert states(db) == ["parked", "delivered"]  # it is not back
    assert len(http.posts) == 1
    offered()
    resume(app, run_jobs, ctx)
    assert states(db) == ["delivered", "delivered"]
    assert http.posts[1].url.endswith("/one")
    resume(app, run_jobs, ctx)
    assert len(http.posts) == 2
    assert "notifications.resume_parked" in {one.job.name for one in app.schedules}


def test_a_whole_notifier_may_be_absent(happen, app, db, ctx, run_jobs, http, monkeypatch):
    before = app.plugins.notifiers
    monkeypatch.setattr(app.plugins, "notifiers", {k: v for k, v in before.items() if k != "webhook"})
    happen()
    run_jobs()
    assert states(db) == ["parked", "parked"]
    monkeypatch.setattr(app.plugins, "notifiers", before)
    resume(app, run_jobs, ctx)
    assert states(db) == ["delivered", "delivered"]


class Broken(WebhookFormat):
    key = "slack"
    title = "Broken"

    def payload(self, message):
        raise ValueError("cannot shape")


def test_a_broken_format_parks_after_its_tries_until_it_may_be_mended(
    happen, offered, app, db, ctx, run_jobs, http, clock, monkeypatch
):
    monkeypatch.setattr(app.plugins, "strict", False)
    offered(slack=Broken())
    happen()
    for _hour in range(30):
        run_jobs()
        clock.move(hours=1)
    assert states(db) == ["parked", "delivered"]
    offered()
    resume(app, run_jobs, ctx)
    assert states(db) == ["parked", "delivered"]  # the same process: nothing can have been mended
    resume(app, run_jobs, ctx, True)
    assert states(db) == ["delivered", "delivered"]


def test_many_are_resumed_in_batches_for_the_same_number_of_questions(
    happen, offered, app, db, ctx, run_jobs, monkeypatch, http, queries
):
    from llmio.notifications import parked

    monkeypatch.setitem(app.settings.values, "webhooks.per_minute", 0)
    offered(slack=None)
    for _one in range(12):
        happen()
    run_jobs()
    with queries() as few:
        parked.back(ctx(None), mended=True, after=0)
    offered()
    monkeypatch.setattr(parked, "BATCH", 5)
    resume(app, run_jobs, ctx)
    assert set(states(db)) == {"delivered"}
    assert few.count == 2


def test_after_a_restart_with_the_plugin_it_goes_out(committed_db, tmp_path):
    from tests import factories

    with site(committed_db, tmp_path) as place, receiver() as here:
        place.variables = {"LLMIO_WEBHOOKS_ALLOW_PRIVATE": "1", "LLMIO_PLUGINS_DISABLED": "webhook_slack"}
        with place.app.begin() as ctx:
            group = factories.group(ctx.db)
            row = Chatbot(kind="webhook", name="room", server=f"{here.url}/hook", webhook_kind="slack")
            row.event_kinds, row.group_id = ["new_discussion"], group.id
            ctx.db.add(row)
            ctx.publish(place.app.kinds["new_discussion"], factories.discussion(ctx.db, group))
        worker = place.start("worker")
        until(lambda: place.ask("SELECT status FROM llmio.deliveries WHERE notifier = 'webhook'") == "parked")
        kill(worker)
        assert here.got == []
        place.variables.pop("LLMIO_PLUGINS_DISABLED")
        place.start("worker")
        until(lambda: place.ask("SELECT status FROM llmio.deliveries WHERE notifier = 'webhook'") == "delivered")
        assert [json.loads(one.body)["text"] != "" for one in here.got] == [True]
