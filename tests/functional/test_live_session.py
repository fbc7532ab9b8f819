"""`GET /live/session`: the key to the live channel."""

from __future__ import annotations

import json

import pytest

from llmio.live.publish import RedisLive
from llmio.worker.queue import client


@pytest.fixture
def ada(make):
    return make.user("Ada")


def kept(app, token):
    found = app.redis.get(f"/current_users/{token}")
    return json.loads(found) if found else None


def test_a_person_gets_a_token_that_stands_for_their_rooms(app, web, make, ada):
    joined = [make.group(members=[ada]), make.group(admin=ada)]
    make.invitation(make.group(), ada, inviter=make.user())
    make.group()
    answer = web.sign_in(ada).get("/live/session")
    assert answer.json["token"] == ada.secret_token
    assert answer.json["known"] is False
    assert web.get("/live/session").json["known"] is True
    assert answer.headers["Cache-Control"] == "no-store"
    person = kept(app, ada.secret_token)
    assert (person["name"], person["id"]) == ("Ada", ada.id)
    assert sorted(person["group_ids"]) == sorted(group.id for group in joined)


def test_a_stranger_gets_none(app, web):
    assert web.get("/live/session", headers={"Accept": "application/json"}, expect_errors=True).status_int in (303, 401)
    assert app.redis.keys("/current_users/*") == []


def test_pages_work_while_redis_is_away(app, web, ada):
    web.sign_in(ada)
    real, app.redis = app.redis, client("redis://127.0.0.1:1/0")
    try:
        assert web.get("/live/session").json == {"url": "", "token": "", "known": False}
    finally:
        app.redis = real


@pytest.fixture
def through_redis(app):
    """The site as it runs: what is told live goes through Redis."""
    before, app.ports.live = app.ports.live, RedisLive(app.redis)
    yield app
    app.ports.live = before


def test_signing_out_everywhere_takes_the_key_away(through_redis, app, web, ada):
    web.sign_in(ada).get("/live/session")
    token = ada.secret_token
    assert kept(app, token)
    web.send("/sign_out/everywhere")
    assert ada.secret_token != token
    assert kept(app, token) is None


def test_open_pages_follow_who_joins_and_leaves(web, make, ada, run_jobs, live):
    stays, left = make.group(members=[ada]), make.group(members=[ada])
    web.sign_in(ada).send(f"/g/{left.key}/leave")
    run_jobs()
    assert live.seats == [(ada.id, (stays.id,))]
    open_one = make.group(membership_granted_upon="request")
    web.send(f"/g/{open_one.key}/join")
    run_jobs()
    assert live.seats[-1] == (ada.id, (stays.id, open_one.id))


def test_the_key_of_open_pages_is_renewed_and_none_is_made(through_redis, app, ada, web, make):
    app.ports.live.reseat(ada.id, ada.secret_token, [5])
    assert kept(app, ada.secret_token) is None
    web.sign_in(ada).get("/live/session")
    app.ports.live.reseat(ada.id, ada.secret_token, [5])
    assert kept(app, ada.secret_token) == {"name": "Ada", "group_ids": [5], "id": ada.id}
    assert app.redis.ttl(f"/current_users/{ada.secret_token}") > 0
