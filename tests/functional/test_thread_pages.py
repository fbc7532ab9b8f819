"""The thread, as a browser without scripts sees it; and the streams that browsers with scripts ask for."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from llmio.discussions.models import Comment, Discussion, DiscussionReader, Reaction
from tests import factories as make

STREAM = {"Accept": "text/vnd.turbo-stream.html, text/html"}


@pytest.fixture
def people(db):
    admin, member = make.user(db, "Ana Souza"), make.user(db, "Ben Okoro")
    group = make.group(db, "Housing co-op", admin=admin, members=[member])
    return admin, member, group


@pytest.fixture
def thread(db, people):
    admin, _member, group = people
    return make.discussion(db, group, author=admin, title="Shall we move?", description="**Why** now")


def writing(page):
    """The form of the page in which one writes, the last there is."""
    forms = (form for number, form in page.forms.items() if isinstance(number, int))
    return [form for form in forms if {"body", "description", "volume", "title"} & set(form.fields)][-1]


def url_of(thread):
    return f"/d/{thread.key}/shall-we-move"


def test_a_thread_is_started_with_a_form(db, people, sign_in):
    _admin, member, group = people
    page = sign_in(member).get("/d/new")
    form = writing(page)
    form["title"] = "Where shall we meet?"
    form["description"] = "Somewhere **warm**"
    form["notify"] = "group"
    shown = form.submit().follow()
    assert shown.request.path.endswith("/where-shall-we-meet")
    assert "<strong>warm</strong>" in shown.text
    thread = db.scalars(select(Discussion).where(Discussion.group_id == group.id)).one()
    assert thread.private


def test_a_refused_form_keeps_what_was_typed(people, sign_in):
    _admin, member, group = people
    form = writing(sign_in(member).get(f"/d/new?group_id={group.id}"))
    form["description"] = "a long story"
    page = form.submit(status=422)
    assert "Please fill this in." in page.text
    assert writing(page)["description"].value.strip() == "a long story"


def test_who_is_in_no_group_is_told_how_to_begin(db, sign_in):
    web = sign_in(make.user(db))
    assert "First, a group" in web.get("/d/new").text
    assert "It begins with a group" in web.get("/dashboard").text


def test_the_address_is_mended(thread, people, sign_in):
    web = sign_in(people[1])
    assert web.get(f"/d/{thread.key}?all=1", status=303).location.endswith(url_of(thread) + "?all=1")
    assert web.get(f"/d/{thread.key}/old-title", status=303).location.endswith(url_of(thread))


def test_comment_reply_edit_remove_and_bring_back(db, thread, people, sign_in):
    _admin, member, _group = people
    web = sign_in(member)
    form = writing(web.get(url_of(thread)))
    form["body"] = "First *words*"
    page = form.submit().follow().follow()
    assert "First <em>words</em>" in page.text
    comment = db.scalars(select(Comment)).one()
    assert page.request.url.endswith(url_of(thread))

    reply = writing(page.click(href=f"parent_id={comment.id}"))
    reply["body"] = "An answer"
    page = reply.submit().follow().follow()
    assert page.html.select_one(".thread-item.depth-1 .comment").get_text().count("An answer") == 1

    edit = writing(page.click(href=f"/comments/{comment.id}/edit"))
    edit["body"] = "Better words"
    page = edit.submit().follow().follow()
    assert "Better words" in page.text
    assert "edited" in page.html.select_one(f"#comment-{comment.id}").get_text()
    history = web.get(f"/comments/{comment.id}/history")
    assert "".join(str(tag) for tag in history.html.select(".diff ins")) == "<ins>Better</ins>"

    page = web.send(f"/comments/{comment.id}/discard").follow().follow()
    assert "This comment was removed." in page.text
    assert "Better words" not in page.text
    page = web.send(f"/comments/{comment.id}/undiscard").follow().follow()
    assert "Better words" in page.text


def test_an_empty_comment_is_refused_at_its_field(thread, people, sign_in):
    form = writing(sign_in(people[1]).get(url_of(thread)))
    page = form.submit(status=422)
    assert "Please write something." in page.text


def test_a_comment_by_stream_comes_with_an_empty_form(db, thread, people, sign_in):
    web = sign_in(people[1])
    answer = web.send(f"/d/{thread.key}/comments", {"body": "Hello", "body_format": "md"}, headers=STREAM)
    assert answer.content_type == "text/vnd.turbo-stream.html"
    assert re.findall(r'<turbo-stream action="(\w+)" target="([\w-]+)"', answer.text) == [
        ("append", "timeline-new"),
        ("replace", "comment-form"),
    ]
    comment = db.scalars(select(Comment)).one()
    reply = {"body": "Re", "parent_type": "Comment", "parent_id": str(comment.id)}
    answer = web.send(f"/d/{thread.key}/comments", reply, headers=STREAM)
    actions = re.findall(r'<turbo-stream action="(\w+)" target="([\w-]+)"', answer.text)
    assert actions[0][0] == "after"
    assert actions[1] == ("update", f"act-comment-{comment.id}")


def test_what_others_wrote_comes_as_a_stream(db, thread, people, sign_in):
    admin, member, _group = people
    first = make.comment(db, thread, author=admin)
    web = sign_in(member)
    page = web.get(url_of(thread))
    url = page.html.select_one("#timeline-cursor")["data-refresh-url-value"]
    make.comment(db, thread, author=admin, body="Newer")
    first.body, first.edited_at = "Changed", make.now()
    answer = web.get(url, headers=STREAM)
    actions = re.findall(r'<turbo-stream action="(\w+)" target="([\w-]+)"', answer.text)
    assert actions == [("replace", f"comment-{first.id}"), ("append", "timeline-new"), ("replace", "timeline-cursor")]
    assert "after=2&amp;" in answer.text
    item = page.html.select_one(".thread-item")["id"].removeprefix("item-")
    assert f'target="comment-{first.id}"' in web.get(f"/d/{thread.key}/items/{item}", headers=STREAM).text


def test_reactions_are_toggled(db, thread, people, sign_in):
    web = sign_in(people[1])
    comment = make.comment(db, thread)
    answer = web.send(f"/reactions/comment/{comment.id}", {"reaction": "🎉"}, headers=STREAM)
    assert f'target="reactions-comment-{comment.id}"' in answer.text
    assert 'aria-pressed="true"' in answer.text
    web.send(f"/reactions/comment/{comment.id}", {"reaction": "🎉"}, status=303)
    assert db.scalars(select(Reaction)).all() == []
    web.send(f"/reactions/comment/{comment.id}", {"reaction": "<b>"}, status=422)
    web.send(f"/reactions/user/{comment.id}", {"reaction": "🎉"}, status=404)
    web.send(f"/reactions/discussion/{thread.id}", {"reaction": "🎉"}, status=303)


def test_reading_is_noted(db, thread, people, sign_in):
    _admin, member, _group = people
    for _number in range(3):
        make.comment(db, thread)
    web = sign_in(member)
    page = web.get(url_of(thread))
    assert len(page.html.select("[data-reading-target=item]")) == 3
    assert not page.html.select(".unread-marker")
    web.send(f"/d/{thread.key}/read", {"ranges": "1-2"}, headers={"Accept": "application/json"})
    page = web.get(url_of(thread))
    assert [item["data-sequence-id"] for item in page.html.select("[data-reading-target=item]")] == ["3"]
    assert len(page.html.select(".unread-marker")) == 1
    assert "1 new item" in page.text
    assert web.get(f"/d/{thread.key}/unread", status=303).location.endswith("/shall-we-move#unread")
    web.get(f"/d/{thread.key}/seen.gif?ranges=3", headers={"Sec-Fetch-Site": "cross-site"})
    place = db.scalars(select(DiscussionReader).where(DiscussionReader.user_id == member.id)).one()
    assert place.read_ranges_string == "1-2"
    pixel = page.html.select_one("noscript img")["src"]
    assert web.get(pixel).content_type == "image/gif"
    db.refresh(place)
    assert place.read_ranges_string == "1-3"


def test_long_threads_are_shown_in_stretches(db, thread, people, sign_in):
    comments = [make.comment(db, thread, body=f"Number {number}.") for number in range(1, 61)]
    web = sign_in(people[1])
    page = web.get(url_of(thread))
    assert len(page.html.select(".thread-item")) == 50
    more = page.html.select_one("turbo-frame.load-more-frame")
    part = web.get(more.a["href"], headers={"Turbo-Frame": more["id"]})
    assert part.text.startswith(f'<turbo-frame id="{more["id"]}">')
    assert len(part.html.select(".thread-item")) == 10
    assert len(web.get(more.a["href"]).html.select(".thread-item")) == 10
    assert len(web.get(url_of(thread) + "?all=1").html.select(".thread-item")) == 60
    found = web.get(f"/d/{thread.key}/comment/{comments[57].id}").follow()
    assert found.html.select_one(f"#comment-{comments[57].id}")
    assert "earlier items" in found.text
    assert web.get(f"/d/{thread.key}/comment/{comments[3].id}", status=303).location.endswith(
        f"{url_of(thread)}#comment-{comments[3].id}"
    )
    web.get(f"/d/{thread.key}/comment/999999", status=404)


@pytest.mark.parametrize("query", ["?from=x", "?after=%00", "?upto=99999999999", "?from=" + "1" * 200, "?all=&after=-"])
def test_odd_addresses_do_no_harm(thread, people, sign_in, query):
    assert sign_in(people[1]).get(url_of(thread) + query).status_int == 200


def test_queries_do_not_grow_with_comments(db, thread, people, sign_in, queries):
    web = sign_in(people[1])
    make.reaction(db, make.comment(db, thread), user=people[0])
    url = url_of(thread)
    web.get(url)
    with queries() as few:
        web.get(url)
    for number in range(30):
        author = make.user(db)
        comment = make.comment(db, thread, author=author, body=f"@user{number} words")
        make.reaction(db, comment, user=author)
    with queries() as many:
        web.get(url)
    assert many.count == few.count, str(many)


def test_queries_of_lists_do_not_grow(db, people, sign_in, queries):
    _admin, member, group = people
    web = sign_in(member)
    make.discussion(db, group)
    counts = {}
    for number in (1, 30):
        for _new in range(number - 1):
            make.discussion(db, group, author=make.user(db))
        for url in ("/dashboard", "/inbox", f"/threads?group_id={group.id}", f"/g/{group.key}"):
            web.get(url)
            with queries() as sent:
                web.get(url)
            counts.setdefault(url, []).append(sent.count)
    assert all(few == many for few, many in counts.values()), counts


def test_closing_pinning_and_deleting(db, thread, people, sign_in):
    admin, _member, group = people
    web = sign_in(admin)
    web.send(f"/d/{thread.key}/pin")
    web.send(f"/d/{thread.key}/close")
    page = web.get(url_of(thread))
    assert "This thread is closed." in page.text
    assert not page.html.select("#comment-form")
    web.send(f"/d/{thread.key}/comments", {"body": "x"}, status=403)
    web.send(f"/d/{thread.key}/reopen")
    assert web.get(url_of(thread)).html.select("#comment-form")
    web.send(f"/d/{thread.key}/discard", status=303)
    web.get(url_of(thread), status=404)
    assert "Shall we move?" not in web.get(f"/threads?group_id={group.id}").text


def test_editing_keeps_the_files_that_stay_ticked(db, people, sign_in):
    _admin, member, group = people
    web = sign_in(member)
    form = writing(web.get(f"/d/new?group_id={group.id}"))
    form["title"] = "Papers"
    token = form["csrf_token"].value
    web.post(
        "/d",
        {"title": "Papers", "group_id": str(group.id), "csrf_token": token},
        upload_files=[("files", "a.txt", b"one"), ("files", "b.txt", b"two")],
    )
    thread = db.scalars(select(Discussion)).one()
    assert [file["filename"] for file in thread.attachments] == ["a.txt", "b.txt"]
    edit = writing(web.get(f"/d/{thread.key}/edit"))
    edit.get("attachments", index=0).checked = False
    edit["title"] = "Paper"
    page = edit.submit().follow()
    assert "b.txt" in page.text
    assert "a.txt" not in page.text
    history = web.get(f"/d/{thread.key}/history")
    assert "The files were changed." in history.text


def test_volume_of_a_thread(db, thread, people, sign_in):
    form = writing(sign_in(people[1]).get(f"/d/{thread.key}/volume"))
    form["volume"] = "3"
    form.submit().follow()
    assert db.scalars(select(DiscussionReader)).one().volume == 3


def test_dashboard_and_inbox(db, thread, people, sign_in):
    _admin, member, group = people
    make.discussion(db, group, title="Closed one", closed_at=make.now())
    web = sign_in(member)
    page = web.get("/dashboard")
    assert "New to you" in page.text
    assert "Shall we move?" in page.text
    assert "Closed one" not in page.text
    assert "Housing co-op" in web.get("/inbox").html.select_one("main").get_text()
    web.send(f"/d/{thread.key}/dismiss", {"back": "/inbox"}, status=303)
    web.send(f"/d/{thread.key}/read", {"ranges": "all"})
    web.get("/inbox")
    assert "Shall we move?" in web.get("/dashboard").text


def test_mentions_are_members(db, people, sign_in, thread):
    _admin, member, group = people
    make.user(db, "Anastasia Elsewhere")
    web = sign_in(member)
    found = web.get(f"/mentions?q=an&group_id={group.id}").json
    assert [one["name"] for one in found] == ["Ana Souza"]
    assert found == web.get(f"/mentions?q=souz&discussion_id={thread.id}").json
    assert web.get("/mentions?q=%25&discussion_id=" + str(thread.id)).json == []
    stranger = sign_in(make.user(db))
    assert stranger.get(f"/mentions?q=an&group_id={group.id}").json == []
    stranger.get(f"/mentions?q=an&discussion_id={thread.id}", status=404)


def test_a_title_that_is_an_address_does_no_harm(db, people, sign_in):
    _admin, member, group = people
    thread = make.discussion(db, group, title="History")
    page = sign_in(member).get(f"/d/{thread.key}").follow()
    assert page.request.path == f"/d/{thread.key}/history-thread"
    assert page.html.select_one("#timeline")


def test_what_is_kept_of_a_page_is_shown_to_nobody_else(db, thread, people, new_browser):
    """Comments are made once for all who see the same of them: tokens, rights and own reactions stay apart."""
    admin, member, _group = people
    other = make.user(db)
    make.membership(db, thread.group, other)
    comment = make.comment(db, thread, author=member, body="Shared")
    url = url_of(thread)
    browsers = {
        name: new_browser().sign_in(one) for name, one in (("admin", admin), ("author", member), ("other", other))
    }
    for _again in (1, 2):
        pages = {name: web.get(url) for name, web in browsers.items()}
        for name, page in pages.items():
            part = page.html.select_one(f"#comment-{comment.id}")
            tokens = {field["value"] for field in part.select("input[name=csrf_token]")}
            assert tokens == {browsers[name].csrf_token}
            assert bool(part.select(f"a[href='/comments/{comment.id}/edit']")) is (name != "other"), name
    assert len({web.csrf_token for web in browsers.values()}) == 3
    browsers["other"].send(f"/reactions/comment/{comment.id}", {"reaction": "🎉"})
    pressed = {
        name: [one["aria-pressed"] for one in web.get(url).html.select(f"#comment-{comment.id} button.reaction")]
        for name, web in browsers.items()
    }
    assert pressed == {"admin": ["false"], "author": ["false"], "other": ["true"]}
    browsers["author"].send(f"/comments/{comment.id}/edit", {"body": "Changed", "body_format": "md"})
    assert "Changed" in browsers["other"].get(url).html.select_one(f"#comment-{comment.id}").get_text()
    browsers["admin"].send(f"/comments/{comment.id}/discard")
    assert "Changed" not in browsers["other"].get(url).text
    assert new_browser().get(url, status=303)


def test_the_age_of_a_comment_goes_on(db, thread, people, sign_in, clock):
    comment = make.comment(db, thread, created_at=clock.now())
    web = sign_in(people[1])
    shown = []
    for step in ({"seconds": 1}, {"minutes": 5}, {"hours": 3}, {"days": 3}):
        clock.move(**step)
        shown.append(web.get(url_of(thread)).html.select_one(f"#comment-{comment.id} time").get_text())
    assert len(set(shown)) == 4, shown


def test_a_poll_in_a_thread_is_answered_and_reacted_to(db, thread, people, sign_in, queries):
    admin, member, _group = people
    poll = make.poll(db, discussion=thread, author=admin, title="Move in May?", voters=[member])
    web = sign_in(member)
    page = web.get(url_of(thread))
    assert "Move in May?" in page.text
    reply = writing(page.click(href=f"parent_type=Poll&parent_id={poll.id}"))
    reply["body"] = "Why May?"
    page = reply.submit().follow().follow()
    assert "Why May?" in page.html.select_one(".thread-item.depth-1").get_text()
    web.send(f"/reactions/poll/{poll.id}", {"reaction": "🎉"})
    page = web.get(url_of(thread))
    assert page.html.select_one(f"#reactions-poll-{poll.id} button.reaction")["aria-pressed"] == "true"
    assert len(page.html.select(f"#act-poll-{poll.id}")) == 1
    url = url_of(thread)
    with queries() as few:
        web.get(url)
    for number in range(5):
        other = make.poll(db, discussion=thread, author=admin, title=f"Poll {number}", voters=[member])
        make.reaction(db, other, user=member, reaction="🎉")
    with queries() as many:
        web.get(url)
    assert many.count == few.count, str(many)
