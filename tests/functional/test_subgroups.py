"""Subgroups through the browser: start, be found, join, ask the parent's members, change and hide."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from llmio.groups.models import Group, Membership

FIELDS = {"name": "Night shift", "group_privacy": "closed", "membership_granted_upon": "request"}


@pytest.fixture
def people(make):
    return [make.user(name) for name in ("Ada", "Ben", "Cleo")]


@pytest.fixture
def parent(make, people):
    return make.group("Bakery", admin=people[0], members=people[1:], handle="bakery")


@pytest.fixture
def start(web, people, parent, db):
    """`start(name=…, …)`: the first of the people starts a subgroup."""

    def started(**fields):
        web.sign_in(people[0])
        web.send(f"/g/{parent.key}/subgroups/new", {**FIELDS, **fields})
        return db.scalars(select(Group).where(Group.parent_id == parent.id).order_by(Group.id.desc())).first()

    return started


def test_an_admin_starts_a_subgroup_from_the_groups_page(web, people, parent, db):
    web.sign_in(people[0])
    form = web.get(f"/g/{parent.key}").click("Start a subgroup", index=0)
    assert "Bakery" in form.html.find("nav", {"class": "breadcrumbs"}).text
    web.send(f"/g/{parent.key}/subgroups/new", FIELDS)
    made = db.scalars(select(Group).where(Group.parent_id == parent.id)).one()
    db.refresh(parent)
    assert (made.full_name, made.handle, parent.subgroups_count) == ("Bakery - Night shift", "bakery-night-shift", 1)
    assert db.scalars(select(Membership.user_id).where(Membership.group_id == made.id)).all() == [people[0].id]
    assert f"/g/{made.key}" in web.get(f"/g/{parent.key}").html.find("section", id="subgroups").prettify()
    assert web.get(f"/g/{made.key}").html.find("nav", {"class": "breadcrumbs"}).a["href"] == f"/g/{parent.key}"


def test_members_start_subgroups_only_where_they_may(web, people, parent):
    web.sign_in(people[1])
    assert "Start a subgroup" not in web.get(f"/g/{parent.key}")
    web.send(f"/g/{parent.key}/subgroups/new", FIELDS, status=403)
    parent.members_can_create_subgroups = True
    assert "Start a subgroup" in web.get(f"/g/{parent.key}")
    web.send(f"/g/{parent.key}/subgroups/new", FIELDS, status=303)


def test_a_subgroup_has_no_subgroups(web, start):
    made = start()
    assert "Start a subgroup" not in web.get(f"/g/{made.key}")
    web.send(f"/g/{made.key}/subgroups/new", FIELDS, status=403)


def test_a_subgroup_of_a_secret_group_is_for_its_members_to_find(make, web, people, parent, start):
    parent.is_visible_to_public = False
    made = start(membership_granted_upon="request")
    assert (made.is_visible_to_public, made.is_visible_to_parent_members) == (False, True)
    web.sign_in(people[1])
    assert "Night shift" in web.get(f"/g/{parent.key}")
    assert "Join the group" in web.get(f"/g/{made.key}")
    web.sign_in(make.user())
    web.get(f"/g/{made.key}", status=404)


def test_a_secret_subgroup_is_shown_to_its_members_alone(web, people, parent, start):
    made = start(group_privacy="secret")
    assert "Night shift" in web.get(f"/g/{parent.key}")
    web.sign_in(people[1])
    assert "Night shift" not in web.get(f"/g/{parent.key}").html.main.text
    web.get(f"/g/{made.key}", status=404)


@pytest.mark.parametrize(
    ("fields", "field"), [({"handle": "elsewhere"}, "handle"), ({"group_privacy": "open"}, "group_privacy")]
)
def test_what_does_not_go_with_the_parent_is_refused_at_its_field(web, people, parent, fields, field):
    parent.is_visible_to_public = False
    web.sign_in(people[0])
    refused = web.send(f"/g/{parent.key}/subgroups/new", {**FIELDS, **fields}, status=422)
    assert refused.html.find(id=f"field-{field}-error") is not None
    assert refused.html.find("input", {"name": "name"})["value"] == "Night shift"


def test_members_of_the_parent_are_asked_by_name(make, web, people, start, db):
    made, stranger = start(), make.user()
    page = web.get(f"/g/{made.key}/invite")
    offered = [int(box["value"]) for box in page.html.find_all("input", {"name": "user_ids"})]
    assert offered == [people[1].id, people[2].id]
    assert "Ask somebody" in web.send(f"/g/{made.key}/invite", {}, status=422)
    web.send(f"/g/{made.key}/invite", {"user_ids": [people[1].id, stranger.id]})
    rows = db.scalars(select(Membership).where(Membership.group_id == made.id, Membership.accepted_at.is_(None))).all()
    assert [row.user_id for row in rows] == [people[1].id]


def test_a_parent_that_is_renamed_and_hidden_takes_its_subgroups_along(web, parent, start, db):
    made = start()
    assert made.is_visible_to_public
    web.send(f"/g/{parent.key}/edit", {"name": "Mill", "handle": "bakery", "group_privacy": "secret"})
    db.refresh(made)
    assert (made.full_name, made.is_visible_to_public, made.is_visible_to_parent_members) == (
        "Mill - Night shift", False, True,
    )  # fmt: skip
    web.send(f"/g/{made.key}/edit", {**FIELDS, "name": "Day shift", "handle": "bakery-night-shift"})
    db.refresh(made)
    assert (made.full_name, made.is_visible_to_public, made.is_visible_to_parent_members) == (
        "Mill - Day shift", False, True,
    )  # fmt: skip


def test_members_of_the_parent_may_read_its_threads_where_it_says_so(make, web, people, start, db):
    made = start()
    thread = make.discussion(made, author=people[0], title="Who bakes on Sunday?")
    web.sign_in(people[1])
    assert "Who bakes on Sunday?" not in web.get(f"/g/{made.key}")
    web.sign_in(people[0])
    web.send(f"/g/{made.key}/edit", {**FIELDS, "handle": made.handle, "parent_members_can_see_discussions": "1"})
    web.sign_in(people[1])
    assert "Who bakes on Sunday?" in web.get(f"/d/{thread.key}").follow()
