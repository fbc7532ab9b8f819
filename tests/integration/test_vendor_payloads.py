"""What is posted for every kind of event, checked with what the vendors publish; and the check itself, with wrong ones."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import jsonschema
import pytest
from llmio_webhook_json.schema import KINDS, schema_of
from slack_sdk.webhook import WebhookClient
from standardwebhooks.webhooks import Webhook

from llmio.core.events import Channel
from llmio.integrations.models import Chatbot
from llmio.integrations.secrets import new_secret
from llmio.integrations.service import EVENT_KINDS
from tests.receiver import receiver
from tests.vendors import faults

FORMATS = ("slack", "discord", "microsoft", "microsoft_card", "markdown", "webex", "json")
NASTY = 'He said "no" \\ & <b>left</b> <@all> [x](y) | `z` *a* _b_ \u2028 👍🏽 ﷽ \u202e\t\nnext'


@pytest.fixture
def ada(make):
    return make.user(name="Ada [King] *", username="ada")


@pytest.fixture
def group(make, ada):
    return make.group(admin=ada, name="Weavers & <Co>")


@pytest.fixture
def secret(db, group, ada):
    made = new_secret()
    for name in FORMATS:
        row = Chatbot(kind="webhook", name=name, server=f"https://chat.example.org/{name}", webhook_kind=name)
        row.group_id, row.event_kinds, row.author_id, row.access_token = group.id, list(EVENT_KINDS), ada.id, made
        db.add(row)
    db.flush()
    return made


def records(make, group, ada, text, count):
    """An event of each kind, about records with such a text; `count` of what there can be many of."""
    thread = make.discussion(group, title=text.split("\n")[0][:150], description=text, author=ada)
    files = [{"filename": "plan.pdf", "content_type": "application/pdf", "byte_size": 7, "download_url": "/files/7/p"}]
    comment = make.comment(thread, author=ada, body=text, attachments=files)
    options = [f"{number} {text[:200]}" for number in range(count)]
    fields = {"poll_type": "poll", "poll_option_name_format": "plain", "details": text, "title": text[:150]}
    poll = make.poll(discussion=thread, author=ada, options=options, maximum_stance_choices=1, **fields)
    closed = make.poll(discussion=thread, author=ada, options=options, closed_at=datetime.now(UTC), **fields)
    people = [make.user(name=f"{text[:40]} {number}") for number in range(count)]
    for one in (poll, closed):
        for number, person in enumerate(people):
            make.stance(one, person, choices={options[number]: 1} if number % 2 else None, reason=text)
    stance = make.stance(closed, ada, choices={options[0]: 1}, reason=text)
    outcome = make.outcome(closed, statement=text, statement_format="md", review_on=date(2031, 1, 1))
    about = {"discussion": thread, "comment": comment, "poll": poll, "stance": stance, "outcome": outcome}
    yield from ((kind, next(row for name, row in about.items() if name in kind)) for kind in EVENT_KINDS)
    yield from (("poll_closed_by_user", closed), ("stance_created", secret_vote(make, group, people[0])))


def secret_vote(make, group, voter):
    return make.stance(make.poll(group=group, anonymous=True), voter, choices={"agree": 1}, reason="hush")


@pytest.fixture(params=["plain", "nasty and much"])
def posted(request, make, group, ada, secret, ctx, app, http, run_jobs, clock):
    """Format → list of (kind, body) of every event."""
    text, count = ("Shall we **buy** a loom?", 3) if request.param == "plain" else (NASTY * 25, 15)
    sent = {name: [] for name in FORMATS}
    for kind, record in records(make, group, ada, text, count):
        http.reset()
        ctx(ada).publish(app.kinds[kind], record)
        run_jobs()
        clock.move(minutes=1)
        for post in http.posts:
            sent[post.url.rsplit("/", 1)[1]].append((kind, post.body))
    assert {len(found) for found in sent.values()} == {len(EVENT_KINDS) + 2}
    return {name: [(kind, json.loads(body)) for kind, body in found] for name, found in sent.items()}


def test_each_payload_is_what_its_vendor_takes(posted):
    cards = [("adaptive", body["attachments"][0]["content"]) for _kind, body in posted["microsoft"]]
    found = faults([*cards, *(("discord", body) for _kind, body in posted["discord"])])
    assert [one for one in found if one] == []
    for name, most in (("microsoft", 28_000), ("microsoft_card", 28_000), ("webex", 20_000), ("slack", 160_000)):
        assert all(len(json.dumps(body, ensure_ascii=False).encode()) <= most for _kind, body in posted[name])
    for _kind, body in posted["microsoft"]:
        assert (body["type"], body["attachments"][0]["contentType"].split(".")[-1]) == ("message", "adaptive")
    for _kind, body in posted["microsoft_card"]:
        assert (body["@type"], body["@context"]) == ("MessageCard", "http://schema.org/extensions")
        assert body["summary"]
    assert all(0 < len(body["text"]) <= 40_000 for _kind, body in posted["slack"])
    assert all(0 < len(body["markdown"].encode()) <= 7_439 for _kind, body in posted["webex"])
    assert all(0 < len(body["text"]) <= 16_383 for _kind, body in posted["markdown"])
    as_slack_sends_them([body for _kind, body in posted["slack"][:3]])
    for kind, body in posted["json"]:
        jsonschema.validate(body, schema_of(kind), format_checker=jsonschema.FormatChecker())
    assert {kind for kind, _body in posted["json"]} == set(EVENT_KINDS)
    votes = [body["data"] for kind, body in posted["json"] if kind.startswith("stance")]
    (hushed,) = [one for one in votes if one["poll"]["anonymous"]]
    assert (hushed["stance"], hushed["actor"]) == (None, None)
    assert "hush" not in json.dumps(hushed)


def as_slack_sends_them(bodies):
    """Slack's own client makes the same body of the same text."""
    with receiver() as here:
        for body in bodies:
            assert WebhookClient(here.url).send(text=body["text"]).status_code == 200
    assert [json.loads(one.body) for one in here.got] == bodies


