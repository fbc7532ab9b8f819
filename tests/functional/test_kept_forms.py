"""A form that comes too late: what was entered is kept, and is sent after signing in again."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from llmio.accounts.sessions import UserSession
from llmio.core.urls import site_url
from llmio.discussions.models import Discussion

HERE = {"Sec-Fetch-Site": "same-origin"}
WRITTEN = {
    "title": "Which drill do we buy?",
    "description": "<p>The old one <b>smells</b> of burning.</p>",
    "description_format": "html",
    "tags": ["", "tools", "money"],
}


@pytest.fixture
def ada(make):
    return make.user(name="Ada Lovelace")


@pytest.fixture
def written(make, ada):
    group = make.group(admin=ada)
    lists = [(name, one) for name, value in WRITTEN.items() for one in (value if isinstance(value, list) else [value])]
    return [("group_id", str(group.id)), *lists]


def late(web, path, fields, token="old", headers=HERE, **how):
    return web.post(path, [("csrf_token", token), *fields], headers=headers, **how)


def kept(page):
    """The form that holds what was entered."""
    return page.forms["kept-form"]


def shown(page):
    return [one.get_text() for one in page.html.select(".kept-text")]


def threads(db):
    return [(one.title, sorted(one.tags)) for one in db.scalars(select(Discussion))]


THREAD = [("Which drill do we buy?", ["money", "tools"])]


def test_whoever_signed_in_elsewhere_meanwhile_sends_it_again(web, db, ada, written):
    page = late(web.sign_in(ada), "/d", written, status=400)
    assert "The old one smells of burning." in shown(page)
    assert "Ada Lovelace" in page.html.find("main").get_text()
    assert not page.html.select("main a[href^='/sign_in']")
    assert threads(db) == []
    kept(page).submit(status=303)
    assert threads(db) == THREAD


@pytest.mark.parametrize("gone", ["cookie", "session"])
def test_whoever_is_signed_out_signs_in_elsewhere_and_sends_it(web, db, ada, written, gone):
    web.sign_in(ada)
    token = web.csrf_token
    if gone == "cookie":
        web.sign_out()
        page = late(web, "/d", written, token, status=400)
    else:
        db.execute(update(UserSession).values(ended_at=UserSession.created_at))
        page = late(web, "/d", written, token, status=401)
    link = page.html.select_one("main a[href^='/sign_in']")
    assert link["target"] == "_blank"
    again = kept(page).submit(headers=HERE, status=401)
    assert "The old one smells of burning." in shown(again)
    assert web.sign_in(ada).csrf_token != token
    back = kept(again).submit(headers=HERE, status=400)
    assert threads(db) == []
    kept(back).submit(headers=HERE, status=303)
    assert threads(db) == THREAD


def test_passwords_are_not_kept_and_files_are_named(web, ada):
    web.sign_in(ada)
    page = late(
        web, "/profile/password", [("current_password", "very secret"), ("new_password", "even more")], status=400
    )
    assert "secret" not in page.text
    assert "even more" not in page.text
    fields = {"csrf_token": "old", "title": "Pictures of it"}
    page = web.post("/d", fields, headers=HERE, upload_files=[("files", "drill.png", b"a picture")], status=400)
    assert "drill.png" in page.html.find("main").get_text()
    assert "a picture" not in page.text
    assert kept(page)["title"].value == "Pictures of it"


ELSEWHERE = [
    {},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("origin", ELSEWHERE)
def test_what_another_site_sends_is_not_offered_to_be_sent(web, ada, written, origin):
    page = late(web.sign_in(ada), "/d", written, headers=origin, status=400)
    assert "kept-form" not in page.forms
    assert "drill" not in page.text


def test_programs_are_told_in_their_way(web, ada, written):
    answer = late(web.sign_in(ada), "/d", written, headers={**HERE, "Accept": "application/json"}, status=400)
    assert "too old" in answer.json["error"]
    web.sign_out()
    assert web.get("/d/new", headers=HERE, status=303).location.endswith("/sign_in?next=%2Fd%2Fnew")


def test_a_site_without_tls_is_known_by_its_name(web, app, ada, written):
    page = late(web.sign_in(ada), "/d", written, headers={"Origin": site_url(app.settings)}, status=400)
    assert "kept-form" in page.forms
