"""A group's integrations: who may connect a channel, what reaches it, and what the log says."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from llmio.core.ports import HttpAnswer
from llmio.discussions import service as discussions
from llmio.integrations.models import Chatbot
from llmio.notifications.deliveries import Delivery

HOOK = "https://chat.example.org/hooks/abc"


@pytest.fixture
def ada(make):
    return make.user(name="Ada King")


@pytest.fixture
def group(make, ada):
    return make.group(admin=ada, name="Weavers")


def connect(web, group, **fields):
    form = web.get(f"/g/{group.key}/integrations/new").forms
    found = next(one for one in form.values() if "server" in one.fields)
    found["name"] = fields.pop("name", "#general")
    found["server"] = fields.pop("server", HOOK)
    for name, value in fields.items():
        found[name] = value
    return found.submit(expect_errors=True)


def chatbot(db, **fields):
    row = Chatbot(
        **{
            "kind": "webhook",
            "name": "#general",
            "server": HOOK,
            "webhook_kind": "slack",
            "event_kinds": ["new_discussion"],
        }
        | fields
    )
    db.add(row)
    db.flush()
    return row


def start(ctx, user, group, title):
    return discussions.start_discussion(ctx(user), group, title=title, description="Words.")


def test_an_admin_connects_a_channel(web, ada, group, db):
    web.sign_in(ada)
    page = connect(web, group, webhook_kind="markdown").follow()
    row = db.scalars(select(Chatbot)).one()
    assert (row.group_id, row.server, row.webhook_kind, row.author_id) == (group.id, HOOK, "markdown", ada.id)
    assert "#general" in page


@pytest.mark.parametrize(
    "server",
    ["", "chat.example.org", "ftp://chat.example.org/x", "https://", "javascript:alert(1)", "https://x:99999/"],
)
def test_an_address_that_is_none_is_refused_with_the_form_as_it_was(web, ada, group, db, server):
    web.sign_in(ada)
    answer = connect(web, group, server=server, name="My room")
    assert answer.status_int == 422
    assert "My room" in answer
    assert db.scalars(select(Chatbot)).all() == []


def test_a_format_that_nobody_offers_is_refused(web, ada, group, db):
    web.sign_in(ada)
    fields = {"name": "x", "server": HOOK, "webhook_kind": "carrier_pigeon"}
    web.send(f"/g/{group.key}/integrations/new", fields, status=422)
    web.send(
        f"/g/{group.key}/integrations/new", fields | {"webhook_kind": "slack", "event_kinds": "nonsense"}, status=422
    )
    assert db.scalars(select(Chatbot)).all() == []


@pytest.mark.parametrize("who", ["member", "stranger", "nobody"])
def test_only_admins_see_and_change_them(web, make, group, db, who):
    row = chatbot(db, group_id=group.id)
    if who != "nobody":
        person = make.user()
        if who == "member":
            make.membership(group, person)
        web.sign_in(person)
    for path in (f"/g/{group.key}/integrations", f"/g/{group.key}/integrations/new", f"/integrations/{row.id}/edit"):
        answer = web.get(path, expect_errors=True)
        assert answer.status_int in (303, 403, 404)
        assert HOOK not in answer
    for act in ("edit", "remove", "test"):
        web.send(f"/integrations/{row.id}/{act}", {"name": "mine"}, status="*")
    db.refresh(row)
    assert row.name == "#general"


def test_an_admin_of_another_group_is_a_stranger_here(web, make, group, db):
    row = chatbot(db, group_id=group.id)
    other = make.user()
    make.group(admin=other)
    web.sign_in(other)
    web.send(f"/integrations/{row.id}/remove", {}, status=404)
    assert db.get(Chatbot, row.id) is not None


def test_it_is_changed_and_removed(web, ada, group, db):
    row = chatbot(db, group_id=group.id)
    web.sign_in(ada)
    form = next(one for one in web.get(f"/integrations/{row.id}/edit").forms.values() if "server" in one.fields)
    assert form["server"].value == HOOK
    form["name"] = "#board"
    form.submit().follow()
    db.refresh(row)
    assert row.name == "#board"
    web.send(f"/integrations/{row.id}/remove", {}, status=303)
    assert db.scalars(select(Chatbot)).all() == []


def test_what_was_asked_for_is_posted_once_in_its_format(ctx, ada, group, db, run_jobs, http):
    chatbot(db, group_id=group.id)
    chatbot(db, group_id=group.id, server=f"{HOOK}/2", webhook_kind="markdown", event_kinds=["poll_created"])
    start(ctx, ada, group, "Buy a loom?")
    run_jobs()
    (post,) = http.posts
    text = json.loads(post.body)["text"]
    assert post.url == HOOK
    assert "Ada King" in text
    assert "|Buy a loom?>" in text
    run_jobs()
    assert len(http.posts) == 1


def test_another_groups_channel_hears_nothing(ctx, make, ada, group, db, run_jobs, http):
    chatbot(db, group_id=make.group().id)
    start(ctx, ada, group, "Buy a loom?")
    run_jobs()
    assert http.posts == []


def test_one_line_is_all_where_no_more_is_wanted(ctx, ada, group, db, run_jobs, http):
    chatbot(db, group_id=group.id, notification_only=True)
    chatbot(db, group_id=group.id, server=f"{HOOK}/full")
    start(ctx, ada, group, "Buy a loom?")
    run_jobs()
    said = {post.url: json.loads(post.body)["text"] for post in http.posts}
    assert "Words." in said[f"{HOOK}/full"]
    assert "Words." not in said[HOOK]


def test_trouble_is_tried_again_and_refusal_is_not(ctx, ada, group, db, run_jobs, http, clock):
    chatbot(db, group_id=group.id)
    http.answers.append(HttpAnswer(503, {}, "away"))
    start(ctx, ada, group, "First")
    run_jobs(failures=True)
    clock.move(hours=1)
    run_jobs(failures=True)
    assert len(http.posts) == 2
    http.answers.append(HttpAnswer(404, {}, "no such hook"))
    start(ctx, ada, group, "Second")
    run_jobs(failures=True)
    clock.move(days=1)
    run_jobs(failures=True)
    assert len(http.posts) == 3
    states = [
        (str(one.status), one.answer)
        for one in db.scalars(select(Delivery).where(Delivery.notifier == "webhook").order_by(Delivery.id))
    ]
    assert [state for state, _answer in states] == ["delivered", "dead"]
    assert "no such hook" in states[1][1]


def test_the_log_says_what_came_of_it(web, ctx, ada, group, db, run_jobs, http):
    chatbot(db, group_id=group.id)
    http.answers.append(HttpAnswer(410, {}, "hook is gone"))
    start(ctx, ada, group, "Buy a loom?")
    run_jobs(failures=True)
    assert "hook is gone" in web.sign_in(ada).get(f"/g/{group.key}/integrations")


def test_a_test_greets_the_channel_and_tells_the_answer(web, ada, group, db, http, run_jobs):
    row = chatbot(db, group_id=group.id)
    web.sign_in(ada)
    page = web.send(f"/integrations/{row.id}/test", {}, status=303).follow()
    assert "It arrived" not in page
    assert http.posts == []  # nobody waits for another's server
    run_jobs()
    assert "It arrived" in web.get(f"/integrations/{row.id}")
    assert "Weavers" in json.loads(http.posts[0].body)["text"]
    http.answers.append(HttpAnswer(403, {}, "invalid_token"))
    web.send(f"/integrations/{row.id}/test", {}, status=303)
    web.send(f"/integrations/{row.id}/test", {}, status=303)  # asked for twice, sent once
    run_jobs()
    assert "invalid_token" in web.get(f"/integrations/{row.id}")
    assert len(http.posts) == 2


def test_the_list_costs_the_same_for_many(web, make, ada, group, db, queries):
    web.sign_in(ada)

    def cost(count):
        for _one in range(count):
            chatbot(db, group_id=group.id)
        with queries() as sent:
            web.get(f"/g/{group.key}/integrations")
        return sent.count

    cost(0)
    assert cost(1) == cost(29)