def test_every_kind_that_can_reach_a_webhook_has_a_schema_and_every_schema_is_one(app):
    kinds = {name for name, kind in app.kinds.items() if Channel.WEBHOOKS in kind.channels}
    assert kinds | {"test"} == set(KINDS)
    for kind in KINDS:
        jsonschema.Draft202012Validator.check_schema(schema_of(kind))


def test_the_published_verifier_takes_what_is_posted(secret, make, group, ada, ctx, app, http, run_jobs):
    ctx(ada).publish(app.kinds["new_discussion"], make.discussion(group, title="Grüße 👍"))
    run_jobs()
    (post,) = [one for one in http.posts if one.url.endswith("/json")]
    headers = {name.lower(): value for name, value in post.headers.items()}
    body = Webhook(secret).verify(post.body, headers)
    assert body["data"]["discussion"]["title"] == "Grüße 👍"
    jsonschema.validate(body, schema_of("new_discussion"))
    for wrong in ({"type": "new_comment"}, {"timestamp": 7}, {"data": {}}, {"data": {**body["data"], "group": 1}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**body, **wrong}, schema_of("new_discussion"))


def test_a_notice_for_programs_has_no_text_and_no_result(secret, db, make, group, ada, ctx, app, http, run_jobs):
    for row in db.query(Chatbot):
        row.notification_only = True
    poll = make.poll(group=group, details="Long words.")
    make.stance(poll, ada, choices={"agree": 1})
    ctx(ada).publish(app.kinds["poll_created"], poll)
    run_jobs()
    (body,) = [json.loads(one.body) for one in http.posts if one.url.endswith("/json")]
    jsonschema.validate(body, schema_of("poll_created"))
    assert not {"body", "results", "options"} & set(body["data"]["poll"])
    assert "Long words." not in json.dumps(body)


def test_the_vendors_checks_find_wrong_ones():
    card = {"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlok", "text": "x"}]}
    found = faults(
        [
            ("adaptive", card),
            ("adaptive", {**card, "body": [], "actions": [{"type": "Action.OpenUrl", "title": "x"}]}),
            ("discord", {"content": "x" * 2001}),
            ("discord", {"content": "x", "embeds": [{"title": "x" * 257}]}),
            ("discord", {"content": "x", "embeds": [{"title": "x", "description": "y" * 4097}]}),
            ("discord", {"content": "x", "username": ""}),
        ]
    )
    assert all(found)
