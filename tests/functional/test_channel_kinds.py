"""Kinds of integrations that a plugin's notifier offers: form, faults, delivery, what is kept, and the plugin gone and back."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select, text

from llmio.core.ports import HttpAnswer
from llmio.integrations.models import Chatbot
from llmio.notifications.deliveries import Attempt, Delivery
from tests.sample_notifier.llmio_notify_pager import Board

WALL = "https://board.example.org/notices"
GOOD = {
    "name": "Kitchen",
    "webhook_kind": "board",
    "board-address": WALL,
    "board-tone": "loud",
    "board-rings": "1",
    "board-seconds": "30",
    "board-key": "XY-9876",
    "event_kinds": "new_discussion",
}


@pytest.fixture
def offered(app, monkeypatch):
    """`offered(board=Board())`: the notifiers there are beside those of llmio; `None` takes one away."""
    before = dict(app.plugins.notifiers)

    def made(**changed):
        now = {key: one for key, one in {**before, **changed}.items() if one is not None}
        monkeypatch.setattr(app.plugins, "notifiers", now)

    made(board=Board())
    return made


@pytest.fixture
def ada(make, web):
    made = make.user(name="Ada King")
    web.sign_in(made)
    return made


@pytest.fixture
def group(make, ada, offered):
    return make.group(admin=ada, name="Weavers")


@pytest.fixture
def connect(web, group, db):
    def made(status=303, **fields):
        answer = web.send(f"/g/{group.key}/integrations/new", {**GOOD, **fields}, status=status)
        return answer if status != 303 else db.scalars(select(Chatbot).order_by(Chatbot.id.desc())).first()

    return made


@pytest.fixture
def happen(ctx, app, make, group, run_jobs):
    def made():
        ctx(None).publish(app.kinds["new_discussion"], make.discussion(group, title="Buy a loom?"))
        run_jobs()

    return made


def states(db):
    db.expire_all()
    return [str(one) for one in db.scalars(select(Delivery.status).order_by(Delivery.id))]


def form_of(page):
    return next(one for one in page.forms.values() if "webhook_kind" in one.fields)


def test_the_form_is_made_from_its_fields(web, group):
    page = web.get(f"/g/{group.key}/integrations/new?kind=board")
    form = form_of(page)
    assert form["webhook_kind"].value == "board"
    assert {value for value, _on, _label in form["webhook_kind"].options} >= {"board", "slack", "matrix", "json"}
    assert [form[name].value for name in ("board-tone", "board-seconds", "board-key")] == ["soft", "60", ""]
    assert not form["board-rings"].checked
    part = page.html.select_one("#field-board-key").find_parent(attrs={"data-reveal-when": True})
    assert part["data-reveal-when"] == "board"
    assert "It stands on the back of the board." in part.text
    assert page.html.select_one("#field-board-key")["type"] == "password"


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({"board-address": ""}, {"board-address": "Please fill this in."}),
        ({"board-address": "board"}, {"board-address": "Please paste the whole address"}),
        ({"board-address": "http://169.254.169.254/x"}, {"board-address": "private network"}),
        ({"board-address": "http://[::ffff:127.0.0.1]/"}, {"board-address": "private network"}),
        ({"board-key": ""}, {"board-key": "Please fill this in."}),
        ({"board-key": "xy-9876"}, {"board-key": "Two capitals, a dash"}),
        ({"board-seconds": "soon"}, {"board-seconds": "whole number"}),
        ({"board-seconds": "601"}, {"board-seconds": "At most 600"}),
        ({"board-tone": "shrill"}, {"board-tone": "choose one"}),
        ({"board-tone": "soft"}, {"board-tone": "wants it loud"}),
        ({"name": "", "board-key": "", "event_kinds": "x"}, {"name": "fill", "board-key": "fill"}),
        ({"webhook_kind": "pigeon"}, {"webhook_kind": "choose one of the kinds"}),
    ],
)
def test_faults_stand_at_their_fields_and_nothing_is_lost(connect, db, fields, faults):
    page = connect(status=422, **fields)
    for name, words in faults.items():
        assert words in page.html.select_one(f"#field-{name}-error").text
    assert page.html.select_one("#field-board-seconds")["value"] == fields.get("board-seconds", "30")
    assert "XY-9876" not in page  # a secret is not shown again
    assert db.scalars(select(Chatbot)).all() == []


def test_what_is_kept_is_valid_for_the_reference_which_sends_nothing_there(connect, db):
    connect()
    row = db.execute(text("SELECT * FROM public.chatbots")).one()
    assert (row.kind, row.webhook_kind, row.event_kinds, row.channel, row.access_token) == (
        "webhook",
        "markdown",
        [],
        None,
        None,
    )
    assert row.server == f"http://localhost/integrations/{row.id}"
    assert "XY-9876" not in str(row)


def test_a_format_that_the_reference_has_not_is_kept_beside_too(connect, db, web, happen, http):
    row = connect(webhook_kind="json", server="https://api.example.org/in")
    kept = db.execute(text("SELECT kind, webhook_kind, event_kinds FROM public.chatbots")).one()
    assert tuple(kept) == ("webhook", "markdown", [])
    assert row.shape == "json"
    happen()
    assert json.loads(http.posts[0].body)["type"] == "new_discussion"
    form = form_of(web.get(f"/integrations/{row.id}/edit"))
    assert form["webhook_kind"].value == "json"
    form["webhook_kind"] = "slack"
    form.submit()
    kept = db.execute(text("SELECT kind, webhook_kind, event_kinds FROM public.chatbots")).one()
    assert tuple(kept) == ("webhook", "slack", ["new_discussion"])


def test_it_is_told_what_it_asked_for_and_secrets_stay_out_of_the_log(connect, happen, http, db, web):
    row = connect()
    http.answers.append(HttpAnswer(200, {}, "put up with XY-9876"))
    happen()
    (post,) = http.posts
    said = json.loads(post.body)
    assert (post.url, post.headers["X-Board-Key"], said["tone"], said["rings"], said["seconds"]) == (
        WALL,
        "XY-9876",
        "loud",
        True,
        30,
    )
    assert "Buy a loom?" in said["text"]
    assert states(db) == ["delivered"]
    page = web.get(f"/integrations/{row.id}")
    assert "XY-9876" not in page
    assert "put up with …" in page
    for words in ("Board on the wall", WALL, "Loud", "is kept, and never shown"):
        assert words in page
    (attempt,) = db.scalars(select(Attempt))
    assert attempt.requests[0]["headers"]["X-Board-Key"] == "…"


def test_it_is_tried_again_is_dead_and_sent_again(connect, happen, http, db, web, run_jobs, clock):
    row = connect()
    http.answers += [HttpAnswer(503, {}, "away"), HttpAnswer(404, {}, "gone")]
    happen()
    assert states(db) == ["pending"]
    clock.move(minutes=5)
    run_jobs()
    assert states(db) == ["dead"]
    ids = {json.loads(one.body)["id"] for one in http.posts}
    delivery = db.scalars(select(Delivery)).one()
    web.send(f"/integrations/{row.id}/again/{delivery.id}", {}, status=303)
    run_jobs()
    assert states(db) == ["delivered"]
    assert {json.loads(one.body)["id"] for one in http.posts} == ids


def test_it_is_tested_changed_and_removed(connect, db, web, run_jobs, http):
    row = connect()
    web.send(f"/integrations/{row.id}/test", {}, status=303)
    run_jobs()
    assert "It arrived" in web.get(f"/integrations/{row.id}")
    assert "Weavers is connected" in json.loads(http.posts[0].body)["text"]
    form = form_of(web.get(f"/integrations/{row.id}/edit"))
    assert (form["webhook_kind"].value, form["board-address"].value, form["board-seconds"].value) == (
        "board",
        WALL,
        "30",
    )
    assert form["board-rings"].checked
    assert form["board-key"].value == ""
    form["name"], form["board-seconds"] = "Hall", "45"
    form.submit().follow()
    db.expire_all()
    assert (row.name, row.values["seconds"], row.values["key"]) == ("Hall", 45, "XY-9876")
    assert row.hears == ["new_discussion"]
    web.send(f"/integrations/{row.id}/remove", {}, status=303)
    assert db.execute(text("SELECT count(*) FROM llmio.chatbot_notes")).scalar() == 0


def test_a_secret_does_not_go_along_to_another_kind(connect, db, web):
    row = connect()
    fields = {"webhook_kind": "matrix", "server": "https://m.example.org", "channel": "#a:b", "access_token": ""}
    page = web.send(f"/integrations/{row.id}/edit", GOOD | fields, status=422)
    assert page.html.select_one("#field-access_token-error")
    web.send(f"/integrations/{row.id}/edit", GOOD | fields | {"access_token": "syt"}, status=303)
    db.expire_all()
    assert (row.kind, row.access_token, row.values["channel"], row.event_kinds) == (
        "matrix",
        "syt",
        "#a:b",
        ["new_discussion"],
    )
    assert row.notes.values == {}


def test_without_its_plugin_nothing_is_lost_and_its_messages_wait(
    connect, offered, happen, db, web, run_jobs, http, app, ctx, group
):
    row = connect()
    offered(board=None)
    happen()
    assert (states(db), http.posts) == (["parked"], [])
    assert "board: its plugin is missing" in web.get(f"/g/{group.key}/integrations")
    page = web.get(f"/integrations/{row.id}")
    assert "its plugin is missing" in page
    assert f"/integrations/{row.id}/test" not in {one.action for one in page.forms.values()}
    web.send(f"/integrations/{row.id}/test", {}, status=422)
    form = form_of(web.get(f"/integrations/{row.id}/edit"))
    assert form["webhook_kind"].value == "board"
    form["name"] = "Hall"
    form.submit().follow()
    db.expire_all()
    assert (row.name, row.values["key"], row.hears) == ("Hall", "XY-9876", ["new_discussion"])
    offered(board=Board())
    ctx(None).enqueue(app.jobs["notifications.resume_parked"])
    run_jobs()
    assert states(db) == ["delivered"]
    assert http.posts[0].headers["X-Board-Key"] == "XY-9876"


def test_a_notifier_with_the_name_of_a_format_is_told_apart(offered, group, web, db, connect, happen, http):
    class Slack(Board):
        key = "slack"
        title = "Slack of a stranger"

    offered(slack=Slack())
    fields = {
        name.replace("board-", "slack-notifier-"): value for name, value in GOOD.items() if name != "webhook_kind"
    }
    row = connect(webhook_kind="slack-notifier", **fields)
    assert (row.notifier, row.shape) == ("slack", "")
    connect(webhook_kind="slack", server="https://chat.example.org/hook")
    happen()
    assert {one.url for one in http.posts} == {WALL, "https://chat.example.org/hook"}


class Breaking(Board):
    def check(self, values):
        raise ZeroDivisionError


def test_a_check_that_breaks_refuses_in_words(offered, connect, app, monkeypatch):
    monkeypatch.setattr(app.plugins, "strict", False)
    offered(board=Breaking())
    assert "The plugin for this failed." in connect(status=422)


class Talkative(Board):
    """Asks the board forty times whether it is there."""

    def send(self, message, target, out):
        for _time in range(40):
            out.http.post(target.address, headers={}, body=b"?")
        return super().send(message, target, out)


def test_a_notifier_cannot_send_on_when_its_message_is_taken_for_lost(offered, connect, happen, http, clock, db):
    offered(board=Talkative())
    connect()
    clock.set(clock.now())
    slow = http.request

    def slowly(*args, **named):
        clock.move(seconds=16)
        return slow(*args, **named)

    http.request = slowly
    try:
        happen()
    finally:
        del http.request
    assert len(http.posts) == 6  # of 16 seconds each, none begun after 90
    assert states(db) == ["pending"]
