"""Pages of threads are closed to whom they should be closed: missing and hidden ones are answered alike."""

from __future__ import annotations

import pytest

from tests import factories as make


@pytest.fixture
def secret(db):
    member = make.user(db)
    group = make.group(db, "Secret", members=[member], is_visible_to_public=False)
    thread = make.discussion(db, group, title="Hidden plan", description="Nobody knows")
    return member, thread, make.comment(db, thread, author=member, body="Whisper")


PAGES = [
    "",
    "/hidden-plan",
    "/history",
    "/items?after=0",
    "/items/1",
    "/edit",
    "/volume",
    "/reply",
    "/unread",
    "/comment/{id}",
]
ACTS = ["/comments", "/close", "/reopen", "/pin", "/unpin", "/discard", "/dismiss", "/read", "/edit", "/volume"]


@pytest.mark.parametrize("page", PAGES)
def test_a_stranger_finds_nothing(db, secret, sign_in, page):
    _member, thread, comment = secret
    web = sign_in(make.user(db))
    answer = web.get(f"/d/{thread.key}{page.format(id=comment.id)}", status=404)
    assert "Hidden plan" not in answer.text
    assert "Whisper" not in answer.text


@pytest.mark.parametrize("page", PAGES)
def test_who_is_not_signed_in_is_asked_to(secret, web, page):
    _member, thread, comment = secret
    answer = web.get(f"/d/{thread.key}{page.format(id=comment.id)}", status=303)
    assert "/sign_in" in answer.location
    assert "/sign_in" in web.get("/d/nosuchky", status=303).location


@pytest.mark.parametrize("act", ACTS)
def test_a_stranger_does_nothing(db, secret, sign_in, act):
    _member, thread, _comment = secret
    sign_in(make.user(db)).send(f"/d/{thread.key}{act}", {"body": "x", "title": "x", "volume": "3"}, status=404)


@pytest.mark.parametrize("act", ["edit", "discard", "undiscard"])
def test_a_member_leaves_comments_of_others_alone(db, secret, sign_in, act):
    _member, thread, comment = secret
    other = make.user(db)
    make.membership(db, thread.group, other)
    web = sign_in(other)
    web.send(f"/comments/{comment.id}/{act}", {"body": "changed"}, status=403)
    db.refresh(comment)
    assert comment.body == "Whisper"
    assert comment.discarded_at is None


def test_a_public_thread_is_read_without_signing_in(db, web):
    group = make.group(db, is_visible_to_public=True, discussion_privacy_options="public_or_private")
    thread = make.discussion(db, group, title="Open talk", private=False)
    make.comment(db, thread, body="Out loud")
    page = web.get(f"/d/{thread.key}/open-talk")
    assert "Out loud" in page.text
    assert not page.html.select("#comment-form")
    assert not page.html.select("form[action^='/reactions']")
    assert "Sign in" in page.text


def test_posts_need_their_token(secret, sign_in):
    member, thread, _comment = secret
    sign_in(member).post(f"/d/{thread.key}/comments", {"body": "x"}, status=400)


def test_acts_do_not_answer_to_reading(secret, sign_in):
    member, thread, _comment = secret
    web = sign_in(member)
    for act in ("close", "discard", "pin"):
        assert web.get(f"/d/{thread.key}/{act}", expect_errors=True).status_int in (303, 404, 405)
    assert thread.closed_at is None
    assert thread.discarded_at is None


def test_an_empty_comment_comes_back_as_a_comment_and_an_empty_answer_as_an_answer(secret, sign_in):
    member, thread, comment = secret
    web = sign_in(member)
    for parent, button in (({}, "Comment"), ({"parent_type": "Comment", "parent_id": str(comment.id)}, "Reply")):
        page = web.send(f"/d/{thread.key}/comments", {"body": "", **parent}, status=422)
        assert page.html.select_one("main turbo-frame button[type=submit]:not([name])").get_text(strip=True) == button
