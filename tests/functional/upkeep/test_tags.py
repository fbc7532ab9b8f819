"""Tags of an organisation: renamed, merged, removed and counted in the group and all its subgroups."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from llmio.discussions.models import Discussion
from llmio.groups.models import Tag
from llmio.upkeep.service import tags


@pytest.fixture
def ada(make):
    return make.user(name="Ada")


@pytest.fixture
def group(make, ada):
    return make.group("Bakery", admin=ada)


@pytest.fixture
def things(make, db, group):
    """Threads and polls with tags, in the group, a subgroup and elsewhere."""
    sub, other = make.group(parent_id=group.id), make.group()
    for place in (group, sub, other):
        db.add(Tag(group_id=place.id, name="Oven", color="#111111"))
    db.add(Tag(group_id=group.id, name="Bread", color="#222222"))
    db.flush()
    return {
        "thread": make.discussion(group, tags=["oven", "bread", "Winter"]),
        "sub": make.discussion(sub, tags=["Oven"]),
        "poll": make.poll(group=group, tags=["Oven"]),
        "gone": make.discussion(group, tags=["Oven"], discarded_at=group.created_at),
        "other": make.discussion(other, tags=["Oven"]),
    }


def held(db, things):
    db.flush()
    db.expire_all()
    return {name: one.tags for name, one in things.items()}


def rows(db, group):
    db.expire_all()
    query = select(Tag).where(Tag.group_id == group.id).order_by(Tag.name)
    return {one.name: (one.color, one.taggings_count, one.org_taggings_count) for one in db.scalars(query)}


def test_an_admin_renames_a_tag_everywhere(web, group, ada, things, db, run_jobs):
    web.sign_in(ada)
    page = web.get(f"/g/{group.key}").click("Tags")
    tag = db.scalars(select(Tag).where(Tag.group_id == group.id, Tag.name == "Oven")).one()
    assert "Oven" in page
    web.send(f"/g/{group.key}/tags/{tag.id}", {"name": "Kiln", "color": "#ABCDEF"}).follow()
    run_jobs()
    assert held(db, things) == {
        "thread": ["Kiln", "bread", "Winter"], "sub": ["Kiln"], "poll": ["Kiln"], "gone": ["Kiln"], "other": ["Oven"],
    }  # fmt: skip
    assert rows(db, group) == {
        "Kiln": ("#abcdef", 2, 3),
        "Bread": ("#222222", 1, 1),
        "Winter": (tags.FALLBACK, 1, 1),
    }


def test_the_name_of_another_tag_makes_the_two_one(app, group, things, db, run_jobs):
    for _twice in range(2):
        with app.begin() as ctx:
            app.jobs["upkeep.update_tag"].run(ctx, group.id, "oven", "Bread", "#333333")
        run_jobs()
    assert held(db, things)["thread"] == ["Bread", "Winter"]
    assert rows(db, group) == {"Bread": ("#333333", 2, 3), "Winter": (tags.FALLBACK, 1, 1)}


def test_a_tag_is_removed_everywhere_and_nowhere_else(web, group, ada, things, db, run_jobs):
    web.sign_in(ada)
    tag = db.scalars(select(Tag).where(Tag.group_id == group.id, Tag.name == "Oven")).one()
    web.send(f"/g/{group.key}/tags/{tag.id}/remove").follow()
    run_jobs()
    left = held(db, things)
    assert left == {"thread": ["bread", "Winter"], "sub": [], "poll": [], "gone": [], "other": ["Oven"]}
    assert "Oven" not in rows(db, group)
    assert db.scalars(select(Tag.name).where(Tag.name == "Oven")).all() == ["Oven"]


def test_many_records_go_batch_by_batch(app, make, group, db, run_jobs, monkeypatch):
    monkeypatch.setattr(tags, "BATCH", 2)
    for _number in range(5):
        make.discussion(group, tags=["a"])
    with app.begin() as ctx:
        app.jobs["upkeep.update_tag"].run(ctx, group.id, "a", "b", "#333333")
    run_jobs()
    assert rows(db, group)["b"][1:] == (5, 5)
    assert "a" not in rows(db, group)


def test_a_new_tag_and_what_cannot_be_one(web, group, ada, things, db):
    web.sign_in(ada)
    web.send(f"/g/{group.key}/tags", {"name": " New  tag ", "color": ""}).follow()
    assert "New tag" in rows(db, group)
    for wrong, said in (
        ({"name": ""}, "fill this in"),
        ({"name": "x" * 61}, "At most 60"),
        ({"name": "OVEN"}, "already"),
        ({"name": "fine", "color": "red"}, "choose a colour"),
    ):
        assert said in web.send(f"/g/{group.key}/tags", wrong, status=422)
    tag = db.scalars(select(Tag).where(Tag.group_id == group.id, Tag.name == "Oven")).one()
    assert "fill this in" in web.send(f"/g/{group.key}/tags/{tag.id}", {"name": " ", "color": ""}, status=422)


def test_tags_of_others_are_out_of_reach(web, group, ada, make, things, db):
    foreign = db.scalars(select(Tag).where(Tag.group_id == things["other"].group_id)).one()
    web.sign_in(ada)
    web.send(f"/g/{group.key}/tags/{foreign.id}/remove", status=404)
    member = make.user()
    make.membership(group, member)
    web.sign_in(member)
    web.get(f"/g/{group.key}/tags", status=403)
    web.send(f"/g/{group.key}/tags", {"name": "mine"}, status=403)


@given(
    st.lists(st.sampled_from(["a", "A", "b", "c", "ä"]), max_size=6),
    st.sampled_from(["a", "b"]),
    st.sampled_from([None, "b", "C", "x"]),
)
def test_renaming_is_idempotent_and_leaves_nothing_twice(words, old, new):
    once = tags.renamed(words, old, new)
    assert tags.renamed(once, old, new) == once or (new is not None and new.lower() == old.lower())
    folded = [one.lower() for one in once]
    assert len(set(folded)) == len(folded)
    assert old not in folded or (new or "").lower() == old


def test_tags_are_put_on_a_thread_by_its_form_and_lead_to_all_that_has_them(web, group, ada, db, run_jobs):
    db.add(Tag(group_id=group.id, name="Harvest", color="#111111"))
    db.flush()
    web.sign_in(ada)
    page = web.get(f"/d/new?group_id={group.id}")
    form = next(one for one in page.forms.values() if "new_tags" in one.fields)
    assert "Harvest" in page.html.select_one("#field-tags").text
    form["title"], form["new_tags"] = "Apples", " cider ,harvest, Cider,, "
    page = form.submit().follow()
    thread = db.scalars(select(Discussion).where(Discussion.title == "Apples")).one()
    assert thread.tags == ["cider", "Harvest"], "each once, as the organisation spells it"
    run_jobs()
    assert rows(db, group)["cider"][1:] == (1, 1)
    page = page.maybe_follow()
    found = web.get(page.html.select_one(".tag-link")["href"])
    assert "Apples" in found

    form = next(one for one in web.get(f"/d/{thread.key}/edit").forms.values() if "new_tags" in one.fields)
    for box in form.fields["tags"]:
        if getattr(box, "checked", False) and box._value == "Harvest":  # WebTest has no other way
            box.checked = False
    form.submit()
    db.expire_all()
    assert thread.tags == ["cider"]
    web.send(f"/d/{thread.key}/edit", {"title": "Pears", "description": ""})
    db.expire_all()
    assert (thread.title, thread.tags) == ("Pears", ["cider"]), "who does not speak of tags leaves them alone"


def test_tags_that_are_too_long_or_too_many_are_said_at_the_field(web, group, ada, db):
    web.sign_in(ada)
    for new, said in (("x" * 61, "At most 60 characters"), (",".join(f"t{n}" for n in range(21)), "At most 20 tags")):
        page = web.send("/d", {"title": "Apples", "group_id": group.id, "tags": "", "new_tags": new}, status=422)
        assert said in page
    assert db.scalars(select(Discussion).where(Discussion.title == "Apples")).all() == []


def test_an_administrator_of_the_site_has_a_poll_counted_anew(web, group, ada, make, db, run_jobs):
    poll = make.poll(group=group, author=ada)
    make.stance(poll, ada, choices={"agree": 1})
    poll.voters_count = 77
    root = make.admin_of_site()
    make.membership(group, root)
    db.flush()
    web.sign_in(ada)
    assert "Count the votes anew" not in web.get(f"/p/{poll.key}").maybe_follow()
    assert web.send(f"/admin/polls/{poll.key}/recount", expect_errors=True).status_int == 403
    web.sign_in(root)
    page = web.get(f"/p/{poll.key}").maybe_follow()
    form = next(one for one in page.forms.values() if one.action.endswith("/recount"))
    assert "being counted anew" in form.submit().follow().maybe_follow()
    run_jobs()
    db.expire_all()
    assert poll.voters_count == 1
