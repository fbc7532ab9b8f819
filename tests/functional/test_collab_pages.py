"""What pages give an editor that is shared: its document's name, the version of the saved text, where the server is."""

from __future__ import annotations

import pytest


@pytest.fixture
def shared(app, monkeypatch):
    """A site that has a server for writing together."""
    monkeypatch.setitem(app.settings.values, "hocuspocus.url", "wss://hocuspocus.example.org")


@pytest.fixture
def place(make):
    ada, ben = make.user("Ada"), make.user("Ben")
    group = make.group(admin=ada, members=[ben], description="<p>Ours</p>", description_format="html")
    thread = make.discussion(group, author=ada, description="<p>Lunch</p>", description_format="html")
    return ada, ben, group, thread


def editor(page):
    return page.html.select_one("[data-controller~=editor]")


def document(page):
    return editor(page).get("data-editor-together-value")


def test_the_text_of_a_record_is_one_document_for_all_who_edit_it(web, shared, place, make):
    ada, _ben, group, thread = place
    comment = make.comment(thread, author=ada)
    poll = make.poll(discussion=thread, author=ada)
    web.sign_in(ada)
    assert document(web.get(f"/d/{thread.key}/edit")) == f"discussion-{thread.id}-description"
    assert document(web.get(f"/g/{group.key}/edit")) == f"group-{group.id}-description"
    assert document(web.get(f"/comments/{comment.id}/edit")) == f"comment-{comment.id}-body"
    assert document(web.get(f"/p/{poll.key}/edit")) == f"poll-{poll.id}-details"


def test_what_is_not_saved_yet_is_a_document_of_its_writer_in_its_place(web, shared, place):
    ada, _ben, group, thread = place
    web.sign_in(ada)
    assert (
        document(web.get(f"/d/{thread.key}").maybe_follow())
        == f"comment-new-{ada.id}-{thread.id}-Discussion-{thread.id}-body"
    )
    assert document(web.get(f"/d/new?group_id={group.id}")) == f"discussion-new-{ada.id}-{group.id}-description"
    assert document(web.get("/g/new")) == f"group-new-{ada.id}-description"


def test_without_a_server_everyone_writes_alone(web, place):
    ada, _ben, _group, thread = place
    web.sign_in(ada)
    assert document(web.get(f"/d/{thread.key}/edit")) is None


def test_browsers_may_connect_to_the_server_that_is_set_and_no_other(web, shared, place):
    policy = web.sign_in(place[0]).get("/dashboard").headers["Content-Security-Policy"]
    assert "wss://hocuspocus.example.org" in policy
    assert "wss://other.example.org" not in policy


def test_a_refused_form_is_not_taken_for_the_saved_text(web, shared, place):
    ada, _ben, _group, thread = place
    page = web.sign_in(ada).get(f"/d/{thread.key}/edit")
    assert editor(page).get("data-editor-together-fresh-value") == "true"
    before = editor(page)["data-editor-together-version-value"]
    fields = {
        "title": "",
        "description": "<p>Dinner</p>",
        "description_format": "html",
        "privacy": "private",
        "notify": "nobody",
    }
    refused = web.send(f"/d/{thread.key}/edit", fields, status=422)
    assert editor(refused).get("data-editor-together-fresh-value") is None
    assert editor(refused)["data-editor-together-version-value"] == before
    web.send(f"/d/{thread.key}/edit", fields | {"title": "Lunch"})
    assert editor(web.get(f"/d/{thread.key}/edit"))["data-editor-together-version-value"] != before


def test_a_session_has_the_owners_token_and_is_not_kept(web, shared, place):
    ada = place[0]
    answer = web.sign_in(ada).get("/collab/session")
    assert answer.json == {
        "url": "wss://hocuspocus.example.org", "token": f"{ada.id},{ada.secret_token}", "id": ada.id, "name": "Ada",
    }  # fmt: skip
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_stranger_gets_no_session(web, shared):
    answer = web.get("/collab/session", headers={"Accept": "application/json"}, expect_errors=True)
    assert answer.status_int in (303, 401)
    assert "token" not in answer.text


def test_the_version_is_told_to_those_who_may_change_the_text(web, new_browser, shared, place):
    ada, ben, _group, thread = place
    name = f"discussion-{thread.id}-description"
    web.sign_in(ada)
    told = web.get(f"/collab/version?document={name}").json["version"]
    assert told == editor(web.get(f"/d/{thread.key}/edit"))["data-editor-together-version-value"]
    thread.group.members_can_edit_discussions = False
    other = new_browser()
    other.sign_in(ben)
    assert other.get(f"/collab/version?document={name}", expect_errors=True).status_int == 404


@pytest.mark.parametrize(
    "name",
    ["", "x", "discussion-0-description", "discussion-new-1-description", "user-1-short_bio", "stance-1-reason", "é"],
)
def test_other_names_have_no_version(web, shared, place, name):
    assert web.sign_in(place[0]).get("/collab/version", {"document": name}, expect_errors=True).status_int == 404
