"""The adopted site through its pages: old passwords, every page, old links, files; and what llmio writes is the reference's."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import make_url, text

from llmio.core.db import session_factory
from llmio.migrations import catalogue, facts
from llmio.testing.loomio import PASSWORD
from llmio.testing.plugin import CommittedDatabase
from llmio.testing.servers import engine_of
from tests.functional.continuity.invariants import broken

EMAIL = "ben@example.org"


@pytest.fixture(scope="module")
def adopted(site_of, scratch_database, llmio_servers, command, settings):
    """The name of a database that has adopted a site, and the site."""
    site, url = site_of(), scratch_database(llmio_servers.template)
    said = command(url, "adopt", site.dump, "--files", site.storage, "--quiet", LLMIO_DATA=settings["llmio.data"])
    assert said.code == 0, said.stderr
    return make_url(url).database, site


@pytest.fixture
def committed_db(app, adopted, scratch_database):
    """A copy of it, which the App uses in this test."""
    url = scratch_database(adopted[0])
    engine = engine_of(url)
    before = app.engine, app.sessions
    app.engine, app.sessions = engine, session_factory(engine)
    yield CommittedDatabase(app, url, engine)
    app.engine, app.sessions = before
    engine.dispose()


@pytest.fixture
def world(adopted):
    return adopted[1].world


@pytest.fixture
def ben(committed_db, web):
    """A browser in which Ben has signed in with the password that he always had."""
    form = web.get("/sign_in").forms
    form = next(one for one in form.values() if "password" in one.fields)
    form["email"], form["password"] = EMAIL, PASSWORD
    assert form.submit().status_int == 303
    return web


def test_a_wrong_password_is_still_wrong(committed_db, web):
    form = next(one for one in web.get("/sign_in").forms.values() if "password" in one.fields)
    form["email"], form["password"] = EMAIL, PASSWORD + "!"
    assert form.submit(expect_errors=True).status_int == 422


def test_groups_threads_polls_and_notices_are_in_their_place(ben, world):
    group = ben.get(f"/g/{world.keys['Bakers']}").text
    assert "Which oven?" in group
    thread = ben.get(f"/d/{world.keys['Which oven?']}/which-oven").text
    for part in ("It lasts", "Deeper than the thread allows", "By somebody who left", "A proposal", "So be it."):
        assert part in thread, part
    assert "taken away" not in thread
    for title, key in ((title, world.keys[title]) for title in world.polls if title not in ("Discarded poll", "Draft")):
        assert title in ben.get(f"/p/{key}/x").text, title
    assert "Weavers" not in group
    for handle in ("bakers", "bakers-bread", "open-field"):
        assert ben.get(f"/{handle}").status_int == 200


def test_the_result_of_a_closed_anonymous_poll_is_shown_without_names(ben, world):
    page = ben.get(f"/p/{world.keys['Anonymous closed']}/x").text
    assert "Because, says ada" in page
    assert "Chi Nguyen" not in page


def test_notices_and_their_links(committed_db, web, world):
    form = next(one for one in web.get("/sign_in").forms.values() if "password" in one.fields)
    form["email"], form["password"] = "ada@example.org", PASSWORD
    form.submit()
    assert "Ben Okri" in web.get("/notifications").text
    assert web.get("/admin").status_int == 200


def test_files_can_be_opened(ben, world, committed_db):
    with committed_db.engine.connect() as connection:
        blobs = connection.execute(text("SELECT id, filename FROM active_storage_blobs WHERE filename <> 'nobody-wants-it.txt'"
                                        " AND id IN (SELECT blob_id FROM active_storage_attachments)")).all()  # fmt: skip
    names = {row.filename for row in blobs}
    assert {"picture.png", "minutes.txt"} <= names
    thread = ben.get(f"/d/{world.keys['Which oven?']}/which-oven").text
    link = re.search(r'href="(/files/[^"]*minutes\.txt)"', thread)
    if link is None:
        row = next(one for one in blobs if one.filename == "minutes.txt")
        assert b"we decided" in ben.get(f"/files/{row.id}/minutes.txt").body
    else:
        assert b"we decided" in ben.get(link[1]).body


def test_the_pictures_of_people_are_shown(ben, new_browser):
    page = ben.get("/u/ben").html
    (face,) = {one["src"] for one in page.select("img.avatar")}
    assert ben.get(face).content_type == "image/png"
    assert new_browser().get(face).status_int == 202  # its small form is being made
    (lost,) = (one["src"] for one in ben.get("/u/chi").html.select("main img.avatar"))
    assert ben.get(lost, expect_errors=True).status_int == 404


# --- links of old mails ---


def lands(web, path, **how):
    """Where a link leads in the end, signed out."""
    answer = web.get(path, **how)
    while answer.status_int in (301, 302, 303):
        answer = answer.follow()
    return answer


def test_old_links_that_need_nobody_to_sign_in(committed_db, web, world, new_browser):
    assert "Bakers" in lands(new_browser(), f"/invitations/{world.tokens['invitation']}").text
    assert "Bakers" in lands(new_browser(), f"/join/group/{world.tokens['join-Bakers']}").text
    assert "Bakers" in lands(new_browser(), f"/join/group/{world.tokens['join-Bakers']}/?utm_medium=email").text
    assert lands(new_browser(), f"/join/membership/{world.tokens['invitation']}").status_int == 200
    thread = lands(new_browser(), f"/d/{world.keys['Which oven?']}?discussion_reader_token={world.tokens['guest']}")
    assert "It lasts" in thread.text
    assert "It lasts" in lands(new_browser(), f"/join/discussion/{world.tokens['guest']}").text
    assert "A poll" in lands(new_browser(), f"/join/poll/{world.tokens['stance']}").text
    assert new_browser().get("/join/discussion/nonsense", status=404).status_int == 404


def test_a_revoked_guest_does_not_come_in_by_the_old_link(committed_db, new_browser, world):
    answer = lands(new_browser(), f"/d/{world.keys['Which oven?']}?discussion_reader_token={world.tokens['guest-revoked']}",
                   expect_errors=True)  # fmt: skip
    assert "It lasts" not in answer.text


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("", ""),
        ("&discussion_id={thread}", "Which oven?"),
        ("&poll_key={poll}", "A poll"),
        ("&group_id={group}", "Bakers"),
        ("&comment_id={comment}", "Which oven?"),
        ("&stance_id={stance}", "A proposal"),
        ("&outcome_id={outcome}", "{decided}"),
        ("&membership_id={membership}", "Bakers"),
    ],
)
@pytest.mark.parametrize("act", ["unsubscribe", "set_discussion_volume"])
def test_unsubscribe_links(committed_db, web, world, query, title, act):
    names = {"thread": world.threads["Which oven?"], "poll": world.keys["A poll"], "group": world.groups["Bakers"]}
    with committed_db.engine.connect() as connection:
        for kind, which in (
            ("comment", f"comments WHERE discussion_id = {names['thread']}"),
            ("stance", f"stances WHERE poll_id = {world.polls['A proposal']}"),
            ("outcome", "outcomes WHERE statement LIKE '%So be it%'"),
            ("membership", f"memberships WHERE group_id = {names['group']}"),
        ):
            names[kind] = connection.scalar(text(f"SELECT min(id) FROM {which}"))
        told = "SELECT title FROM polls JOIN outcomes ON outcomes.poll_id = polls.id WHERE outcomes.id = :id"
        title = title.format(decided=connection.scalar(text(told), {"id": names["outcome"]}))
    told = query.format(**names)
    page = lands(web, f"/email_actions/{act}?unsubscribe_token={world.tokens['unsub-ben']}{told}")
    assert page.request.path.startswith(f"/unsubscribe/{world.tokens['unsub-ben']}")
    assert title in page.html.select_one("main").text
    assert web.get(f"/email_actions/{act}?unsubscribe_token=nobody", status=404).status_int == 404


def test_pictures_in_old_mails_note_what_was_read(committed_db, web, world):
    token, chi = world.tokens["unsub-ada"], world.tokens["unsub-chi"]
    notice = world.notice
    seen = "SELECT viewed FROM notifications WHERE id = :id"
    web.get(f"/email_actions/mark_notification_as_read/{notice}/{chi}")
    with committed_db.engine.connect() as connection:
        assert connection.scalar(text(seen), {"id": notice}) is False
    assert web.get(f"/email_actions/mark_notification_as_read/{notice}/{token}.gif").content_type == "image/gif"
    thread = world.threads["Which oven?"]
    with committed_db.engine.connect() as connection:
        assert connection.scalar(text(seen), {"id": notice}) is True
        event = connection.scalar(
            text("SELECT id FROM events WHERE discussion_id = :id AND sequence_id = 2"), {"id": thread}
        )
    web.get(f"/email_actions/mark_discussion_as_read/{thread}/{event}/{chi}.gif")
    query = "SELECT read_ranges_string FROM discussion_readers WHERE discussion_id = :id AND user_id = :user"
    with committed_db.engine.connect() as connection:
        assert connection.scalar(text(query), {"id": thread, "user": world.people["chi"]}) == "2-2"
    assert web.get("/email_actions/mark_discussion_as_read/1/1/nobody").content_type == "image/gif"


def test_preferences_of_an_old_mail_need_no_signing_in(committed_db, web, world, new_browser):
    token = world.tokens["unsub-ben"]
    page = lands(new_browser(), f"/email_preferences?unsubscribe_token={token}")
    assert page.request.path == f"/unsubscribe/{token}"
    assert lands(new_browser(), "/email_preferences?unsubscribe_token=nobody").request.path == "/sign_in"
    gif = f"/email_actions/mark_summary_email_as_read.gif?unsubscribe_token={token}&time_start=1&time_finish=2"
    assert web.get(gif).content_type == "image/gif"


OLD_PAGES = {
    "/p/{poll}/a-poll?stance_token={stance}&utm_medium=email&utm_campaign=poll_created": "A poll",
    "/p/{poll}?change_vote=true": "A poll",
    "/p/{poll}?poll_option_id=1": "A poll",
    "/vote/{poll}/a-poll": "A poll",
    "/p/{poll}/unsubscribe": "A poll",
    "/d/{thread}/which-oven/2?utm_medium=email": "Which oven?",
    "/d/{thread}/comment/1?utm_medium=email": "Which oven?",
    "/email_actions/unfollow_discussion/{thread_id}/{token}": "Which oven?",
    "/g/{group}/bakers?utm_medium=email&utm_campaign=membership_request_approved": "Bakers",
    "/g/{group}/membership_requests": "Members",
    "/g/{group}/members/requests": "Members",
    "/g/{group}/memberships": "Members",
    "/g/{group}/memberships/ben": "Members",
    "/g/{group}/previous_polls": "Bakers",
    "/bakers": "Bakers",
    "/start_group": "",
    "/p/new/proposal": "",
    "/polls": "",
    "/groups": "",
    "/verify_stances": "",
    "/users/sign_in": "",
    "/users/sign_up": "",
    "/users/password/new": "",
}
"""Addresses in mails and texts of the reference since its first release with this database, and what the page shows."""


@pytest.mark.parametrize("path", OLD_PAGES)
def test_pages_that_old_mails_and_texts_name_are_there(ben, world, path):
    names = {"poll": world.keys["A poll"], "stance": world.tokens["stance"], "thread": world.keys["Which oven?"],
             "thread_id": world.threads["Which oven?"], "group": world.keys["Bakers"], "token": world.tokens["unsub-ben"]}  # fmt: skip
    page = lands(ben, path.format(**names))
    assert page.status_int == 200
    assert OLD_PAGES[path] in page.html.select_one("main").text


def test_a_sign_in_link_of_an_old_mail_says_that_it_is_too_old(committed_db, web, world):
    page = lands(web, f"/login_tokens/{world.tokens['login']}", expect_errors=True)
    assert page.status_int < 500
    assert "Traceback" not in page.text


def test_a_sign_in_link_of_the_last_hour_still_signs_in(committed_db, web, world):
    with committed_db.engine.begin() as connection:
        connection.execute(text("UPDATE login_tokens SET created_at = now() AT TIME ZONE 'utc'"))
    page = lands(web, f"/login_tokens/{world.tokens['login']}")
    next(one for one in page.forms.values() if one.action.startswith("/login_tokens")).submit()
    assert web.get("/dashboard").status_int == 200
    used = lands(web, f"/login_tokens/{world.tokens['login-used']}", expect_errors=True)
    assert used.status_int < 500


def test_numbers_lead_to_keys_for_those_who_may_see(ben, world, new_browser):
    thread, group = world.threads["Which oven?"], world.groups["Bakers"]
    answer = ben.get(f"/discussions/{thread}")
    assert (answer.status_int, answer.location.endswith(f"/d/{world.keys['Which oven?']}")) == (301, True)
    answer = ben.get(f"/groups/{group}")
    assert (answer.status_int, answer.location.endswith(f"/g/{world.keys['Bakers']}")) == (301, True)
    assert ben.get("/discussions/99999", status=404).status_int == 404
    assert "/sign_in" in new_browser().get(f"/discussions/{thread}").location
    for path in (
        "/dashboard/polls_to_vote_on",
        "/email_actions/mark_summary_email_as_read?time_start=1",
        "/merge_users/confirm",
    ):
        assert lands(ben, path).status_int == 200, path
    assert lands(ben, f"/vote/{world.keys['A poll']}").status_int == 200
    assert lands(ben, f"/d/{world.keys['Which oven?']}/which-oven/2").status_int == 200
    assert lands(ben, f"/d/{world.keys['Which oven?']}/comment/1").status_int == 200


# --- and back again ---


def test_what_is_written_here_is_valid_there(ben, world, committed_db, run_jobs):
    """What the reference would find if one went back: its schema, and no rule broken that was not broken in what came over."""
    with committed_db.engine.connect() as connection:
        before = {line.partition(":")[0] for line in broken(connection)}
    key = world.keys["Which oven?"]
    ben.send(f"/d/{key}/comments", {"body": "Written here @ada", "body_format": "md"})
    ben.send(f"/reactions/comment/{1}", {"reaction": "👍"})
    poll = world.polls["A proposal"]
    with committed_db.engine.connect() as connection:
        option = connection.scalar(text("SELECT min(id) FROM poll_options WHERE poll_id = :id"), {"id": poll})
    ben.send(
        f"/p/{world.keys['A proposal']}/vote", {"option": str(option), "reason": "Now I see", "reason_format": "md"}
    )
    ben.send(
        "/d",
        {
            "group_id": str(world.groups["Bakers"]),
            "title": "A new thread",
            "description": "Why",
            "description_format": "md",
        },
    )
    run_jobs()
    with committed_db.engine.connect() as connection:
        assert catalogue.differences(facts.reference(), catalogue.live(connection)) == []
        assert {line.partition(":")[0] for line in broken(connection)} - before == set()
        bodies = set(connection.scalars(text("SELECT body FROM comments")))
        assert any("Written here" in body for body in bodies)
        assert (
            connection.scalar(text("SELECT count(*) FROM discussions WHERE title = 'A new thread' AND length(key) = 8"))
            == 1
        )
        stance = connection.execute(text(
            "SELECT option_scores FROM stances WHERE poll_id = :poll AND participant_id = :ben AND latest"
        ), {"poll": poll, "ben": world.people["ben"]}).scalar()  # fmt: skip
        assert json.loads(json.dumps(stance)) == {str(option): 1}


def test_files_that_no_row_refers_to_are_kept(committed_db, app, world, clock):
    """Older texts name files by address alone; llmio throws away its own uploads that were never used, not these."""
    from llmio.files import jobs

    clock.move(days=30)
    assert jobs.purge_unused.run(app) == 0
    with committed_db.engine.begin() as connection:
        held = "SELECT count(*) FROM active_storage_blobs WHERE filename = 'nobody-wants-it.txt'"
        assert connection.scalar(text(held)) == 1
        connection.execute(text("UPDATE llmio.adoptions SET report = '{}'"))
        connection.execute(text("DELETE FROM active_storage_blobs WHERE service_name <> 'local'"))
    assert jobs.purge_unused.run(app) > 0


def test_the_search_index_is_filled(ben, committed_db, run_jobs):
    run_jobs()
    assert "Let us decide." in ben.get("/search?q=oven").text
