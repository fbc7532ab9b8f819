"""Where people are ticked, one box stands for all of them: without scripts, and also for more than the page lists."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from llmio.core.tables import Event
from llmio.polls import queries, service
from llmio.polls.views import leading


@pytest.fixture
def cleo(make, group):
    cleo = make.user("Cleo Ota")
    make.membership(group, cleo)
    return cleo


@pytest.fixture
def poll(start, ada, cleo, group):
    return start(ada, group=group, specified_voters_only=True)


def form_of(page, name="user_ids"):
    return next(form for form in page.forms.values() if name in form.fields)


def voters(ctx, poll):
    return set(queries.voter_ids(ctx, poll.id))


def test_one_box_asks_all_members(sign_in, ctx, poll, ada, ben, cleo):
    assert voters(ctx(ada), poll) == set()
    page = sign_in(ada).get(f"/p/{poll.key}/voters")
    assert "Everyone (3)" in page.html.select_one("main").get_text()
    form = form_of(page)
    form["everyone"] = True
    form.submit(status=303)
    assert voters(ctx(ada), poll) == {ada.id, ben.id, cleo.id}


def test_everyone_is_also_who_the_page_does_not_list(sign_in, ctx, poll, ada, ben, cleo, monkeypatch):
    monkeypatch.setattr(leading, "MOST_SHOWN", 2)
    page = sign_in(ada).get(f"/p/{poll.key}/voters")
    assert len(page.html.select("input[name=user_ids]")) == 2
    assert "Everyone (3)" in page.html.select_one("main").get_text()
    form = form_of(page)
    form["everyone"] = True
    form.submit(status=303)
    assert voters(ctx(ada), poll) == {ada.id, ben.id, cleo.id}


def test_everyone_of_a_poll_without_group_is_nobody(sign_in, start, ada):
    poll = start(ada)
    page = sign_in(ada).send(f"/p/{poll.key}/voters", {"everyone": "1"}, status=422)
    assert "Please choose somebody." in page.text


def test_all_who_have_not_voted_are_reminded_by_one_box(sign_in, ctx, poll, ada, ben, cleo, db):
    service.add_voters(ctx(ada), poll, user_ids=[ben.id, cleo.id], notify=False)
    page = sign_in(ada).get(f"/p/{poll.key}/remind")
    assert "Everyone (2)" in page.html.select_one("main").get_text()
    form = form_of(page)
    assert not form["everyone"].checked  # so that a single name can be taken out without scripts
    for box in form.fields["user_ids"]:
        box.checked = False
    form["everyone"] = True
    form.submit(status=303)
    told = db.scalars(select(Event).where(Event.kind == "poll_reminder")).one().custom_fields["recipient_user_ids"]
    assert set(told) == {ben.id, cleo.id}


def test_a_reminder_of_an_anonymous_poll_says_to_how_many_it_goes(sign_in, start, ada, cleo, group):
    poll = start(ada, group=group, anonymous=True)
    assert "all who have not voted (3)" in sign_in(ada).get(f"/p/{poll.key}/remind").html.select_one("main").get_text()


def test_an_outcome_is_shared_with_all_that_are_listed(sign_in, ctx, make, poll, ada, ben, cleo, db):
    service.close_poll(ctx(ada), poll)
    outcome = service.publish_outcome(ctx(ada), poll, statement="So be it")
    make.user("Dora Stranger")
    form = form_of(sign_in(ada).get(f"/outcomes/{outcome.id}/share"))
    form["everyone"] = True
    form.submit(status=303)
    told = db.scalars(select(Event).where(Event.kind == "outcome_announced")).one().custom_fields["recipient_user_ids"]
    assert set(told) == {ben.id, cleo.id}


def test_a_refused_form_keeps_the_box(sign_in, poll, ada):
    page = sign_in(ada).send(f"/p/{poll.key}/voters", {"everyone": "1", "emails": "what?"}, status=422)
    assert form_of(page)["everyone"].checked


def test_some_people_of_a_thread_may_be_all(sign_in, make, ada, ben, cleo, group, db):
    page = sign_in(ben).get(f"/d/new?group_id={group.id}")
    form = form_of(page, "people")
    form["title"], form["notify"], form["everyone"] = "The loom", "people", True
    form.submit(status=303)
    event = db.scalars(select(Event).where(Event.kind == "new_discussion")).one()
    assert set(event.custom_fields["recipient_user_ids"]) == {ada.id, cleo.id}


def test_every_voter_of_a_large_poll_is_on_some_page(sign_in, ctx, poll, ada, ben, cleo, monkeypatch):
    monkeypatch.setattr(leading, "PAGE", 2)
    service.add_voters(ctx(ada), poll, user_ids=[ada.id, ben.id, cleo.id], notify=False)
    page = sign_in(ada).get(f"/p/{poll.key}/voters")
    assert names(page) == ["Ada Lovelace", "Ben Okri"]
    assert names(page.click("More voters")) == [cleo.name]
    form = finder(page)
    for asked, found in {"okr": ["Ben Okri"], "cle": [cleo.name], "nobody": [], "%": []}.items():
        form["q"] = asked
        assert names(form.submit()) == found


def test_members_beyond_the_first_are_found_to_be_asked(sign_in, ctx, poll, ada, ben, cleo, monkeypatch):
    monkeypatch.setattr(leading, "MOST_SHOWN", 1)
    web = sign_in(ada)
    service.add_voters(ctx(ada), poll, user_ids=[ada.id], notify=False)
    assert offered(web.get(f"/p/{poll.key}/voters")) == [str(ben.id)], "the first who may not vote yet"
    page = web.get(f"/p/{poll.key}/voters")
    form = finder(page)
    form["q"] = cleo.name[:3]
    found = form.submit()
    assert offered(found) == [str(cleo.id)]
    form = form_of(found)
    form["user_ids"] = [str(cleo.id)]
    form.submit(status=303)
    assert voters(ctx(ada), poll) == {ada.id, cleo.id}


def names(page):
    return [one.get_text(strip=True) for one in page.html.select("#voters .row-title")]


def finder(page):
    return next(form for form in page.forms.values() if "q" in form.fields and form.action.endswith("/voters"))


def offered(page):
    return [one["value"] for one in page.html.select("input[name=user_ids]")]
