"""`GET /live/session`: the key to the live channel."""

from __future__ import annotations

import json

import pytest

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
        assert web.get("/live/session").json == {"url": "", "token": ""}
    finally:
        app.redis = real


def test_signing_out_everywhere_takes_the_key_away(app, web, ada):
    web.sign_in(ada).get("/live/session")
    token = ada.secret_token
    assert kept(app, token)
    web.send("/sign_out/everywhere")
    assert ada.secret_token != token
    assert kept(app, token) is None
