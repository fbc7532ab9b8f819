"""Pages of integrations: kinds, faults at their fields, secrets, the log with requests and answers, sending again."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook

from llmio.core.ports import HttpAnswer
from llmio.discussions import service as discussions
from llmio.integrations.models import Chatbot, ChatbotNotes
from llmio.notifications.deliveries import Delivery

HOOK = "https://chat.example.org/hooks/abc"
MATRIX = {
    "name": "Board",
    "webhook_kind": "matrix",
    "server": "https://matrix.example.org",
    "channel": "#board:example.org",
    "access_token": "syt_secret",
    "event_kinds": "new_discussion",
}


@pytest.fixture
def ada(make, web):
    made = make.user(name="Ada King")
    web.sign_in(made)
    return made


@pytest.fixture
def group(make, ada):
    return make.group(admin=ada, name="Weavers")


@pytest.fixture
def connect(web, group, db):
    def made(status=303, **fields):
        web.send(f"/g/{group.key}/integrations/new", {"name": "#general", "server": HOOK, **fields}, status=status)
        return db.scalars(select(Chatbot).order_by(Chatbot.id.desc())).first()

    return made


def start(ctx, ada, group, title="Buy a loom?"):
    return discussions.start_discussion(ctx(ada), group, title=title, description="Words.")


def test_every_kind_is_offered(web, group):
    page = web.get(f"/g/{group.key}/integrations/new")
    form = next(one for one in page.forms.values() if "server" in one.fields)
    offered = {value for value, _on, _label in form["webhook_kind"].options}
    assert offered >= {"slack", "discord", "microsoft", "microsoft_card", "markdown", "webex", "matrix", "json"}


def test_a_room_of_matrix_is_connected_and_told(connect, ctx, ada, group, run_jobs, http):
    row = connect(**MATRIX)
    assert (row.kind, row.webhook_kind, row.channel, row.access_token) == (
        "matrix",
        None,
        "#board:example.org",
        "syt_secret",
    )
    http.answers += [HttpAnswer(200, {}, '{"room_id": "!a:b"}'), HttpAnswer(200, {}, '{"event_id": "$1"}')]
    start(ctx, ada, group)
    run_jobs()
    assert [one.method for one in http.posts] == ["GET", "PUT"]
    assert "Buy a loom?" in json.loads(http.posts[1].body)["formatted_body"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"channel": ""}, "channel"),
        ({"channel": "board"}, "channel"),
        ({"channel": "#a b:c"}, "channel"),
        ({"access_token": ""}, "access_token"),
        ({"access_token": "a\nb"}, "access_token"),
        ({"access_token": "ü"}, "access_token"),
        ({"server": "matrix.example.org"}, "server"),
        ({"server": "https://10.0.0.1"}, "server"),
        ({"server": "http://localhost:8008"}, "server"),
        ({"server": "http://[::1]/"}, "server"),
        ({"server": "https://exa mple.org"}, "server"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"event_kinds": "user_mentioned"}, "event_kinds"),
        ({"webhook_kind": "nonsense"}, "webhook_kind"),
    ],
)
def test_faults_stand_at_their_field_and_nothing_is_lost(web, group, db, wrong, field):
    page = web.send(f"/g/{group.key}/integrations/new", MATRIX | wrong, status=422)
    fault = page.html.select_one(f"#field-{field}-error, [id^=field-{field}] .form-error, .form-error")
    assert fault is not None
    assert any(one.get("href") == f"#field-{field}" for one in page.html.select(".error-summary a"))
    if field != "name":
        assert page.html.select_one("#field-name")["value"] == "Board"
    assert db.scalars(select(Chatbot)).all() == []


def test_a_token_is_never_shown_and_stays_where_none_is_typed(connect, web, db):
    row = connect(**MATRIX)
    for path in (f"/integrations/{row.id}", f"/integrations/{row.id}/edit"):
        assert "syt_secret" not in web.get(path)
    fields = {**MATRIX, "access_token": "", "name": "New name"}
    web.send(f"/integrations/{row.id}/edit", fields, status=303)
    db.refresh(row)
    assert (row.name, row.access_token) == ("New name", "syt_secret")


def test_a_token_does_not_become_the_secret_of_another_kind(connect, web, db):
    row = connect(**MATRIX)
    web.send(f"/integrations/{row.id}/edit", {"name": "x", "server": HOOK, "webhook_kind": "json"}, status=303)
    db.refresh(row)
    assert row.kind == "webhook"
    assert row.access_token.startswith("whsec_")
    assert row.channel is None
    web.send(f"/integrations/{row.id}/edit", {"name": "x", "server": HOOK, "webhook_kind": "slack"}, status=303)
    db.refresh(row)
    assert row.access_token is None


def test_a_program_gets_a_secret_that_admins_see_and_renew(connect, web, db, make, new_browser):
    row = connect(webhook_kind="json")
    before = row.access_token
    assert before in web.get(f"/integrations/{row.id}")
    web.send(f"/integrations/{row.id}/secret", {}, status=303)
    db.refresh(row)
    assert row.access_token != before
    stranger = new_browser()
    stranger.sign_in(make.user())
    assert stranger.get(f"/integrations/{row.id}", status=404)
    stranger.send(f"/integrations/{row.id}/secret", {}, status=404)
    slack = connect(webhook_kind="slack")
    web.send(f"/integrations/{slack.id}/secret", {}, status=422)


def test_an_old_secret_signs_beside_the_new_one_for_a_day(connect, web, db, ctx, ada, group, run_jobs, http, clock):
    row = connect(webhook_kind="json", event_kinds="new_discussion")
    old = row.access_token
    web.send(f"/integrations/{row.id}/secret", {}, status=303)
    db.refresh(row)
    page = web.get(f"/integrations/{row.id}")
    assert row.access_token in page
    assert old[:10] in page
    assert old not in page
    start(ctx, ada, group)
    run_jobs()
    for secret in (old, row.access_token):
        Webhook(secret).verify(http.posts[-1].body, dict(http.posts[-1].headers))
    clock.move(hours=25)
    assert old[:10] not in web.get(f"/integrations/{row.id}")
    start(ctx, ada, group)
    run_jobs()
    (signature,) = http.posts[-1].headers["webhook-signature"].split()
    assert signature == sign(row.access_token, http.posts[-1])


def test_an_old_secret_can_be_ended_at_once(connect, web, db, ctx, ada, group, run_jobs, http, make, new_browser):
    row = connect(webhook_kind="json", event_kinds="new_discussion")
    for _again in range(5):
        web.send(f"/integrations/{row.id}/secret", {}, status=303)
    start(ctx, ada, group)
    run_jobs()
    assert len(http.posts[-1].headers["webhook-signature"].split()) == 4
    stranger = new_browser()
    stranger.sign_in(make.user())
    stranger.send(f"/integrations/{row.id}/old_secrets", {}, status=404)
    web.send(f"/integrations/{row.id}/old_secrets", {}, status=303)
    start(ctx, ada, group)
    run_jobs()
    assert len(http.posts[-1].headers["webhook-signature"].split()) == 1


def sign(secret, post):
    stamp = datetime.fromtimestamp(int(post.headers["webhook-timestamp"]), UTC)
    return Webhook(secret).sign(post.headers["webhook-id"], stamp, post.body.decode())


@pytest.mark.parametrize(
    ("colour", "shown"), [("#A1b2C3", "A1b2C3"), ("#fa0", "ffaa00"), ("tomato", "3355c4"), ("", "3355c4")]
)
def test_a_message_card_has_the_colour_of_the_site(connect, web, run_jobs, http, app, monkeypatch, colour, shown):
    monkeypatch.setitem(app.settings.values, "theme.primary", colour)
    row = connect(webhook_kind="microsoft_card")
    web.send(f"/integrations/{row.id}/test", {}, status=303)
    run_jobs()
    assert json.loads(http.posts[0].body)["themeColor"] == shown


def test_a_message_about_an_event_has_the_colour_too(connect, ctx, ada, group, run_jobs, http, app, monkeypatch):
    monkeypatch.setitem(app.settings.values, "theme.primary", "#102030")
    connect(webhook_kind="microsoft_card", event_kinds="new_discussion")
    start(ctx, ada, group)
    run_jobs()
    assert json.loads(http.posts[0].body)["themeColor"] == "102030"


def test_a_test_that_is_lost_may_be_asked_for_again(connect, web, run_jobs, clock, http):
    row = connect(webhook_kind="slack")
    web.send(f"/integrations/{row.id}/test", {}, status=303)
    assert web.get(f"/integrations/{row.id}").html.select_one("turbo-frame[data-controller=follow]")
    clock.move(minutes=2)
    page = web.get(f"/integrations/{row.id}")
    assert "Nothing is known" in page
    assert not page.html.select_one("turbo-frame[data-controller=follow]")
    web.send(f"/integrations/{row.id}/test", {}, status=303)
    run_jobs()
    assert "It arrived" in web.get(f"/integrations/{row.id}")


def test_a_kind_whose_plugin_is_off_is_not_tested(connect, web, app, monkeypatch):
    row = connect(webhook_kind="slack")
    left = {key: shape for key, shape in app.plugins.webhook_formats.items() if key != "slack"}
    monkeypatch.setattr(app.plugins, "webhook_formats", left)
    assert "switched off" in web.send(f"/integrations/{row.id}/test", {}, status=422)


def test_what_was_noted_of_an_integration_goes_with_it(connect, web, db, run_jobs, app, ctx):
    row, other = connect(webhook_kind="json"), connect(webhook_kind="json")
    for one in (row, other):
        web.send(f"/integrations/{one.id}/secret", {}, status=303)
    web.send(f"/integrations/{row.id}/remove", {}, status=303)
    assert [one.chatbot_id for one in db.scalars(select(ChatbotNotes))] == [other.id]
    db.delete(other)  # as with a whole group
    db.flush()
    ctx(None).enqueue(app.jobs["integrations.forget"])
    run_jobs()
    assert db.scalars(select(ChatbotNotes)).all() == []


def test_the_log_shows_request_and_answer_and_sends_again(connect, web, ctx, ada, group, db, run_jobs, http):
    row = connect(webhook_kind="slack", event_kinds="new_discussion")
    http.answers.append(HttpAnswer(404, {}, "no_service <b>"))
    start(ctx, ada, group)
    run_jobs()
    page = web.get(f"/integrations/{row.id}")
    for words in ("A new thread", "POST " + HOOK, "application/json", "Buy a loom?", "no_service &lt;b&gt;", "Failed"):
        assert words in page
    delivery = db.scalars(select(Delivery).where(Delivery.recipient_type == "Chatbot")).one()
    web.send(f"/integrations/{row.id}/again/{delivery.id}", {}, status=303)
    web.send(f"/integrations/{row.id}/again/{delivery.id}", {}, status=409)
    run_jobs()
    assert len(http.posts) == 2
    assert "Arrived" in web.get(f"/integrations/{row.id}")


def test_what_had_arrived_goes_again_under_a_new_id(connect, web, ctx, ada, group, db, run_jobs, http):
    row = connect(webhook_kind="json", event_kinds="new_discussion")
    start(ctx, ada, group)
    run_jobs()
    delivery = db.scalars(select(Delivery).where(Delivery.recipient_type == "Chatbot")).one()
    web.send(f"/integrations/{row.id}/again/{delivery.id}", {}, status=303)
    run_jobs()
    assert [one.headers["webhook-id"] for one in http.posts] == [f"msg_{delivery.id}", f"msg_{delivery.id}_1"]


def test_what_moved_to_another_group_is_not_sent_again(connect, web, make, ctx, ada, group, db, run_jobs, http):
    row = connect(webhook_kind="slack", event_kinds="new_discussion")
    thread = start(ctx, ada, group)
    run_jobs()
    delivery = db.scalars(select(Delivery).where(Delivery.recipient_type == "Chatbot")).one()
    elsewhere = make.group(admin=ada, name="Elsewhere")
    web.send(f"/threads/{thread.key}/group", {"group_id": elsewhere.id}, status=303)
    web.send(f"/integrations/{row.id}/again/{delivery.id}", {}, status=303)
    run_jobs()
    assert len(http.posts) == 1
    assert "belongs to another group" in web.get(f"/integrations/{row.id}")


def test_a_message_of_another_integration_is_not_sent_again_from_here(
    connect, web, make, ctx, ada, group, db, run_jobs
):
    one = connect(webhook_kind="slack", event_kinds="new_discussion")
    other = connect(webhook_kind="slack")
    start(ctx, ada, group)
    run_jobs()
    delivery = db.scalars(select(Delivery).where(Delivery.recipient_type == "Chatbot")).one()
    assert delivery.recipient_id == one.id
    web.send(f"/integrations/{other.id}/again/{delivery.id}", {}, status=404)
    web.send(f"/integrations/{one.id}/again/999999999", {}, status=404)


def test_a_test_of_each_kind_shows_the_answer(connect, web, http, run_jobs):
    def tested(row):
        page = web.send(f"/integrations/{row.id}/test", {}, status=303).follow()
        assert "on its way" in page
        run_jobs()
        return web.get(f"/integrations/{row.id}/test")

    for kind in ("slack", "discord", "microsoft", "markdown", "webex", "json"):
        row = connect(webhook_kind=kind)
        http.answers.append(HttpAnswer(200, {}, f"answer of {kind}"))
        assert f"answer of {kind}" in tested(row)
        http.answers.append(HttpAnswer(400, {}, f"refusal of {kind}"))
        assert f"refusal of {kind}" in tested(row)


def test_the_log_has_pages_and_costs_the_same_for_many(connect, web, ctx, ada, group, run_jobs, clock, queries):
    row = connect(webhook_kind="slack", event_kinds="new_discussion")

    def cost(count):
        for _one in range(count):
            start(ctx, ada, group)
            run_jobs()
            clock.move(minutes=1)
        with queries() as sent:
            web.get(f"/integrations/{row.id}")
        return sent.count

    cost(1)
    assert cost(1) == cost(19)
    page = web.get(f"/integrations/{row.id}")
    assert len(page.html.select(".row-item")) == 20
    older = page.click("Older")
    assert len(older.html.select(".row-item")) == 1
    assert web.get(f"/integrations/{row.id}?before=nonsense").status_int == 200
