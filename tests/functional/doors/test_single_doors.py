"""Doors that the matrix found open or broken, each by itself."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from llmio.accounts.models import User
from tests import factories as make
from tests.functional.doors.places import registry_of

HUGE = "99999999999"


@pytest.fixture
def secret(db):
    """A thread with a vote, in a group that outsiders do not know of."""
    group = make.group(db, "Hidden", is_visible_to_public=False)
    thread = make.discussion(db, group, title="Hidden plan")
    poll = make.poll(db, discussion=thread, title="Hidden vote")
    return group, thread, poll


@pytest.mark.parametrize("kind", ["group", "discussion", "poll"])
def test_an_unsubscribe_link_with_another_number_says_no_title(db, web, secret, kind):
    record = dict(zip(("group", "discussion", "poll"), secret, strict=True))[kind]
    stranger, member = make.user(db), db.get_one(User, secret[0].creator_id)
    for user, seen in ((stranger, False), (member, True)):
        page = web.get(f"/unsubscribe/{user.unsubscribe_token}/{kind}/{record.id}")
        assert ("Hidden" in page.text) is seen
    member.deactivated_at = make.now()
    assert "Hidden" not in web.get(f"/unsubscribe/{member.unsubscribe_token}/{kind}/{record.id}").text


def test_a_comment_that_cannot_be_saved_comes_back_with_the_reason(db, sign_in, secret):
    comment = make.comment(db, secret[1], body="Before")
    author = db.get_one(User, comment.user_id)
    page = sign_in(author).send(f"/comments/{comment.id}/edit", {"body": "", "body_format": "odd"}, status=422)
    assert f"/comments/{comment.id}/edit" in page.text
    db.refresh(comment)
    assert comment.body == "Before"


@pytest.mark.parametrize("path", ["/memberships/{}/revoke", "/comments/{}/discard", "/membership_requests/{}/approve"])
@pytest.mark.parametrize("number", [str(2**31), str(2**63), HUGE, "9" * 5000])
def test_numbers_that_nothing_can_have_are_not_found(db, sign_in, path, number):
    sign_in(make.user(db)).send(path.format(number), status=404)


def test_an_error_page_is_shown_when_the_database_refused_something(db, sign_in, app, monkeypatch):
    web = sign_in(make.user(db, "Ada Lovelace"))

    def refuse(ctx, key):
        ctx.db.execute(text("SELECT 1/0"))

    monkeypatch.setattr("llmio.groups.queries.by_key", refuse)
    page = web.get("/g/whatever", status=500)
    assert "Something went wrong" in page.text


def test_the_address_of_a_discarded_poll_says_no_title(db, sign_in, secret):
    secret[2].discarded_at = make.now()
    web = sign_in(db.get_one(User, secret[0].creator_id))
    assert "hidden" not in web.get(f"/p/{secret[2].key}", status=303).location


def test_people_in_hidden_threads_are_answered_like_those_who_are_not_there(db, web, new_browser, secret):
    place = make.reader(db, secret[1], make.user(db))
    for browser, status in ((web, 303), (new_browser().sign_in(make.user(db)), 404)):
        answers = [browser.send(f"/discussion_readers/{number}/remove", status=status) for number in (place.id, 99999)]
        words = [
            [one.text for one in answer.html.select("main")] if status == 404 else answer.location for answer in answers
        ]
        assert words[0] == words[1]


def test_search_does_not_tell_hidden_votes_from_missing_ones(db, sign_in, secret):
    vote = make.stance(db, secret[2], make.user(db), choices={"agree": 1})
    web = sign_in(make.user(db))
    web.get(f"/search/Stance/{vote.id}", status=404)
    web.get("/search/Stance/99999", status=404)


def test_a_component_is_compiled_once_whoever_imports_it(wsgi):
    environment = registry_of(wsgi)["templates"]
    ours = "llmio:web/templates/"
    names = {environment.join_path("components/forms.jinja2", f"{ours}{page}") for page in ("a.jinja2", "b/c.jinja2")}
    assert names == {f"{ours}components/forms.jinja2"}
    assert environment.join_path("part.jinja2", "some_plugin:templates/page.jinja2") != f"{ours}part.jinja2"
