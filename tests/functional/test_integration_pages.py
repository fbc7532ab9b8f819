"""Pages of integrations: kinds, faults at their fields, secrets, the log with requests and answers, sending again."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from llmio.core.ports import HttpAnswer
from llmio.discussions import service as discussions
from llmio.integrations.models import Chatbot
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


def test_a_test_of_each_kind_shows_the_answer(connect, web, http):
    for kind in ("slack", "discord", "microsoft", "markdown", "webex", "json"):
        row = connect(webhook_kind=kind)
        http.answers.append(HttpAnswer(200, {}, f"answer of {kind}"))
        assert f"answer of {kind}" in web.send(f"/integrations/{row.id}/test", {}, status=303).follow()
        http.answers.append(HttpAnswer(400, {}, f"refusal of {kind}"))
        assert f"refusal of {kind}" in web.send(f"/integrations/{row.id}/test", {}, status=303).follow()


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
