"""What is put aside can be brought back: at once, from its list, and from the thread."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from llmio.groups.models import Membership
from tests import factories as make


@pytest.fixture
def thread(db):
    ana, ben = make.user(db, "Ana Souza"), make.user(db, "Ben Okoro")
    group = make.group(db, "Housing co-op", admin=ana, members=[ben])
    thread = make.discussion(db, group, author=ana, title="Shall we move?")
    thread.reader = ben
    return thread


def titles(page):
    return [link.get_text() for link in page.html.select("main .thread-row .row-title a")]


def button(page, act, within):
    """The form of one act in a part of the page."""
    part = page.html.select_one(within)
    made = part.find("form", action=lambda action: action and action.endswith(act)) if part else None
    if made is None:
        return None
    return next(form for form in page.forms.values() if form.action == made["action"])


@pytest.mark.parametrize("place", ["/inbox", "/dashboard"])
def test_the_message_after_putting_aside_takes_it_back(thread, sign_in, place):
    web = sign_in(thread.reader)
    put = button(web.get(place), "/dismiss", "main").submit(status=303)
    after = put.follow()
    assert after.request.path == place
    assert titles(after) == [] or place == "/dashboard"
    assert button(web.get("/inbox"), "/dismiss", "main") is None
    again = button(after, "/recall", "#flashes").submit(status=303).follow()
    assert again.request.path == place
    assert titles(again) == ["Shall we move?"]
    assert button(again, "/dismiss", "main")
    assert button(again, "/recall", "#flashes") is None


def test_what_is_put_aside_is_listed_and_comes_back_from_there(db, thread, sign_in):
    web = sign_in(thread.reader)
    other = make.discussion(db, thread.group, author=thread.author, title="The roof leaks")
    web.send(f"/d/{thread.key}/dismiss", {"back": "/inbox"}, status=303)
    assert titles(web.get("/inbox")) == ["The roof leaks"]
    aside = web.get("/inbox?show=aside")
    assert titles(aside) == ["Shall we move?"]
    back = button(aside, f"/{thread.key}/recall", "main").submit(status=303).follow()
    assert (back.request.path_qs, titles(back)) == ("/inbox?show=aside", [])
    assert sorted(titles(web.get("/inbox"))) == ["Shall we move?", other.title]


def test_what_moved_since_is_no_longer_aside(db, thread, sign_in, clock):
    web = sign_in(thread.reader)
    clock.move(minutes=1)
    web.send(f"/d/{thread.key}/dismiss", status=303)
    assert titles(web.get("/inbox?show=aside")) == ["Shall we move?"]
    clock.move(minutes=1)
    sign_in(thread.author).send(f"/d/{thread.key}/comments", {"body": "Found a place"}, status=303)
    web = sign_in(thread.reader)
    assert titles(web.get("/inbox?show=aside")) == []
    assert titles(web.get("/inbox")) == ["Shall we move?"]


def test_the_thread_that_was_put_aside_offers_to_come_back(thread, sign_in):
    web = sign_in(thread.reader)
    page = web.get(f"/d/{thread.key}").follow()
    assert button(page, "/recall", "main") is None
    button(page, "/dismiss", "main").submit(status=303).follow()
    page = web.get(f"/d/{thread.key}").follow()
    assert button(page, "/dismiss", "main") is None
    shown = button(page, "/recall", "main").submit(status=303).follow()
    assert shown.request.path.endswith("/shall-we-move")
    assert button(shown, "/dismiss", "main")


def test_nothing_of_others_is_listed_as_put_aside(db, thread, sign_in):
    web = sign_in(thread.reader)
    web.send(f"/d/{thread.key}/dismiss", status=303)
    assert titles(web.get("/inbox?show=aside")) == ["Shall we move?"]
    assert titles(sign_in(thread.author).get("/inbox?show=aside")) == []
    db.scalars(select(Membership).where(Membership.user_id == thread.reader.id)).one().revoked_at = make.now()
    db.flush()
    assert titles(sign_in(thread.reader).get("/inbox?show=aside")) == []
