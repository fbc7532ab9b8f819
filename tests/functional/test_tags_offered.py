"""Tags offered as one types, and tags of polls."""

from __future__ import annotations

import pytest

from llmio.groups.models import Tag
from llmio.polls.models import Poll
from llmio.search import building


@pytest.fixture
def ada(make):
    return make.user(name="Ada King")


@pytest.fixture
def group(make, ada):
    return make.group(admin=ada, name="Weavers")


@pytest.fixture
def tag(db):
    def add(group, *names, uses=0):
        db.add_all(Tag(group_id=group.id, name=name, org_taggings_count=uses) for name in names)
        db.flush()

    return add


def test_tags_with_a_word_that_begins_so_the_most_used_first(web, make, ada, group, tag):
    sub, other = make.group(admin=ada, name="Dyers", parent=group), make.group(admin=make.user(), name="Strangers")
    tag(group, "Budget", "Annual budget", "Bread")
    tag(group, "budding", uses=3)
    tag(other, "Budapest")
    web.sign_in(ada)
    for address in (
        f"/threads/tags?group_id={group.id}&q=bud",
        f"/threads/tags?group_id={sub.id}&q=BUD",
        "/threads/tags?q=bud",
    ):
        assert web.get(address).json == ["budding", "Annual budget", "Budget"]
    assert web.get("/threads/tags?q=%25").json == []
    assert web.get("/threads/tags?q=_ud").json == []
    tag(group, *(f"Number {number}" for number in range(15)))
    assert len(web.get("/threads/tags?q=").json) == 10


def test_tags_of_a_group_one_may_not_see_are_not_told(web, make, ada, group, tag):
    secret = make.group(admin=make.user(), name="Secret", is_visible_to_public=False)
    tag(secret, "Layoffs")
    web.sign_in(ada)
    assert web.get(f"/threads/tags?group_id={secret.id}&q=lay", status=404)
    assert web.get("/threads/tags?group_id=99999999&q=lay", status=404)
    assert web.get("/threads/tags?q=lay").json == []


def test_a_poll_is_given_tags_keeps_them_and_loses_them(web, make, ada, group, tag, db):
    tag(group, "Ovens")
    web.sign_in(ada)
    form = web.get(f"/p/new?poll_type=proposal&group_id={group.id}").forms
    form = next(one for one in form.values() if "tags" in one.fields)
    form["title"], form["tags"] = "Which oven?", "ovens,  Large   money, , OVENS"
    form.submit().follow()
    (poll,) = db.query(Poll).filter_by(title="Which oven?")
    assert poll.tags == ["Ovens", "Large money"]

    def edit(tags):
        page = web.get(f"/p/{poll.key}/edit")
        form = next(one for one in page.forms.values() if "tags" in one.fields)
        assert form["tags"].value == ", ".join(poll.tags)
        form["tags"] = tags
        answer = form.submit(expect_errors=True)
        db.expire_all()
        return answer

    assert edit("Ovens, Large money").status_int == 303
    assert poll.tags == ["Ovens", "Large money"]
    wrong = edit("x" * 61)
    assert wrong.status_int == 422
    assert wrong.html.select_one("#field-tags[aria-invalid=true], .has-error #field-tags")
    assert poll.tags == ["Ovens", "Large money"]
    assert edit("").status_int == 303
    assert poll.tags == []


def test_a_search_by_tag_takes_any_spelling(web, make, ada, group, tag, app, commit):
    tag(group, "Ovens")
    make.discussion(group, author=ada, title="Zebra one", tags=["Ovens"])
    make.discussion(group, author=ada, title="Zebra two")
    commit()
    list(building.build(app, restart=True))
    page = web.sign_in(ada).get("/search?q=zebra&tag=oveNS")
    assert [one.get_text() for one in page.html.select("#results .row-title a")] == ["Zebra one"]
    assert page.html.select_one("input[name=tag]")["value"] == "oveNS"
